// control/cli: what a person sees.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/base/number_text.h"

namespace sluice::control {

enum class Colour : uint8_t {
  Red,
  Green,
  Yellow,
  Bold
};

/// text in a colour, on a terminal only.
inline std::string coloured(Colour colour, std::string_view text) {
  static const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!terminal) {
    return std::string(text);
  }
  static constexpr const char* kCodes[] = {"31", "32", "33", "1"};
  return std::string("\x1b[") + kCodes[static_cast<size_t>(colour)] + "m" + std::string(text) + "\x1b[0m";
}

/// `1 rule`, `2 rules`.
inline std::string counted(uint64_t number, std::string_view one) {
  return grouped(number) + " " + std::string(one) + (number == 1 ? "" : "s");
}

inline constexpr size_t kNoWidth = 0;  ///< of a pipe: nothing is cut

/// Columns of the terminal that standard output is; kNoWidth where it is none.
[[nodiscard]] size_t output_width();

/// Says why on standard error; returns kCannot.
int cannot_do(std::string_view why);

/// A line on standard error that is written over while something takes long: on a terminal only, and gone in
/// the end.
class ProgressLine {
 public:
  ProgressLine() = default;
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether it is time to show how far it is.
  [[nodiscard]] bool is_due() const { return terminal_ && std::chrono::steady_clock::now() >= next_; }
  void show(const std::string& text);
  /// Where it is due: `what: 40 % of 1.2 GB`. all_bytes: 0 where there is nothing to do.
  void show_share(std::string_view what, uint64_t done_bytes, uint64_t all_bytes);
  void clear();

 private:
  static constexpr std::chrono::milliseconds kEvery{200};
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kEvery;
};

}  // namespace sluice::control
