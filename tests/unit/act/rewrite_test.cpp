// tests: what a packet that passes on looks like after it was changed.
#include "dataplane/act/rewrite.h"

#include "tests/unit/act/judged.h"

namespace sluice::test {
namespace {

TEST(ClearUrgent, TheSegmentIsAsIfItHadNeverBeenMarked) {
  for (const char* ends : {"10.20.1.7", "fd00::7"}) {
    for (uint32_t payload_size = 0; payload_size < 300; ++payload_size) {
      const auto segment = [&] {
        return Frame()
            .ip(ends, ends)
            .tcp(40000, 443, kAck, payload_size * 0x01010101U, 5000)
            .tcp_options({1, 1, 1})
            .payload(Bytes(payload_size, static_cast<uint8_t>(payload_size)));
      };
      const Bytes calm = segment().build();
      const Bytes marked = segment().urgent(static_cast<uint16_t>(payload_size * 257)).build();
      rte_mbuf* mbuf = to_mbuf(test_pool(), marked);
      ASSERT_TRUE(clear_urgent(*mbuf, packet_of(marked)));
      EXPECT_EQ(to_bytes(mbuf), calm) << payload_size;
      rte_pktmbuf_free(mbuf);
    }
  }
}

TEST(ClearUrgent, AHeaderInAnotherBufferIsRefused) {
  const Bytes marked = Frame().ip("10.20.1.7", "10.0.0.1").tcp(40000, 443, kAck).urgent(1).build();
  rte_mbuf* mbuf = to_mbuf(test_pool(), marked, 40);
  EXPECT_FALSE(clear_urgent(*mbuf, packet_of(marked)));
  rte_pktmbuf_free(mbuf);
}

TEST(OverwritePayload, TheFrameIsAsIfItHadBeenMadeWithIt) {
  for (const char* ends : {"10.20.1.7", "fd00::7"}) {
    for (const bool tcp : {false, true}) {
      for (const size_t size : {size_t{1}, size_t{2}, size_t{77}, size_t{300}}) {
        const auto frame = [&](uint8_t fill) {
          Frame made;
          made.ip(ends, ends);
          if (tcp) {
            made.tcp(53, 40000, kAck, 1, 2);
          } else {
            made.udp(53, 40000);
          }
          return made.payload(Bytes(size, fill)).build();
        };
        const Bytes before = frame(0x5a);
        for (const size_t buffer : {size_t{0}, size_t{40}}) {
          rte_mbuf* mbuf = buffer == 0 ? to_mbuf(test_pool(), before) : to_mbuf(test_pool(), before, buffer);
          Packet packet = packet_of(before);
          packet.l4_checksum = 1;
          overwrite_payload(*mbuf, packet, Bytes(size, 0xc3));
          EXPECT_EQ(to_bytes(mbuf), frame(0xc3)) << size;
          rte_pktmbuf_free(mbuf);
        }
      }
    }
  }
}

TEST(OverwritePayload, NoChecksumStaysNone) {
  const Bytes before =
      Frame().ip("10.0.0.1", "10.0.0.2").udp(53, 4000).payload(Bytes(8, 1)).no_udp_checksum().build();
  rte_mbuf* mbuf = to_mbuf(test_pool(), before);
  Packet packet = packet_of(before);
  packet.l4_checksum = 0;
  overwrite_payload(*mbuf, packet, Bytes(8, 2));
  EXPECT_EQ(to_bytes(mbuf),
            Frame().ip("10.0.0.1", "10.0.0.2").udp(53, 4000).payload(Bytes(8, 2)).no_udp_checksum().build());
  rte_pktmbuf_free(mbuf);
}

}  // namespace
}  // namespace sluice::test
