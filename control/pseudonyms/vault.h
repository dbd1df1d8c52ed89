// control/pseudonyms: writes a vault: who stands behind the pseudonyms.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "control/base/unique_fd.h"
#include "control/pseudonyms/seal.h"
#include "control/pseudonyms/vault_form.h"
#include "control/sealed/signing_key.h"

namespace sluice::control {

/// One file with one key. The key is nowhere but in this object and, wrapped for each two keepers, in the
/// file. One thread.
class Vault {
 public:
  /// Begins a new one in the log's directory; its file is made by the first append. Returns nullptr, with
  /// error.
  [[nodiscard]] static std::unique_ptr<Vault> begin(const std::filesystem::path& log,
                                                    const std::string& period,
                                                    const std::vector<LogKeeper>& keepers, int64_t utc_ns,
                                                    std::string& error);

  /// Adds identities and a seal by key, synced; all of them, or nothing. Returns an empty string, or why not.
  [[nodiscard]] std::string append(const std::vector<Identity>& identities, const SigningKey& key);
  /// Whether the file is as this object left it; else what comes goes into another vault.
  [[nodiscard]] bool is_whole() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  Vault() = default;
  std::string make_file();

  std::filesystem::path log_, path_;
  VaultHead head_;
  SecretKey key_;
  UniqueFd file_;
  uint64_t size_ = 0, identities_ = 0;
  std::string previous_;  ///< SHA-256 of the last seal
};

/// The files of a log's directory that are vaults, the oldest month first: where there is one, the log has
/// pseudonyms in place of clients, or had. error: why there is none.
[[nodiscard]] std::vector<std::filesystem::path> list_vaults(const std::filesystem::path& log,
                                                             std::error_code& error);

/// Removes the vaults of periods that ended before the log's oldest record, UTC since 1970: nothing in the
/// log needs them any more. Returns how many.
size_t remove_old_vaults(const std::filesystem::path& log, int64_t oldest_ns);

}  // namespace sluice::control
