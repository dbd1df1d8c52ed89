// control/policy: the lists, rules and exceptions of a policy.
#include <netinet/in.h>

#include <algorithm>

#include "control/policy/feed_url.h"
#include "control/policy/field_reader.h"
#include "control/policy/port_range.h"
#include "control/policy/source_loader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kListKeys[] = {"names",    "files",    "url",     "format",   "patterns",
                                          "keywords", "prefixes", "refresh", "checksum", "max-change"};
constexpr std::string_view kRuleKeys[] = {"name",   "direction", "from",      "to",      "protocols", "ports",
                                          "action", "silent",    "violation", "message", "when"};
constexpr std::string_view kExceptionKeys[] = {"name",  "direction", "from",  "to",     "protocols",
                                               "ports", "action",    "owner", "ticket", "expires"};
constexpr size_t kMinKeyword = 3;  ///< a shorter one stands in names of every kind

void load_names(const YamlNode& node, ListSource& list, Report& report) {
  for (const YamlNode* item : read_items(node, "names", report)) {
    std::optional<WrittenName> written = read_name({item->text, item->at}, report);
    if (!written) continue;
    if (written->pattern.empty()) {
      list.names.push_back({std::move(written->name), written->scope, item->at});
    } else {
      list.patterns.push_back({std::move(written->pattern), item->at});
    }
  }
}

