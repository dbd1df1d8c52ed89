// tests: a judged frame with its Packet, and the answers to it as they would go out.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "dataplane/act/answer.h"
#include "tests/support/eal.h"
#include "tests/support/wire.h"

namespace sluice::test {

inline Address to_address(const std::string& text) {
  const Bytes raw = address_bytes(text);
  return raw.size() == 4 ? Address::from_v4(raw.data()) : Address::from_v6(raw.data());
}

/// What decode would say of a frame that Frame built, without options and extension headers.
inline Packet packet_of(const Bytes& frame) {
  const Wire wire = read_wire(frame);
  Packet out;
  out.source = to_address(wire.source);
  out.destination = to_address(wire.destination);
  out.v4 = wire.ethertype == 0x0800;
  out.transport = wire.protocol;
  out.l3_offset = static_cast<uint16_t>(14 + 4 * wire.vlans.size());
  out.l4_offset = static_cast<uint16_t>(out.l3_offset + (out.v4 ? 20 : 40));
  out.payload_size = static_cast<uint32_t>(wire.payload.size());
  out.payload_offset = static_cast<uint16_t>(out.l3_offset + wire.ip_size - wire.payload.size());
  out.source_port = wire.source_port;
  out.destination_port = wire.destination_port;
  out.tcp_seq = wire.seq;
  out.tcp_ack = wire.ack;
  out.tcp_flags = wire.flags;
  out.icmp_type = wire.icmp_type;
  out.icmp_code = wire.icmp_code;
  out.fragment_offset = static_cast<uint16_t>((wire.ip_flags & 0x1fff) * 8);
  out.fragment = (wire.ip_flags & 0x3fff) != 0 && out.v4;
  return out;
}

struct SentAnswer {
  Toward toward;
  Wire wire;
  Bytes frame;
};
struct Sent {
  std::vector<SentAnswer> answers;
  Answer kind;
  int missing;
};

inline Sent sent_of(Answers answers) {
  Sent out{{}, answers.kind, answers.missing};
  for (size_t at = 0; at < answers.count; ++at) {
    const Bytes frame = to_bytes(answers.packets[at].mbuf);
    out.answers.push_back({answers.packets[at].toward, read_wire(frame), frame});
    rte_pktmbuf_free(answers.packets[at].mbuf);
  }
  return out;
}

inline Sent refused(const Bytes& frame, const Refusal& refusal) {
  return sent_of(refuse(test_pool(), packet_of(frame), frame, refusal));
}

/// What every answer must be: whole, with right checksums, between the two ends of the judged frame.
inline void expect_sound(const Bytes& judged, const SentAnswer& answer) {
  const Wire asked = read_wire(judged);
  const Wire& got = answer.wire;
  const bool back = answer.toward == Toward::Sender;
  ASSERT_TRUE(got.ip);
  EXPECT_TRUE(got.ip_checksum_right);
  EXPECT_TRUE(got.l4_checksum_right);
  EXPECT_EQ(got.from, back ? asked.to : asked.from);
  EXPECT_EQ(got.to, back ? asked.from : asked.to);
  EXPECT_EQ(got.vlans, asked.vlans);
  EXPECT_EQ(got.ethertype, asked.ethertype);
  EXPECT_EQ(got.source, back ? asked.destination : asked.source);
  EXPECT_EQ(got.destination, back ? asked.source : asked.destination);
  EXPECT_EQ(got.hops, 64);
  EXPECT_EQ(got.ip_id, 0);
  EXPECT_EQ(got.ip_flags, asked.ethertype == 0x0800 ? 0x4000 : 0);
  EXPECT_EQ(got.flow_label, 0u);
  EXPECT_GE(answer.frame.size(), 60u);
  if (got.protocol == 6 || got.protocol == 17) {
    EXPECT_EQ(got.source_port, back ? asked.destination_port : asked.source_port);
    EXPECT_EQ(got.destination_port, back ? asked.source_port : asked.destination_port);
  }
}

}  // namespace sluice::test
