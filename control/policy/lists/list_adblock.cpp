// control/policy: list files of AdBlock's rules: those that speak of whole hosts.
#include <algorithm>

#include "control/policy/lists/list_formats.h"

namespace sluice::control {
namespace {

constexpr std::string_view kWriteAdblock =
    "a list takes ||example.com^, ||*.example.com^ and @@||example.com^";

/// What separates the hosts of a rule about a page's elements or scripts from what it says of them.
bool is_cosmetic(std::string_view line) {
  static constexpr std::string_view kMarks[] = {"##",  "#@#",  "#?#",  "#@?#", "#$#", "#@$#",
                                                "#%#", "#@%#", "#$?#", "$$",   "$@$"};
  const size_t mark = line.find_first_of("#$");
  if (mark == line.npos) return false;
  return std::ranges::any_of(kMarks,
                             [&](std::string_view one) { return line.substr(mark).starts_with(one); });
}

/// Whether a name is all that a DNS filter needs to know of a rule with this option.
bool is_for_names(std::string_view option) {
  static constexpr std::string_view kOptions[] = {"important", "all", "document", "doc"};
  return std::ranges::find(kOptions, option) != std::end(kOptions);
}

/// The first option that a name cannot say; empty where there is none.
std::string_view foreign_option(std::string_view options) {
  for (size_t at = 0; at < options.size();) {
    const size_t end = std::min(options.find(',', at), options.size());
    const std::string_view option = options.substr(at, end - at);
    if (!is_for_names(option)) return option;
    at = end + 1;
  }
  return {};
}

/// Cuts `||` and `^`, or `|` and `^`, off a rule. Returns false where it speaks of something else than a
/// host.
bool take_anchors(std::string_view& rule, NameScope& scope) {
  scope = NameScope::Both;
  const bool anchored = rule.starts_with('|');
  if (rule.starts_with("||")) {
    rule.remove_prefix(2);
  } else if (anchored) {
    rule.remove_prefix(1);
    scope = NameScope::Self;
  }
  if (rule.ends_with("^|")) rule.remove_suffix(1);
  const bool ended = rule.ends_with('^');
  if (ended) rule.remove_suffix(1);
  // Without its anchor it may begin or end within a name.
  if (anchored != ended && !rule.starts_with("*.") && (ended || rule.ends_with('.') || rule.ends_with('*')))
    return false;
  if (rule.starts_with("*.")) {
    rule.remove_prefix(2);
    scope = NameScope::Below;
  }
  return rule.find_first_of("/:^|?&%$@!") == rule.npos;
}

void read_rule(std::string_view whole, ListLines& lines) {
  std::string_view rule = whole;
  const bool exception = rule.starts_with("@@");
  if (exception) rule.remove_prefix(2);
  if (rule.size() > 1 && rule.starts_with('/') && rule.ends_with('/'))
    return lines.leave_out(whole, "is a regular expression", "write it under `patterns`");
  if (const size_t dollar = rule.find('$'); dollar != rule.npos) {
    const std::string_view foreign = foreign_option(rule.substr(dollar + 1));
    rule = rule.substr(0, dollar);
    if (!foreign.empty())
      return lines.leave_out(whole, "has an option that a name cannot say", kWriteAdblock, foreign);
  }
  NameScope scope;
  if (!take_anchors(rule, scope)) return lines.leave_out(whole, "speaks of more than a host", kWriteAdblock);
  exception ? lines.take_exception(rule, scope) : lines.take_name(rule, scope);
}

}  // namespace

void read_adblock(ListLines& lines) {
  while (lines.next_line()) {
    const std::string_view line = lines.line();
    if (line.empty() || line.starts_with('!') || line.starts_with("[Adblock") || line == "#" ||
        line.starts_with("# ")) {
      continue;
    }
    if (is_cosmetic(line)) {
      lines.pass_over("a rule about a page's elements");
    } else if (line.starts_with('#') || take_hosts_line(lines)) {
      continue;
    } else {
      read_rule(line, lines);
    }
  }
}

}  // namespace sluice::control
