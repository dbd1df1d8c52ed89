// control/feeds: reads files of checksums.
#include "control/feeds/checksum_file.h"

#include <algorithm>

#include "control/base/sha256.h"

namespace sluice::control {
namespace {

struct Line {
  std::string sum;        ///< in lower case
  std::string_view file;  ///< without its directories; empty: any
};

/// Source: coreutils' manual, 6.6: cksum output.
std::optional<Line> read_line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.starts_with('\\')) text.remove_prefix(1);  // the path has an escaped character
  if (text.size() < kSha256Digits) return std::nullopt;
  Line out;
  for (const char c : text.substr(0, kSha256Digits)) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if ((lower < '0' || lower > '9') && (lower < 'a' || lower > 'f')) return std::nullopt;
    out.sum += lower;
  }
  text.remove_prefix(kSha256Digits);
  if (text.find_first_not_of(" \t") == text.npos) return out;
  if (text.size() < 3 || text[0] != ' ' || (text[1] != ' ' && text[1] != '*')) return std::nullopt;
  out.file = text.substr(std::max<size_t>(2, text.rfind('/') + 1));
  return out;
}

}  // namespace

std::optional<std::string> find_checksum(std::string_view text, std::string_view file) {
  std::optional<std::string> named, last;
  size_t lines = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::optional<Line> line = read_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line) continue;
    ++lines;
    if (!line->file.empty() && line->file == file) {
      if (named && *named != line->sum) return std::nullopt;
      named = line->sum;
    }
    last = std::move(line->sum);
  }
  if (named) return named;
  return lines == 1 ? last : std::nullopt;
}

}  // namespace sluice::control
