// control/cli: what a person sees, and how wide it may be.
#include "control/cli/terminal.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <iostream>

#include "control/cli/commands.h"

namespace sluice::control {
namespace {

constexpr size_t kUsualWidth = 80;  ///< of a terminal that does not say
constexpr const char* kEraseLine = "\r\x1b[K";

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

void ProgressLine::show(const std::string& text) {
  std::cerr << kEraseLine << text << std::flush;
  shown_ = true;
  next_ = std::chrono::steady_clock::now() + kEvery;
}

void ProgressLine::show_share(std::string_view what, uint64_t done_bytes, uint64_t all_bytes) {
  if (all_bytes != 0 && is_due()) {
    show(std::string(what) + ": " + std::to_string(std::min<uint64_t>(100, done_bytes * 100 / all_bytes)) +
         " % of " + bytes_text(all_bytes));
  }
}

void ProgressLine::clear() {
  if (shown_) {
    std::cerr << kEraseLine << std::flush;
  }
  shown_ = false;
}

}  // namespace sluice::control
