// extract: the keys of QUIC Initials, and the Initials opened with them.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/extract/quic.h"

namespace sluice {

inline constexpr size_t kMaxQuicPacket = 64 * 1024;  ///< bytes of a packet that is opened

/// What QuicOpener needs of the processor's instructions and features leaves out, by its word in
/// /proc/cpuinfo; nullptr where nothing is missing. features: IPsec-MB's flags.
[[nodiscard]] const char* missing_instructions(uint64_t features);
/// The same of this processor.
[[nodiscard]] const char* missing_instructions();

/// What opens a client's Initials of one connection.
struct QuicKeys {
  std::array<uint8_t, 16> key, header_key;
  std::array<uint8_t, 12> iv;
};

/// Derives keys and opens Initials; one for each worker. It allocates when it is created and never after. All
/// it is given may come from the wire.
class QuicOpener {
 public:
  QuicOpener();
  ~QuicOpener();
  /// Returns false where memory is short or instructions are missing.
  [[nodiscard]] bool create();

  /// id: the destination connection id of the client's first Initial, at most kMaxQuicId. Source: RFC
  /// 9001 5.1 and 5.2.
  [[nodiscard]] QuicKeys keys_of(QuicScheme scheme, std::span<const uint8_t> id) const;

  /// packet: an Initial of QuicDatagram. largest: the largest packet number opened with these keys so far, -1
  /// for none; it is raised. Returns false where the keys do not open it: the authentication tag is always
  /// verified. frames: a view into this object, until the next call. Source: RFC 9001 5.3 and 5.4; RFC 9000
  /// A.3.
  [[nodiscard]] bool unseal(const QuicKeys& keys, const QuicPacket& packet, int64_t& largest,
                            std::span<const uint8_t>& frames);

 private:
  /// HMAC-SHA-256 with its key already taken in.
  struct Hmac {
    SHA256_CTX inner, outer;
  };
  struct Engine;

  std::array<Hmac, kQuicSchemes> salts_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace sluice
