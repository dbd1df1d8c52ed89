// control/pseudonyms: encrypts, by OpenSSL.
#include "control/pseudonyms/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>
#include <memory>

namespace sluice::control {
namespace {

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;
using Pkey = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
constexpr size_t kSecretBytes = 32, kPublicBytes = std::tuple_size_v<KeeperKey>;

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

std::string_view text_of_key(const KeeperKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

/// The shared secret of two; nothing where it is zero, or a key is none.
std::optional<std::string> shared_secret(EVP_PKEY* own, const KeeperKey& theirs) {
  const Pkey peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, theirs.data(), theirs.size()),
                  EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(EVP_PKEY_CTX_new(own, nullptr),
                                                                       EVP_PKEY_CTX_free);
  std::string out(kSecretBytes, '\0');
  size_t size = out.size();
  if (!peer || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), reinterpret_cast<uint8_t*>(out.data()), &size) != 1 ||
      size != kSecretBytes) {
    return std::nullopt;
  }
  return out;
}

/// A key and, behind it, a nonce.
std::optional<std::string> derive(std::string& secret, std::string info) {
  const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                         EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(
      kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr, EVP_KDF_CTX_free);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  std::string out(kSecretBytes + kNonceBytes, '\0');
  const bool good = context && EVP_KDF_derive(context.get(), reinterpret_cast<uint8_t*>(out.data()),
                                              out.size(), params) == 1;
  wipe(secret);
  return good ? std::optional(std::move(out)) : std::nullopt;
}

/// Takes a derived key and its nonce apart for seal or unseal.
template <typename Use>
std::optional<std::string> with_derived(std::optional<std::string> secret, std::string info, Use use) {
  std::optional<std::string> key = secret ? derive(*secret, std::move(info)) : std::nullopt;
  if (!key) {
    return std::nullopt;
  }
  const std::string_view both = *key;
  std::optional<std::string> out = use(both.substr(0, kSecretBytes), both.substr(kSecretBytes));
  wipe(*key);
  return out;
}

std::string info_of(std::string_view with, const KeeperKey& once, const KeeperKey& theirs) {
  return std::string(with) + std::string(text_of_key(once)) + std::string(text_of_key(theirs));
}

}  // namespace

bool SecretKey::make() {
  return RAND_priv_bytes(bytes_.data(), static_cast<int>(bytes_.size())) == 1;
}

bool SecretKey::take(std::string& bytes) {
  const bool good = bytes.size() == bytes_.size();
  if (good) {
    std::memcpy(bytes_.data(), bytes.data(), bytes_.size());
  }
  wipe(bytes);
  return good;
}

void SecretKey::forget() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

std::optional<std::string> seal(std::string_view key, std::string_view nonce, std::string_view with,
                                std::string_view text) {
  const Cipher context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string out(text.size() + kTagBytes, '\0');
  auto* const to = reinterpret_cast<uint8_t*>(out.data());
  int size = 0;
  if (key.size() != kSecretBytes || nonce.size() != kNonceBytes || !context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(with), static_cast<int>(with.size())) != 1 ||
      EVP_EncryptUpdate(context.get(), to, &size, bytes_of(text), static_cast<int>(text.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), to + size, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, to + text.size()) != 1) {
    return std::nullopt;
  }
  return out;
}

std::optional<std::string> unseal(std::string_view key, std::string_view nonce, std::string_view with,
                                  std::string_view sealed) {
  if (key.size() != kSecretBytes || nonce.size() != kNonceBytes || sealed.size() < kTagBytes) {
    return std::nullopt;
  }
  const Cipher context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const std::string_view text = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(text.size())), out(text.size() + 1, '\0');
  auto* const to = reinterpret_cast<uint8_t*>(out.data());
  int size = 0;
  if (!context ||
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(with), static_cast<int>(with.size())) != 1 ||
      EVP_DecryptUpdate(context.get(), to, &size, bytes_of(text), static_cast<int>(text.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), to + size, &size) != 1) {
    wipe(out);
    return std::nullopt;
  }
  out.pop_back();
  return out;
}

std::optional<std::string> seal_to(const KeeperKey& theirs, std::string_view with, std::string_view text) {
  const Pkey once(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), EVP_PKEY_free);
  const std::optional<KeeperKey> shown = once ? public_key_of(once.get()) : std::nullopt;
  if (!shown) {
    return std::nullopt;
  }
  auto sealed = with_derived(
      shared_secret(once.get(), theirs), info_of(with, *shown, theirs),
      [&](std::string_view key, std::string_view nonce) { return seal(key, nonce, with, text); });
  return sealed ? std::optional(std::string(text_of_key(*shown)) + *sealed) : std::nullopt;
}

std::optional<std::string> unseal_by(evp_pkey_st* own, std::string_view with, std::string_view sealed) {
  const std::optional<KeeperKey> ours = public_key_of(own);
  KeeperKey once;
  if (!ours || sealed.size() < kPublicBytes) {
    return std::nullopt;
  }
  std::memcpy(once.data(), sealed.data(), once.size());
  return with_derived(shared_secret(own, once), info_of(with, once, *ours),
                      [&](std::string_view key, std::string_view nonce) {
                        return unseal(key, nonce, with, sealed.substr(kPublicBytes));
                      });
}

std::optional<KeeperKey> public_key_of(const evp_pkey_st* key) {
  KeeperKey out;
  size_t size = out.size();
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_X25519 ||
      EVP_PKEY_get_raw_public_key(key, out.data(), &size) != 1 || size != out.size()) {
    return std::nullopt;
  }
  return out;
}

}  // namespace sluice::control
