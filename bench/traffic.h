// bench: packets of an office, made in memory: the same ones for the same numbers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

/// Frames of both sides in the order in which the gateway sees them, and what must come of them.
struct Traffic {
  struct At {
    size_t offset;  ///< into bytes
    uint16_t size;
    uint16_t port;  ///< 0: from the LAN, 1: from the line
  };
  std::vector<uint8_t> bytes;
  std::vector<At> frames;
  size_t allowed = 0, blocked = 0;  ///< accesses

  std::span<const uint8_t> frame(const At& at) const { return std::span(bytes).subspan(at.offset, at.size); }
};

struct Wanted {
  size_t flows;
  size_t blocked_percent = 0;  ///< of the flows ask for a name that site.h's policy blocks…
  size_t listed = 10'000;      ///< …which lists so many
};

struct Shape {
  std::string_view name;
  std::string_view what;
  size_t flows;  ///< if nothing else is said
  Traffic (*make)(const Wanted& wanted);
};

/// Every name ends in it; no list of the benchmarks has one that does.
inline constexpr std::string_view kAskedTop = "asked.example";

std::span<const Shape> shapes();
/// To be played in a loop: flows without their handshakes, as a SYN would open its flow anew each time.
std::span<const Shape> looped_shapes();

/// Flow number's end in the staff's network, the same for each benchmark: 10.20.third.fourth.
struct ClientEnd {
  uint8_t third, fourth;
  uint16_t port;
};
inline constexpr size_t kClients = 1500;
constexpr ClientEnd client_of(size_t number) {
  return {static_cast<uint8_t>(1 + number % 6), static_cast<uint8_t>(1 + number / 6 % 250),
          static_cast<uint16_t>(20'000 + number / kClients)};
}

/// A TLS record of a type, such that its frame has frame_size bytes with its checksum sequence.
std::vector<uint8_t> tls_record(uint8_t type, size_t frame_size);
inline constexpr uint8_t kTlsHandshake = 22, kTlsData = 23;
/// Sizes of frames, as often as each comes.
inline constexpr std::array<size_t, 12> kImix{64, 64, 64, 64, 64, 64, 64, 576, 576, 576, 576, 1500};

}  // namespace sluice::bench
