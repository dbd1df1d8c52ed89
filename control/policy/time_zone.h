// control/policy: time zones, as the system's database has them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace date {
class time_zone;
}

namespace sluice::control {

/// What the clocks of a place show.
class TimeZone {
 public:
  TimeZone() = default;  ///< UTC, which needs no database
  /// By its name in the IANA database, as Europe/Berlin; nothing where there is none.
  static std::optional<TimeZone> find(const std::string& name);
  /// All there are; none where the database cannot be read.
  static std::vector<std::string_view> names();

  /// A stretch of time without a change of the clocks.
  struct Stretch {
    std::chrono::sys_seconds begin, end;
    std::chrono::seconds offset;  ///< of the clocks from UTC
  };
  Stretch around(std::chrono::sys_seconds moment) const;

  std::chrono::local_seconds to_local(std::chrono::sys_seconds moment) const;
  /// The first moment at which the clocks show it, or at which they jump over it.
  std::chrono::sys_seconds to_utc(std::chrono::local_seconds shown) const;

 private:
  const date::time_zone* zone_ = nullptr;
};

}  // namespace sluice::control
