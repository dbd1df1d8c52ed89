// tests: QUIC datagrams made by hand.
#include "tests/support/quic.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>

namespace sluice::test {
namespace {

void append(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

void append_u32(Bytes& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

Bytes hmac(const Bytes& key, const Bytes& message) {
  Bytes out(32);
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
            out.data(), &size))
    std::abort();
  return out;
}

/// HKDF-Expand-Label (RFC 8446 7.1) of at most one hash.
Bytes expand(const Bytes& secret, const std::string& label, size_t size) {
  const std::string text = "tls13 " + label;
  Bytes info = {0, static_cast<uint8_t>(size), static_cast<uint8_t>(text.size())};
  info.insert(info.end(), text.begin(), text.end());
  append(info, {0, 1});
  Bytes out = hmac(secret, info);
  out.resize(size);
  return out;
}

Bytes salt_of(uint32_t version) {
  if (version == kQuicV2)
    return {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
            0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
  if (version == kQuicDraft29)
    return {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
            0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
  if (version >= 0xff000017 && version <= 0xff00001c)  // drafts 23 to 28
    return {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
            0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};
  return {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
          0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
}

Bytes aes_block(const Bytes& key, const uint8_t* block) {
  Bytes out(32);
  int size = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, key.data(), nullptr) != 1 ||
      EVP_EncryptUpdate(context, out.data(), &size, block, 16) != 1)
    std::abort();
  EVP_CIPHER_CTX_free(context);
  return out;
}

/// Sealed, with the tag behind it.
Bytes seal(const Bytes& key, const Bytes& nonce, const Bytes& header, const Bytes& plain) {
  Bytes out(plain.size() + 16);
  int size = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()) != 1 ||
      EVP_EncryptUpdate(context, nullptr, &size, header.data(), static_cast<int>(header.size())) != 1 ||
      EVP_EncryptUpdate(context, out.data(), &size, plain.data(), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context, out.data() + size, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, out.data() + plain.size()) != 1)
    std::abort();
  EVP_CIPHER_CTX_free(context);
  return out;
}

Bytes long_header(QuicType type, uint32_t version, const Bytes& id, const Bytes& source, uint8_t low = 0) {
  const unsigned number = (static_cast<unsigned>(type) + (version == kQuicV2 ? 1 : 0)) & 3;
  Bytes out = {static_cast<uint8_t>(0xc0 | number << 4 | low)};
  append_u32(out, version);
  out.push_back(static_cast<uint8_t>(id.size()));
  append(out, id);
  out.push_back(static_cast<uint8_t>(source.size()));
  append(out, source);
  return out;
}

void append_length(Bytes& out, size_t length) {
  out.push_back(static_cast<uint8_t>(0x40 | length >> 8));
  out.push_back(static_cast<uint8_t>(length));
}

}  // namespace

Bytes quic_number(uint64_t value) {
  const unsigned power = value < 64 ? 0 : value < 16384 ? 1 : value < 1U << 30 ? 2 : 3;
  Bytes out(size_t{1} << power);
  for (size_t at = out.size(); at-- > 0; value >>= 8) out[at] = static_cast<uint8_t>(value);
  out[0] = static_cast<uint8_t>(out[0] | power << 6);
  return out;
}

Bytes quic_crypto(uint64_t offset, const Bytes& data) {
  Bytes out = {6};
  append(out, quic_number(offset));
  append(out, quic_number(data.size()));
  append(out, data);
  return out;
}

Bytes quic_ack(uint64_t largest) {
  Bytes out = {2};
  append(out, quic_number(largest));
  append(out, {0x40, 0x80, 1, 0, 0, 0});  // delay, one more range, the first, gap, range
  return out;
}

Bytes quic_close() {
  return {0x1c, 0x41, 0x02, 6, 4, 'o', 'o', 'p', 's'};
}

Bytes part_of(const Bytes& data, size_t from, size_t to) {
  to = std::min(to, data.size());
  return from >= to
             ? Bytes()
             : Bytes(data.begin() + static_cast<ptrdiff_t>(from), data.begin() + static_cast<ptrdiff_t>(to));
}

Bytes quic_initial(const QuicClient& client, Bytes frames, uint64_t number, size_t pad_to,
                   size_t number_size) {
  Bytes header = long_header(QuicType::Initial, client.version, client.id, client.source,
                             static_cast<uint8_t>(number_size - 1));
  append(header, quic_number(client.token.size()));
  append(header, client.token);
  const size_t around = header.size() + 2 + number_size + 16;
  frames.resize(std::max({frames.size(), pad_to > around ? pad_to - around : 0, 4 - number_size}));
  append_length(header, number_size + frames.size() + 16);
  const size_t number_at = header.size();
  for (size_t at = number_size; at-- > 0;) header.push_back(static_cast<uint8_t>(number >> (8 * at)));

  const bool v2 = client.version == kQuicV2;
  const Bytes initial =
      hmac(salt_of(client.version), client.keys_from.empty() ? client.id : client.keys_from);
  const Bytes secret = expand(initial, "client in", 32);
  Bytes nonce = expand(secret, v2 ? "quicv2 iv" : "quic iv", 12);
  for (size_t at = 0; at < 8; ++at) nonce[11 - at] ^= static_cast<uint8_t>(number >> (8 * at));
  const Bytes sealed = seal(expand(secret, v2 ? "quicv2 key" : "quic key", 16), nonce, header, frames);
  const Bytes mask =
      aes_block(expand(secret, v2 ? "quicv2 hp" : "quic hp", 16), sealed.data() + (4 - number_size));
  header[0] ^= mask[0] & 0x0f;
  for (size_t at = 0; at < number_size; ++at) header[number_at + at] ^= mask[1 + at];
  append(header, sealed);
  return header;
}

std::vector<Bytes> quic_hello(const QuicClient& client, const Bytes& handshake, size_t size) {
  constexpr size_t kAround = 80;  // header, tag and the frame's own
  std::vector<Bytes> out;
  for (size_t at = 0; at < handshake.size(); at += size - kAround)
    out.push_back(
        quic_initial(client, quic_crypto(at, part_of(handshake, at, at + size - kAround)), out.size(), size));
  return out;
}

Bytes quic_noise(QuicType type, uint32_t version, const Bytes& id, const Bytes& source, size_t size) {
  Bytes out = long_header(type, version, id, source, 1);
  if (type == QuicType::Initial) out.push_back(0);  // no token
  append_length(out, size);
  for (size_t at = 0; at < size; ++at) out.push_back(static_cast<uint8_t>(at * 37 + 11));
  return out;
}

Bytes quic_retry(uint32_t version, const Bytes& id, const Bytes& source, const Bytes& token) {
  Bytes out = long_header(QuicType::Retry, version, id, source);
  append(out, token);
  append(out, Bytes(16, 0x7a));  // the integrity tag
  return out;
}

Bytes quic_version_negotiation(const Bytes& id, const Bytes& source, const std::vector<uint32_t>& versions) {
  Bytes out = long_header(QuicType::Initial, 0, id, source);
  for (const uint32_t version : versions) append_u32(out, version);
  return out;
}

Bytes quic_short(const Bytes& id, size_t size) {
  Bytes out = {0x4b};
  append(out, id);
  out.resize(std::max(size, out.size()), 0x5c);
  return out;
}

}  // namespace sluice::test
