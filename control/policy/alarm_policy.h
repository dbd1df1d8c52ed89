// control/policy: the alarms of a policy: when somebody is to be told, and who.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

inline constexpr size_t kMaxAlarms = 100;     ///< of a policy
inline constexpr size_t kMaxAlarmMails = 20;  ///< addresses that are told
inline constexpr uint32_t kMaxAlarmCount = 10'000;
inline constexpr uint32_t kMinAlarmWithinS = 60, kMaxAlarmWithinS = 86'400, kUsualAlarmWithinS = 3'600;
inline constexpr uint32_t kMinNoRecordsS = 60, kMaxNoRecordsS = 7 * 86'400;
inline constexpr uint32_t kMinAlarmRepeatS = 600, kMaxAlarmRepeatS = 7 * 86'400,
                          kUsualAlarmRepeatS = 4 * 3'600;

enum class AlarmKind : uint8_t {
  Blocks,     ///< blocked accesses of one client
  Tunnels,    ///< its attempts to use a tunnel that is not registered
  NewSource,  ///< an address that is in no network, and was not seen before
  NoRecords,  ///< the gateway writes nothing, though it should
};
/// The key by which a policy says which it is.
inline constexpr std::string_view kAlarmKindWords[] = {"blocks-of-one-client", "tunnel-attempts",
                                                       "new-unregistered-source", "no-records"};

struct AlarmRule {
  std::string name;
  AlarmKind kind = AlarmKind::Blocks;
  uint32_t count = 1;                      ///< of Blocks and Tunnels: so many…
  uint32_t within_s = kUsualAlarmWithinS;  ///< …within so long; of NoRecords: for so long
  bool operator==(const AlarmRule&) const = default;
};

struct AlarmMail {
  std::string smtp;  ///< smtps://HOST[:PORT]; empty: nobody is mailed
  std::string from;
  std::vector<std::string> to;
  bool operator==(const AlarmMail&) const = default;
};

struct AlarmPolicy {
  std::string webhook;  ///< https://…, which may hold a password; empty: none
  AlarmMail mail;
  std::string ca;  ///< path of the certificates that both servers' are checked against; empty: the system's
  uint32_t repeat_s = kUsualAlarmRepeatS;  ///< an alarm that is still open is told of again after so long
  std::vector<AlarmRule> rules;            ///< by name
  bool operator==(const AlarmPolicy&) const = default;
};

struct AlarmsSource;
/// By name.
[[nodiscard]] AlarmPolicy alarm_policy_of(const AlarmsSource& source);

/// For another process, and back; nothing where value is not what a policy could say.
[[nodiscard]] nlohmann::json alarm_policy_json(const AlarmPolicy& alarms);
[[nodiscard]] std::optional<AlarmPolicy> alarm_policy_from(const nlohmann::json& value);

}  // namespace sluice::control
