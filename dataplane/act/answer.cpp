// act: picks the answer to what is blocked, and keeps silent where one must not answer.
#include "dataplane/act/answer.h"

#include <netinet/in.h>

#include <algorithm>

#include "dataplane/act/maker.h"

namespace sluice {
namespace {

constexpr size_t kEthernetHeader = 14;

bool is_all(const uint8_t* at, size_t size, uint8_t value) {
  return std::all_of(at, at + size, [value](uint8_t byte) { return byte == value; });
}

bool is_group(const Address& address) {
  if (!address.is_v4()) return address.bytes[0] == 0xff;
  return (address.bytes[12] & 0xf0) == 0xe0 || is_all(address.bytes.data() + 12, 4, 0xff);
}

bool is_unspecified(const Address& address) {
  return address.is_v4() ? address.bytes[12] == 0 : is_all(address.bytes.data(), 16, 0);
}

bool is_icmp_error(const Packet& packet) {
  if (packet.transport == IPPROTO_ICMPV6) return packet.icmp_type < 128 || packet.icmp_type == 137;
  if (packet.transport != IPPROTO_ICMP) return false;
  const uint8_t type = packet.icmp_type;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/// The link header is one that can be turned round, and belongs to two stations.
bool link_is_answerable(const Packet& packet, std::span<const uint8_t> frame) {
  if (packet.l3_offset < kEthernetHeader || packet.l3_offset > frame.size()) return false;
  const bool group = (frame[0] | frame[6]) & 1;
  return !group && link_before_ip(packet, frame) != LinkBeforeIp::Other;
}

bool may_answer(const Packet& packet, std::span<const uint8_t> frame) {
  if (!link_is_answerable(packet, frame)) return false;
  if (is_group(packet.destination) || is_group(packet.source) || is_unspecified(packet.source)) return false;
  if (packet.fragment && packet.fragment_offset != 0) return false;
  if (packet.is_tcp() && (packet.tcp_flags & kRst)) return false;
  return !is_icmp_error(packet);
}

}  // namespace

Answers refuse(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame,
               const Refusal& refusal) {
  Answers answers;
  if (!may_answer(packet, frame)) return answers;
  Maker maker(pool, packet, frame, answers);
  if (refusal.silent) {
    if (packet.is_tcp() && refusal.half_passed) reset_receiver(maker, refusal);
  } else if (refusal.protocol == Protocol::Dns && (packet.is_udp() || packet.is_tcp()) &&
             answer_dns(maker, refusal)) {
    answers.kind = Answer::DnsRefusal;
  } else if (packet.is_tcp() && !packet.fragment) {
    answers.kind = answer_tcp(maker, refusal);
  } else {
    answer_icmp(maker);
    answers.kind = Answer::IcmpProhibited;
  }
  if (answers.count == 0) answers.kind = Answer::Silence;
  return answers;
}

Answers refuse_again(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame, bool opener) {
  Answers answers;
  if (!packet.is_tcp() || packet.fragment || !may_answer(packet, frame)) return answers;
  // A bare ACK says that the alert or the page has just arrived: an RST now could take it away before it is
  // read.
  if (opener && packet.payload_size == 0 && (packet.tcp_flags & (kSyn | kFin | kAck)) == kAck) return answers;
  Maker maker(pool, packet, frame, answers);
  reset_sender(maker);
  if (answers.count > 0) answers.kind = Answer::TcpReset;
  return answers;
}

Answers abandon(rte_mempool* pool, const Packet& packet, std::span<const uint8_t> frame, uint32_t ack,
                uint32_t passed) {
  Answers answers;
  if (!link_is_answerable(packet, frame)) return answers;
  Maker maker(pool, packet, frame, answers);
  maker.add_tcp(Toward::Receiver, {ack, 0, kRst}, {});
  if (passed != ack) maker.add_tcp(Toward::Receiver, {passed, 0, kRst}, {});
  if (answers.count > 0) answers.kind = Answer::TcpReset;
  return answers;
}

}  // namespace sluice
