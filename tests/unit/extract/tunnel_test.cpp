// tests: recognise_datagram, recognise_transport, recognise_nameless_stream.
#include "dataplane/extract/tunnel.h"

#include <gtest/gtest.h>

#include <random>

#include "dataplane/extract/recognise.h"
#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

constexpr uint16_t kSomePort = 40001;

Protocol datagram(const Bytes& payload, uint16_t port = kSomePort) {
  return recognise_datagram(ExactCopy(payload), port);
}

Bytes filled(Bytes start, size_t size, uint8_t with = 0x5a) {
  start.resize(size, with);
  return start;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

const Bytes kSession = {0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18};
const Bytes kStamp = {0, 0, 0, 1, 0x65, 0x66, 0x77, 0x88};  // the first packet, in 2023
const Bytes kNoAcksFirstMessage = {0, 0, 0, 0, 0};

Bytes openvpn_reset(size_t digest_bytes) {
  return joined({{0x38}, kSession, Bytes(digest_bytes, 0x5a), kStamp, kNoAcksFirstMessage});
}
Bytes openvpn_tls_crypt_v2(size_t wrapped_key_bytes) {
  Bytes out = joined({{0x50}, kSession, kStamp, Bytes(32, 0x5a), Bytes(5, 0x11)});
  out.resize(out.size() + wrapped_key_bytes - 2, 0x33);
  out.push_back(static_cast<uint8_t>(wrapped_key_bytes >> 8));
  out.push_back(static_cast<uint8_t>(wrapped_key_bytes));
  return out;
}
const Bytes kPlainReset = joined({{0x38}, kSession, kNoAcksFirstMessage});
const Bytes kTlsCryptReset = joined({{0x38}, kSession, kStamp, Bytes(32, 0x5a), Bytes(5, 0x11)});

Bytes ike(uint8_t version, uint8_t exchange, uint8_t next, size_t size) {
  Bytes out = joined({kSession, Bytes(8, 0), {next, version, exchange, 8, 0, 0, 0, 0, 0, 0}});
  out.push_back(static_cast<uint8_t>(size >> 8));
  out.push_back(static_cast<uint8_t>(size));
  return filled(out, size);
}

Bytes ipv4_of(size_t size) {
  return filled({0x45, 0, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size), 0, 0, 0, 0, 64, 17},
                size);
}

TEST(RecogniseDatagram, WireGuardByItsSizes) {
  for (const auto& [type, size] : {std::pair{1, 148}, {2, 92}, {3, 64}}) {
    const Bytes message = filled({static_cast<uint8_t>(type), 0, 0, 0}, static_cast<size_t>(size));
    EXPECT_EQ(datagram(message), Protocol::WireGuard) << type;
    EXPECT_EQ(datagram(filled(message, message.size() + 1)), Protocol::Unknown) << type;
    EXPECT_EQ(datagram(Bytes(message.begin(), message.end() - 1)), Protocol::Unknown) << type;
  }
  EXPECT_EQ(datagram(filled({1, 0, 0, 0}, 148, 0)), Protocol::Unknown) << "no index is zero";
  const Bytes data = filled({4, 0, 0, 0}, 96);
  EXPECT_EQ(datagram(data, 51820), Protocol::WireGuard);
  EXPECT_EQ(datagram(data), Protocol::Unknown);
}

TEST(RecogniseDatagram, OpenVpnByItsResets) {
  EXPECT_EQ(datagram(kPlainReset), Protocol::OpenVpn);
  for (const size_t digest : {16, 20, 32, 48, 64})
    EXPECT_EQ(datagram(openvpn_reset(digest)), Protocol::OpenVpn) << digest;
  EXPECT_EQ(datagram(kTlsCryptReset), Protocol::OpenVpn);
  EXPECT_EQ(datagram(openvpn_tls_crypt_v2(299)), Protocol::OpenVpn);
  EXPECT_EQ(datagram(openvpn_reset(24)), Protocol::Unknown) << "no digest has that size";
  Bytes second = kPlainReset;
  second.back() = 1;
  EXPECT_EQ(datagram(second), Protocol::Unknown) << "a client's first message has the number 0";
  Bytes old = kTlsCryptReset;
  old[13] = 0x20;
  EXPECT_EQ(datagram(old), Protocol::Unknown) << "a clock of 1987";
  Bytes server = kPlainReset;
  server[0] = 0x40;
  EXPECT_EQ(datagram(server), Protocol::Unknown);
  EXPECT_EQ(datagram(server, 1194), Protocol::OpenVpn);
  EXPECT_EQ(datagram(filled({0x48, 0, 0, 0}, 80), 1194), Protocol::OpenVpn);
  EXPECT_EQ(datagram(filled({0x64, 0xf1, 0x31}, 81), 1194), Protocol::Unknown);
}

