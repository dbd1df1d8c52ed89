// control/base: SHA-256.
#include "control/base/sha256.h"

#include <openssl/evp.h>

#include <new>

#include "control/base/hex.h"

namespace sluice::control {

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
}

void Sha256::update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) {
    throw std::bad_alloc();
  }
}

Sha256Bytes Sha256::finish() {
  Sha256Bytes sum;
  if (EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr) != 1 ||
      EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) != 1) {
    throw std::bad_alloc();
  }
  return sum;
}

std::string Sha256::hex() {
  return hex_text(finish());
}

Sha256Bytes sha256_of(std::string_view bytes) {
  static thread_local Sha256 sum;  // making one takes longer than the sum of a line
  sum.update(bytes);
  return sum.finish();
}

std::string sha256_hex(std::string_view bytes) {
  return hex_text(sha256_of(bytes));
}

}  // namespace sluice::control
