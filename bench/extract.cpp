// bench: what each extractor costs for one name, and what an undecided flow keeps meanwhile.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "dataplane/extract/dns.h"
#include "dataplane/extract/dtls.h"
#include "dataplane/extract/h2c.h"
#include "dataplane/extract/http.h"
#include "dataplane/extract/prelude.h"
#include "dataplane/extract/quic.h"
#include "dataplane/extract/quic_keys.h"
#include "dataplane/extract/recognise.h"
#include "dataplane/extract/tls.h"
#include "dataplane/extract/tunnel.h"
#include "dataplane/flow/context.h"
#include "dataplane/flow/flow_table.h"
#include "tests/support/payload.h"
#include "tests/support/quic.h"

namespace {

using namespace sluice;
using test::Bytes;

constexpr const char* kName = "www.example.com";
constexpr size_t kPostQuantum = 1216;  ///< bytes of X25519MLKEM768's share

/// The answer is checked before it is timed.
void expect(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "bench-extract: %s gives another answer\n", what);
  std::exit(1);
}

template <class Reader>
Extract first_event(Reader& reader, std::span<const uint8_t> bytes) {
  size_t consumed = 0;
  return reader.feed(bytes, consumed);
}

template <class Reader>
void read_name(benchmark::State& state, const Bytes& bytes) {
  Reader checked{};
  expect(first_event(checked, bytes) == Extract::Name && checked.host().view() == kName, kName);
  for (auto _ : state) {
    Reader reader{};
    benchmark::DoNotOptimize(first_event(reader, bytes));
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}

void tls_hello(benchmark::State& state) {
  read_name<TlsHello>(state, test::tls_hello(kName));
}
void tls_hello_post_quantum(benchmark::State& state) {
  read_name<TlsHello>(state, test::tls_hello(kName, {.padding_bytes = kPostQuantum}));
}
void http_request(benchmark::State& state) {
  read_name<HttpRequests>(state, test::http_request(kName, "User-Agent: curl/7.88.1\r\nAccept: */*\r\n"));
}

void dns_question(benchmark::State& state) {
  const Bytes query = test::dns_query({kName, 1, 7});
  DnsMessage message;
  expect(parse_dns(query, message) == Extract::Name && message.questions[0].name.view() == kName, "dns");
  for (auto _ : state) benchmark::DoNotOptimize(parse_dns(query, message));
}

void dns_answers(benchmark::State& state) {
  const Bytes answer = test::dns_answer(
      {.query = {kName, 1, 7}, .cname = "edge.cdn.example", .addresses = {"198.51.100.9", "198.51.100.10"}});
  DnsMessage message;
  DnsAnswer record;
  expect(parse_dns(answer, message) == Extract::Name && message.answer_count == 3, "dns answers");
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_dns(answer, message));
    DnsAnswers records(answer, message);
    while (records.next(record) == Extract::Name) benchmark::DoNotOptimize(record);
  }
}

/// One Initial of 1,200 bytes: its keys, its seal, its frames.
void quic_initial(benchmark::State& state) {
  QuicOpener opener;
  expect(opener.create(), "quic");
  const test::QuicClient client;
  const Bytes datagram = test::quic_initial(client, test::quic_crypto(0, Bytes(1000, 0x5a)));
  const auto open = [&] {
    QuicDatagram packets(datagram);
    QuicPacket packet;
    std::span<const uint8_t> frames;
    int64_t largest = -1;
    QuicCrypto crypto;
    if (!packets.next(packet)) return size_t{0};
    const QuicScheme scheme = scheme_of(packet.version);
    const QuicKeys keys = opener.keys_of(scheme, packet.destination);
    if (!opener.unseal(keys, packet, largest, frames)) return size_t{0};
    QuicFrames walk(frames, scheme);
    size_t size = 0;
    while (walk.next(crypto) == Extract::NeedMore) size += crypto.bytes.size();
    return size;
  };
  expect(open() == 1000, "quic");
  for (auto _ : state) benchmark::DoNotOptimize(open());
}

void recognise_stream_of_tls(benchmark::State& state) {
  const Bytes hello = test::tls_hello(kName);
  expect(recognise_stream(std::span(hello).first(kMaxRecogniseBytes)) == Stream::Tls, "recognise");
  for (auto _ : state) benchmark::DoNotOptimize(recognise_stream(std::span(hello).first(kMaxRecogniseBytes)));
}

void recognise_datagram_of_noise(benchmark::State& state) {
  const Bytes noise(200, 0xa5);
  expect(recognise_datagram(noise, 4000) == Protocol::Unknown, "datagram");
  for (auto _ : state) benchmark::DoNotOptimize(recognise_datagram(noise, 4000));
}

/// A hello that comes in two segments: both kept, compared on the way, read, released.
void byte_stream_of_two_segments(benchmark::State& state) {
  BlockPool pool;
  expect(pool.create(8), "pool");
  const Bytes hello = test::tls_hello(kName, {.padding_bytes = kPostQuantum});
  const auto all = std::span<const uint8_t>(hello);
  ByteStream stream;
  for (auto _ : state) {
    stream.begin(1000);
    benchmark::DoNotOptimize(stream.offer(pool, 1000, all.first(1200)));
    benchmark::DoNotOptimize(stream.offer(pool, 2200, all.subspan(1200)));
    stream.consume(static_cast<uint32_t>(stream.readable(pool).size()));
    stream.release_to(pool, stream.read_place());
  }
}

BENCHMARK(tls_hello);
BENCHMARK(tls_hello_post_quantum);
BENCHMARK(http_request);
BENCHMARK(dns_question);
BENCHMARK(dns_answers);
BENCHMARK(quic_initial);
BENCHMARK(recognise_stream_of_tls);
BENCHMARK(recognise_datagram_of_noise);
BENCHMARK(byte_stream_of_two_segments);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  std::printf(
      "an undecided flow: %zu bytes in the table, a context of %zu, blocks of %u from 1 to %u; %u on "
      "average\n",
      sizeof(Flow), sizeof(Context), kStreamBlock, kStreamBlocks, kBlocksPerContext);
  return 0;
}
