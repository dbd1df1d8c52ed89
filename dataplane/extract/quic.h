// extract: QUIC packets of a datagram, told apart by what is not encrypted, and the frames of an opened
// Initial.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr size_t kMaxQuicId = 20;  ///< bytes of a connection id (RFC 9000 17.2)
inline constexpr size_t kMinInitialDatagram =
    1200;  ///< a client's Initial fills at least that (RFC 9000 14.1)
inline constexpr uint64_t kMaxQuicCrypto =
    128 * 1024;  ///< CRYPTO offsets that are read: two hellos of kMaxHello

/// How a version's Initials are protected: its salt, its labels, and how their frames are written.
enum class QuicScheme : uint8_t {
  None,     ///< not to be opened
  V1,       ///< RFC 9001; drafts 33 and 34
  V2,       ///< RFC 9369
  V2Draft,  ///< its last drafts
  Draft29,  ///< drafts 29 to 32
  Draft23,  ///< drafts 23 to 28; mvfst of draft 27
  Draft22,  ///< mvfst of draft 22
  Q050,     ///< Google's, with its own handshake in CRYPTO frames
  T050,     ///< Google's, with TLS in CRYPTO frames
  T051,
};
inline constexpr size_t kQuicSchemes = 10;
/// Google's frames differ from the IETF's.
constexpr bool has_google_frames(QuicScheme scheme) {
  return scheme >= QuicScheme::Q050;
}

/// The scheme of a version's Initials; of a reserved version (RFC 9000 15), which provokes a version
/// negotiation, that of draft 29, which clients use there.
[[nodiscard]] QuicScheme scheme_of(uint32_t version);

/// One packet of a datagram.
struct QuicPacket {
  enum class Kind : uint8_t {
    Short,  ///< one-round-trip data, or padding: nothing of it can be read
    Initial,
    ZeroRtt,
    Handshake,
    Retry,               ///< from a server only
    VersionNegotiation,  ///< from a server only
    Google,              ///< before Q050: see gquic.h
    Unreadable,          ///< a long header of an unknown version, or one whose lengths do not fit
  };
  Kind kind = Kind::Unreadable;
  uint32_t version = 0;
  std::span<const uint8_t> destination, source;  ///< connection ids; empty with Short, Google and Unreadable
  std::span<const uint8_t> bytes;                ///< the whole packet
  size_t number_at = 0;                          ///< in bytes: where the protected packet number begins
};

/// Walks the packets that are coalesced in one datagram. Source: RFC 8999 5; RFC 9000 12.2 and 17; RFC
/// 9369 3.2.
class QuicDatagram {
 public:
  explicit QuicDatagram(std::span<const uint8_t> payload) : rest_(payload) {}
  /// The next packet. Returns false where there is none left. A packet without a length is the last one.
  [[nodiscard]] bool next(QuicPacket& out);

 private:
  std::span<const uint8_t> rest_;
};

/// True where a datagram's first bytes may begin QUIC of a known version: its form and its version fit. Cheap
/// enough for every packet.
[[nodiscard]] bool begins_like_quic(std::span<const uint8_t> start);

/// True where a datagram from a client looks like a QUIC long-header packet of a known or plausible version
/// (v1, v2, drafts, Google's Q0xx, version negotiation's greasing), on any port. payload: the UDP payload.
/// Must not take DNS, STUN, DTLS, RTP, NTP or WireGuard for it. Source: RFC 8999 5.1; RFC 9000 17.2; RFC
/// 9369 3.2.
[[nodiscard]] bool looks_like_quic(std::span<const uint8_t> payload);

/// A piece of the handshake.
struct QuicCrypto {
  uint32_t offset = 0;
  std::span<const uint8_t> bytes;
};

/// Walks the frames of an opened Initial. Source: RFC 9000 12.4 and 19.
class QuicFrames {
 public:
  QuicFrames(std::span<const uint8_t> frames, QuicScheme scheme)
      : rest_(frames), google_(has_google_frames(scheme)) {}
  /// Returns NeedMore (out is the next CRYPTO piece), Complete (no more) or Malformed: a frame that no
  /// Initial may carry, one that is cut off, or a piece beyond kMaxQuicCrypto. PADDING, PING, ACK and
  /// CONNECTION_CLOSE are skipped.
  [[nodiscard]] Extract next(QuicCrypto& out);

 private:
  bool take_crypto(QuicCrypto& out);
  bool skip_ack(bool counts_ecn);
  bool skip_close();

  std::span<const uint8_t> rest_;
  bool google_;
};

}  // namespace sluice
