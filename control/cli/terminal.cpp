// control/cli: what a person sees, and how wide it may be.
#include "control/cli/terminal.h"

#include <sys/ioctl.h>

#include <iostream>

#include "control/cli/commands.h"

namespace sluice::control {
namespace {

constexpr size_t kUsualWidth = 80;  ///< of a terminal that does not say

}  // namespace

size_t output_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1) {
    return kNoWidth;
  }
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : kUsualWidth;
}

int cannot_do(std::string_view why) {
  std::cerr << "sluicectl: " << why << "\n";
  return kCannot;
}

}  // namespace sluice::control
