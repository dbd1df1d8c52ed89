// extract: QUIC recognised by its long header.
#include "dataplane/extract/quic.h"

#include <cstddef>

namespace sluice {
namespace {

constexpr uint8_t kLongForm = 0x80, kFixedBit = 0x40;
constexpr size_t kMinInitialDatagram = 1200;  // RFC 9000 14.1
constexpr size_t kMaxConnectionId = 20;       // RFC 9000 17.2
constexpr size_t kMinProtected = 20;  // header protection samples 16 bytes, 4 after the packet number's start
constexpr uint32_t kV1 = 1, kV2 = 0x6b3343cf, kV2Draft = 0x709a50c4;

enum class Family : uint8_t {
  None,
  Ietf,
  GoogleNibbles,
  GoogleBytes,
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
  if (version >= 0xff000017 && version <= 0xff000022) return Family::Ietf;  // drafts 23 to 34
  if (version >> 4 == 0xfaceb00) return Family::Ietf;                       // mvfst
  const int google = google_number(version);
  if (google >= 44 && google <= 46) return Family::GoogleNibbles;
  if (google > 46) return Family::GoogleBytes;
  return (version & 0x0f0f0f0f) == 0x0a0a0a0a ? Family::Grease : Family::None;  // RFC 9000 15
}

uint32_t read_u32(std::span<const uint8_t> bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

/// Takes a variable-length integer off the front (RFC 9000 16). Returns false where the bytes end before it.
bool take_varint(std::span<const uint8_t>& bytes, uint64_t& value) {
  if (bytes.empty()) return false;
  const size_t size = size_t{1} << (bytes[0] >> 6);
  if (bytes.size() < size) return false;
  value = bytes[0] & 0x3f;
  for (size_t i = 1; i < size; ++i) value = value << 8 | bytes[i];
  bytes = bytes.subspan(size);
  return true;
}

/// Takes the two connection ids, each after a byte with its length, off the front.
bool take_connection_ids(std::span<const uint8_t>& bytes) {
  for (int i = 0; i < 2; ++i) {
    if (bytes.empty() || bytes[0] > kMaxConnectionId || bytes.size() < 1u + bytes[0]) return false;
    bytes = bytes.subspan(1u + bytes[0]);
  }
  return true;
}

/// What follows the connection ids of an IETF packet from a client: Initial, 0-RTT or Handshake.
bool lengths_fit(uint8_t first, uint32_t version, std::span<const uint8_t> bytes) {
  unsigned type = first >> 4 & 3;
  if (version == kV2 || version == kV2Draft) type = (type + 3) & 3;  // RFC 9369 3.2: one further on
  constexpr unsigned kInitial = 0, kRetry = 3;
  if (type == kRetry) return false;  // only servers send it
  uint64_t token = 0, length = 0;
  if (type == kInitial) {
    if (!take_varint(bytes, token) || token > bytes.size()) return false;
    bytes = bytes.subspan(static_cast<size_t>(token));
  }
  return take_varint(bytes, length) && length >= kMinProtected && length <= bytes.size();
}

/// Google's versions before 44: a public header of flags, an 8-byte connection id and the version.
bool is_google_public_header(std::span<const uint8_t> payload) {
  constexpr uint8_t kVersionFlag = 0x01, kReset = 0x02, kConnectionId = 0x08;
  constexpr size_t kVersionAt = 9, kMinHello = 1024;
  if (payload.size() < kMinHello) return false;
  if ((payload[0] & (0xc0 | kVersionFlag | kReset | kConnectionId)) != (kVersionFlag | kConnectionId))
    return false;
  const int google = google_number(read_u32(payload.subspan(kVersionAt)));
  return google > 0 && google < 44;
}

}  // namespace

bool looks_like_quic(std::span<const uint8_t> payload) {
  constexpr size_t kVersionEnd = 5;
  if (payload.size() < kVersionEnd + 2) return false;
  if (!(payload[0] & kLongForm)) return is_google_public_header(payload);
  const bool full = payload.size() >= kMinInitialDatagram;
  const uint32_t version = read_u32(payload.subspan(1));
  // RFC 9287 lets a client of these versions clear the fixed bit. In RTP it is always clear, hence the size.
  if (!(payload[0] & kFixedBit) && !(full && (version == kV1 || version == kV2))) return false;
  auto rest = payload.subspan(kVersionEnd);
  switch (family_of(version)) {
    case Family::Ietf:
      return take_connection_ids(rest) && lengths_fit(payload[0], version, rest);
    case Family::GoogleBytes:
      return take_connection_ids(rest) && !rest.empty();
    case Family::GoogleNibbles: {
      const size_t to = rest[0] >> 4, from = rest[0] & 15;
      return rest.size() > 1 + (to ? to + 3 : 0) + (from ? from + 3 : 0);
    }
    case Family::Grease:  // it is to provoke a version negotiation, so it is as large as an Initial
      return full && take_connection_ids(rest);
    case Family::None:
      break;
  }
  return false;
}

}  // namespace sluice
