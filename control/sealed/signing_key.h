// control/sealed: the key that signs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace sluice::control {

/// The text of a public key is no longer; of what is, nothing is read.
inline constexpr size_t kMaxKeyText = 4096;

/// An Ed25519 key. It has two files: the key's own (0600) and, for whoever verifies, the public key's.
class SigningKey {
 public:
  /// Reads the key, or makes it where there is none, and sees to it that the public one lies beside. Returns
  /// nullptr, with error.
  [[nodiscard]] static std::unique_ptr<SigningKey> open_or_make(const std::filesystem::path& file,
                                                                const std::filesystem::path& public_file,
                                                                std::string& error);
  /// Reads a public key: it verifies, and does not sign.
  [[nodiscard]] static std::unique_ptr<SigningKey> open_public(const std::filesystem::path& file,
                                                               std::string& error);
  /// The same from its text (PEM). name: what error calls it.
  [[nodiscard]] static std::unique_ptr<SigningKey> read_public(const std::string& text,
                                                               const std::string& name, std::string& error);
  /// The public key's text.
  [[nodiscard]] std::string public_text() const;
  /// The signature as 128 hexadecimal digits.
  [[nodiscard]] std::string sign(std::string_view text) const;
  [[nodiscard]] bool verify(std::string_view text, std::string_view signature) const;
  /// The SHA-256 of the public key, for people to compare.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  [[nodiscard]] static std::unique_ptr<SigningKey> wrap(std::unique_ptr<evp_pkey_st, Free> key,
                                                        const std::string& file, std::string& error);
  std::unique_ptr<evp_pkey_st, Free> key_;
  std::string fingerprint_;
};

}  // namespace sluice::control
