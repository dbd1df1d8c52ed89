// control/policy: the alarms' part of a policy.
#include <algorithm>

#include "control/policy/alarm_policy.h"
#include "control/policy/field_reader.h"
#include "control/policy/source_loader.h"
#include "control/policy/target_reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kAlarmsKeys[] = {"to", "repeat", "rules"};
constexpr std::string_view kToKeys[] = {"webhook", "mail", "ca"};
constexpr std::string_view kAlarmMailKeys[] = {"to", "from", "smtp"};
constexpr std::string_view kAlarmKeys[] = {kAlarmKindWords[0], kAlarmKindWords[1], kAlarmKindWords[2],
                                           kAlarmKindWords[3], "within"};
constexpr size_t kWebhook = 0, kMail = 1, kCa = 2, kRepeat = 3;  ///< of AlarmsSource::given

/// Whether nothing said it before.
bool is_first(const YamlNode& node, std::string_view key, std::optional<Position>& given, Report& report) {
  if (given) {
    report_twice(node.at, key, *given, report);
    return false;
  }
  given = node.at;
  return true;
}

std::vector<std::string> read_recipients(const YamlNode& node, Report& report) {
  std::vector<std::string> out;
  for (const YamlNode* item : read_one_or_more(node, "to", report)) {
    if (std::string address = read_mail_address(*item, "to", report); !address.empty())
      out.push_back(std::move(address));
  }
  if (out.size() > kMaxAlarmMails) {
    report.error(node.at, "`to` has more than " + std::to_string(kMaxAlarmMails) + " addresses",
                 "write a list's address, as it@office.example");
    out.resize(kMaxAlarmMails);
  }
  return out;
}

void load_alarm_mail(const YamlNode& node, AlarmMail& mail, Report& report) {
  const Fields fields(node, {"`mail`", kAlarmMailKeys}, report);
  if (!fields.is_map()) return;
  for (const std::string_view key : kAlarmMailKeys) {
    const YamlNode* value = fields.find(key);
    if (value == nullptr) {
      report.error(
          node.at, "`mail` has no `" + std::string(key) + "`",
          "write {to: [it@office.example], from: sluice@office.example, smtp: \"smtps://mail.example\"}");
    } else if (key == "smtp") {
      if (read_endpoint(*value, key, "smtps", "write smtps://mail.example", report)) mail.smtp = value->text;
    } else if (key == "from") {
      mail.from = read_mail_address(*value, key, report);
    } else {
      mail.to = read_recipients(*value, report);
    }
  }
}

void load_to(const YamlNode& node, AlarmsSource& alarms, Report& report) {
  const Fields fields(node, {"`to` of `alarms`", kToKeys}, report);
  if (const YamlNode* value = fields.find("webhook");
      value != nullptr && is_first(*value, "webhook", alarms.given[kWebhook], report))
    alarms.said.webhook =
        read_https_url(*value, "webhook", "write \"https://alarms.example/sluice\"", report);
  if (const YamlNode* value = fields.find("mail");
      value != nullptr && is_first(*value, "mail", alarms.given[kMail], report))
    load_alarm_mail(*value, alarms.said.mail, report);
  if (const YamlNode* value = fields.find("ca");
      value != nullptr && is_first(*value, "ca", alarms.given[kCa], report))
    alarms.said.ca = read_path(*value, "ca", report);
}

/// `true`: there is nothing else to say of it.
void read_true(const YamlNode& node, std::string_view key, Report& report) {
  if (const auto said = read_bool(node, key, report); said && !*said)
    report.error(node.at, '`' + std::string(key) + "` cannot be 'false'",
                 "write true, or leave the alarm out");
}

void load_alarm(Word name, const YamlNode& node, AlarmsSource& out, Report& report) {
  AlarmSource alarm{std::move(name), {}};
  AlarmRule& rule = alarm.rule;
  rule.name = alarm.name.text;
  const Fields fields(node, {"an alarm", kAlarmKeys}, report);
  if (!fields.is_map()) return;
  size_t kinds = 0;
  for (size_t i = 0; i < std::size(kAlarmKindWords); ++i) {
    const std::string_view key = kAlarmKindWords[i];
    const YamlNode* value = fields.find(key);
    if (value == nullptr) continue;
    ++kinds;
    rule.kind = static_cast<AlarmKind>(i);
    if (rule.kind == AlarmKind::NewSource) {
      read_true(*value, key, report);
    } else if (rule.kind == AlarmKind::NoRecords) {
      rule.within_s =
          read_duration(*value, key, kMinNoRecordsS, kMaxNoRecordsS, report).value_or(kMinNoRecordsS);
    } else {
      rule.count = read_count(*value, key, 1, kMaxAlarmCount, report).value_or(1);
    }
  }
  if (kinds != 1)
    report.error(alarm.name.at,
                 "the alarm " + in_quotes(alarm.name.text) + " has " +
                     (kinds == 0 ? "none of" : "more than one of") +
                     " `blocks-of-one-client`, `tunnel-attempts`, "
                     "`new-unregistered-source` and `no-records`",
                 "write one of them, as {blocks-of-one-client: 50, within: 1h}");
  if (const YamlNode* within = fields.find("within")) {
    const bool counts =
        fields.find(kAlarmKindWords[0]) != nullptr || fields.find(kAlarmKindWords[1]) != nullptr;
    const auto seconds = read_duration(*within, "within", kMinAlarmWithinS, kMaxAlarmWithinS, report);
    if (!counts) {
      report.error(within->at, "`within` without `blocks-of-one-client` or `tunnel-attempts`",
                   "leave it out");
    } else {
      rule.within_s = seconds.value_or(kUsualAlarmWithinS);
    }
  }
  out.rules.push_back(std::move(alarm));
}

}  // namespace

void load_alarms(const YamlNode& node, PolicySource& source, Report& report) {
  AlarmsSource& alarms = source.alarms;
  const Fields fields(node, {"`alarms`", kAlarmsKeys}, report);
  if (fields.is_map() && !alarms.at) alarms.at = node.at;
  if (const YamlNode* value = fields.find("to")) load_to(*value, alarms, report);
  if (const YamlNode* value = fields.find("repeat");
      value != nullptr && is_first(*value, "repeat", alarms.given[kRepeat], report))
    alarms.said.repeat_s = read_duration(*value, "repeat", kMinAlarmRepeatS, kMaxAlarmRepeatS, report)
                               .value_or(kUsualAlarmRepeatS);
  if (const YamlNode* value = fields.find("rules")) {
    for (auto& [name, alarm] : read_named(*value, "rules", report))
      load_alarm(std::move(name), *alarm, alarms, report);
  }
}

}  // namespace sluice::control
