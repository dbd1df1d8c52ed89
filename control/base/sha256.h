// control/base: SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sluice::control {

using Sha256Bytes = std::array<uint8_t, 32>;
inline constexpr size_t kSha256Digits = 64;  ///< of its text

/// Of what comes in pieces. Throws std::bad_alloc where the library has no memory.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// The sum of all that came; what comes then is another sum's.
  [[nodiscard]] Sha256Bytes finish();
  /// The same in lower-case hexadecimal digits.
  [[nodiscard]] std::string hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

[[nodiscard]] inline std::string_view text_of(const Sha256Bytes& sum) {
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}
[[nodiscard]] Sha256Bytes sha256_of(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace sluice::control
