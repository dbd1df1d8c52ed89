// extract: QUIC's versions and the packets of a datagram.
#include "dataplane/extract/quic.h"

#include "dataplane/extract/quic_wire.h"

namespace sluice {
namespace {

constexpr uint8_t kLongForm = 0x80, kFixedBit = 0x40;
constexpr size_t kVersionEnd = 5;
constexpr size_t kMinProtected = 20;  // header protection samples 16 bytes, 4 after the packet number's start
constexpr uint32_t kV1 = 1, kV2 = 0x6b3343cf, kV2Draft = 0x709a50c4;
constexpr uint32_t kDraft23 = 0xff000017, kDraft28 = 0xff00001c, kDraft32 = 0xff000020, kDraft34 = 0xff000022;
constexpr uint32_t kMvfst22 = 0xfaceb001, kMvfst27 = 0xfaceb002, kMvfst29 = 0xfaceb00e;
constexpr uint32_t kQ050 = 0x51303530, kT050 = 0x54303530, kT051 = 0x54303531;

enum class Family : uint8_t {
  None,
  Ietf,                ///< also Google's from Q050 on
  GooglePublicHeader,  ///< before Q044
  GoogleNibbles,       ///< Q044 to Q046
  Grease
};

bool is_decimal(uint32_t byte) {
  return byte >= '0' && byte <= '9';
}

/// "Q0dd" and "T0dd": returns dd, or -1.
int google_number(uint32_t version) {
  const uint32_t letter = version >> 24, tens = version >> 8 & 0xff, ones = version & 0xff;
  if ((letter != 'Q' && letter != 'T') || (version >> 16 & 0xff) != '0') return -1;
  if (!is_decimal(tens) || !is_decimal(ones)) return -1;
  return static_cast<int>((tens - '0') * 10 + (ones - '0'));
}

Family family_of(uint32_t version) {
  if (version == kV1 || version == kV2 || version == kV2Draft) return Family::Ietf;
  if (version >= kDraft23 && version <= kDraft34) return Family::Ietf;
  if (version >> 4 == 0xfaceb00) return Family::Ietf;               // mvfst
  if ((version & 0x0f0f0f0f) == 0x0a0a0a0a) return Family::Grease;  // RFC 9000 15
  const int google = google_number(version);
  if (google < 1) return Family::None;
  if (google < 44) return Family::GooglePublicHeader;
  return google <= 46 ? Family::GoogleNibbles : Family::Ietf;
}

uint32_t read_u32(std::span<const uint8_t> bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

/// A connection id after a byte with its length.
bool take_id(std::span<const uint8_t>& bytes, std::span<const uint8_t>& id) {
  uint64_t size = 0;
  return take_number(bytes, 1, size) && size <= kMaxQuicId && take(bytes, size, id);
}

QuicPacket::Kind kind_of(uint8_t first, uint32_t version) {
  constexpr QuicPacket::Kind kKinds[] = {QuicPacket::Kind::Initial, QuicPacket::Kind::ZeroRtt,
                                         QuicPacket::Kind::Handshake, QuicPacket::Kind::Retry};
  unsigned type = first >> 4 & 3;
  if (version == kV2 || version == kV2Draft) type = (type + 3) & 3;  // RFC 9369 3.2: one further on
  return kKinds[type];
}

/// Google's versions before 44: a public header of flags, an 8-byte connection id and the version.
bool is_google_public_header(std::span<const uint8_t> start) {
  constexpr uint8_t kVersionFlag = 0x01, kReset = 0x02, kConnectionId = 0x08;
  constexpr size_t kVersionAt = 9;
  if (start.size() < kVersionAt + 4) return false;
  if ((start[0] & (0xc0 | kVersionFlag | kReset | kConnectionId)) != (kVersionFlag | kConnectionId))
    return false;
  return family_of(read_u32(start.subspan(kVersionAt))) == Family::GooglePublicHeader;
}

/// What follows the version of a long header. rest: behind the version; past the packet where it is read
/// whole.
void read_long(std::span<const uint8_t> whole, std::span<const uint8_t>& rest, QuicPacket& out) {
  const auto unreadable = [&] {
    out = {.version = out.version, .bytes = whole};
    rest = {};
  };
  if (!take_id(rest, out.destination) || !take_id(rest, out.source)) return unreadable();
  if (out.version == 0) {
    out.kind = QuicPacket::Kind::VersionNegotiation;
    rest = {};
    return;
  }
  const Family family = family_of(out.version);
  if (family != Family::Ietf && family != Family::Grease) return unreadable();
  out.kind = kind_of(whole[0], out.version);
  if (out.kind == QuicPacket::Kind::Retry) {
    rest = {};
    return;
  }
  uint64_t token = 0, length = 0;
  if (out.kind == QuicPacket::Kind::Initial && (!take_varint(rest, token) || !skip(rest, token)))
    return unreadable();
  if (!take_varint(rest, length)) return unreadable();
  out.number_at = whole.size() - rest.size();
  if (length < kMinProtected || !skip(rest, length)) return unreadable();
  out.bytes = whole.first(whole.size() - rest.size());
}

}  // namespace

QuicScheme scheme_of(uint32_t version) {
  switch (version) {
    case kV1:
      return QuicScheme::V1;
    case kV2:
      return QuicScheme::V2;
    case kV2Draft:
      return QuicScheme::V2Draft;
    case kMvfst22:
      return QuicScheme::Draft22;
    case kMvfst27:
      return QuicScheme::Draft23;
    case kMvfst29:
      return QuicScheme::Draft29;
    case kQ050:
      return QuicScheme::Q050;
    case kT050:
      return QuicScheme::T050;
    case kT051:
      return QuicScheme::T051;
    default:
      break;
  }
  if (family_of(version) == Family::Grease) return QuicScheme::Draft29;
  if (version < kDraft23 || version > kDraft34) return QuicScheme::None;
  if (version <= kDraft28) return QuicScheme::Draft23;
  return version <= kDraft32 ? QuicScheme::Draft29 : QuicScheme::V1;
}

bool QuicDatagram::next(QuicPacket& out) {
  if (rest_.empty()) return false;
  const auto whole = rest_;
  out = {.bytes = whole};
  rest_ = {};
  if (is_google_public_header(whole)) {
    out.kind = QuicPacket::Kind::Google;
    out.version = read_u32(whole.subspan(9));
    return true;
  }
  if (!(whole[0] & kLongForm)) {
    out.kind = QuicPacket::Kind::Short;
    return true;
  }
  if (whole.size() < kVersionEnd) return true;
  out.version = read_u32(whole.subspan(1));
  if (family_of(out.version) == Family::GoogleNibbles) {
    out.kind = QuicPacket::Kind::Google;
    return true;
  }
  rest_ = whole.subspan(kVersionEnd);
  read_long(whole, rest_, out);
  return true;
}

bool begins_like_quic(std::span<const uint8_t> start) {
  if (start.size() < kVersionEnd) return false;
  if (!(start[0] & kLongForm)) return is_google_public_header(start);
  const uint32_t version = read_u32(start.subspan(1));
  // RFC 9287 lets a client of these versions clear the fixed bit.
  if (!(start[0] & kFixedBit) && version != kV1 && version != kV2) return false;
  const Family family = family_of(version);
  return family != Family::None && family != Family::GooglePublicHeader;
}

bool looks_like_quic(std::span<const uint8_t> payload) {
  if (!begins_like_quic(payload)) return false;
  constexpr size_t kMinGoogleHello = 1024;
  if (!(payload[0] & kLongForm)) return payload.size() >= kMinGoogleHello;
  const bool full = payload.size() >= kMinInitialDatagram;
  if (!(payload[0] & kFixedBit) && !full) return false;  // in RTP it is always clear
  const Family family = family_of(read_u32(payload.subspan(1)));
  if (family == Family::GoogleNibbles) {
    if (payload.size() == kVersionEnd) return false;
    const size_t to = payload[kVersionEnd] >> 4, from = payload[kVersionEnd] & 15;
    return payload.size() > kVersionEnd + 1 + (to ? to + 3 : 0) + (from ? from + 3 : 0);
  }
  if (family == Family::Grease && !full) return false;  // it is as large as an Initial to provoke an answer
  QuicPacket packet;
  QuicDatagram datagram(payload);
  if (!datagram.next(packet)) return false;
  return packet.kind == QuicPacket::Kind::Initial || packet.kind == QuicPacket::Kind::ZeroRtt ||
         packet.kind == QuicPacket::Kind::Handshake;
}

}  // namespace sluice
