// control/policy: reads X25519 public keys.
#include "control/policy/keeper_key.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace sluice::control {
namespace {

using KeyPointer = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

/// What stands before the key's bytes: SEQUENCE, id-X25519, BIT STRING (RFC 8410 4).
constexpr uint8_t kSpki[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00};
constexpr size_t kSpkiBytes = sizeof kSpki + std::tuple_size_v<KeeperKey>;
constexpr size_t kTextSize = (kSpkiBytes + 2) / 3 * 4;
constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----\n", kEnd = "\n-----END PUBLIC KEY-----";

/// With a point of small order every shared secret is zero, which OpenSSL refuses (RFC 7748 6.1).
bool takes_secrets(const KeeperKey& key) {
  const KeyPointer theirs(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, key.data(), key.size()),
                          EVP_PKEY_free);
  const KeyPointer ours(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
      ours ? EVP_PKEY_CTX_new(ours.get(), nullptr) : nullptr, EVP_PKEY_CTX_free);
  uint8_t secret[32];
  size_t size = sizeof secret;
  return theirs && context && EVP_PKEY_derive_init(context.get()) == 1 &&
         EVP_PKEY_derive_set_peer(context.get(), theirs.get()) == 1 &&
         EVP_PKEY_derive(context.get(), secret, &size) == 1;
}

}  // namespace

std::optional<KeeperKey> parse_keeper_key(std::string_view text) {
  text.remove_suffix(text.ends_with('\n') ? 1 : 0);
  if (text.starts_with(kBegin)) {
    text.remove_prefix(kBegin.size());
    if (!text.ends_with(kEnd)) return std::nullopt;
    text.remove_suffix(kEnd.size());
  }
  uint8_t bytes[kTextSize / 4 * 3];
  if (text.size() != kTextSize ||
      EVP_DecodeBlock(bytes, reinterpret_cast<const uint8_t*>(text.data()), static_cast<int>(text.size())) !=
          static_cast<int>(sizeof bytes) ||
      std::memcmp(bytes, kSpki, sizeof kSpki) != 0) {
    return std::nullopt;
  }
  KeeperKey out;
  std::memcpy(out.data(), bytes + sizeof kSpki, out.size());
  // One text for each key, and none that is not whole.
  return keeper_key_text(out) == text && takes_secrets(out) ? std::optional(out) : std::nullopt;
}

std::string keeper_key_text(const KeeperKey& key) {
  uint8_t bytes[kSpkiBytes];
  std::memcpy(bytes, kSpki, sizeof kSpki);
  std::memcpy(bytes + sizeof kSpki, key.data(), key.size());
  uint8_t out[kTextSize + 1];
  const int size = EVP_EncodeBlock(out, bytes, sizeof bytes);
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

}  // namespace sluice::control
