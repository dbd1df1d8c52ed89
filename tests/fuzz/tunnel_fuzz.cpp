// tests: tunnels are recognised in any bytes, and what they carry is read within them.
#include "dataplane/extract/tunnel.h"

#include <cstdlib>

#include "dataplane/decode/tunnel.h"
#include "tests/support/feed.h"

using namespace sluice;

namespace {

constexpr uint16_t kPorts[] = {kAnyPort, 123,  500,  1194, 1701, 2123, 2152, 3389,
                               5060,     3544, 4500, 4754, 4789, 6081, 51820};
constexpr Protocol kOpenable[] = {Protocol::Gre, Protocol::IpIp, Protocol::SixInFour, Protocol::Vxlan};

void check_streams(std::span<const uint8_t> bytes) {
  Extract decided = Extract::NeedMore;
  for (size_t end = 0; end <= bytes.size(); ++end) {
    Protocol protocol = Protocol::Unknown;
    const Extract now = recognise_nameless_stream(test::ExactCopy(bytes.first(end)), protocol);
    if (decided != Extract::NeedMore && now != decided) std::abort();
    if (end >= kMaxTunnelStreamBytes && now == Extract::NeedMore) std::abort();
    if (now == Extract::Complete && protocol == Protocol::Unknown) std::abort();
    decided = now;
  }
}

/// The payload of a tunnel's packet whose own headers end at `start`.
void check_inside(std::span<const uint8_t> frame, uint16_t start) {
  Packet outer;
  outer.payload_offset = start;
  outer.payload_size = static_cast<uint32_t>(frame.size() - start);
  const auto head = frame.first(std::min(frame.size(), kMaxHeaderBytes));
  for (const Protocol tunnel : kOpenable) {
    Packet inner;
    uint32_t network = 0;
    if (decode_inside(tunnel, test::ExactCopy(head), outer, inner, network).kind != Decoded::Kind::Ip)
      continue;
    if (inner.l3_offset < start || inner.payload_offset + uint64_t{inner.payload_size} > frame.size())
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  const test::ExactCopy whole(bytes);
  for (const uint16_t port : kPorts) {
    const Protocol on_port = recognise_datagram(whole, port);
    // What any port shows, every port shows.
    if (port != kAnyPort && on_port == Protocol::Unknown && recognise_datagram(whole, kAnyPort) != on_port)
      std::abort();
  }
  for (const uint8_t transport : {4, 41, 47, 50, 115, 132}) (void)recognise_transport(transport, whole);
  check_streams(bytes.first(std::min<size_t>(size, 2 * kMaxTunnelStreamBytes)));
  const uint16_t start = size > 0 ? static_cast<uint16_t>(data[0] % std::min<size_t>(size, 64)) : 0;
  check_inside(bytes, start);
  return 0;
}
