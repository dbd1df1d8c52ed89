// control/lines: whose fault it is: the gateway's, the line's, the LAN's, or DNS'.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/lines/snapshot.h"

namespace sluice::control {

/// From what asks for nothing to what is looked at first.
enum class Blame : uint8_t {
  NoTraffic,
  Ok,
  Dns,
  Lan,
  Line,
  Gateway
};
inline constexpr std::string_view kBlameWords[] = {"no traffic", "ok", "DNS", "LAN", "line", "gateway"};

struct Finding {
  Blame blame = Blame::NoTraffic;
  std::string why;  ///< one sentence, with the figures that say so
};

/// What is known of the gateway over a window.
struct GatewaySeen {
  bool up = false;                                           ///< the data plane is connected
  uint32_t generation = 0;                                   ///< that it enforces; 0: none
  double seconds = 0;                                        ///< of the window
  std::vector<std::pair<std::string_view, uint64_t>> drops;  ///< its own, by reason, without zeros
  uint64_t received = 0;                                     ///< packets
  uint64_t line_expired = 0;                                 ///< accesses
  uint64_t records_lost = 0;
  std::vector<size_t> standing;  ///< workers that made no turn
};

/// What is known of a line over a window.
struct LineSeen {
  std::string_view name;
  double seconds = 0;
  LinkState lan_link = LinkState::Unknown, line_link = LinkState::Unknown;
  uint64_t bandwidth_bits_per_s = 0;  ///< 0: the policy does not say
  bool term_over = false;             ///< and the policy refuses it since
  LineSum sum;
  uint64_t usual_line_ns = 0, usual_lan_ns = 0;  ///< half of the handshakes before took no longer; 0: unknown

  double to_line_bits_per_s() const { return bits_per_s(sum.ports[1].tx_bytes); }
  double from_line_bits_per_s() const { return bits_per_s(sum.ports[1].rx_bytes); }
  /// The greater direction's share of the bandwidth; 0 where that is not known.
  double load() const;

 private:
  double bits_per_s(uint64_t bytes) const {
    return seconds > 0 ? static_cast<double>(bytes) * 8 / seconds : 0;
  }
};

/// Of what was asked and is settled, the share that had no answer in time; 0 where nothing is.
[[nodiscard]] double unanswered_share(const AskingSum& sum);

// The bounds of a verdict.
inline constexpr uint64_t kLeastAsked = 5;         ///< fewer connections or questions say nothing
inline constexpr double kUnansweredShare = 0.5;    ///< from here on one side does not answer
inline constexpr uint64_t kLeastTimed = 10;        ///< fewer handshakes have no usual time, and are not slow
inline constexpr double kTimesUsual = 3;           ///< slow is so many times the usual…
inline constexpr uint64_t kSlowerNs = 50'000'000;  ///< …and so much above it
inline constexpr double kOwnDropShare = 0.001;     ///< of the packets received
inline constexpr uint64_t kLeastOwnDrops = 10;     ///< fewer are no outage
inline constexpr double kFullLoad = 0.95;          ///< of the bandwidth
inline constexpr uint64_t kLeastPackets = 100;     ///< each way, where no connections are asked for
inline constexpr double kStandingSeconds = 1;      ///< a worker without a turn for so long stands still

/// Ok, or Gateway and why.
[[nodiscard]] Finding judge_gateway(const GatewaySeen& gateway);
/// The same where the gateway is at fault, else whatever the line's figures say.
[[nodiscard]] Finding judge_line(const GatewaySeen& gateway, const LineSeen& line);

}  // namespace sluice::control
