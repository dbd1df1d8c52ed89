// control/base: writes the daemon's own log.
#include "control/base/log_line.h"

#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace sluice::control {

void log_line(Level level, std::string_view what) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char head[48];
  size_t size = strftime(head, sizeof head, "%Y-%m-%dT%H:%M:%S", &utc);
  size += static_cast<size_t>(
      std::snprintf(head + size, sizeof head - size, ".%03ldZ ", now.tv_nsec / 1'000'000));
  std::string line(head, size);
  line += level == Level::Info ? "info " : level == Level::Warning ? "warning " : "error ";
  for (const char c : what) {
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sluice::control
