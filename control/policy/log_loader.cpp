// control/policy: the access log's part of a policy: its term, its witness, its copies.
#include <algorithm>

#include "control/policy/field_reader.h"
#include "control/policy/source_loader.h"
#include "control/policy/target_reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kLogKeys[] = {"keep", "country", "fold", "witness", "pseudonyms", "copies"};
constexpr std::string_view kWitnessKeys[] = {"url", "folder", "mail"};
constexpr std::string_view kPseudonymKeys[] = {"keepers"};
constexpr std::string_view kMailKeys[] = {"to", "from", "smtp"};
constexpr std::string_view kCopyKeys[] = {"syslog",    "clickhouse", "ca",   "certificate",
                                          "key",       "database",   "user", "password-file",
                                          "recipient", "country",    "basis"};
constexpr uint32_t kDay = 86'400;

void load_keep(const YamlNode& node, LogPolicy& log, Report& report) {
  const auto seconds = read_duration(node, "keep", 0, kMaxKeepS, report);
  if (!seconds) return;
  if (*seconds < kMinKeepS) {
    return report.error(node.at, "`keep` cannot be " + in_quotes(node.text),
                        "the law asks for six months at least (Cybersecurity Law): write " +
                            std::to_string(kMinKeepS / kDay) + "d, or more");
  }
  log.keep_s = *seconds;
}

std::optional<std::string> read_country(const YamlNode& node, Report& report) {
  auto text = read_text(node, "country", report);
  if (!text || is_country(*text)) return text;
  report.error(node.at, "`country` cannot be " + in_quotes(*text),
               "write the two capital letters of ISO 3166, as CN or SG");
  return std::nullopt;
}

void load_country(const YamlNode& node, LogPolicy& log, Report& report) {
  if (auto country = read_country(node, report)) log.country = std::move(*country);
}

void load_fold(const YamlNode& node, LogPolicy& log, Report& report) {
  log.fold_s = read_duration(node, "fold", 1, kMaxFoldS, report).value_or(0);
}

void load_mail(const YamlNode& node, LogWitness& witness, Report& report) {
  const Fields fields(node, {"`mail`", kMailKeys}, report);
  if (!fields.is_map()) return;
  for (const std::string_view key : kMailKeys) {
    const YamlNode* value = fields.find(key);
    if (value == nullptr) {
      report.error(node.at, "`mail` has no `" + std::string(key) + "`",
                   "write {to: audit@office.example, from: sluice@office.example, smtp: "
                   "\"smtps://mail.example\"}");
    } else if (key == "smtp") {
      if (read_endpoint(*value, key, "smtps", "write smtps://mail.example", report))
        witness.where = value->text;
    } else {
      (key == "to" ? witness.to : witness.from) = read_mail_address(*value, key, report);
    }
  }
}

void load_witness(const YamlNode& node, LogPolicy& log, Report& report) {
  const Fields fields(node, {"`witness`", kWitnessKeys}, report);
  if (!fields.is_map()) return;
  const YamlNode *const url = fields.find("url"), *const folder = fields.find("folder"),
                        *const mail = fields.find("mail");
  const int given = (url != nullptr) + (folder != nullptr) + (mail != nullptr);
  if (given != 1) {
    report.error(node.at,
                 "`witness` has " + std::string(given == 0 ? "none" : "more than one") +
                     " of `url`, `folder` and `mail`",
                 "write one of them, as {folder: /mnt/witness}");
  }
  if (url != nullptr)
    log.witness = {LogWitness::Kind::Url,
                   read_https_url(*url, "url", "write https://witness.example/sluice", report),
                   {},
                   {}};
  if (folder != nullptr)
    log.witness = {LogWitness::Kind::Folder, read_path(*folder, "folder", report), {}, {}};
  if (mail != nullptr) {
    log.witness = {LogWitness::Kind::Mail, {}, {}, {}};
    load_mail(*mail, log.witness, report);
  }
}

void load_keeper(Word name, const YamlNode& node, std::vector<LogKeeper>& out, Report& report) {
  constexpr std::string_view kInstead =
      "write the X25519 public key that `sluicectl keeper new` prints, as MCowBQYDK2VuAyEA…=";
  const auto key = node.kind == YamlNode::Kind::Scalar ? parse_keeper_key(node.text) : std::nullopt;
  if (!key) {
    return report.error(node.at, "the key of " + in_quotes(name.text) + " is no X25519 public key",
                        std::string(kInstead));
  }
  out.push_back({std::move(name.text), *key});
}

void load_pseudonyms(const YamlNode& node, LogPolicy& log, Report& report) {
  const Fields fields(node, {"`pseudonyms`", kPseudonymKeys}, report);
  if (!fields.is_map()) return;
  const YamlNode* value = fields.find("keepers");
  if (value == nullptr) {
    return report.error(
        node.at, "`pseudonyms` has no `keepers`",
        "write keepers: {li.wei: MCow…, zhang.min: MCow…}, of whom two together can undo them");
  }
  auto keepers = read_named(*value, "keepers", report, check_person);
  if (value->kind == YamlNode::Kind::Map && (keepers.size() < kMinKeepers || keepers.size() > kMaxKeepers)) {
    return report.error(value->at, "`keepers` has " + std::to_string(keepers.size()) + " of them",
                        "name two persons at least, and at most " + std::to_string(kMaxKeepers) +
                            ": it takes two of them to undo a pseudonym");
  }
  for (auto& [name, key] : keepers) load_keeper(std::move(name), *key, log.keepers, report);
  std::ranges::sort(log.keepers, {}, &LogKeeper::name);
}

