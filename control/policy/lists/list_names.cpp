// control/policy: list files of one name a line.
#include "control/policy/lists/list_formats.h"

namespace sluice::control {

void read_names(ListLines& lines) {
  while (lines.next_line()) {
    lines.cut_line(lines.line().find('#'));
    const std::string_view word = lines.next_word();
    if (word.empty()) continue;
    if (const std::string_view second = lines.next_word(); !second.empty()) {
      lines.leave_out(second, "is a second word in its line", "write one name a line, or format: hosts");
      continue;
    }
    lines.take_name(word);
  }
}

}  // namespace sluice::control
