// extract: tunnels, and protocols without names, by their first packets.
#include "dataplane/extract/tunnel.h"

#include <algorithm>
#include <cstring>

#include "dataplane/extract/sip.h"

namespace sluice {
namespace {

/// Bytes read by offset; what lies beyond the end reads as 0, so each test looks at the size as well.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  size_t size() const { return bytes_.size(); }
  uint32_t u8(size_t at) const { return at < bytes_.size() ? bytes_[at] : 0; }
  uint32_t u16(size_t at) const { return u8(at) << 8 | u8(at + 1); }
  uint32_t u32(size_t at) const { return u16(at) << 16 | u16(at + 2); }
  bool zero(size_t at, size_t size) const {
    for (size_t i = at; i < at + size; ++i)
      if (u8(i) != 0) return false;
    return true;
  }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  Bytes from(size_t at) const { return Bytes(bytes_.subspan(std::min(at, bytes_.size()))); }

 private:
  std::span<const uint8_t> bytes_;
};

constexpr uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd, kEthernetType = 0x6558;

/// True where an IP packet fills the bytes exactly (RFC 791 3.1, RFC 8200 3).
bool is_ip(const Bytes& b) {
  if (b.u8(0) >> 4 == 4) return b.size() >= 20 && (b.u8(0) & 15) >= 5 && b.u16(2) == b.size();
  return b.u8(0) >> 4 == 6 && b.size() >= 40 && b.u16(4) + 40 == b.size();
}

/// An Ethernet frame that carries IP; padding may follow.
bool is_ethernet_ip(const Bytes& b) {
  const uint32_t type = b.u16(12), version = b.u8(14) >> 4;
  return b.size() >= 34 && ((type == kIpv4Type && version == 4) || (type == kIpv6Type && version == 6));
}

// ---- WireGuard: message type, three reserved zeros, fixed sizes (Donenfeld, "WireGuard", 5.4). ----

bool is_wireguard_handshake(const Bytes& b) {
  constexpr uint32_t kInitiation = 0x01000000, kResponse = 0x02000000, kCookieReply = 0x03000000;
  const uint32_t type = b.u32(0);
  if (b.zero(4, 4)) return false;  // the sender's index is drawn at random
  return (type == kInitiation && b.size() == 148) || (type == kResponse && b.size() == 92) ||
         (type == kCookieReply && b.size() == 64);
}

/// Transport data: a header of 16 bytes, padded text, a tag of 16 bytes.
bool is_wireguard_data(const Bytes& b) {
  return b.u32(0) == 0x04000000 && b.size() >= 32 && b.size() % 16 == 0;
}

// ---- OpenVPN: opcode and key id, session id, then by the server's set-up an HMAC, a packet id and a time
// (tls-auth), or the same before it (tls-crypt); the acknowledgements and the message's packet id. A client
// opens with a hard reset, whose number is 0. Source: OpenVPN, doc/tls-crypt-v2.txt and "Network protocol".
// ----

constexpr uint32_t kHardResetV2 = 7 << 3, kHardResetV3 = 10 << 3;
constexpr size_t kSessionEnd = 9, kPlainReset = 14, kTlsCryptReset = 54;

/// The replay counter, which starts at 1 (or at 0x0f000000 where early negotiation is offered), and a clock.
bool is_openvpn_stamp(const Bytes& b, size_t at) {
  const uint32_t id = b.u32(at), time = b.u32(at + 4);
  constexpr uint32_t kEarly = 0x0f, kYear2004 = 0x40000000;
  const bool counts = (id >> 8 == 0 && id != 0) || id >> 24 == kEarly;
  return counts && time >= kYear2004;
}

/// b: a client's first message, whole.
bool is_openvpn_reset(const Bytes& b) {
  const uint32_t opcode = b.u8(0);
  if ((opcode != kHardResetV2 && opcode != kHardResetV3) || b.zero(1, 8)) return false;
  if (opcode == kHardResetV3) {  // the wrapped client key follows, and ends in its own length
    return b.size() > kTlsCryptReset && is_openvpn_stamp(b, kSessionEnd) &&
           b.u16(b.size() - 2) == b.size() - kTlsCryptReset;
  }
  if (b.size() == kPlainReset) return b.zero(kSessionEnd, 5);
  if (b.size() == kTlsCryptReset && is_openvpn_stamp(b, kSessionEnd)) return true;
  constexpr size_t kDigests[] = {16, 20, 32, 48, 64};  // MD5, SHA-1, SHA-256, SHA-384, SHA-512
  return std::ranges::any_of(kDigests, [&](size_t digest) {
    const size_t stamp = kSessionEnd + digest;
    return b.size() == stamp + 8 + 5 && is_openvpn_stamp(b, stamp) && b.zero(stamp + 8, 5);
  });
}

/// On OpenVPN's own port its other messages will do, under the first key.
bool is_openvpn_message(const Bytes& b) {
  constexpr uint32_t kControl = 4 << 3, kAcknowledgement = 5 << 3, kDataV1 = 6 << 3, kServerReset = 8 << 3,
                     kDataV2 = 9 << 3;
  constexpr uint32_t kFirst[] = {kHardResetV2,     kHardResetV3, kServerReset, kControl,
                                 kAcknowledgement, kDataV1,      kDataV2};
  return b.size() >= kPlainReset && std::ranges::find(kFirst, b.u8(0)) != std::end(kFirst);
}

// ---- IPsec: IKE (RFC 2408 3.1, RFC 7296 3.1), ESP in UDP and the non-ESP marker (RFC 3948 2). ----

constexpr size_t kIkeHeader = 28;

bool is_ike(const Bytes& b) {
  const uint32_t version = b.u8(17), exchange = b.u8(18);
  const bool known = version == 0x10 ? (exchange >= 1 && exchange <= 6) || exchange == 32 || exchange == 33
                     : version >> 4 == 2 ? exchange >= 34 && exchange <= 44
                                         : false;
  return known && b.size() >= kIkeHeader && !b.zero(0, 8) && b.u32(24) == b.size();
}

/// The initiator's first message: no responder's SPI and no message id yet, and a security association first.
bool is_ike_start(const Bytes& b) {
  constexpr uint32_t kSaV1 = 1, kSaV2 = 33, kVendor = 43, kNotifyV2 = 41;
  const uint32_t next = b.u8(16);
  const bool first = next == kSaV1 || next == kSaV2 || next == kVendor || next == kNotifyV2;
  return is_ike(b) && first && b.zero(8, 8) && b.zero(20, 4);
}

bool is_ike_start_behind_marker(const Bytes& b) {
  return b.zero(0, 4) && is_ike_start(b.from(4));
}

/// Port 4500: a keep-alive, IKE behind its marker, or ESP: an SPI above the reserved ones, aligned to 4.
bool is_ipsec_nat(const Bytes& b) {
  constexpr uint32_t kReservedSpis = 255;
  constexpr size_t kMinEsp = 24;
  if (b.size() == 1) return b.u8(0) == 0xff;
  if (b.zero(0, 4)) return is_ike(b.from(4));
  return b.u32(0) > kReservedSpis && b.size() >= kMinEsp && b.size() % 4 == 0;
}

// ---- L2TP (RFC 2661 3.1; RFC 3931 3.2.1 and 4.1.2). ----

/// A control message that begins a tunnel: no tunnel id yet, and the message type 1 as its first attribute.
bool is_l2tp_start(const Bytes& b) {
  return b.u8(0) == 0xc8 && (b.u8(1) == 2 || b.u8(1) == 3) && b.u16(2) == b.size() && b.size() >= 20 &&
         b.u16(4) == 0 && b.u32(12) == 0x80080000 && b.u32(16) == 1;
}

bool is_l2tp(const Bytes& b) {
  constexpr uint32_t kReserved = 0x34, kControl = 0x80;
  const bool version = b.u8(1) == 2 || b.u8(1) == 3;
  if (b.size() < 6 || !version || (b.u8(0) & kReserved) != 0) return false;
  return (b.u8(0) & kControl) == 0 || (b.u8(0) == 0xc8 && b.u16(2) == b.size());
}

// ---- Tunnels of whole frames and packets. ----

/// RFC 7348 5, with the group policy bit that Linux knows; the reserved fields are zero.
bool is_vxlan(const Bytes& b) {
  constexpr uint32_t kNetworkId = 0x08, kGroupPolicy = 0x80;
  const uint32_t flags = b.u8(0);
  const bool plain = flags == kNetworkId && b.zero(1, 3);
  return b.size() >= 8 + 14 && (plain || flags == (kNetworkId | kGroupPolicy)) && b.u8(7) == 0;
}

bool is_vxlan_with_ip(const Bytes& b) {
  return is_vxlan(b) && b.u8(0) == 0x08 && is_ethernet_ip(b.from(8));
}

/// RFC 8926 3.4.
bool is_geneve(const Bytes& b) {
  const uint32_t type = b.u16(2);
  return b.u8(0) >> 6 == 0 && (b.u8(1) & 0x3f) == 0 && b.u8(7) == 0 && b.size() >= 8 + b.u8(0) * 4 &&
         (type == kEthernetType || type == kIpv4Type || type == kIpv6Type);
}

/// GRE in UDP (RFC 8086 2): checksum, key and sequence number are the only options.
bool is_gre_in_udp(const Bytes& b) {
  const uint32_t flags = b.u16(0), type = b.u16(2);
  return (flags & ~0xb000U) == 0 && b.size() >= 4 + 20 &&
         (type == kEthernetType || type == kIpv4Type || type == kIpv6Type);
}

/// GTP-U and GTP-C, version 1 (3GPP TS 29.281 5.1) and version 2 (TS 29.274 5.1).
bool is_gtp(const Bytes& b) {
  const uint32_t version = b.u8(0) >> 5;
  if (version == 1) return (b.u8(0) & 0x10) && b.size() >= 8 && b.u16(2) + 8 == b.size();
  const bool piggybacked = b.u8(0) & 0x10;
  return version == 2 && b.size() >= 8 && (piggybacked ? b.u16(2) + 4 <= b.size() : b.u16(2) + 4 == b.size());
}

/// A G-PDU, whose packet fills it.
bool is_gtp_with_ip(const Bytes& b) {
  constexpr uint32_t kPacket = 0xff, kOptional = 0x07;
  const size_t header = (b.u8(0) & kOptional) != 0 ? 12 : 8;
  return (b.u8(0) & 0xf8) == 0x30 && b.u8(1) == kPacket && b.u16(2) + 8 == b.size() && is_ip(b.from(header));
}

/// Teredo (RFC 4380 5.1.1): IPv6, perhaps behind authentication or origin; 2001::/32 is its own prefix.
bool is_teredo(const Bytes& b) {
  constexpr uint32_t kPrefix = 0x20010000;
  return b.u8(0) >> 4 == 6 && is_ip(b) && (b.u32(8) == kPrefix || b.u32(24) == kPrefix);
}

bool is_teredo_server(const Bytes& b) {
  if (b.u16(0) == 1) return is_ip(b.from(13 + b.u8(2) + b.u8(3)));
  if (b.u16(0) == 0) return is_ip(b.from(8));
  return b.u8(0) >> 4 == 6 && is_ip(b);
}

// ---- Protocols that carry no name. ----

/// RFC 8489 5: the cookie, two zero bits, a length that fits.
bool is_stun(const Bytes& b) {
  return b.size() >= 20 && b.u8(0) < 0x40 && b.u32(4) == 0x2112a442 && b.u16(2) + 20 == b.size() &&
         b.u16(2) % 4 == 0;
}

/// RFC 5905 7.3; RFC 9327 2 for control messages.
bool is_ntp(const Bytes& b) {
  const uint32_t mode = b.u8(0) & 7, version = b.u8(0) >> 3 & 7;
  if (version < 1 || version > 4 || mode == 0) return false;
  return b.size() >= (mode <= 5 ? 48U : 8U);
}

bool is_sip(const Bytes& b) {
  return match_sip(b.text()) == Extract::Complete;
}

/// What keeps a NAT's way to a telephone open (RFC 5626 3.5.1, and zeros), and so may begin a flow.
bool is_sip_keep_alive(const Bytes& b) {
  return b.text() == "\r\n\r\n" || b.text() == "\r\n" || (b.size() == 4 && b.zero(0, 4));
}

/// RDP beside its TCP connection: SYN, with no number to acknowledge yet and both sizes of datagrams
/// ([MS-RDPEUDP] 2.2.2.1, 3.1.5.1.1).
bool is_rdp_udp(const Bytes& b) {
  constexpr uint32_t kSyn = 1, kLeast = 1132, kMost = 1232;
  const auto fits = [&](size_t at) { return b.u16(at) >= kLeast && b.u16(at) <= kMost; };
  return b.u32(0) == 0xffffffff && (b.u16(6) & kSyn) && fits(12) && fits(14) && b.size() >= kLeast;
}

/// The first that fits is it. On any port come those whose fixed bytes no other traffic shows by chance.
constexpr struct {
  Protocol protocol;
  uint16_t port;
  bool (*fits)(const Bytes&);
} kDatagrams[] = {
    {Protocol::Stun, kAnyPort, is_stun},
    {Protocol::Sip, kAnyPort, is_sip},
    {Protocol::WireGuard, kAnyPort, is_wireguard_handshake},
    {Protocol::OpenVpn, kAnyPort, is_openvpn_reset},
    {Protocol::IpSec, kAnyPort, is_ike_start},
    {Protocol::IpSec, kAnyPort, is_ike_start_behind_marker},
    {Protocol::L2tp, kAnyPort, is_l2tp_start},
    {Protocol::Vxlan, kAnyPort, is_vxlan_with_ip},
    {Protocol::Gtp, kAnyPort, is_gtp_with_ip},
    {Protocol::Teredo, kAnyPort, is_teredo},
    {Protocol::Ntp, 123, is_ntp},
    {Protocol::IpSec, 500, is_ike},
    {Protocol::OpenVpn, 1194, is_openvpn_message},
    {Protocol::L2tp, 1701, is_l2tp},
    {Protocol::Gtp, 2123, is_gtp},
    {Protocol::Gtp, 2152, is_gtp},
    {Protocol::Rdp, 3389, is_rdp_udp},
    {Protocol::Teredo, 3544, is_teredo_server},
    {Protocol::IpSec, 4500, is_ipsec_nat},
    {Protocol::Gre, 4754, is_gre_in_udp},
    {Protocol::Vxlan, 4789, is_vxlan},
    {Protocol::Sip, 5060, is_sip_keep_alive},
    {Protocol::Geneve, 6081, is_geneve},
    {Protocol::Vxlan, 8472, is_vxlan},  // Linux before the port was assigned
    {Protocol::WireGuard, 51820, is_wireguard_data},
};

/// A byte of a fixed beginning: any of those that mask leaves out.
struct Fixed {
  uint8_t value, mask = 0xff;
};
constexpr Fixed kAny{0, 0};

/// Compares what is there of a fixed beginning.
Extract match_start(std::span<const uint8_t> bytes, std::span<const Fixed> start) {
  const size_t size = std::min(bytes.size(), start.size());
  for (size_t i = 0; i < size; ++i)
    if ((bytes[i] & start[i].mask) != start[i].value) return Extract::NotMine;
  return size < start.size() ? Extract::NeedMore : Extract::Complete;
}

/// OpenVPN over TCP puts the length, of two bytes, before each message.
Extract match_openvpn(std::span<const uint8_t> bytes) {
  constexpr size_t kLength = 2, kLongestV3 = 767;
  const Bytes b(bytes);
  const uint32_t opcode = b.u8(kLength), length = b.u16(0);
  if (length > kLongestV3 && b.size() >= kLength) return Extract::NotMine;
  if (b.size() <= kLength) return b.u8(0) <= kLongestV3 >> 8 ? Extract::NeedMore : Extract::NotMine;
  if (opcode == kHardResetV3) {
    if (length <= kTlsCryptReset) return Extract::NotMine;
    if (b.size() < kLength + kSessionEnd + 8) return Extract::NeedMore;
    return is_openvpn_stamp(b, kLength + kSessionEnd) ? Extract::Complete : Extract::NotMine;
  }
  if (opcode != kHardResetV2 || length < kPlainReset || length + kLength > kMaxTunnelStreamBytes)
    return Extract::NotMine;
  if (b.size() < kLength + length) return Extract::NeedMore;
  return is_openvpn_reset(Bytes(bytes.subspan(kLength, length))) ? Extract::Complete : Extract::NotMine;
}

}  // namespace

