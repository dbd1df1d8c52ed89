// control/pseudonyms: reads a vault, and says where it was altered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "control/pseudonyms/vault_form.h"
#include "control/sealed/signing_key.h"

namespace sluice::control {

/// Called with what a good seal stands behind, in its order.
using TakeIdentity = std::function<void(const SealedIdentity& identity)>;

/// Reads a vault to its last seal; what stands behind it is being written, or was cut by a crash. key: the
/// log's public one. head: what its first line says; without id where there is no seal yet. Returns an empty
/// string, or at which line it was altered; what take got before that was sealed.
[[nodiscard]] std::string read_vault(std::istream& in, const SigningKey& key, VaultHead& head,
                                     const TakeIdentity& take);

/// The same of a file.
[[nodiscard]] std::string read_vault_file(const std::filesystem::path& file, const SigningKey& key,
                                          VaultHead& head, const TakeIdentity& take);

/// What reading every vault of a log's directory has found.
struct VaultsFindings {
  size_t vaults = 0;
  uint64_t identities = 0;
  std::vector<std::string> problems;  ///< vaults that were altered or cannot be read, with the place
};
[[nodiscard]] VaultsFindings check_vaults(const std::filesystem::path& log, const SigningKey& key);

}  // namespace sluice::control
