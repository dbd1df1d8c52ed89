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

}  // namespace
}  // namespace sluice::test