TEST(RecogniseDatagram, IkeByItsHeader) {
  EXPECT_EQ(datagram(ike(0x20, 34, 33, 600)), Protocol::IpSec);
  EXPECT_EQ(datagram(ike(0x10, 2, 1, 180)), Protocol::IpSec);
  EXPECT_EQ(datagram(ike(0x10, 4, 1, 420)), Protocol::IpSec);
  EXPECT_EQ(datagram(joined({Bytes(4, 0), ike(0x20, 34, 33, 600)})), Protocol::IpSec);
  EXPECT_EQ(datagram(ike(0x20, 2, 33, 600)), Protocol::Unknown) << "an exchange of the other version";
  EXPECT_EQ(datagram(filled(ike(0x20, 34, 33, 600), 601)), Protocol::Unknown);
  EXPECT_EQ(datagram(ike(0x20, 34, 33, 27)), Protocol::Unknown);
  Bytes later = ike(0x20, 35, 46, 200);
  later[8] = 1;  // the responder's SPI
  EXPECT_EQ(datagram(later), Protocol::Unknown);
  EXPECT_EQ(datagram(later, 500), Protocol::IpSec);
}

TEST(RecogniseDatagram, IpSecBehindNatOnItsPort) {
  EXPECT_EQ(datagram({0xff}, 4500), Protocol::IpSec);
  EXPECT_EQ(datagram({0xfe}, 4500), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0xc0, 1, 2, 3, 0, 0, 0, 1}, 96), 4500), Protocol::IpSec);
  EXPECT_EQ(datagram(filled({0xc0, 1, 2, 3, 0, 0, 0, 1}, 95), 4500), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0, 0, 0, 5, 0, 0, 0, 1}, 96), 4500), Protocol::Unknown) << "a reserved SPI";
  EXPECT_EQ(datagram(filled({0xc0, 1, 2, 3, 0, 0, 0, 1}, 96)), Protocol::Unknown);
}

TEST(RecogniseDatagram, L2tpByItsFirstMessage) {
  const Bytes start = {0xc8, 2, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(datagram(start), Protocol::L2tp);
  Bytes reply = start;
  reply[19] = 2;
  EXPECT_EQ(datagram(reply), Protocol::Unknown);
  EXPECT_EQ(datagram(reply, 1701), Protocol::L2tp);
  EXPECT_EQ(datagram(filled({0, 2, 0x12, 0x34, 0x56, 0x78}, 60), 1701), Protocol::L2tp);
  EXPECT_EQ(datagram(filled({0x30, 2, 0x12, 0x34, 0x56, 0x78}, 60), 1701), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0, 1, 0x12, 0x34, 0x56, 0x78}, 60), 1701), Protocol::Unknown);
}

TEST(RecogniseDatagram, TunnelsOfFramesAndPackets) {
  const Bytes frame = joined({Bytes(12, 2), {8, 0}, ipv4_of(60)});
  const Bytes vxlan = joined({{8, 0, 0, 0, 0, 0, 1, 0}, frame});
  EXPECT_EQ(datagram(vxlan), Protocol::Vxlan);
  const Bytes arp = filled({8, 0, 0, 0, 0, 0, 1, 0}, 50);
  EXPECT_EQ(datagram(arp), Protocol::Unknown);
  EXPECT_EQ(datagram(arp, 4789), Protocol::Vxlan);
  EXPECT_EQ(datagram(arp, 8472), Protocol::Vxlan);
  EXPECT_EQ(datagram(filled({8, 0, 0, 1, 0, 0, 1, 0}, 50), 4789), Protocol::Unknown);
  const Bytes geneve = joined({{0, 0, 0x65, 0x58, 0, 0, 1, 0}, frame});
  EXPECT_EQ(datagram(geneve, 6081), Protocol::Geneve);
  EXPECT_EQ(datagram({0x3f, 0, 0x65, 0x58, 0, 0, 1, 0, 0}, 6081), Protocol::Unknown) << "options outside";
  EXPECT_EQ(datagram(joined({{0, 0, 8, 0}, ipv4_of(60)}), 4754), Protocol::Gre);
  EXPECT_EQ(datagram(joined({{0x48, 0, 8, 0}, ipv4_of(60)}), 4754), Protocol::Unknown);
  EXPECT_EQ(datagram(joined({{0x30, 0xff, 0, 60, 1, 2, 3, 4}, ipv4_of(60)})), Protocol::Gtp);
  EXPECT_EQ(datagram(joined({{0x32, 0xff, 0, 64, 1, 2, 3, 4, 0, 1, 0, 0}, ipv4_of(60)})), Protocol::Gtp);
  EXPECT_EQ(datagram(joined({{0x30, 0xff, 0, 60, 1, 2, 3, 4}, ipv4_of(59), {0}})), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0x48, 0x20, 0, 16}, 20), 2123), Protocol::Gtp);
  EXPECT_EQ(datagram(filled({0x48, 0x20, 0, 16}, 21), 2123), Protocol::Unknown);
}

