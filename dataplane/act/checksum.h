// act: the Internet checksum (RFC 1071), in software.
//
// Sums are of 32-bit words as they lie in memory, and count modulo 65535: there a word is the sum of its
// halves, and a swap of bytes is multiplying by 256.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/decode/packet.h"

namespace sluice {

/// The sum of data's words; of a last one that is cut the rest counts as zeros. data: less than 4 GiB.
[[nodiscard]] uint64_t sum_of_words(std::span<const uint8_t> data);

/// The sum of an IPv4 header's words: mostly it is the least header, of five. header: at least that.
[[nodiscard]] inline uint64_t sum_of_ipv4_header(std::span<const uint8_t> header) {
  constexpr size_t kLeast = 20;
  uint32_t words[kLeast / sizeof(uint32_t)];
  std::memcpy(words, header.data(), sizeof words);
  const uint64_t sum = uint64_t{words[0]} + words[1] + words[2] + words[3] + words[4];
  return header.size() == kLeast ? sum : sum + sum_of_words(header.subspan(kLeast));
}

/// The sum of the words of a TCP, UDP or ICMPv6 packet's pseudo-header. l4_size: bytes of its header and
/// payload (RFC 9293 3.1; RFC 8200 8.1). Words: Address or AddressWords.
template <class Words>
[[nodiscard, gnu::always_inline]] inline uint64_t pseudo_header_words(const Words& source,
                                                                      const Words& destination, bool v4,
                                                                      uint8_t transport, uint32_t l4_size) {
  const auto halves = [](uint64_t words) { return (words >> 32) + (words & 0xffffffff); };
  uint64_t sum = 256 * (uint64_t{transport} + (l4_size >> 16) + (l4_size & 0xffff));
  sum += (source.word(8) >> 32) + (destination.word(8) >> 32);
  if (!v4)
    sum += (source.word(8) & 0xffffffff) + (destination.word(8) & 0xffffffff) + halves(source.word(0)) +
           halves(destination.word(0));
  return sum;
}

/// Does what has this sum, its checksum with it, arrive as it was sent?
[[nodiscard]] constexpr bool checksum_fits(uint64_t sum) {
  return sum != 0 && sum % 0xffff == 0;
}

[[nodiscard]] inline uint64_t pseudo_header_words(const Packet& packet, uint32_t l4_size) {
  return pseudo_header_words(packet.source, packet.destination, packet.v4, packet.transport, l4_size);
}

/// Is a packet's checksum its pseudo-header's sum, whose words are given, so that its sender left the rest to
/// hardware?
[[nodiscard]] constexpr bool is_pseudo_header_sum(uint16_t checksum, uint64_t pseudo_header) {
  const uint16_t as_it_lies = __builtin_bswap16(checksum);
  return (pseudo_header + (0xffffU - as_it_lies)) % 0xffff == 0 && checksum != 0;
}

/// The one's complement sum of data, folded to 16 bits and not inverted; sum: what came before.
[[nodiscard]] uint16_t checksum_fold(std::span<const uint8_t> data, uint32_t sum = 0);
/// The folded sum of the pseudo-header.
[[nodiscard]] uint16_t pseudo_header_sum(const Packet& packet, uint32_t l4_size);

}  // namespace sluice
