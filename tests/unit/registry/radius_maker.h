// registry tests: makes Accounting-Requests as a client does.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

class RadiusMaker {
 public:
  RadiusMaker& add(uint8_t type, std::string_view value) {
    attributes_ += static_cast<char>(type);
    attributes_ += static_cast<char>(value.size() + 2);
    attributes_ += value;
    return *this;
  }
  RadiusMaker& number(uint8_t type, uint32_t value) {
    const char bytes[] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                          static_cast<char>(value >> 8), static_cast<char>(value)};
    return add(type, {bytes, sizeof bytes});
  }
  /// Start 1, Stop 2, Interim 3, of a session of user at 10.20.1.last.
  static RadiusMaker session(uint32_t status, std::string_view user, std::string_view id, uint8_t last) {
    RadiusMaker out;
    const char ip[] = {10, 20, 1, static_cast<char>(last)};
    out.number(40, status).add(1, user).add(44, id).add(8, {ip, sizeof ip});
    return out;
  }
  std::vector<uint8_t> build(std::string_view secret, uint8_t code = 4, uint8_t identifier = 9) const {
    const size_t size = 20 + attributes_.size();
    std::string out{static_cast<char>(code), static_cast<char>(identifier), static_cast<char>(size >> 8),
                    static_cast<char>(size)};
    const std::string hashed = out + std::string(16, '\0') + attributes_ + std::string(secret);
    unsigned char sum[16];
    EVP_Digest(hashed.data(), hashed.size(), sum, nullptr, EVP_md5(), nullptr);
    out.append(reinterpret_cast<const char*>(sum), sizeof sum);
    out += attributes_;
    return {out.begin(), out.end()};
  }

 private:
  std::string attributes_;
};

}  // namespace sluice::control