Protocol recognise_datagram(std::span<const uint8_t> payload, uint16_t service_port) {
  const Bytes bytes(payload);
  for (const auto& kind : kDatagrams)
    if ((kind.port == kAnyPort || kind.port == service_port) && kind.fits(bytes)) return kind.protocol;
  return Protocol::Unknown;
}

Protocol recognise_transport(uint8_t transport, std::span<const uint8_t> payload) {
  constexpr uint8_t kIpv4 = 4, kIpv6 = 41, kGre = 47, kEsp = 50, kAuthentication = 51, kL2tp = 115;
  constexpr uint32_t kVersion = 0x0007, kEnhanced = 1, kPpp = 0x880b;
  const Bytes bytes(payload);
  switch (transport) {
    case kIpv4:
      return Protocol::IpIp;
    case kIpv6:
      return Protocol::SixInFour;
    case kGre:
      return (bytes.u16(0) & kVersion) == kEnhanced && bytes.u16(2) == kPpp ? Protocol::Pptp : Protocol::Gre;
    case kEsp:
    case kAuthentication:
      return Protocol::IpSec;
    case kL2tp:
      return Protocol::L2tp;
    default:
      return Protocol::Unknown;
  }
}

Extract recognise_nameless_stream(std::span<const uint8_t> bytes, Protocol& protocol) {
  static constexpr Fixed kSsh[] = {{'S'}, {'S'}, {'H'}, {'-'}};
  // TPKT, X.224's data, and MCS' Connect-Initial: no TLS was negotiated.
  static constexpr Fixed kRdp[] = {{3}, {0}, kAny, kAny, {2}, {0xf0}, {0x80}, {0x7f}, {0x65}};
  // A message's length, and its header's magic: SMB 1, 2 and 3, encrypted or compressed.
  static constexpr Fixed kSmb[] = {{0}, {0}, kAny, kAny, {0xfc, 0xfc}, {'S'}, {'M'}, {'B'}};
  // NetBIOS' session request, of which two names of 32 letters from A to P are all.
  static constexpr Fixed kNetbios[] = {{0x81},       {0},          {0},          {0x44},      {0x20},
                                       {0x40, 0xe0}, {0x40, 0xe0}, {0x40, 0xe0}, {0x40, 0xe0}};
  // A control message of 156 bytes, and the magic cookie.
  static constexpr Fixed kPptp[] = {{0}, {0x9c}, {0}, {1}, {0x1a}, {0x2b}, {0x3c}, {0x4d}};
  if (bytes.empty()) return Extract::NeedMore;
  const std::pair<Protocol, Extract> matches[] = {
      {Protocol::Ssh, match_start(bytes, kSsh)},   {Protocol::Rdp, match_start(bytes, kRdp)},
      {Protocol::Smb, match_start(bytes, kSmb)},   {Protocol::Smb, match_start(bytes, kNetbios)},
      {Protocol::Pptp, match_start(bytes, kPptp)}, {Protocol::OpenVpn, match_openvpn(bytes)}};
  Extract out = Extract::NotMine;
  for (const auto& [which, match] : matches) {
    if (match == Extract::NotMine) continue;
    out = match;
    protocol = which;
    if (match == Extract::Complete) return out;
  }
  return out;
}

}  // namespace sluice
