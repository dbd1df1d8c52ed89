// control/policy: the alarms of a policy, from one process to the other.
#include "control/policy/alarm_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/policy/feed_url.h"
#include "control/policy/log_policy.h"
#include "control/policy/policy_source.h"

namespace sluice::control {
namespace {

using nlohmann::json;

bool lies_between(uint64_t value, uint64_t least, uint64_t most) {
  return value >= least && value <= most;
}

/// Beyond every bound where there is no such number, or a negative one or a fraction.
uint64_t bounded_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : UINT64_MAX;
}

std::optional<AlarmRule> rule_from(const json& value) {
  if (!value.is_object()) return std::nullopt;
  const uint64_t kind = bounded_at(value, "kind"), count = bounded_at(value, "count"),
                 within = bounded_at(value, "within_s");
  AlarmRule out{text_at(value, "name")};
  if (out.name.empty() || kind >= std::size(kAlarmKindWords) || !lies_between(count, 1, kMaxAlarmCount))
    return std::nullopt;
  out.kind = static_cast<AlarmKind>(kind);
  const bool fits = out.kind == AlarmKind::NoRecords
                        ? lies_between(within, kMinNoRecordsS, kMaxNoRecordsS)
                        : lies_between(within, kMinAlarmWithinS, kMaxAlarmWithinS);
  if (!fits) return std::nullopt;
  out.count = static_cast<uint32_t>(count);
  out.within_s = static_cast<uint32_t>(within);
  return out;
}

/// Of none everything is empty.
std::optional<AlarmMail> mail_from(const json& value) {
  const auto to = value.find("to");
  if (to == value.end() || !to->is_array() || to->size() > kMaxAlarmMails) return std::nullopt;
  AlarmMail out{text_at(value, "smtp"), text_at(value, "from"), {}};
  for (const json& each : *to) {
    if (!each.is_string() || !is_mail_address(each.get_ref<const std::string&>())) return std::nullopt;
    out.to.push_back(each.get<std::string>());
  }
  const bool none = out == AlarmMail{};
  if (!none && (!parse_endpoint(out.smtp, "smtps") || !is_mail_address(out.from) || out.to.empty()))
    return std::nullopt;
  return out;
}

}  // namespace

json alarm_policy_json(const AlarmPolicy& alarms) {
  json rules = json::array();
  for (const AlarmRule& rule : alarms.rules)
    rules.push_back({{"name", rule.name},
                     {"kind", static_cast<unsigned>(rule.kind)},
                     {"count", rule.count},
                     {"within_s", rule.within_s}});
  return {{"webhook", alarms.webhook},
          {"mail", {{"smtp", alarms.mail.smtp}, {"from", alarms.mail.from}, {"to", alarms.mail.to}}},
          {"ca", alarms.ca},
          {"repeat_s", alarms.repeat_s},
          {"rules", std::move(rules)}};
}

std::optional<AlarmPolicy> alarm_policy_from(const json& value) {
  const auto rules = value.is_object() ? value.find("rules") : value.end();
  if (!value.is_object() || rules == value.end() || !rules->is_array() || rules->size() > kMaxAlarms)
    return std::nullopt;
  AlarmPolicy out;
  out.webhook = text_at(value, "webhook");
  out.ca = text_at(value, "ca");
  const uint64_t repeat = bounded_at(value, "repeat_s");
  std::optional<AlarmMail> mail = mail_from(object_at(value, "mail"));
  const bool url =
      out.webhook.empty() || (out.webhook.starts_with("https://") && url_problem(out.webhook).empty());
  if (!mail || !url || !(out.ca.empty() || is_rooted_path(out.ca)) ||
      !lies_between(repeat, kMinAlarmRepeatS, kMaxAlarmRepeatS))
    return std::nullopt;
  out.mail = std::move(*mail);
  out.repeat_s = static_cast<uint32_t>(repeat);
  for (const json& each : *rules) {
    std::optional<AlarmRule> rule = rule_from(each);
    if (!rule) return std::nullopt;
    out.rules.push_back(std::move(*rule));
  }
  return out;
}

AlarmPolicy alarm_policy_of(const AlarmsSource& source) {
  AlarmPolicy out = source.said;
  for (const AlarmSource& each : source.rules) out.rules.push_back(each.rule);
  std::ranges::sort(out.rules, {}, &AlarmRule::name);
  return out;
}

}  // namespace sluice::control