void load_keywords(const YamlNode& node, ListSource& list, Report& report) {
  for (const YamlNode* item : read_items(node, "keywords", report)) {
    Word keyword{item->text, item->at};
    for (char& c : keyword.text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    if (keyword.text.size() < kMinKeyword || keyword.text.size() > kMaxName ||
        !std::ranges::all_of(keyword.text, fits)) {
      report.error(item->at, in_quotes(item->text) + " cannot be a keyword",
                   "write at least " + std::to_string(kMinKeyword) +
                       " characters of a host name: letters, digits, -, _ and dots");
      continue;
    }
    list.keywords.push_back(std::move(keyword));
  }
}

void load_format(const YamlNode& node, ListSource& list, Report& report) {
  if (const auto index = read_choice(node, "format", kListFormatWords, report))
    list.format = static_cast<ListFormat>(*index);
}

/// A URL, never shown: it may hold a password.
std::optional<std::string> read_url(const YamlNode& node, std::string_view key, Report& report) {
  const std::string instead =
      "write https://feeds.example/" + std::string(key == "url" ? "hosts" : "hosts.sha256");
  if (node.kind != YamlNode::Kind::Scalar) {
    report.error(node.at, '`' + std::string(key) + "` is no single value", instead);
    return std::nullopt;
  }
  const std::string_view problem = url_problem(node.text);
  if (problem.empty()) return node.text;
  report.error(node.at, "the URL of `" + std::string(key) + "` " + std::string(problem), instead);
  return std::nullopt;
}

/// 64 hexadecimal digits, or a URL.
std::string read_checksum(const YamlNode& node, Report& report) {
  constexpr size_t kDigits = 64;
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (node.kind == YamlNode::Kind::Scalar && node.text.find_first_not_of(kHex) == std::string::npos) {
    if (node.text.size() == kDigits) {
      std::string out = node.text;
      std::ranges::transform(out, out.begin(),
                             [](char c) { return c >= 'A' && c <= 'F' ? char(c + 32) : c; });
      return out;
    }
    report.error(node.at, "`checksum` has " + std::to_string(node.text.size()) + " digits",
                 "write the 64 of a SHA-256, or the URL of a file that sha256sum made");
    return {};
  }
  return read_url(node, "checksum", report).value_or("");
}

/// `url`, and what goes with it.
void load_feed(const Fields& fields, ListSource& list, Report& report) {
  static constexpr std::string_view kOfFeed[] = {"refresh", "checksum", "max-change"};
  const YamlNode* url = fields.find("url");
  if (url == nullptr) {
    for (const std::string_view key : kOfFeed) {
      if (const YamlNode* value = fields.find(key)) {
        report.error(value->at, '`' + std::string(key) + "` without `url`",
                     "write url: https://..., or leave it out");
      }
    }
    return;
  }
  FeedSource feed;
  if (auto text = read_url(*url, "url", report)) feed.url = std::move(*text);
  if (const YamlNode* value = fields.find("refresh")) {
    feed.refresh_s =
        read_duration(*value, "refresh", FeedSource::kMinRefreshS, FeedSource::kMaxRefreshS, report)
            .value_or(feed.refresh_s);
  }
  if (const YamlNode* value = fields.find("checksum")) feed.checksum = read_checksum(*value, report);
  if (const YamlNode* value = fields.find("max-change")) {
    feed.max_change_percent = read_percent(*value, "max-change", FeedSource::kMostChangePercent, report)
                                  .value_or(feed.max_change_percent);
  }
  list.feed_at = url->at;
  list.feed = std::move(feed);
}

void load_ports(const YamlNode& node, RuleSource& rule, Report& report) {
  for (const YamlNode* item : read_items(node, "ports", report)) {
    std::string_view text = item->text;
    const bool tcp = text.starts_with("tcp/"), udp = text.starts_with("udp/");
    if (tcp || udp) text.remove_prefix(4);
    uint16_t first = 0, last = 0;
    if (!parse_port_range(text, first, last)) {
      report.error(item->at, in_quotes(item->text) + " is not a port",
                   "write tcp/515, udp/53, 443 or tcp/8000-8100");
      continue;
    }
    if (!udp) rule.ports.push_back({IPPROTO_TCP, 0, first, last});
    if (!tcp) rule.ports.push_back({IPPROTO_UDP, 0, first, last});
  }
}

void load_protocols(const YamlNode& node, RuleSource& rule, Report& report) {
  for (const YamlNode* item : read_items(node, "protocols", report)) {
    const auto index = read_choice(*item, "protocols", kProtocolWords, report);
    if (!index) continue;
    rule.protocols |= uint64_t{1} << *index;
    if (static_cast<Protocol>(*index) == Protocol::Doh) rule.doh_at = item->at;
  }
}

void load_list(Word name, const YamlNode& node, PolicySource& source, Report& report) {
  ListSource list;
  list.name = std::move(name);
  const Fields fields(node, {"a list", kListKeys}, report);
  if (const YamlNode* value = fields.find("names")) load_names(*value, list, report);
  if (const YamlNode* value = fields.find("patterns"))
    std::ranges::move(read_words(*value, "patterns", report), std::back_inserter(list.patterns));
  if (const YamlNode* value = fields.find("keywords")) load_keywords(*value, list, report);
  if (const YamlNode* value = fields.find("prefixes"))
    list.prefixes = read_prefixes(*value, "prefixes", report);
  if (const YamlNode* value = fields.find("files")) list.files = read_words(*value, "files", report);
  load_feed(fields, list, report);
  if (const YamlNode* value = fields.find("format")) {
    load_format(*value, list, report);
    if (fields.find("files") == nullptr && fields.find("url") == nullptr) {
      report.error(value->at, "`format` without `files` or `url`",
                   "write files: [lists/my.names], or leave it out");
    }
  }
  if (fields.is_map() && node.children.empty()) {
    report.error(list.name.at, "the list " + in_quotes(list.name.text) + " has nothing in it",
                 "give it names, files, a url, patterns, keywords or prefixes");
  }
  source.lists.push_back(std::move(list));
}

/// Only a block can name a tunnel: what opens one is the register alone.
void check_protocols(const YamlNode& node, const RuleSource& rule, Report& report) {
  if (rule.action == RuleAction::Block || node.kind != YamlNode::Kind::Sequence) return;
  for (const YamlNode& item : node.children) {
    const auto word = std::ranges::find(kProtocolWords, item.text);
    if (word == std::end(kProtocolWords)) continue;
    if (is_tunnel(static_cast<Protocol>(word - std::begin(kProtocolWords)))) {
      report.error(item.at, in_quotes(item.text) + " is a tunnel, and no rule opens one",
                   "register it under `tunnels`, or write action: block");
    }
  }
}

/// of: `a rule` or `an exception`.
void load_action(const Fields& fields, const YamlNode& node, std::string_view of,
                 std::span<const std::string_view> actions, RuleSource& rule, Report& report) {
  static constexpr std::string_view kActions[] = {"allow", "block", "observe"};
  const YamlNode* value = fields.find("action");
  if (value == nullptr)
    return report.error(node.at, std::string(of) + " without `action`",
                        "write action: " + alternatives(actions));
  const auto index = read_choice(*value, "action", actions, report);
  if (!index) return;
  rule.action = static_cast<RuleAction>(std::ranges::find(kActions, actions[*index]) - std::begin(kActions));
  if (rule.action == RuleAction::Block) return;
  for (const auto& [key, set] : {std::pair{"silent", rule.silent}, std::pair{"violation", rule.violation},
                                 std::pair{"message", !rule.message.empty()}}) {
    if (set) {
      report.error(fields.find(key)->at,
                   "`" + std::string(key) + "` says how to block, but the action is " + value->text,
                   "leave it out, or write action: block");
    }
  }
}

/// What a rule and an exception have in common.
void load_conditions(const Fields& fields, RuleSource& rule, Report& report) {
  if (const YamlNode* value = fields.find("name")) {
    rule.name = {read_text(*value, "name", report).value_or(""), value->at};
    if (!rule.name.text.empty()) check_word(rule.name, kMaxWord, report);
  }
  if (const YamlNode* value = fields.find("direction")) {
    static constexpr std::string_view kDirections[] = {"outbound", "inbound"};
    if (const auto index = read_choice(*value, "direction", kDirections, report)) {
      rule.direction = static_cast<Direction>(*index);
    }
  }
  if (const YamlNode* value = fields.find("from")) rule.from = read_words(*value, "from", report);
  if (const YamlNode* value = fields.find("to")) rule.to = read_words(*value, "to", report);
  if (const YamlNode* value = fields.find("protocols")) load_protocols(*value, rule, report);
  if (const YamlNode* value = fields.find("ports")) load_ports(*value, rule, report);
}

/// What stands on the page must fit the one segment that carries it.
std::string read_message(const YamlNode& node, Report& report) {
  std::string text = read_text(node, "message", report).value_or("");
  size_t size = 0;
  for (const char c : text) {
    const std::string_view escaped[] = {"<&lt;", ">&gt;", "&&amp;", "\"&quot;", "'&#39;"};
    const auto found = std::ranges::find(escaped, c, [](std::string_view one) { return one[0]; });
    size += found == std::end(escaped) ? 1 : found->size() - 1;
  }
  if (size <= kMaxMessage) return text;
  report.error(node.at,
               "`message` takes " + std::to_string(size) + " bytes of the page, and " +
                   std::to_string(kMaxMessage) + " are free",
               "shorten it; < > & and quotes take 4 to 6 bytes, a Chinese character 3");
  return {};
}

void load_rule(const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr std::string_view kActions[] = {"allow", "block", "observe"};
  RuleSource rule;
  const Fields fields(node, {"a rule", kRuleKeys}, report);
  if (!fields.is_map()) return;
  rule.name.at = node.at;
  load_conditions(fields, rule, report);
  if (fields.find("name") == nullptr)
    report.error(node.at, "a rule without `name`", "write {name: no-malware, ...}: the log shows it");
  if (const YamlNode* value = fields.find("silent"))
    rule.silent = read_bool(*value, "silent", report).value_or(false);
  if (const YamlNode* value = fields.find("violation"))
    rule.violation = read_bool(*value, "violation", report).value_or(false);
  if (const YamlNode* value = fields.find("message")) rule.message = read_message(*value, report);
  if (const YamlNode* value = fields.find("when")) {
    for (const YamlNode* item : read_one_or_more(*value, "when", report))
      rule.when.push_back({item->text, item->at});
  }
  load_action(fields, node, "a rule", kActions, rule, report);
  if (const YamlNode* value = fields.find("protocols")) check_protocols(*value, rule, report);
  source.rules.push_back(std::move(rule));
}

/// `2026-12-31`: to the end of that day; `2026-12-31T18:00`: to that minute.
void load_expires(const YamlNode& node, ExceptionSource& exception, Report& report) {
  exception.expires_at = node.at;
  const std::string_view text = node.text;
  const size_t t = text.find('T');
  const auto day = parse_date(text.substr(0, t));
  const auto time = t == text.npos ? uint16_t{24 * 60} : parse_time(text.substr(t + 1));
  if (node.kind != YamlNode::Kind::Scalar || !day || !time) {
    return report.error(node.at, "`expires` cannot be " + in_quotes(node.text),
                        "write the last day, as 2026-12-31, or a time of it, as 2026-12-31T18:00");
  }
  exception.expires = *day + std::chrono::minutes{*time};
}

void load_exception(const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr std::string_view kActions[] = {"allow", "block"};
  ExceptionSource exception;
  const Fields fields(node, {"an exception", kExceptionKeys}, report);
  if (!fields.is_map()) return;
  exception.rule.name.at = node.at;
  load_conditions(fields, exception.rule, report);
  static constexpr std::pair<std::string_view, std::string_view> kRequired[] = {
      {"name", "write {name: audit-2026, ...}: the log shows it"},
      {"owner", "write owner: li.wei, who answers for it"},
      {"ticket", "write ticket: IT-4711, where it was agreed to"},
      {"expires", "write expires: 2026-12-31, its last day: none is for ever"}};
  for (const auto& [key, instead] : kRequired) {
    if (fields.find(key) == nullptr)
      report.error(node.at, "an exception without `" + std::string(key) + "`", std::string(instead));
  }
  if (const YamlNode* value = fields.find("owner"))
    exception.owner = read_text(*value, "owner", report).value_or("");
  if (const YamlNode* value = fields.find("ticket"))
    exception.ticket = read_text(*value, "ticket", report).value_or("");
  if (const YamlNode* value = fields.find("expires")) load_expires(*value, exception, report);
  load_action(fields, node, "an exception", kActions, exception.rule, report);
  if (const YamlNode* value = fields.find("protocols")) check_protocols(*value, exception.rule, report);
  source.exceptions.push_back(std::move(exception));
}

/// The mappings of a list of them.
std::span<const YamlNode> read_list(const YamlNode& node, std::string_view key, std::string_view one,
                                    Report& report) {
  if (node.kind == YamlNode::Kind::Sequence) return node.children;
  report.error(node.at, "`" + std::string(key) + "` is not a list",
               "begin each " + std::string(one) + " with a dash: - {name: ..., ...}");
  return {};
}

}  // namespace

void load_lists(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "lists", report))
    load_list(std::move(name), *value, source, report);
}

void load_rules(const YamlNode& node, PolicySource& source, Report& report) {
  for (const YamlNode& rule : read_list(node, "rules", "rule", report)) load_rule(rule, source, report);
}

void load_exceptions(const YamlNode& node, PolicySource& source, Report& report) {
  for (const YamlNode& exception : read_list(node, "exceptions", "exception", report))
    load_exception(exception, source, report);
}

}  // namespace sluice::control
