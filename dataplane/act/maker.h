// act: frames under construction. This room's own; others include answer.h.
#pragma once

#include <cstring>

#include "dataplane/act/answer.h"
#include "dataplane/decode/bytes.h"

namespace sluice {

/// memcpy, which must not be given a null pointer even for no bytes.
inline void copy(void* to, const void* from, size_t size) {
  if (size > 0) std::memcpy(to, from, size);
}
inline void put16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
inline void put32(uint8_t* at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}

/// What stands directly before the IP header. Under MPLS there is neither: a bottom label's second last byte
/// is odd (RFC 3032 2.1), those of an ethertype and of a PPP protocol are even.
enum class LinkBeforeIp : uint8_t {
  Ethertype,
  Pppoe,
  Other
};
inline constexpr size_t kPppoeHeader = 8;  ///< with the PPP protocol (RFC 2516 4)

/// frame: holds all of the link header, at least 14 bytes.
[[nodiscard]] inline LinkBeforeIp link_before_ip(const Packet& packet, std::span<const uint8_t> frame) {
  const uint8_t* end = frame.data() + packet.l3_offset;
  if (get16(end - 2) == (packet.v4 ? 0x0800 : 0x86dd)) return LinkBeforeIp::Ethertype;
  const bool pppoe = packet.l3_offset >= 14 + kPppoeHeader && get16(end - kPppoeHeader - 2) == 0x8864;
  return pppoe && get16(end - 2) == (packet.v4 ? 0x0021 : 0x0057) ? LinkBeforeIp::Pppoe : LinkBeforeIp::Other;
}

/// The numbers and flags of a TCP segment that is made.
struct TcpSegment {
  uint32_t seq, ack;
  uint8_t flags;
};

/// Makes frames that answer one judged packet and collects them in an Answers.
class Maker {
 public:
  Maker(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame, Answers& answers)
      : pool_(pool), packet_(packet), frame_(frame), answers_(answers) {}

  const Packet& packet() const { return packet_; }
  std::span<const uint8_t> frame() const { return frame_; }
  /// The judged packet's transport payload, as much of it as the frame holds.
  std::span<const uint8_t> payload() const;
  /// The judged packet from its IP header on, without the link's padding, as much of it as the frame holds.
  std::span<const uint8_t> ip_bytes() const;

  /// Adds a TCP segment, UDP datagram or ICMP message whose addresses are those of the judged packet, swapped
  /// towards its sender. A frame that cannot be made is counted in Answers::missing. icmp: header and quote,
  /// checksum zero.
  void add_tcp(Toward toward, TcpSegment segment, std::span<const uint8_t> payload);
  void add_udp(Toward toward, std::span<const uint8_t> payload);
  void add_icmp(std::span<const uint8_t> header, std::span<const uint8_t> quote);

 private:
  uint8_t* open(Toward toward, uint8_t transport, uint32_t l4_size);
  void write_ip(uint8_t* l3, Toward toward, uint8_t transport, uint32_t l4_size) const;
  uint16_t transport_checksum(uint8_t transport, std::span<const uint8_t> l4) const;

  rte_mempool* pool_;
  const Packet& packet_;
  std::span<const uint8_t> frame_;
  Answers& answers_;
};

/// Adds the answer to a DNS message over UDP or TCP. Returns false, and adds nothing, where the judged packet
/// does not hold one whole message.
[[nodiscard]] bool answer_dns(Maker& maker, const Refusal& refusal);

/// Adds resets, a TLS alert or a page: whatever a TCP packet of any protocol but DNS gets.
[[nodiscard]] Answer answer_tcp(Maker& maker, const Refusal& refusal);
/// An RST towards the judged packet's sender, numbered as RFC 9293 3.5.2 says.
void reset_sender(Maker& maker);
/// The RSTs towards the judged packet's receiver.
void reset_receiver(Maker& maker, const Refusal& refusal);
/// The segment that goes on where the judged packet's sender expects its peer to.
[[nodiscard]] TcpSegment next_to_sender(const Packet& packet, uint8_t flags);

/// Adds ICMP administratively prohibited, towards the sender.
void answer_icmp(Maker& maker);

inline constexpr size_t kMaxPage =
    1200;  ///< bytes of an HTTP answer, header and body: one segment everywhere

/// Writes a whole HTTP/1.1 response. Returns its size, at most kMaxPage. Values too long for the page are cut
/// short.
[[nodiscard]] size_t write_page(std::span<char, kMaxPage> out, const Refusal& refusal);

}  // namespace sluice
