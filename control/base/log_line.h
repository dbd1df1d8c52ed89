// control/base: the daemon's own log, lines on standard error.
#pragma once

#include <string_view>

namespace sluice::control {

enum class Level {
  Info,
  Warning,
  Error
};

/// Writes `2026-11-23T04:05:06.123Z warning what` to standard error with one system call. Control characters
/// in what become spaces, so that no text from outside can forge a line. Any thread.
void log_line(Level level, std::string_view what);

inline void log_info(std::string_view what) {
  log_line(Level::Info, what);
}
inline void log_warning(std::string_view what) {
  log_line(Level::Warning, what);
}
inline void log_error(std::string_view what) {
  log_line(Level::Error, what);
}

}  // namespace sluice::control
