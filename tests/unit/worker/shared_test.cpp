// tests: the people behind a shared address are spread over the workers, and what must meet still meets.
#include <algorithm>

#include "tests/support/quic.h"
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;
using test::Workers;

constexpr uint32_t kWorkers = 3;
constexpr uint16_t kConnections = 64;

/// On how many workers the connections of a client were judged.
ptrdiff_t workers_of(const char* client) {
  std::vector<test::Sent> sent;
  for (uint16_t i = 0; i < kConnections; ++i)
    test::connection(sent, client, static_cast<uint16_t>(30'000 + i), test::tls_hello("news.example"), false);
  Workers workers(kWorkers, test::kRules);
  for (const test::Sent& packet : sent) workers.send(packet.frame, packet.from, 0);
  EXPECT_EQ(workers.decisions().size(), kConnections);
  return std::ranges::count_if(workers.records(), [](uint64_t slots) { return slots != 0; });
}

TEST(SharedAddress, ItsConnectionsLiveOnAllWorkersAndOthersOnOne) {
  EXPECT_EQ(workers_of("10.20.60.5"), kWorkers);
  EXPECT_EQ(workers_of("10.20.1.7"), 1);
}

/// Many servers go by the connection id alone, so half a hello on each of two ports is one hello for them.
TEST(SharedAddress, HalvesOfAQuicHelloOnTwoPortsMeet) {
  Workers workers(kWorkers, test::kRules);
  constexpr ptrdiff_t kRecordHeader = 5;
  const Bytes record = test::tls_hello("www.bad.example");
  const Bytes hello(record.begin() + kRecordHeader, record.end());
  const size_t half = hello.size() / 2;
  for (uint16_t i = 0; i < kConnections; ++i) {
    test::QuicClient client;
    client.id[0] = static_cast<uint8_t>(i);
    const auto send = [&](uint16_t port, size_t from, size_t to, uint64_t number) {
      const Bytes initial =
          test::quic_initial(client, test::quic_crypto(from, test::part_of(hello, from, to)), number);
      workers.send(Frame().ip("10.20.60.5", "198.51.100.9").udp(port, 443).payload(initial).build(),
                   Side::Lan, 0);
    };
    send(static_cast<uint16_t>(20'000 + 2 * i), 0, half, 0);
    send(static_cast<uint16_t>(20'001 + 2 * i), half, hello.size(), 1);
  }
  EXPECT_EQ(workers.totals()["passed undecided"], kConnections);
  EXPECT_EQ(workers.totals()["dropped quic-interleaved"], kConnections);
}

}  // namespace
}  // namespace sluice
