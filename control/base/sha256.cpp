// control/base: SHA-256 of what comes in pieces.
#include "control/base/sha256.h"

#include <openssl/evp.h>

#include <cstdint>
#include <new>

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

std::string Sha256::hex() {
  uint8_t sum[kHexDigits / 2];
  if (EVP_DigestFinal_ex(context_.get(), sum, nullptr) != 1) {
    throw std::bad_alloc();
  }
  std::string out;
  out.reserve(kHexDigits);
  for (const uint8_t byte : sum) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace sluice::control
