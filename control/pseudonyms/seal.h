// control/pseudonyms: what encrypts: AES-256-GCM, and to somebody's X25519 key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/policy/keeper_key.h"

struct evp_pkey_st;

namespace sluice::control {

/// 32 bytes that are overwritten when they are needed no more.
class SecretKey {
 public:
  SecretKey() = default;
  ~SecretKey() { forget(); }
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;

  /// Returns false where there is no randomness.
  [[nodiscard]] bool make();
  /// Returns false where bytes are not 32. bytes are overwritten.
  [[nodiscard]] bool take(std::string& bytes);
  void forget();
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::array<uint8_t, 32> bytes_{};
};

/// Overwrites a text that was a secret.
void wipe(std::string& secret);

inline constexpr size_t kNonceBytes = 12, kTagBytes = 16;

/// AES-256-GCM (SP 800-38D): the ciphertext, then the tag. key: 32 bytes; nonce: 12 bytes, never twice with
/// one key. with: what is not encrypted, and must be the same to open it. Nothing where the library fails.
[[nodiscard]] std::optional<std::string> seal(std::string_view key, std::string_view nonce,
                                              std::string_view with, std::string_view text);
/// The inverse; nothing where anything is another one.
[[nodiscard]] std::optional<std::string> unseal(std::string_view key, std::string_view nonce,
                                                std::string_view with, std::string_view sealed);

/// Encrypts to somebody: 32 bytes of a public key made for this alone, and seal's with a key and a nonce that
/// HKDF-SHA-256 (RFC 5869) makes of the shared secret (RFC 7748 6.1), without salt, for
/// `with ‖ that public key ‖ theirs`.
[[nodiscard]] std::optional<std::string> seal_to(const KeeperKey& theirs, std::string_view with,
                                                 std::string_view text);
/// The inverse, by whoever has the private key.
[[nodiscard]] std::optional<std::string> unseal_by(evp_pkey_st* own, std::string_view with,
                                                   std::string_view sealed);

/// The public key of an X25519 one; nothing where it is none.
[[nodiscard]] std::optional<KeeperKey> public_key_of(const evp_pkey_st* key);

}  // namespace sluice::control
