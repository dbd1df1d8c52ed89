// control/pseudonyms: how a vault is written: lines of JSON.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/log_policy.h"

namespace sluice::control {

// A vault is a file with one key. Its first line is its head; then come identities, and behind each batch of
// them a seal, signed by the log's key, over all that stands before it.

inline constexpr size_t kMaxVaultLine = size_t{64} << 10;
inline constexpr size_t kMaxVaultBatch = size_t{32} << 20;  ///< bytes between two seals

/// The vault's key, for two keepers together: sealed to first over what is sealed to second.
struct WrappedKey {
  std::string first, second;  ///< names, first < second
  std::string key;            ///< bytes
};

struct VaultHead {
  std::string id;      ///< 32 hexadecimal digits, of this vault alone
  std::string period;  ///< `2026-11`
  std::string time;    ///< when it was begun, UTC
  std::vector<LogKeeper> keepers;
  std::vector<WrappedKey> wrapped;
};

/// Whom a pseudonym stands for.
struct Identity {
  std::string of;  ///< what it is: `ip`, `mac`, `user`, `host`, `name`
  std::string pseudonym, text;
};
/// The same as it lies in a vault.
struct SealedIdentity {
  std::string of, pseudonym;
  uint64_t number = 0;  ///< in its vault, from 1: its nonce
  std::string sealed;   ///< bytes
};

struct VaultSeal {
  std::string previous;  ///< SHA-256 of the seal before, in hexadecimal digits; zeros where there is none
  std::string sha256;    ///< of the lines since then, with their line feeds
};

/// Lines without line feed. The seal's is what is signed.
[[nodiscard]] std::string head_line(const VaultHead& head);
[[nodiscard]] std::string identity_line(const SealedIdentity& identity);
[[nodiscard]] std::string seal_body(const VaultSeal& seal);

/// The inverse of each. Nothing where line is not, byte by byte, what they write.
[[nodiscard]] std::optional<VaultHead> read_head_line(std::string_view line);
[[nodiscard]] std::optional<SealedIdentity> read_identity_line(std::string_view line);
[[nodiscard]] std::optional<VaultSeal> read_seal_body(std::string_view body);

/// What a wrapped key is sealed with, `inner` to second and `outer` to first.
[[nodiscard]] std::string wrap_with(const VaultHead& head, const WrappedKey& pair, std::string_view layer);
/// What an identity is sealed with; its nonce; and its text in full blocks, so that its length tells nothing.
[[nodiscard]] std::string identity_with(const VaultHead& head, const SealedIdentity& identity);
[[nodiscard]] std::string identity_nonce(uint64_t number);
[[nodiscard]] std::string padded_identity(std::string_view text);
[[nodiscard]] std::string unpadded_identity(std::string text);

/// `vault-2026-11-0001.jsonl`.
[[nodiscard]] std::string vault_name(const std::string& period, unsigned number);
inline constexpr unsigned kMaxVaultsOfPeriod = 9999;
/// Its period; nothing where name is no vault's.
[[nodiscard]] std::optional<std::string> vault_period(std::string_view name);
/// `2026-11` of a time in UTC since 1970.
[[nodiscard]] std::string period_of(int64_t utc_ns);
[[nodiscard]] bool is_period(std::string_view text);

/// `p-` and 32 hexadecimal digits.
[[nodiscard]] bool is_pseudonym(std::string_view text);

}  // namespace sluice::control
