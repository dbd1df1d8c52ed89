// tests: the headers of a datagram put together: what a whole packet would have had.
#include "dataplane/act/whole.h"

#include <gtest/gtest.h>

#include "tests/support/frame.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

/// The frame that the first fragment's headers and all the payload make.
Bytes whole_of(const Bytes& frame, size_t l3_offset, std::vector<size_t> cuts) {
  Bytes payload, headers;
  Packet first;
  for (const Bytes& fragment : test::fragments_of(frame, l3_offset, std::move(cuts))) {
    Packet packet;
    EXPECT_EQ(decode_frame(fragment, static_cast<uint32_t>(fragment.size()), packet).kind, Decoded::Kind::Ip);
    EXPECT_TRUE(packet.fragment);
    if (packet.fragment_offset == 0) {
      first = packet;
      headers.assign(fragment.begin(), fragment.begin() + packet.l4_offset);
    }
    test::put(payload, Bytes(fragment.begin() + packet.l4_offset, fragment.end()));
  }
  headers.resize(make_whole(headers, first, static_cast<uint32_t>(payload.size())));
  test::put(headers, payload);
  return headers;
}

TEST(MakeWhole, GivesBackThePacketThatWasCut) {
  // The id stays the fragments' own: a packet with that id from the start is what should come of it.
  Frame v4;
  v4.ip("10.20.1.7", "198.51.100.9").fragment(0, false).udp(40000, 53).payload("the bytes of a datagram");
  EXPECT_EQ(whole_of(v4.build(), 14, {8, 16}), v4.build());
  v4.ip_options({1, 1, 1, 1}).vlan(100, 0x88a8).vlan(28);
  EXPECT_EQ(whole_of(v4.build(), 22, {8}), v4.build());
  Frame v6;
  v6.ip("fd00::1", "2001:db8::9").tcp(40000, 443, 0x18).payload("the bytes of a datagram");
  EXPECT_EQ(whole_of(v6.build(), 14, {8, 16}), v6.build());
  Frame extended;
  extended.ip("fd00::1", "2001:db8::9").extension(0).extension(60).udp(40000, 53).payload("of a datagram");
  EXPECT_EQ(whole_of(extended.build(), 14, {8, 16}), extended.build());
}

}  // namespace
}  // namespace sluice
