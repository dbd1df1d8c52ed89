// tests: the Internet checksum against an independent one.
#include <random>

#include "dataplane/act/checksum.h"
#include "tests/unit/act/judged.h"

namespace sluice::test {
namespace {

TEST(Checksum, ExampleOfRfc1071GivesItsSum) {
  const Bytes data = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(checksum_fold(data), 0xddf2);
}

TEST(Checksum, EverySizeAndContentAgreesWithThePlainOne) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 200; ++size) {
    Bytes data(size);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(size % 3 == 0 ? 0xff : random());
    EXPECT_EQ(checksum_fold(data), static_cast<uint16_t>(~plain_checksum(data))) << size;
  }
}

TEST(Checksum, SumBeforeIsCarriedOn) {
  const Bytes whole = {0xff, 0xfe, 0x12, 0x34, 0xab, 0xcd, 0xff, 0xff, 0x01};
  const Bytes first(whole.begin(), whole.begin() + 4), rest(whole.begin() + 4, whole.end());
  EXPECT_EQ(checksum_fold(rest, checksum_fold(first)), checksum_fold(whole));
}

TEST(Checksum, LargestPacketDoesNotOverflow) {
  const Bytes data(256 * 1024, 0xff);
  EXPECT_EQ(checksum_fold(data), 0xffff);
}

TEST(Checksum, PseudoHeaderIsWhatSoftwarePortsLeave) {
  for (const bool v6 : {false, true}) {
    Frame frame;
    frame.ip(v6 ? "2001:db8::1" : "10.20.1.7", v6 ? "2001:db8:2::9" : "198.51.100.9").tcp(40000, 443, kAck);
    const Bytes built = frame.payload("hello").unfinished_checksum().build();
    Packet packet = packet_of(built);
    const uint16_t in_frame =
        static_cast<uint16_t>(built[packet.l4_offset + 16] << 8 | built[packet.l4_offset + 17]);
    EXPECT_EQ(pseudo_header_sum(packet, 20 + 5), in_frame);
    packet.l4_checksum = in_frame;
    EXPECT_TRUE(is_pseudo_header_sum(packet.l4_checksum, pseudo_header_words(packet, 20 + 5)));
  }
}

TEST(Checksum, OneValueOfAllIsThePseudoHeaders) {
  for (const bool v6 : {false, true}) {
    Packet packet = packet_of(Frame()
                                  .ip(v6 ? "2001:db8::1" : "10.20.1.7", v6 ? "fe80::ffff:9" : "255.255.0.9")
                                  .udp(4000, 443)
                                  .build());
    // The sizes bring the sum to each value, to those at its wrap as well.
    for (uint32_t size = 8; size < 70000; size += 7) {
      const uint16_t right = pseudo_header_sum(packet, size);
      for (const uint32_t checksum :
           {uint32_t{right}, right + 1U, right - 1U, right ^ 0xffffU, right ^ 0x0100U, 0U, 0xffffU}) {
        packet.l4_checksum = static_cast<uint16_t>(checksum);
        ASSERT_EQ(is_pseudo_header_sum(packet.l4_checksum, pseudo_header_words(packet, size)),
                  packet.l4_checksum == right)
            << size << " " << checksum;
      }
    }
  }
}

TEST(Checksum, OfAnIpv4HeaderCountsItsOptions) {
  Bytes header;
  for (uint8_t byte = 0; byte < 60; ++byte) header.push_back(static_cast<uint8_t>(byte * 37 + 11));
  for (size_t size = 20; size <= header.size(); size += 4) {
    const std::span<const uint8_t> some(header.data(), size);
    EXPECT_EQ(sum_of_ipv4_header(some), sum_of_words(some)) << size;
  }
}

}  // namespace
}  // namespace sluice::test