TEST(RecogniseDatagram, TeredoByItsPrefix) {
  Bytes bubble = filled({0x60, 0, 0, 0, 0, 0, 59, 21}, 40, 0);
  EXPECT_EQ(datagram(bubble), Protocol::Unknown);
  EXPECT_EQ(datagram(bubble, 3544), Protocol::Teredo);
  bubble[24] = 0x20, bubble[25] = 0x01;
  EXPECT_EQ(datagram(bubble), Protocol::Teredo);
  EXPECT_EQ(datagram(joined({{0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0}, bubble}), 3544), Protocol::Teredo);
  EXPECT_EQ(datagram(joined({{0, 0, 1, 2, 3, 4, 5, 6}, bubble}), 3544), Protocol::Teredo);
}

TEST(RecogniseDatagram, ProtocolsThatAreNoTunnels) {
  EXPECT_EQ(datagram(filled({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20)), Protocol::Stun);
  EXPECT_EQ(datagram(filled({0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42}, 20)), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0x40, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20)), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0x23}, 48), 123), Protocol::Ntp);
  EXPECT_EQ(datagram(filled({0x23}, 47), 123), Protocol::Unknown);
  EXPECT_EQ(datagram(filled({0x23}, 48)), Protocol::Unknown);
}

TEST(RecogniseDatagram, SipByItsFirstLineAndItsKeepAlives) {
  EXPECT_EQ(datagram(to_bytes("REGISTER sip:a.example SIP/2.0\r\nVia: x")), Protocol::Sip);
  EXPECT_EQ(datagram(to_bytes("SIP/2.0 200 OK\r\n")), Protocol::Sip);
  EXPECT_EQ(datagram(to_bytes("REGISTER sip:a.example SIP/2.0")), Protocol::Unknown) << "cut short";
  EXPECT_EQ(datagram(to_bytes("NOTIFY * HTTP/1.1\r\n")), Protocol::Unknown) << "SSDP";
  for (const Bytes& alive : {to_bytes("\r\n\r\n"), to_bytes("\r\n"), Bytes(4, 0)}) {
    EXPECT_EQ(datagram(alive, 5060), Protocol::Sip);
    EXPECT_EQ(datagram(alive), Protocol::Unknown);
  }
  EXPECT_EQ(datagram(Bytes(5, 0), 5060), Protocol::Unknown);
}

TEST(RecogniseDatagram, RdpBesideItsConnection) {
  const Bytes syn = filled({0xff, 0xff, 0xff, 0xff, 0, 0x40, 0, 1, 1, 2, 3, 4, 4, 0xd0, 4, 0xd0}, 1232, 0);
  EXPECT_EQ(datagram(syn, 3389), Protocol::Rdp);
  EXPECT_EQ(datagram(syn), Protocol::Unknown);
  for (const size_t at : {0, 7, 12, 14}) {
    Bytes other = syn;
    other[at] ^= 1;
    EXPECT_EQ(datagram(other, 3389), Protocol::Unknown) << at;
  }
  EXPECT_EQ(datagram(Bytes(syn.begin(), syn.begin() + 1131), 3389), Protocol::Unknown);
}

TEST(RecogniseDatagram, OtherDatagramsAreNone) {
  for (const uint16_t port : {kSomePort, uint16_t{53}, uint16_t{443}, uint16_t{5060}}) {
    EXPECT_EQ(datagram({}, port), Protocol::Unknown);
    EXPECT_EQ(datagram({0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}, port),
              Protocol::Unknown);
    EXPECT_EQ(datagram(filled({0x80, 0x60, 0, 1}, 172), port), Protocol::Unknown) << "RTP";
    EXPECT_EQ(datagram(filled({0xc0, 0, 0, 0, 1, 8}, 1200), port), Protocol::Unknown) << "QUIC";
    EXPECT_EQ(datagram(Bytes(148, 0), port), Protocol::Unknown);
  }
  std::mt19937 random(7);
  for (int round = 0; round < 200000; ++round) {
    Bytes payload(random() % 200);
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random());
    EXPECT_EQ(datagram(payload), Protocol::Unknown);
  }
}

