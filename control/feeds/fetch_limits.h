// control/feeds: how much of a server is put up with.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::control {

/// A bound that is reached ends the transfer, and the last good copy stays.
struct FetchLimits {
  uint64_t most_bytes = uint64_t{256} << 20;     ///< of a feed, unpacked: some ten million names
  uint64_t most_sum_bytes = uint64_t{64} << 10;  ///< of a file of checksums
  std::chrono::seconds connect{15};
  std::chrono::seconds whole{600};
  long slow_bytes_per_s = 1'000;  ///< slower than this for so long is too slow
  std::chrono::seconds slow_for{30};
  long redirects = 5;
  long at_once = 4;                               ///< transfers
  std::chrono::milliseconds spread{60'000};       ///< over which feeds that are due at a start are spread
  std::chrono::milliseconds first_retry{60'000};  ///< doubled with each failure, up to the feed's refresh
  std::chrono::milliseconds gather{1'000};        ///< new copies within this come into force together
  std::string authorities = {};                   ///< a file of CA certificates; empty: the system's
};

}  // namespace sluice::control
