// extract: the keys of QUIC Initials. HMAC by SHA-256's own block function, with the salts taken in at start,
// and IPsec-MB's AES-GCM: both far faster than OpenSSL's EVP, which looks algorithms up and allocates.
#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_Transform: EVP has nothing like it
#include "dataplane/extract/quic_keys.h"

#include <intel-ipsec-mb.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

namespace sluice {
namespace {

using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;
using Salt = std::array<uint8_t, 20>;

constexpr size_t kBlock = SHA256_CBLOCK, kTag = 16, kSample = 16, kMaxNumber = 4;

constexpr Salt kSalts[kQuicSchemes] = {
    {},
    {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
     0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
    {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
     0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
    {0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d,
     0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3},
    {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
     0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
    {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
     0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
    {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
     0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a},
    {0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
     0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45},
    {0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
     0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10},
    {0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
     0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d},
};

void put_be(uint8_t* out, uint64_t value, size_t size) {
  while (size-- > 0) {
    out[size] = static_cast<uint8_t>(value);
    value >>= 8;
  }
}

/// The hash that context comes to when message, at most 55 bytes, ends it after one block that was taken in
/// before.
Digest finish(SHA256_CTX context, std::span<const uint8_t> message) {
  uint8_t block[kBlock] = {};
  std::ranges::copy(message, block);
  block[message.size()] = 0x80;
  put_be(block + kBlock - 8, (kBlock + message.size()) * 8, 8);
  SHA256_Transform(&context, block);
  Digest out;
  for (size_t i = 0; i < 8; ++i) put_be(out.data() + 4 * i, context.h[i], 4);
  return out;
}

SHA256_CTX take_in_key(std::span<const uint8_t> key, uint8_t pad) {
  uint8_t block[kBlock];
  std::memset(block, pad, sizeof block);
  for (size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Transform(&context, block);
  return context;
}

/// HKDF-Expand-Label with an empty context, its first output block (RFC 8446 7.1, RFC 5869 2.3).
template <class Hmac>
Digest expand_label(const Hmac& secret, std::string_view label, uint8_t size) {
  constexpr std::string_view kPrefix = "tls13 ";
  uint8_t info[2 + 1 + 32 + 1 + 1] = {0, size, static_cast<uint8_t>(kPrefix.size() + label.size())};
  size_t at = 3;
  for (const std::string_view part : {kPrefix, label}) {
    std::memcpy(info + at, part.data(), part.size());
    at += part.size();
  }
  info[at++] = 0;  // no context
  info[at++] = 1;  // the first block
  return finish(secret.outer, finish(secret.inner, {info, at}));
}

/// The packet number whose low bytes are truncated, as near as can be to the one that is expected (RFC 9000
/// A.3).
uint64_t whole_number(int64_t largest, uint64_t truncated, unsigned bits) {
  const auto expected = static_cast<uint64_t>(largest + 1);
  const uint64_t window = uint64_t{1} << bits, half = window / 2;
  const uint64_t candidate = (expected & ~(window - 1)) | truncated;
  if (candidate + half <= expected) return candidate + window;
  if (candidate > expected + half && candidate >= window) return candidate - window;
  return candidate;
}

}  // namespace

const char* missing_instructions(uint64_t features) {
  constexpr std::pair<uint64_t, const char*> kNeeded[] = {
      {IMB_FEATURE_SSE4_2, "sse4_2"}, {IMB_FEATURE_AESNI, "aes"}, {IMB_FEATURE_PCLMULQDQ, "pclmulqdq"}};
  for (const auto& [flag, word] : kNeeded)
    if (!(features & flag)) return word;
  return nullptr;
}

const char* missing_instructions() {
  return missing_instructions(imb_get_feature_flags());
}

/// IPsec-MB, what it makes of keys, and room for one packet.
struct QuicOpener::Engine {
  ~Engine() { free_mb_mgr(manager); }

  IMB_MGR* manager = alloc_mb_mgr(0);
  alignas(64) gcm_key_data gcm;  // its code stores whole vectors
  alignas(64) gcm_context_data context;
  alignas(64) uint8_t header_rounds[16 * 15];
  alignas(64) uint8_t unused_rounds[16 * 15];
  uint8_t header[kMaxQuicPacket], frames[kMaxQuicPacket];
};

QuicOpener::QuicOpener() = default;
QuicOpener::~QuicOpener() = default;

bool QuicOpener::create() {
  for (size_t i = 0; i < kQuicSchemes; ++i)
    salts_[i] = {take_in_key(kSalts[i], 0x36), take_in_key(kSalts[i], 0x5c)};
  engine_.reset(new (std::nothrow) Engine);
  if (!engine_ || engine_->manager == nullptr) return false;
  init_mb_mgr_auto(engine_->manager, nullptr);  // the fastest that this processor has
  return imb_get_errno(engine_->manager) == 0;
}

QuicKeys QuicOpener::keys_of(QuicScheme scheme, std::span<const uint8_t> id) const {
  const auto keyed = [](const Digest& key) { return Hmac{take_in_key(key, 0x36), take_in_key(key, 0x5c)}; };
  const Hmac& salt = salts_[static_cast<size_t>(scheme)];
  const Hmac initial = keyed(finish(salt.outer, finish(salt.inner, id)));
  const Hmac client = keyed(expand_label(initial, "client in", SHA256_DIGEST_LENGTH));
  const bool v2 = scheme == QuicScheme::V2 || scheme == QuicScheme::V2Draft;
  QuicKeys keys;
  const auto derive = [&](std::string_view v1_label, std::string_view v2_label, auto& out) {
    const Digest bytes = expand_label(client, v2 ? v2_label : v1_label, static_cast<uint8_t>(out.size()));
    std::copy_n(bytes.begin(), out.size(), out.begin());
  };
  derive("quic key", "quicv2 key", keys.key);
  derive("quic iv", "quicv2 iv", keys.iv);
  derive("quic hp", "quicv2 hp", keys.header_key);
  return keys;
}

bool QuicOpener::unseal(const QuicKeys& keys, const QuicPacket& packet, int64_t& largest,
                        std::span<const uint8_t>& frames) {
  const auto bytes = packet.bytes;
  const size_t number_at = packet.number_at;
  if (bytes.size() > kMaxQuicPacket || bytes.size() < number_at + kMaxNumber + kSample) return false;
  Engine& room = *engine_;
  IMB_MGR* const manager = room.manager;

  // The mask of the header is one AES block of the sample: what CFB makes of zeros.
  constexpr uint8_t kZeros[16] = {};
  uint8_t mask[16];
  IMB_AES_KEYEXP_128(manager, keys.header_key.data(), room.header_rounds, room.unused_rounds);
  IMB_AES128_CFB_ONE(manager, mask, kZeros, bytes.data() + number_at + kMaxNumber, room.header_rounds,
                     sizeof mask);
  const auto first = static_cast<uint8_t>(bytes[0] ^ (mask[0] & 0x0f));
  const size_t number_size = (first & 3U) + 1;
  const size_t header_size = number_at + number_size;
  if (bytes.size() < header_size + kTag) return false;
  std::memcpy(room.header, bytes.data(), header_size);
  room.header[0] = first;
  uint64_t truncated = 0;
  for (size_t i = 0; i < number_size; ++i)
    truncated = truncated << 8 | (room.header[number_at + i] ^= mask[1 + i]);
  const uint64_t number = whole_number(largest, truncated, static_cast<unsigned>(8 * number_size));

  uint8_t nonce[12], tag[kTag];
  put_be(nonce, 0, 4);
  put_be(nonce + 4, number, 8);
  for (size_t i = 0; i < sizeof nonce; ++i) nonce[i] ^= keys.iv[i];
  const auto sealed = bytes.subspan(header_size, bytes.size() - header_size - kTag);
  IMB_AES128_GCM_PRE(manager, keys.key.data(), &room.gcm);
  IMB_AES128_GCM_DEC(manager, &room.gcm, &room.context, room.frames, sealed.data(), sealed.size(), nonce,
                     room.header, header_size, tag, kTag);
  if (std::memcmp(tag, bytes.data() + bytes.size() - kTag, kTag) != 0) return false;
  largest = std::max(largest, static_cast<int64_t>(number));
  frames = {room.frames, sealed.size()};
  return true;
}

}  // namespace sluice