TEST(RecogniseDatagram, CutsAndFlippedBitsNeverOverrun) {
  const Bytes all[] = {kPlainReset, openvpn_reset(20), openvpn_tls_crypt_v2(299), ike(0x20, 34, 33, 64),
                       joined({{8, 0, 0, 0, 0, 0, 1, 0}, Bytes(12, 2), {8, 0}, ipv4_of(40)})};
  for (const Bytes& whole : all) {
    for (const uint16_t port : {uint16_t{123}, uint16_t{500}, uint16_t{1194}, uint16_t{1701}, uint16_t{2123},
                                uint16_t{3544}, uint16_t{4500}, uint16_t{4754}, uint16_t{6081}}) {
      for (size_t size = 0; size < whole.size(); ++size)
        (void)datagram(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)), port);
      for (size_t at = 0; at < whole.size() * 8; ++at) {
        Bytes bent = whole;
        bent[at / 8] ^= static_cast<uint8_t>(1 << at % 8);
        (void)datagram(bent, port);
      }
    }
  }
}

TEST(RecogniseTransport, NumbersOfIana) {
  const Bytes gre = {0, 0, 8, 0}, enhanced = {0x30, 1, 0x88, 0x0b};
  EXPECT_EQ(recognise_transport(4, {}), Protocol::IpIp);
  EXPECT_EQ(recognise_transport(41, {}), Protocol::SixInFour);
  EXPECT_EQ(recognise_transport(47, ExactCopy(gre)), Protocol::Gre);
  EXPECT_EQ(recognise_transport(47, ExactCopy(enhanced)), Protocol::Pptp);
  EXPECT_EQ(recognise_transport(47, {}), Protocol::Gre);
  EXPECT_EQ(recognise_transport(50, {}), Protocol::IpSec);
  EXPECT_EQ(recognise_transport(51, {}), Protocol::IpSec);
  EXPECT_EQ(recognise_transport(115, {}), Protocol::L2tp);
  for (const uint8_t other : {1, 6, 17, 58, 89, 132})
    EXPECT_EQ(recognise_transport(other, {}), Protocol::Unknown);
}

/// Every shorter prefix needs more; bytes and whatever follows them are decided.
void expect_stream(const Bytes& bytes, Stream stream) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(recognise_stream(ExactCopy(cut)), Stream::NeedMore) << size;
  }
  EXPECT_EQ(recognise_stream(ExactCopy(bytes)), stream);
  EXPECT_EQ(recognise_stream(ExactCopy(joined({bytes, Bytes(100, 0xee)}))), stream);
}

Bytes over_tcp(const Bytes& message) {
  return joined({{static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())}, message});
}

TEST(RecogniseTunnelStream, FirstBytesTell) {
  expect_stream(to_bytes("SSH-"), Stream::Ssh);
  expect_stream({0, 0x9c, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d}, Stream::Pptp);
  expect_stream({3, 0, 1, 0x9c, 2, 0xf0, 0x80, 0x7f, 0x65}, Stream::Rdp);
  for (const uint8_t magic : {0xff, 0xfe, 0xfd, 0xfc})
    expect_stream({0, 0, 0, 0x6c, magic, 'S', 'M', 'B'}, Stream::Smb);
  expect_stream({0x81, 0, 0, 0x44, 0x20, 'C', 'K', 'F', 'D'}, Stream::Smb);
  expect_stream(over_tcp(kPlainReset), Stream::OpenVpn);
  expect_stream(over_tcp(openvpn_reset(20)), Stream::OpenVpn);
  expect_stream(over_tcp(openvpn_reset(64)), Stream::OpenVpn);
  expect_stream(over_tcp(kTlsCryptReset), Stream::OpenVpn);
  const Bytes with_key = over_tcp(openvpn_tls_crypt_v2(299));
  expect_stream(Bytes(with_key.begin(), with_key.begin() + 2 + 9 + 8), Stream::OpenVpn);
}

TEST(RecogniseTunnelStream, OthersAreNone) {
  Bytes second = over_tcp(kPlainReset);
  second.back() = 1;
  EXPECT_EQ(recognise_stream(ExactCopy(second)), Stream::Unknown);
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes{0, 0x9c, 0, 2, 0xff, 0xff})), Stream::Unknown);
  EXPECT_EQ(recognise_stream(ExactCopy(to_bytes("SSHD\x01"))), Stream::Unknown);
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes{0, 0, 0, 0x6c, 0xfb, 'S', 'M', 'B'})), Stream::Unknown);
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes{0, 1, 0, 0x6c, 0xfe, 'S', 'M', 'B'})), Stream::Unknown);
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes{0x81, 0, 0, 0x44, 0x20, 'c'})), Stream::Unknown);
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes{3, 0, 0, 0x16, 2, 0xf0, 0x80, 0x32, 1})), Stream::Unknown)
      << "S7, which also follows X.224";
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes{0, 200, 0x38, 0, 0xff, 0xff})), Stream::Unknown)
      << "too long for a reset";
  EXPECT_EQ(recognise_stream(ExactCopy(Bytes(kMaxRecogniseBytes, 0))), Stream::Unknown);
}

}  // namespace
}  // namespace sluice::test
