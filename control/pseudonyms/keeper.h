// control/pseudonyms: a keeper's private key, in its file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "control/policy/keeper_key.h"

struct evp_pkey_st;

namespace sluice::control {

class KeeperSecret {
 public:
  /// Reads a file (PEM). OpenSSL asks on the terminal for its passphrase, where it has one. Returns nullptr,
  /// with error.
  [[nodiscard]] static std::unique_ptr<KeeperSecret> open(const std::filesystem::path& file,
                                                          std::string& error);
  /// Makes a new key in a file (0600) that must not be there yet. passphrase: protects it; empty: nothing
  /// does. Returns nullptr, with error.
  [[nodiscard]] static std::unique_ptr<KeeperSecret> make(const std::filesystem::path& file,
                                                          const std::string& passphrase, std::string& error);

  const KeeperKey& shown() const { return shown_; }
  evp_pkey_st* key() const { return key_.get(); }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  KeeperSecret() = default;
  std::unique_ptr<evp_pkey_st, Free> key_;
  KeeperKey shown_{};
};

}  // namespace sluice::control
