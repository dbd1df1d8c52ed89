// tests: QUIC's readers take any bytes, also behind the authentication of an Initial; a hello gives the same
// however it is cut, shuffled and repeated.
#include <algorithm>
#include <random>

#include "dataplane/extract/gquic.h"
#include "dataplane/extract/quic_keys.h"
#include "dataplane/extract/tls.h"
#include "dataplane/flow/byte_stream.h"
#include "tests/fuzz/support.h"
#include "tests/support/quic.h"

using namespace sluice;
using test::Bytes;

namespace {

struct World {
  World() {
    if (!opener.create() || !pool.create(64)) std::abort();
  }
  QuicOpener opener;
  BlockPool pool;
};

World& world() {
  static World made;
  return made;
}

/// Every CRYPTO piece lies within the frames.
template <class OnPiece>
Extract walk(std::span<const uint8_t> frames, QuicScheme scheme, OnPiece on_piece) {
  QuicFrames all(frames, scheme);
  for (;;) {
    QuicCrypto piece;
    const Extract next = all.next(piece);
    if (next != Extract::NeedMore) return next;
    if (piece.bytes.data() < frames.data() || piece.bytes.size() > frames.size() ||
        piece.offset + piece.bytes.size() > kMaxQuicCrypto)
      std::abort();
    on_piece(piece);
  }
}

/// Any datagram.
void take_datagram(std::span<const uint8_t> input) {
  const test::ExactCopy datagram(input);
  const bool looks = looks_like_quic(datagram);
  if (looks && !begins_like_quic(datagram)) std::abort();
  QuicDatagram packets(datagram);
  QuicPacket packet;
  size_t size = 0;
  while (packets.next(packet)) {
    size += packet.bytes.size();
    HostName host;
    if (packet.kind == QuicPacket::Kind::Google) (void)read_google_packet(packet.bytes, packet.version, host);
    if (packet.kind != QuicPacket::Kind::Initial) continue;
    int64_t largest = -1;
    std::span<const uint8_t> frames;
    const QuicScheme scheme = scheme_of(packet.version);
    const QuicKeys keys = world().opener.keys_of(scheme, packet.destination);
    if (world().opener.unseal(keys, packet, largest, frames))
      (void)walk(frames, scheme, [](const QuicCrypto&) {});
  }
  if (size > input.size()) std::abort();
  size_t used = 0;
  HostName host;
  const Extract hello = read_google_hello(datagram, host, used);
  if ((hello == Extract::Name || hello == Extract::NoName) && used > input.size()) std::abort();
}

/// Any frames, sealed and opened again.
void take_frames(std::span<const uint8_t> input, uint32_t seed) {
  constexpr uint32_t kVersions[] = {test::kQuicV1, test::kQuicV2, test::kQuicDraft29, 0xff000017};
  test::QuicClient client;
  client.version = kVersions[seed % 4];
  const Bytes plain(input.begin(),
                    input.begin() + static_cast<ptrdiff_t>(std::min<size_t>(input.size(), 4000)));
  const test::ExactCopy datagram(quic_initial(client, plain, seed >> 8 & 0x7f, 0, 1 + (seed >> 4) % 4));
  QuicDatagram packets(datagram);
  QuicPacket packet;
  int64_t largest = -1;
  std::span<const uint8_t> frames;
  const QuicScheme scheme = scheme_of(client.version);
  if (!packets.next(packet) ||
      !world().opener.unseal(world().opener.keys_of(scheme, client.id), packet, largest, frames))
    std::abort();
  if (!std::equal(plain.begin(), plain.end(), frames.begin())) std::abort();
  const test::ExactCopy copy(frames);
  (void)walk(copy, scheme, [](const QuicCrypto&) {});
  (void)walk(copy, QuicScheme::Q050, [](const QuicCrypto&) {});
}

std::vector<test::Event> read(std::span<const uint8_t> hello) {
  TlsHello reader = TlsHello::of_handshake();
  return test::feed_pieces(reader, hello, [](size_t left) { return left; });
}

/// Any hello, in pieces, in any order, some of them twice.
void take_hello(std::span<const uint8_t> input, uint32_t seed) {
  const Bytes hello(input.begin(),
                    input.begin() + static_cast<ptrdiff_t>(std::min<size_t>(input.size(), 4000)));
  std::mt19937 random(seed);
  std::vector<Bytes> pieces;
  for (size_t at = 0; at < hello.size();) {
    const size_t size = 1 + random() % (pieces.size() > 20 ? 4000 : 400);
    const size_t back = std::min<size_t>(at, random() % 8);
    pieces.push_back(test::quic_crypto(at - back, test::part_of(hello, at - back, at + size)));
    if (random() % 4 == 0) pieces.push_back(pieces.back());
    at += size;
  }
  std::shuffle(pieces.begin(), pieces.end(), random);

  ByteStream stream;
  stream.begin(0);
  for (const Bytes& frames : pieces) {
    const Extract end = walk(frames, QuicScheme::V1, [&](const QuicCrypto& piece) {
      const auto offered = stream.offer(world().pool, piece.offset, piece.bytes);
      if (offered != ByteStream::Offer::Taken && offered != ByteStream::Offer::Old) std::abort();
    });
    if (end != Extract::Complete) std::abort();
  }
  Bytes whole(hello.size() + 1);
  whole.resize(stream.peek(world().pool, whole));
  stream.clear(world().pool);
  if (whole != hello || read(whole) != read(hello)) std::abort();
}

}  // namespace

/// data: four bytes of seed, the first of which chooses what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> input(data, size);
  const uint32_t seed = test::take_seed(input);
  switch (seed % 3) {
    case 0:
      take_datagram(input);
      break;
    case 1:
      take_frames(input, seed / 3);
      break;
    default:
      take_hello(input, seed / 3);
      break;
  }
  return 0;
}
