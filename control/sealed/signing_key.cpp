// control/sealed: Ed25519 by OpenSSL.
#include "control/sealed/signing_key.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/unique_fd.h"

namespace sluice::control {
namespace {

constexpr size_t kSignature = 64, kPublicKey = 32;

using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;

Bio bio_of(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

}  // namespace

void SigningKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

std::unique_ptr<SigningKey> SigningKey::wrap(std::unique_ptr<evp_pkey_st, Free> key, const std::string& file,
                                             std::string& error) {
  uint8_t raw[kPublicKey];
  size_t size = sizeof raw;
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), raw, &size) != 1) {
    error = file + " holds no Ed25519 key";
    return nullptr;
  }
  std::unique_ptr<SigningKey> out(new SigningKey);
  out->key_ = std::move(key);
  out->fingerprint_ = sha256_hex({reinterpret_cast<const char*>(raw), size});
  return out;
}

std::unique_ptr<SigningKey> SigningKey::open_or_make(const std::filesystem::path& file,
                                                     const std::filesystem::path& public_file,
                                                     std::string& error) {
  std::unique_ptr<evp_pkey_st, Free> key;
  struct stat status {};
  const bool made = ::lstat(file.c_str(), &status) != 0 && errno == ENOENT;
  if (made) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const Bio text(BIO_new(BIO_s_mem()), BIO_free);
    if (!key || !text ||
        PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
      error = "cannot make an Ed25519 key";
      return nullptr;
    }
    if (error = make_private_file(file, text_of(text.get())); !error.empty()) {
      return nullptr;
    }
  } else {
    if ((status.st_mode & 077) != 0) {
      log_warning(file.string() + " can be read by others; its mode should be 0600");
    }
    const std::string text = read_tail(file, kMaxKeyText).value_or("");
    key.reset(PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, nullptr, nullptr));
  }
  std::unique_ptr<SigningKey> out = wrap(std::move(key), file.string(), error);
  if (!out) {
    return nullptr;
  }
  const std::string wanted = out->public_text();
  if (!wanted.empty() && read_tail(public_file, kMaxKeyText) != wanted) {
    error = replace_file(public_file, std::as_bytes(std::span(wanted)));
  }
  if (!error.empty()) {
    return nullptr;
  }
  return out;
}

std::unique_ptr<SigningKey> SigningKey::open_public(const std::filesystem::path& file, std::string& error) {
  const std::optional<std::string> text = read_tail(file, kMaxKeyText);
  if (!text) {
    error = errno_text("cannot read " + file.string());
    return nullptr;
  }
  return read_public(*text, file.string(), error);
}

std::unique_ptr<SigningKey> SigningKey::read_public(const std::string& text, const std::string& name,
                                                    std::string& error) {
  std::unique_ptr<evp_pkey_st, Free> key;
  if (text.size() <= kMaxKeyText) {
    key.reset(PEM_read_bio_PUBKEY(bio_of(text).get(), nullptr, nullptr, nullptr));
  }
  return wrap(std::move(key), name, error);
}

std::string SigningKey::public_text() const {
  const Bio text(BIO_new(BIO_s_mem()), BIO_free);
  return text && PEM_write_bio_PUBKEY(text.get(), key_.get()) == 1 ? text_of(text.get()) : std::string();
}

std::string SigningKey::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  uint8_t signature[kSignature] = {};
  size_t size = sizeof signature;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature, &size, reinterpret_cast<const uint8_t*>(text.data()),
                     text.size()) != 1) {
    log_error("a line cannot be signed");
  }
  return hex_text(signature);
}

bool SigningKey::verify(std::string_view text, std::string_view signature) const {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  uint8_t raw[kSignature];
  return bytes_of_hex(signature, raw) && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw, sizeof raw, reinterpret_cast<const uint8_t*>(text.data()),
                          text.size()) == 1;
}

}  // namespace sluice::control
