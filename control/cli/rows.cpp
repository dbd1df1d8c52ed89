// control/cli: breaks rows where a terminal ends.
#include "control/cli/rows.h"

#include <algorithm>

#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

constexpr char kEscape = '\x1b';

/// The columns that word takes: a colour takes none, a character of several bytes one.
size_t columns_of(std::string_view word) {
  size_t out = 0;
  for (size_t at = 0; at < word.size(); ++at) {
    if (word[at] == kEscape) {
      at = std::min(word.find('m', at), word.size());
      continue;
    }
    out += (static_cast<unsigned char>(word[at]) & 0xc0) != 0x80;
  }
  return out;
}

void add_row(std::string& out, std::string_view row, size_t columns) {
  const size_t head = std::min(row.size(), kLabelColumns);
  out.append(row.substr(0, head));
  size_t used = columns_of(row.substr(0, head));
  bool first = true;
  for (size_t at = head; at < row.size();) {
    const size_t end = std::min(row.find(' ', at + 1), row.size());
    std::string_view word = row.substr(at, end - at);  // with the blank before it
    at = end;
    if (!first && used + columns_of(word) > columns) {
      word.remove_prefix(word.find_first_not_of(' ') == word.npos ? word.size()
                                                                  : word.find_first_not_of(' '));
      out.append("\n").append(kLabelColumns, ' ');
      used = kLabelColumns;
    }
    out.append(word);
    used += columns_of(word);
    first = false;
  }
}

}  // namespace

std::string fitted_rows(std::string_view text, size_t columns) {
  if (columns == kNoWidth) {
    return std::string(text);
  }
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    add_row(out, text.substr(0, end), columns);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    out += end == text.npos ? "" : "\n";
  }
  return out;
}

}  // namespace sluice::control
