// control/base: SHA-256 of what comes in pieces.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sluice::control {

/// Throws std::bad_alloc where the library has no memory.
class Sha256 {
 public:
  static constexpr size_t kHexDigits = 64;

  Sha256();
  void update(std::string_view bytes);
  /// The sum of all that came, in lower-case hexadecimal digits. Ends this one.
  [[nodiscard]] std::string hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

[[nodiscard]] inline std::string sha256_hex(std::string_view bytes) {
  Sha256 sum;
  sum.update(bytes);
  return sum.hex();
}

}  // namespace sluice::control
