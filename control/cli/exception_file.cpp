// control/cli: the file of a policy directory that `sluicectl except` writes.
#include "control/cli/exception_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/policy/source_files.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr std::string_view kHead =
    "# Written by `sluicectl except`, which clears away what has expired. Other exceptions stand in files "
    "of\n"
    "# their own: this one is read line by line, and what is edited here by hand is refused.\n"
    "exceptions:\n";
constexpr std::string_view kNoteMark = "  # ", kEntryMark = "  - ";
constexpr size_t kMaxFileBytes = size_t{4} << 20;

std::optional<std::vector<std::string>> texts_at(const json& object, const char* key) {
  std::vector<std::string> out;
  for (const json& each : object.value(key, json::array())) {
    if (!each.is_string()) {
      return std::nullopt;
    }
    out.push_back(each.get<std::string>());
  }
  return out;
}

std::optional<WrittenException> read_entry(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return std::nullopt;
  }
  auto from = texts_at(value, "from"), to = texts_at(value, "to");
  WrittenException out{text_at(value, "name"),    {}, {}, text_at(value, "owner"), text_at(value, "ticket"),
                       text_at(value, "expires"), {}};
  if (!from || !to || out.name.empty() || out.expires.empty() || value.size() != 7) {
    return std::nullopt;
  }
  out.from = std::move(*from);
  out.to = std::move(*to);
  return out;
}

}  // namespace

std::optional<std::vector<WrittenException>> read_exceptions(std::string_view text, std::string& error) {
  std::vector<WrittenException> out;
  std::string note;
  size_t number = 0;
  if (text.starts_with(kHead)) {
    text.remove_prefix(kHead.size());
    number = 3;
  } else if (!text.empty()) {
    error = "it does not begin as sluicectl writes it";
    return std::nullopt;
  }
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    std::optional<WrittenException> entry;
    if (line.starts_with(kNoteMark) && note.empty()) {
      note = line.substr(kNoteMark.size());
      continue;
    }
    if (line.starts_with(kEntryMark)) {
      entry = read_entry(line.substr(kEntryMark.size()));
    }
    if (!entry) {
      error = "line " + std::to_string(number) + " is not as sluicectl writes it";
      return std::nullopt;
    }
    entry->note = std::exchange(note, {});
    out.push_back(std::move(*entry));
  }
  return out;
}

std::string write_exceptions(const std::vector<WrittenException>& exceptions) {
  if (exceptions.empty()) {
    return {};
  }
  std::string out(kHead);
  for (const WrittenException& each : exceptions) {
    if (!each.note.empty()) {
      out += std::string(kNoteMark) + each.note + "\n";
    }
    const nlohmann::ordered_json entry{
        {"name", each.name},   {"from", each.from},     {"to", each.to},          {"action", "allow"},
        {"owner", each.owner}, {"ticket", each.ticket}, {"expires", each.expires}};
    out += std::string(kEntryMark) + entry.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  }
  return out;
}

std::string KeptFile::read() {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) {
    return errno == ENOENT ? std::string() : errno_text("cannot read " + path_.string());
  }
  std::string error;
  return read_file(path_.string(), kMaxFileBytes, text_, error)
             ? std::string()
             : "cannot read " + path_.string() + ": " + error;
}

std::string KeptFile::replace(const std::string& text) const {
  constexpr mode_t kForAll = 0644;  // sluice-control may run as another user
  if (text.empty()) {
    return ::unlink(path_.c_str()) == 0 || errno == ENOENT ? std::string()
                                                           : errno_text("cannot remove " + path_.string());
  }
  if (std::string why = replace_file(path_, std::as_bytes(std::span(text))); !why.empty()) {
    return why;
  }
  return ::chmod(path_.c_str(), kForAll) == 0 ? std::string() : errno_text("chmod " + path_.string());
}

}  // namespace sluice::control
