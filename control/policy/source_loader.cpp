// control/policy: YAML trees become one PolicySource, file by file.
#include "control/policy/source_loader.h"

#include <algorithm>
#include <string>

#include "control/policy/field_reader.h"
#include "control/policy/group_resolver.h"

namespace sluice::control {
namespace {

constexpr uint32_t kMaxGrace = 24 * 3600;
constexpr size_t kMaxSocketPath = 107;  ///< of sockaddr_un, with a zero behind it

constexpr std::string_view kKeys[] = {"site",    "mode",       "timezone",     "contact",         "reload",
                                      "lines",   "holidays",   "schedules",    "users",           "networks",
                                      "default", "resolvers",  "offices",      "lists",           "tunnels",
                                      "rules",   "exceptions", "unidentified", "midstream-grace", "dnstap",
                                      "log",     "company",    "identity",     "alarms"};

/// Keeps a single value, or reports that an earlier file gave it. Returns whether it was kept.
bool keep_once(const YamlNode& node, std::string_view key, std::optional<Word>& kept, Report& report) {
  const auto text = read_text(node, key, report);
  if (!text) return false;
  if (kept) {
    report_twice(node.at, key, kept->at, report);
    return false;
  }
  kept = Word{*text, node.at};
  return true;
}

/// keep_once for one of a closed list of words; returns its index.
std::optional<size_t> choose_once(const YamlNode& node, std::string_view key,
                                  std::span<const std::string_view> words, std::optional<Word>& kept,
                                  Report& report) {
  const auto index = read_choice(node, key, words, report);
  if (!index || !keep_once(node, key, kept, report)) return std::nullopt;
  return index;
}

void load_fallback(const YamlNode& node, PolicySource& source, Report& report) {
  const auto fallback = read_fallback(node, report);
  if (!fallback) return;
  if (source.fallback) return report_twice(node.at, "default", source.fallback->at, report);
  source.fallback = fallback;
}

void load_midstream_grace(const YamlNode& node, PolicySource& source, Report& report) {
  const auto seconds = read_duration(node, "midstream-grace", 0, kMaxGrace, report);
  if (!seconds) return;
  if (source.midstream_grace_at)
    return report_twice(node.at, "midstream-grace", *source.midstream_grace_at, report);
  source.midstream_grace_s = *seconds;
  source.midstream_grace_at = node.at;
}

void load_dnstap(const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr std::string_view kDnstapKeys[] = {"socket"};
  const Fields fields(node, {"`dnstap`", kDnstapKeys}, report);
  const YamlNode* socket = fields.find("socket");
  if (socket == nullptr) {
    if (fields.is_map())
      report.error(node.at, "`dnstap` has no `socket`", "write dnstap: {socket: /run/sluice/dnstap.sock}");
    return;
  }
  if (!keep_once(*socket, "dnstap", source.dnstap, report)) return;
  if (source.dnstap->text.front() != '/' || source.dnstap->text.size() > kMaxSocketPath)
    report.error(
        socket->at, "`socket` is the path of a Unix socket",
        "write a path that begins with / and has at most " + std::to_string(kMaxSocketPath) + " bytes");
}

/// The keys whose value is a mapping or a list that every file may add to.
struct Part {
  std::string_view key;
  void (*load)(const YamlNode& node, PolicySource& source, Report& report);
};
constexpr Part kParts[] = {
    {"company", load_company},
    {"lines", load_lines},
    {"holidays", load_holidays},
    {"schedules", load_schedules},
    {"users", load_users},
    {"networks", load_networks},
    {"default", load_fallback},
    {"resolvers", load_resolvers},
    {"offices", load_offices},
    {"lists", load_lists},
    {"tunnels", load_tunnels},
    {"rules", load_rules},
    {"exceptions", load_exceptions},
    {"dnstap", load_dnstap},
    {"midstream-grace", load_midstream_grace},
    {"log", load_log},
    {"identity", load_identity},
    {"alarms", load_alarms},
};

void load_key(std::string_view key, const YamlNode& value, PolicySource& source, Report& report) {
  static constexpr std::string_view kModes[] = {"enforce", "observe"};
  static constexpr std::string_view kReloads[] = {"on-apply", "on-save"};
  if (key == "site") {
    keep_once(value, key, source.site, report);
  } else if (key == "mode") {
    if (const auto index = choose_once(value, key, kModes, source.mode, report)) source.observe = *index == 1;
  } else if (key == "timezone") {
    keep_once(value, key, source.timezone, report);
  } else if (key == "contact") {
    keep_once(value, key, source.contact, report);
  } else if (key == "reload") {
    if (const auto index = choose_once(value, key, kReloads, source.reload, report))
      source.reload_on_save = *index == 1;
  } else if (key == "unidentified") {
    load_unidentified(value, source.unidentified, report);
  } else {
    std::ranges::find(kParts, key, &Part::key)->load(value, source, report);
  }
}

}  // namespace

void load_unidentified(const YamlNode& node, UnidentifiedSource& out, Report& report) {
  static constexpr std::array<std::string_view, kSituationCount> kSituations = [] {
    std::array<std::string_view, kSituationCount> words;
    for (size_t i = 0; i < kSituationCount; ++i) words[i] = word_of(static_cast<Situation>(i));
    return words;
  }();
  static constexpr std::string_view kMismatch[] = {"allow", "block", "observe"};
  const Fields fields(node, {"`unidentified`", kSituations}, report);
  for (size_t i = 0; i < kSituationCount; ++i) {
    const YamlNode* value = fields.find(kSituations[i]);
    if (value == nullptr) continue;
    // A name that does not fit its addresses cannot be judged by the address.
    const bool mismatch = static_cast<Situation>(i) == Situation::NameMismatch;
    const auto words = mismatch ? std::span<const std::string_view>(kMismatch) : std::span(kSettingWords);
    const auto index = read_choice(*value, kSituations[i], words, report);
    if (!index) continue;
    if (out[i]) {
      report_twice(value->at, kSituations[i], out[i]->at, report);
      continue;
    }
    const auto word = std::ranges::find(kSettingWords, words[*index]);
    out[i] = {static_cast<Setting>(word - std::begin(kSettingWords)), value->at};
  }
}

std::optional<SettingSource> read_fallback(const YamlNode& node, Report& report) {
  static constexpr std::string_view kWords[] = {"allow", "block", "observe"};
  static constexpr Setting kSettings[] = {Setting::Allow, Setting::Block, Setting::Observe};
  const auto index = read_choice(node, "default", kWords, report);
  if (!index) return std::nullopt;
  return SettingSource{kSettings[*index], node.at};
}

void load_file(const YamlNode& root, PolicySource& source, Report& report) {
  if (root.kind == YamlNode::Kind::Null) return;
  if (root.kind != YamlNode::Kind::Map) {
    return report.error(root.at, "a policy file is a mapping", "begin with `site: my-office`");
  }
  const KeySet known{"a policy", kKeys};
  for (size_t i = 0; i + 1 < root.children.size(); i += 2) {
    const YamlNode &key = root.children[i], &value = root.children[i + 1];
    if (!check_key(key, known, report)) continue;
    load_key(key.text, value, source, report);
  }
}

PolicySource load_source(std::span<const SourceText> texts, Report& report) {
  PolicySource source;
  source.complete = !report.failed();
  for (const SourceText& text : texts) {
    const std::optional<YamlNode> root = parse_yaml(text.text, report.add_file(text.name), report);
    if (root) {
      load_file(*root, source, report);
    } else {
      source.complete = false;
    }
  }
  resolve_groups(source, report);
  return source;
}

}  // namespace sluice::control
