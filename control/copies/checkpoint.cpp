// control/copies: checkpoints as files of one line of JSON.
#include "control/copies/checkpoint.h"

#include <nlohmann/json.hpp>
#include <span>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/segment/form.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxFile = 4096;
constexpr const char* kNumbers[] = {"offset",          "frame",          "records",
                                    "missed_segments", "missed_records", "taken"};

/// Whether said is what write_checkpoint could have written.
bool fits(const json& said) {
  if (!said.is_object() || !is_sha256_text(text_at(said, "target"))) {
    return false;
  }
  for (const char* key : kNumbers) {
    const auto found = said.find(key);
    if (found == said.end() || !found->is_number_unsigned() || *found > uint64_t{INT64_MAX}) {
      return false;
    }
  }
  const auto file = said.find("file"), header = said.find("header");
  if (file == said.end() || !file->is_string() || header == said.end() || !header->is_string()) {
    return false;
  }
  const std::string name = text_at(said, "file"), sum = text_at(said, "header");
  const uint64_t offset = number_at(said, "offset"), frame = number_at(said, "frame");
  return name.empty()  ? offset == 0 && frame == 0 && sum.empty()
         : sum.empty() ? segment_number(name).has_value() && frame == 0
                       : segment_number(name).has_value() && is_sha256_text(sum) && frame < offset;
}

}  // namespace

Checkpoint read_checkpoint(const std::filesystem::path& file, std::string& error) {
  error.clear();
  std::error_code failure;
  if (std::filesystem::symlink_status(file, failure).type() == std::filesystem::file_type::not_found) {
    return {};
  }
  const auto text = read_tail(file, kMaxFile);
  if (!text) {
    error = "cannot read " + file.string();
    return {};
  }
  const json said = json::parse(*text, nullptr, false);
  if (!fits(said)) {
    error = file.string() + " is no checkpoint";
    return {};
  }
  return {text_at(said, "target"),
          {text_at(said, "file"), number_at(said, "offset"), number_at(said, "frame"),
           text_at(said, "header"), number_at(said, "records")},
          number_at(said, "missed_segments"),
          number_at(said, "missed_records"),
          static_cast<int64_t>(number_at(said, "taken"))};
}

std::string write_checkpoint(const std::filesystem::path& file, const Checkpoint& what) {
  const std::string text = json{{"target", what.target},
                                {"file", what.place.file},
                                {"offset", what.place.offset},
                                {"frame", what.place.frame},
                                {"header", what.place.header},
                                {"records", what.place.records},
                                {"missed_segments", what.missed_segments},
                                {"missed_records", what.missed_records},
                                {"taken", static_cast<uint64_t>(what.taken_ns)}}
                               .dump() +
                           "\n";
  return replace_file(file, std::as_bytes(std::span(text)));
}

}  // namespace sluice::control
