// bench: packets of an office, made in memory: the same ones for the same numbers.
#pragma once

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
  size_t allowed = 0;  ///< accesses

  std::span<const uint8_t> frame(const At& at) const { return std::span(bytes).subspan(at.offset, at.size); }
};

struct Shape {
  std::string_view name;
  std::string_view what;
  size_t flows;  ///< if nothing else is said
  Traffic (*make)(size_t flows);
};

/// Every name ends in it; no list of the benchmarks has one that does.
inline constexpr std::string_view kAskedTop = "asked.example";

std::span<const Shape> shapes();

}  // namespace sluice::bench
