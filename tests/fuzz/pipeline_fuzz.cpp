// tests: fuzzing of the whole way of a packet: a sequence of frames from either side, each cut in buffers.
#include "tests/fuzz/world.h"
#include "tests/support/quic.h"

namespace {

using namespace sluice;

constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example]}
rules:
  - {name: no-bad, to: [bad], action: block}
  - {name: quiet, to: [quiet.example], action: block, silent: true}
  - {name: print, direction: inbound, from: [hq-sg], to: [printers], ports: [tcp/9100], action: allow}
tunnels:
  link: {protocols: [gre, ipip, 6in4, vxlan], from: [staff], to: [any], owner: li.wei, inspect: true}
unidentified: {unknown-protocol: allow, fragment: allow}
)";

/// The frames of an Initial, sealed so that they get behind its authentication.
test::Bytes quic_datagram(const test::Bytes& frames) {
  return test::Frame()
      .ip("10.20.1.7", "198.51.100.9")
      .udp(40000, 443)
      .payload(test::quic_initial({}, frames, 0, 0))
      .build();
}

}  // namespace

/// data: frames, each after a byte of flags (1: from the line, 2: in short buffers, 4: time passes, 8: only
/// the frames of a QUIC Initial) and two of size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static test::World world(kRules, false);
  while (size > 3) {
    const uint8_t how = data[0];
    const size_t frame_size = std::min<size_t>(size - 3, data[1] | (data[2] & 15) << 8);
    test::Bytes frame(data + 3, data + 3 + frame_size);
    if (how & 8) frame = quic_datagram(frame);
    data += 3 + frame_size;
    size -= 3 + frame_size;
    if (frame.empty()) continue;
    if (how & 4) world.wait(20'000, [](uint16_t, const rte_mbuf&) {});
    rte_mempool* pool = test::test_pool();
    rte_mbuf* mbuf = how & 2 ? test::to_mbuf(pool, frame, 40) : test::to_exact_mbuf(pool, frame);
    mbuf->port = how & 1;
    world.send(mbuf, [](uint16_t, const rte_mbuf&) {});
  }
  world.end();  // nothing of this input outlives it
  return 0;
}
