// act: the Internet checksum, in software.
#include <bit>
#include <cstring>

#include "dataplane/act/answer.h"

namespace sluice {
namespace {

uint32_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint32_t>(sum);
}

}  // namespace

uint16_t checksum_fold(std::span<const uint8_t> data, uint32_t sum) {
  static_assert(std::endian::native == std::endian::little);
  // The sum does not depend on byte order but for a final swap (RFC 1071 2), so whole words are added as they
  // lie.
  uint64_t words = 0;
  const uint8_t* at = data.data();
  size_t left = data.size();
  for (; left >= 4; at += 4, left -= 4) {
    uint32_t word;
    std::memcpy(&word, at, 4);
    words += word;
  }
  if (left > 0) {
    uint32_t word = 0;
    std::memcpy(&word, at, left);
    words += word;
  }
  const auto folded = static_cast<uint16_t>(fold(words));
  return static_cast<uint16_t>(fold(uint64_t{__builtin_bswap16(folded)} + sum));
}

uint16_t pseudo_header_sum(const Packet& packet, uint32_t l4_size) {
  const size_t skip = packet.v4 ? 12 : 0;
  const auto source = std::span<const uint8_t>(packet.source.bytes).subspan(skip);
  const auto destination = std::span<const uint8_t>(packet.destination.bytes).subspan(skip);
  const uint32_t rest = uint32_t{packet.transport} + (l4_size >> 16) + (l4_size & 0xffff);
  return checksum_fold(destination, uint32_t{checksum_fold(source)} + rest);
}

}  // namespace sluice
