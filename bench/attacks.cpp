// bench: the attacks.
#include "bench/attacks.h"

#include <rte_ip.h>

#include <cstring>

#include "dataplane/decode/packet.h"
#include "tests/support/frame.h"
#include "tests/support/payload.h"
#include "tests/support/quic.h"

namespace sluice::bench {
namespace {

using test::Bytes;
using test::Frame;

constexpr std::string_view kClient = "10.20.128.1", kServer = "198.51.100.7";
constexpr size_t kIp = 14, kIdAt = kIp + 4, kIpSumAt = kIp + 10, kClientAt = kIp + 14, kL4 = kIp + 20;
constexpr size_t kTcpSeqAt = kL4 + 4, kTcpSumAt = kL4 + 16, kTcpPayload = kL4 + 20, kUdpPayload = kL4 + 8;
/// 10.20.128.0/18, as its lower half lies in memory.
constexpr uint16_t kSubnet = 0x0080, kSubnetMask = 0x00c0;
constexpr size_t kHelloRandomAt = kTcpPayload + 5 + 4 + 2 + 1;  ///< at an even place
constexpr size_t kDnsIdAt = kUdpPayload, kDnsNameAt = kUdpPayload + 12;

void put(uint8_t* at, uint16_t value) {
  std::memcpy(at, &value, sizeof value);
}
/// A value, and elsewhere its inverse: whatever the value is, a sum of both stays the same.
void put_even(uint8_t* at, uint8_t* inverse_at, uint16_t value) {
  put(at, value);
  put(inverse_at, static_cast<uint16_t>(~value));
}

void finish_ip(uint8_t* frame) {
  put(frame + kIpSumAt, 0);
  put(frame + kIpSumAt, rte_ipv4_cksum(reinterpret_cast<const rte_ipv4_hdr*>(frame + kIp)));
}

uint16_t some_client(uint64_t chance) {
  return static_cast<uint16_t>((chance & ~uint64_t{kSubnetMask}) | kSubnet);
}

/// Another client: its address in the header, evened out by the id.
void vary_client(uint8_t* frame, uint16_t chance) {
  put_even(frame + kClientAt, frame + kIdAt, some_client(chance));
}
/// The same where TCP sums the address too, and another port.
void vary_tcp(uint8_t* frame, uint64_t chance) {
  const auto client = some_client(chance);
  vary_client(frame, client);
  put(frame + kTcpSeqAt, static_cast<uint16_t>(~client));
  put_even(frame + kL4, frame + kTcpSeqAt + 2, static_cast<uint16_t>(chance >> 16));
}
/// IPv4 need not have UDP's sum.
void vary_udp(uint8_t* frame, uint64_t chance) {
  vary_client(frame, static_cast<uint16_t>(chance));
  put(frame + kL4, static_cast<uint16_t>(chance >> 16 | 0x0004));  // no service's port
}

Bytes tcp(uint8_t flags, const Bytes& payload) {
  Frame frame = Frame().ip(kClient, kServer).tcp(40000, 443, flags).payload(payload).pad_to(60);
  Bytes out = frame.build();
  vary_tcp(out.data(), 1);
  finish_ip(out.data());
  put(out.data() + kTcpSumAt, 0);
  put(out.data() + kTcpSumAt,
      rte_ipv4_udptcp_cksum(reinterpret_cast<const rte_ipv4_hdr*>(out.data() + kIp), out.data() + kL4));
  return out;
}

Bytes udp(uint16_t port, const Bytes& payload) {
  Bytes out =
      Frame().ip(kClient, kServer).udp(40000, port).no_udp_checksum().payload(payload).pad_to(60).build();
  vary_udp(out.data(), 1);
  finish_ip(out.data());
  return out;
}

std::vector<Bytes> syns() {
  return {tcp(kSyn, {})};
}

/// The first half of a hello; the other one never comes.
std::vector<Bytes> half_hellos() {
  Bytes hello = test::tls_hello("www.unfinished.example", {.padding_bytes = 300});
  hello.resize(hello.size() / 2);
  put_even(&hello[kHelloRandomAt - kTcpPayload], &hello[kHelloRandomAt - kTcpPayload + 2], 1);
  return {tcp(kPsh | kAck, hello)};
}
void vary_hello(uint8_t* frame, uint64_t chance) {
  vary_tcp(frame, chance);
  put_even(frame + kHelloRandomAt, frame + kHelloRandomAt + 2, static_cast<uint16_t>(chance >> 32));
}

constexpr size_t kQuicIdAt = kUdpPayload + 6, kQuicIdBytes = 8;
std::vector<Bytes> initials() {
  return {udp(443, test::quic_noise(test::QuicType::Initial, test::kQuicV1, Bytes(kQuicIdBytes, 7),
                                    {1, 2, 3, 4}, 1150))};
}
void vary_quic(uint8_t* frame, uint64_t chance) {
  vary_udp(frame, chance);
  const uint64_t id = chance * 0x9e3779b97f4a7c15;
  std::memcpy(frame + kQuicIdAt, &id, kQuicIdBytes);
}

/// First fragments; no other one follows.
std::vector<Bytes> first_fragments() {
  return {Frame()
              .ip(kClient, kServer)
              .fragment(0, true)
              .udp(40000, 9000)
              .no_udp_checksum()
              .payload(Bytes(120))
              .build()};
}
void vary_fragment(uint8_t* frame, uint64_t chance) {
  put(frame + kClientAt, some_client(chance));
  put(frame + kIdAt, static_cast<uint16_t>(chance >> 16));
  finish_ip(frame);
}

/// A name that points to itself, sixty names, and names that nobody has asked for before.
std::vector<Bytes> dns_bombs() {
  Bytes loop = test::dns_query({.name = "a.example", .edns = false});
  loop[12] = 0xc0, loop[13] = 12;
  std::vector<std::string> more;
  for (size_t i = 0; i < 59; ++i) more.push_back("n" + std::to_string(i) + ".example");
  return {udp(53, loop), udp(53, test::dns_query({.name = "n.example", .more = more})),
          udp(53, test::dns_query({.name = "xxxxxxxxxxxx.random.example"}))};
}
void vary_dns(uint8_t* frame, uint64_t chance) {
  vary_udp(frame, chance);
  put(frame + kDnsIdAt, static_cast<uint16_t>(chance >> 32));
  constexpr uint8_t kRandomLabel = 12;
  if (frame[kDnsNameAt] != kRandomLabel) return;
  for (size_t i = 1; i <= kRandomLabel; ++i)
    frame[kDnsNameAt + i] = static_cast<uint8_t>('a' + (chance >> (4 * i) & 15));
}

constexpr Reason kSynTold[] = {Reason::TableFull, Reason::Overload};
constexpr Reason kHelloTold[] = {Reason::TableFull, Reason::IncompleteHello, Reason::Overload};
constexpr Reason kQuicTold[] = {Reason::UndecodableQuic, Reason::QuicRate, Reason::TableFull,
                                Reason::Overload};
constexpr Reason kFragmentTold[] = {Reason::Fragment, Reason::FragmentIncomplete, Reason::Overload};
constexpr Reason kDnsTold[] = {Reason::MalformedDns, Reason::TableFull, Reason::Overload};

constexpr Attack kAttacks[] = {
    {"syn", "SYN floods", syns, vary_tcp, kSynTold},
    {"hello", "hellos that are never finished", half_hellos, vary_hello, kHelloTold},
    {"quic", "QUIC Initials with random connection ids", initials, vary_quic, kQuicTold},
    {"fragment", "fragments without end", first_fragments, vary_fragment, kFragmentTold},
    {"dns", "DNS: pointer loops, sixty questions, random names", dns_bombs, vary_dns, kDnsTold},
};

}  // namespace

std::span<const Attack> attacks() {
  return kAttacks;
}

}  // namespace sluice::bench