/// `syslog` or `clickhouse`: where the copy is sent.
void load_target(const Fields& fields, const LogCopySource& source, LogCopy& copy, Report& report) {
  static constexpr std::string_view kSchemes[] = {"tls", "https"};
  static constexpr std::string_view kInstead[] = {"write \"tls://siem.example:6514\"",
                                                  "write \"https://clickhouse.example:8443\""};
  const YamlNode* const targets[] = {fields.find(kCopyWords[0]), fields.find(kCopyWords[1])};
  if ((targets[0] == nullptr) == (targets[1] == nullptr)) {
    report.error(source.name.at,
                 "the copy " + in_quotes(source.name.text) + " has " +
                     (targets[0] == nullptr ? "neither `syslog` nor" : "both `syslog` and") + " `clickhouse`",
                 "write one of them, as syslog: \"tls://siem.example:6514\"");
  }
  for (size_t i = 0; i < std::size(targets); ++i) {
    if (targets[i] == nullptr) continue;
    copy.kind = static_cast<LogCopy::Kind>(i);
    const auto endpoint = read_endpoint(*targets[i], kCopyWords[i], kSchemes[i], kInstead[i], report);
    if (!endpoint) continue;
    copy.host = endpoint->host;
    copy.port = endpoint->port != 0 ? endpoint->port : kCopyPorts[i];
  }
  for (const std::string_view key : {"database", "user", "password-file"}) {
    const YamlNode* value = fields.find(key);
    if (value != nullptr && targets[1] == nullptr)
      report.error(value->at, '`' + std::string(key) + "` without `clickhouse`", "leave it out");
  }
}

/// The certificates: whom we believe, and who we are.
void load_certificates(const Fields& fields, LogCopy& copy, Report& report) {
  if (const YamlNode* value = fields.find("ca")) copy.ca = read_path(*value, "ca", report);
  const YamlNode *const certificate = fields.find("certificate"), *const key = fields.find("key");
  if (certificate != nullptr) copy.certificate = read_path(*certificate, "certificate", report);
  if (key != nullptr) copy.key = read_path(*key, "key", report);
  if ((certificate == nullptr) != (key == nullptr)) {
    report.error((key != nullptr ? key : certificate)->at,
                 key != nullptr ? "`key` without `certificate`" : "`certificate` without `key`",
                 "write both, or leave both out");
  }
}

void load_copy(Word name, const YamlNode& node, PolicySource& out, Report& report) {
  LogCopySource source{std::move(name), {}, {}};
  const Fields fields(node, {"a copy", kCopyKeys}, report);
  LogCopy& copy = source.copy;
  copy.name = source.name.text;
  if (fields.is_map()) load_target(fields, source, copy, report);
  load_certificates(fields, copy, report);
  if (const YamlNode* value = fields.find("password-file"))
    copy.password_file = read_path(*value, "password-file", report);
  static constexpr std::pair<std::string_view, std::string LogCopy::*> kTexts[] = {
      {"database", &LogCopy::database},
      {"user", &LogCopy::user},
      {"recipient", &LogCopy::recipient},
      {"basis", &LogCopy::basis}};
  for (const auto& [key, member] : kTexts) {
    if (const YamlNode* value = fields.find(key)) copy.*member = read_text(*value, key, report).value_or("");
  }
  if (const YamlNode* value = fields.find("country")) {
    source.country_at = value->at;
    copy.country = read_country(*value, report).value_or("");
  }
  static constexpr std::pair<std::string_view, std::string_view> kRequired[] = {
      {"recipient", "write recipient: Example SOC, who gets it"},
      {"country", "write country: CN, where they are"}};
  for (const auto& [key, instead] : kRequired) {
    if (fields.is_map() && fields.find(key) == nullptr)
      report.error(source.name.at,
                   "the copy " + in_quotes(source.name.text) + " has no `" + std::string(key) + "`",
                   std::string(instead));
  }
  out.log.copies.push_back(std::move(source));
}

}  // namespace

void load_log(const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr void (*kSingle[])(const YamlNode&, LogPolicy&, Report&) = {
      load_keep, load_country, load_fold, load_witness, load_pseudonyms};
  static_assert(std::size(kSingle) == std::tuple_size_v<decltype(LogSource::given)>);
  const Fields fields(node, {"`log`", kLogKeys}, report);
  if (fields.is_map() && !source.log.at) source.log.at = node.at;
  for (size_t i = 0; i < std::size(kSingle); ++i) {
    const YamlNode* value = fields.find(kLogKeys[i]);
    if (value == nullptr) continue;
    std::optional<Position>& given = source.log.given[i];
    if (given) {
      report_twice(value->at, kLogKeys[i], *given, report);
      continue;
    }
    given = value->at;
    kSingle[i](*value, source.log.said, report);
  }
  if (const YamlNode* value = fields.find("copies")) {
    for (auto& [name, copy] : read_named(*value, "copies", report))
      load_copy(std::move(name), *copy, source, report);
  }
}

}  // namespace sluice::control
