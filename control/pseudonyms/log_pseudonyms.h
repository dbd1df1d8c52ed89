// control/pseudonyms: the pseudonyms that the access log is written with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/policy/log_policy.h"
#include "control/pseudonyms/period_key.h"
#include "control/pseudonyms/pseudonyms.h"
#include "control/pseudonyms/vault.h"
#include "dataplane/contract/address.h"

namespace sluice::control {

/// Pseudonyms that are remembered. Beyond it all are forgotten and made anew as they are met, with another
/// line in the vault each.
inline constexpr size_t kMaxPseudonymsKnown = 131'072;

/// Makes them, and puts into the vault, before a line that bears one is written, whom each stands for. set:
/// any thread; all else: the log's.
class LogPseudonyms {
 public:
  /// log, state: the directories. Who the keepers are is remembered in the state directory, so that a control
  /// that starts again writes nobody's name before it knows the policy. Returns nullptr, with error.
  [[nodiscard]] static std::unique_ptr<LogPseudonyms> open(const std::filesystem::path& log,
                                                           const std::filesystem::path& state,
                                                           std::string& error);

  /// What the policy in force says; none: people, not pseudonyms.
  void set(const std::vector<LogKeeper>& keepers);

  /// Before the first line of a batch: what it gives lives until the next call. Takes over what was set, and
  /// the month's key; destroys the one that is over. Returns an empty string, or why no line may be written.
  [[nodiscard]] std::string begin(int64_t utc_ns);
  bool on() const { return !keepers_.empty(); }

  [[nodiscard]] std::string_view address(const Address& address);
  [[nodiscard]] std::string_view mac(const std::array<uint8_t, 6>& mac);
  /// of: `user`, `host` (a machine) or `name` (that was asked for).
  [[nodiscard]] std::string_view text(std::string_view of, std::string_view text);

  /// Before the batch is written: its new pseudonyms go into the vault, synced. Returns an empty string, or
  /// why not; then it is called again.
  [[nodiscard]] std::string sync(int64_t utc_ns);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  LogPseudonyms(std::filesystem::path log, const std::filesystem::path& state);
  std::string take_over(std::vector<LogKeeper> keepers);
  std::string_view known(std::string_view key, std::string_view of, std::string (*shown)(std::string_view));
  void forget();

  const std::filesystem::path log_, keepers_file_;
  std::unique_ptr<SigningKey> signing_;
  std::vector<LogKeeper> keepers_;
  bool unread_ = false;  ///< who they were, until it is set
  PeriodKey period_;
  std::optional<Pseudonyms> pseudonyms_;
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> known_;  ///< by kind and bytes
  std::vector<Identity> new_;                                                  ///< not in the vault yet
  std::unique_ptr<Vault> vault_;

  std::mutex mutex_;  ///< guards the one below
  std::optional<std::vector<LogKeeper>> wanted_;
};

}  // namespace sluice::control
