// tests: QUIC datagrams of a client and of a server, made by hand with OpenSSL's EVP: independent of the
// gateway's own key derivation and cipher.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::test {

using Bytes = std::vector<uint8_t>;

inline constexpr uint32_t kQuicV1 = 1, kQuicV2 = 0x6b3343cf, kQuicDraft29 = 0xff00001d;

/// A long-header packet's type, before a version numbers it.
enum class QuicType : uint8_t {
  Initial,
  ZeroRtt,
  Handshake,
  Retry
};

struct QuicClient {
  uint32_t version = kQuicV1;
  Bytes id = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};  ///< destination connection id
  Bytes source = {0xc1, 0x1e, 0x27, 0x01};                      ///< source connection id
  Bytes keys_from;  ///< the connection id that the keys come from; empty: id
  Bytes token;
};

/// Frames (RFC 9000 19).
Bytes quic_crypto(uint64_t offset, const Bytes& data);
Bytes quic_ack(uint64_t largest);
Bytes quic_close();
/// bytes [from, to) of data.
Bytes part_of(const Bytes& data, size_t from, size_t to);
/// A variable-length integer in as few bytes as hold it.
Bytes quic_number(uint64_t value);

/// A protected Initial. frames are padded so that the packet has pad_to bytes (0: no padding). number: its
/// packet number, of which number_size bytes are sent.
Bytes quic_initial(const QuicClient& client, Bytes frames, uint64_t number = 0, size_t pad_to = 1200,
                   size_t number_size = 2);
/// A whole hello in one Initial, or in datagrams of size bytes each, in order.
std::vector<Bytes> quic_hello(const QuicClient& client, const Bytes& handshake, size_t size = 1200);

/// A long-header packet whose protected part is size bytes of noise.
Bytes quic_noise(QuicType type, uint32_t version, const Bytes& id, const Bytes& source, size_t size);
Bytes quic_retry(uint32_t version, const Bytes& id, const Bytes& source, const Bytes& token);
Bytes quic_version_negotiation(const Bytes& id, const Bytes& source, const std::vector<uint32_t>& versions);
/// A short-header packet with this connection id.
Bytes quic_short(const Bytes& id, size_t size = 60);

}  // namespace sluice::test
