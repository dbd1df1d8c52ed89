// control/copies: checkpoints as files of one line of JSON.
#include "control/copies/checkpoint.h"

#include <algorithm>
#include <initializer_list>
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

bool has_numbers(const json& said, std::initializer_list<const char*> keys) {
  return said.is_object() && std::all_of(keys.begin(), keys.end(), [&](const char* key) {
           const auto found = said.find(key);
           return found != said.end() && found->is_number_unsigned() && *found <= uint64_t{INT64_MAX};
         });
}

/// Whether said is what write_checkpoint could have written, but for its place.
bool fits(const json& said) {
  return has_numbers(said, {"missed_segments", "missed_records", "taken"}) &&
         is_sha256_text(text_at(said, "target"));
}

}  // namespace

json place_json(const LogPlace& place) {
  return {{"file", place.file},
          {"offset", place.offset},
          {"frame", place.frame},
          {"header", place.header},
          {"records", place.records}};
}

std::optional<LogPlace> place_of(const json& said) {
  if (!has_numbers(said, {"offset", "frame", "records"})) {
    return std::nullopt;
  }
  const auto file = said.find("file"), header = said.find("header");
  if (file == said.end() || !file->is_string() || header == said.end() || !header->is_string()) {
    return std::nullopt;
  }
  LogPlace out{text_at(said, "file"), number_at(said, "offset"), number_at(said, "frame"),
               text_at(said, "header"), number_at(said, "records")};
  const bool named = segment_number(out.file).has_value();
  const bool fits = out.file.empty()     ? out.offset == 0 && out.frame == 0 && out.header.empty()
                    : out.header.empty() ? named && out.frame == 0
                                         : named && is_sha256_text(out.header) && out.frame < out.offset;
  return fits ? std::optional(std::move(out)) : std::nullopt;
}

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
  const std::optional<LogPlace> place = place_of(said);
  if (!place || !fits(said)) {
    error = file.string() + " is no checkpoint";
    return {};
  }
  return {text_at(said, "target"), *place, number_at(said, "missed_segments"),
          number_at(said, "missed_records"), static_cast<int64_t>(number_at(said, "taken"))};
}

std::string write_checkpoint(const std::filesystem::path& file, const Checkpoint& what) {
  json said = place_json(what.place);
  said["target"] = what.target;
  said["missed_segments"] = what.missed_segments;
  said["missed_records"] = what.missed_records;
  said["taken"] = static_cast<uint64_t>(what.taken_ns);
  const std::string text = said.dump() + "\n";
  return replace_file(file, std::as_bytes(std::span(text)));
}

}  // namespace sluice::control
