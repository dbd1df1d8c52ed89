// control/policy: what a policy says of the access log.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/keeper_key.h"

namespace sluice::control {

/// Six months, the longest ones: the law's term (Cybersecurity Law of the PRC, the article on network logs).
inline constexpr uint32_t kMinKeepS = 185 * 86'400;
inline constexpr uint32_t kMaxKeepS = 3'660 * 86'400;
/// A line that waits for its repeats is not on the disk yet.
inline constexpr uint32_t kMaxFoldS = 60;

/// Who is told, outside this machine, what the log's last signed line is.
struct LogWitness {
  enum class Kind : uint8_t {
    None,
    Url,
    Folder,
    Mail
  };
  Kind kind = Kind::None;
  std::string where;     ///< https://…, a directory, or smtps://HOST[:PORT]; a URL may hold a password
  std::string to, from;  ///< of Mail: addresses
  bool operator==(const LogWitness&) const = default;
};
inline constexpr std::string_view kWitnessWords[] = {"none", "url", "folder", "mail"};

/// Where a copy of the log is sent, always over TLS.
struct LogCopy {
  enum class Kind : uint8_t {
    Syslog,
    Clickhouse
  };
  std::string name;
  Kind kind = Kind::Syslog;
  std::string host;  ///< a name or an address, IPv6 without brackets
  uint16_t port = 0;
  std::string ca;                ///< path of the certificates that are trusted; empty: the system's
  std::string certificate, key;  ///< paths of our own; both or neither
  std::string database = "sluice", user = "sluice";  ///< of Clickhouse
  std::string password_file;                         ///< of Clickhouse; a path; empty: no password
  std::string recipient;                             ///< who gets it
  std::string country;                               ///< where they are
  std::string basis;  ///< on which personal data may leave the country; may be empty
  bool operator==(const LogCopy&) const = default;
};
inline constexpr std::string_view kCopyWords[] = {"syslog", "clickhouse"};
inline constexpr uint16_t kCopyPorts[] = {6514, 8443};  ///< where none is said: RFC 5425, ClickHouse's own

/// Somebody of whom two together can say whose pseudonym stands in the log.
struct LogKeeper {
  std::string name;
  KeeperKey key{};
  bool operator==(const LogKeeper&) const = default;
};
inline constexpr size_t kMinKeepers = 2;
inline constexpr size_t kMaxKeepers = 8;  ///< a vault's key is wrapped for each two of them

struct LogPolicy {
  uint32_t keep_s = kMinKeepS;  ///< how long every record is kept
  std::string country = "CN";   ///< where the gateway stands; ISO 3166-1 alpha-2, as every country here
  uint32_t fold_s = 0;          ///< repeats within so long become one line; 0: every access has its own
  LogWitness witness;
  std::vector<LogKeeper> keepers;  ///< by name; none: the log has people, not pseudonyms
  std::vector<LogCopy> copies;     ///< by name
  bool operator==(const LogPolicy&) const = default;
};

/// Whether text is a country's code of ISO 3166-1, in capitals.
[[nodiscard]] bool is_country(std::string_view text);

/// Whether copy gets pseudonyms instead of people: it leaves the country, and no basis is said.
[[nodiscard]] bool gets_pseudonyms(const LogPolicy& log, const LogCopy& copy);

/// A mail address as a policy may have it: no quoting, no comments, nothing that SMTP would take apart.
[[nodiscard]] bool is_mail_address(std::string_view text);
/// A path from the root.
[[nodiscard]] bool is_rooted_path(std::string_view text);

/// Whether the log can have them: nobody, or two to kMaxKeepers with a name and a key of their own, by name.
[[nodiscard]] bool are_keepers(const std::vector<LogKeeper>& keepers);
[[nodiscard]] nlohmann::json keepers_json(const std::vector<LogKeeper>& keepers);
/// The inverse; nothing where value is none that the log can have.
[[nodiscard]] std::optional<std::vector<LogKeeper>> keepers_from(const nlohmann::json& value);

struct LogSource;
/// With the copies by name.
[[nodiscard]] LogPolicy log_policy_of(const LogSource& source);

/// For another process, and back; nothing where value is not what a policy could say. It may hold a password.
[[nodiscard]] nlohmann::json log_policy_json(const LogPolicy& log);
[[nodiscard]] std::optional<LogPolicy> log_policy_from(const nlohmann::json& value);

}  // namespace sluice::control
