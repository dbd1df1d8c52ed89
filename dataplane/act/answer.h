// act: the packets that answer what is blocked.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/contract/reasons.h"
#include "dataplane/contract/stats.h"
#include "dataplane/decode/packet.h"

struct rte_mbuf;
struct rte_mempool;

namespace sluice {

/// Where an answer goes, seen from the judged packet.
enum class Toward : uint8_t {
  Sender,
  Receiver
};

struct OutgoingPacket {
  rte_mbuf* mbuf;  ///< owned by whoever takes the answers
  Toward toward;
};

/// The answers to one blocked packet, at most three.
struct Answers {
  std::array<OutgoingPacket, 3> packets{};
  uint8_t count = 0;
  uint8_t missing =
      0;  ///< answers that were not made because the pool was empty or the pool's buffers too small
  Answer kind = Answer::Silence;
};

/// What the answer must know beside the judged packet itself.
struct Refusal {
  Protocol protocol = Protocol::Unknown;
  bool silent = false;  ///< the rule wants no answer to the client
  /// Bytes of this stream have passed before: the server must not wait for the rest, silent or not.
  bool half_passed = false;
  bool from_opener = true;  ///< the judged packet was sent by the side that opened the flow
  /// HTTP, TLS, DNS over TCP: what the other side sent may be on its way, so no page and no alert may be put
  /// in.
  bool response_outstanding = false;
  /// DNS over TCP: the refused message, which the judged packet completes. One of the other side's begins
  /// with the packet.
  std::span<const uint8_t> message{};
  bool server_ack_known = false;
  uint32_t server_ack = 0;        ///< the other side's last ACK number; read only with from_opener
  std::string_view rule;          ///< name of the rule, or the reason's word
  std::string_view reference;     ///< shown to the person, found again in the log
  std::string_view contact;       ///< whom to ask; may be empty
  std::string_view host;          ///< the blocked name; may be empty
  std::string_view page_message;  ///< the rule's, for the page; may be empty
};

/// Makes the answers to a packet that is dropped: a TLS alert with FIN, a 403 page
/// with FIN, NXDOMAIN with Extended DNS Error 15, resets, or ICMP administratively prohibited; nothing for a
/// silent rule. frame: the judged frame's bytes, contiguous, at least up to its payload's end for DNS and to
/// its payload's start for the rest. Never answers a RST, an ICMP error, a multicast or broadcast
/// destination, or a fragment but the first (RFC 1122 3.2.2; RFC 4443 2.4e). Link header: the frame's own
/// with its addresses swapped, tags kept. Source: RFC 9293 3.5.2; RFC 8446 6 (access_denied is 49,
/// unrecognized_name 112); RFC 8914; RFC 1812 5.2.7.1.
[[nodiscard]] Answers refuse(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame,
                             const Refusal& refusal);

/// A later packet of a blocked TCP flow: an RST to its sender, numbered from its own ACK (RFC 5961 3.2). The
/// opener's bare ACK has none. The other side's has: it may be the challenge to a reset that bore another
/// number than what it waits for, and half a name may lie there.
[[nodiscard]] Answers refuse_again(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame,
                                   bool opener);

/// A TCP connection whose judging is given up while the server may hold bytes that nobody judged: resets
/// towards packet's destination, whose next byte is expected at number ack, or at passed if the latest ACK is
/// still on its way. packet: its addresses, ports and l3_offset are read. frame: the link header, l3_offset
/// bytes.
[[nodiscard]] Answers abandon(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame,
                              uint32_t ack, uint32_t passed);

}  // namespace sluice
