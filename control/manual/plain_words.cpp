// control/manual: parts of a policy in plain words.
#include "control/manual/plain_words.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstdio>

#include "control/base/number_text.h"

namespace sluice::control {
namespace {

using enum ManualText;

Html number_html(size_t number) {
  return Html::of(grouped(number));
}

/// What of a policy bears a name; nullptr: nothing does.
template <typename Named>
const Named* named(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::ranges::find_if(all, [&](const Named& each) { return each.name.text == name; });
  return found == all.end() ? nullptr : &*found;
}

bool lies_in(const NetworkSource& network, const Prefix& prefix) {
  return std::ranges::any_of(network.prefixes, [&](const PrefixSource& each) {
    return each.prefix.length <= prefix.length && contains(each.prefix, prefix.address);
  });
}

std::string span_text(const HourSpan& span) {
  const auto hour = [](unsigned minutes) { return minutes / 60; };
  const auto minute = [](unsigned minutes) { return minutes % 60; };
  char out[32];
  std::snprintf(out, sizeof out, "%02u:%02u–%02u:%02u", hour(span.begin), minute(span.begin), hour(span.end),
                minute(span.end));
  return out;
}

std::string port_text(const PortRange& port) {
  const std::string first = std::to_string(port.first);
  return (port.transport == IPPROTO_TCP ? "tcp/" : "udp/") +
         (port.first == port.last ? first : first + "–" + std::to_string(port.last));
}

/// The words of the seven days, Monday first.
std::vector<std::string_view> day_words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = text.find(", ");
    out.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 2);
  }
  return out;
}

}  // namespace

Html PlainWords::joined(const std::vector<Html>& parts) const {
  Html out;
  for (const Html& each : parts) {
    out += (out.empty() ? Html() : say_(Comma)) + each;
  }
  return out;
}

Setting PlainWords::setting_of(const NetworkSource& network) const {
  return network.fallback   ? network.fallback->setting
         : source_.fallback ? source_.fallback->setting
                            : kDefaultFallback;
}

bool PlainWords::is_closed(const NetworkSource& network) const {
  return setting_of(network) == Setting::Block;
}

Html PlainWords::fallback(const NetworkSource& network) const {
  if (!network.line) {
    return say_(NetworkNever);
  }
  const Setting setting = setting_of(network);
  return say_(setting == Setting::Allow     ? NetworkAllow
              : setting == Setting::Observe ? NetworkObserve
                                            : NetworkBlock);
}

PlainWords::Concern PlainWords::concern(const std::vector<Word>& ends, const NetworkSource& network) const {
  Concern out = ends.empty() ? Concern::Whole : Concern::No;
  for (const Word& each : ends) {
    Prefix prefix;
    if (each.text == network.name.text || each.text == "any") {
      out = Concern::Whole;
    } else if (out == Concern::No && parse_prefix(each.text, prefix) == PrefixError::None &&
               lies_in(network, prefix)) {
      out = Concern::Part;
    }
  }
  return out;
}

PlainWords::Concern PlainWords::concern(const RuleSource& rule, const NetworkSource& network) const {
  return !network.line ? Concern::No
                       : concern(rule.direction == Direction::Inbound ? rule.to : rule.from, network);
}

Html PlainWords::list(const ListSource& list) const {
  std::vector<Html> sizes;
  const auto add = [&](ManualText text, size_t count) {
    if (count != 0) {
      sizes.push_back(say_(text, {number_html(count)}));
    }
  };
  add(ListNames, list.names.size());
  add(ListPatterns, list.patterns.size() + list.keywords.size());
  add(ListPrefixes, list.prefixes.size());
  add(ListFiles, list.files.size());
  if (list.feed) {
    sizes.push_back(say_(ListFetched));
  }
  const Html name = Html::name(list.name.text);
  return sizes.empty() ? say_(RuleList, {name}) : say_(RuleListSized, {name, joined(sizes)});
}

Html PlainWords::target(const Word& word) const {
  if (const auto* const found = named(source_.lists, word.text)) {
    return list(*found);
  }
  if (const auto* const found = named(source_.offices, word.text)) {
    const Html entity = Html::name(found->entity);
    return say_(RuleOffice, {Html::name(word.text)}) +
           (found->entity.empty() ? Html() : Html::of(" (") + entity + Html::of(")"));
  }
  if (named(source_.networks, word.text) != nullptr) {
    return say_(RuleNetwork, {Html::name(word.text)});
  }
  return word.text == "any" ? say_(RuleAnything) : Html::name(word.text);
}

Html PlainWords::targets(const std::vector<Word>& words) const {
  if (words.empty()) {
    return say_(RuleAnything);
  }
  std::vector<Html> parts;
  for (size_t i = 0; i < std::min(words.size(), kMaxNamed); ++i) {
    parts.push_back(target(words[i]));
  }
  if (words.size() > kMaxNamed) {
    parts.push_back(say_(RuleMore, {number_html(words.size() - kMaxNamed)}));
  }
  return joined(parts);
}

Html PlainWords::days(uint8_t days) const {
  if (days == ScheduleSource::kEveryDay) {
    return say_(Every);
  }
  const auto words = day_words(say_.text(Days));
  std::vector<size_t> on;
  for (size_t i = 0; i < words.size(); ++i) {
    if ((days >> i & 1) != 0) {
      on.push_back(i);
    }
  }
  constexpr size_t kLeastRun = 3;
  if (on.size() >= kLeastRun && on.back() - on.front() + 1 == on.size()) {
    return say_(DaysFromTo, {Html::of(words[on.front()]), Html::of(words[on.back()])});
  }
  std::vector<Html> parts;
  for (const size_t each : on) {
    parts.push_back(Html::of(words[each]));
  }
  return joined(parts);
}

Html PlainWords::schedule(const ScheduleSource& schedule) const {
  std::vector<Html> spans, holidays;
  for (const HourSpan& each : schedule.hours) {
    spans.push_back(Html::of(span_text(each)));
  }
  for (const Word& each : schedule.except) {
    holidays.push_back(Html::name(each.text));
  }
  Html out = spans.empty() ? days(schedule.days) : say_(WhenHours, {days(schedule.days), joined(spans)});
  if (schedule.timezone) {
    out += Html::of(" (") + Html::name(schedule.timezone->text) + Html::of(")");
  }
  return holidays.empty() ? out : say_(WhenExcept, {out, joined(holidays)});
}

std::vector<Html> PlainWords::conditions(const RuleSource& rule) const {
  std::vector<Html> out;
  if (!rule.when.empty()) {
    Html when;
    for (const Word& each : rule.when) {
      const auto* const found = named(source_.schedules, each.text);
      when +=
          (when.empty() ? Html() : say_(Or)) + (found == nullptr ? Html::name(each.text) : schedule(*found));
    }
    out.push_back(say_(RuleWhen, {when}));
  }
  if (rule.protocols != 0) {
    std::vector<Html> words;
    for (size_t i = 0; i < kProtocolCount; ++i) {
      if ((rule.protocols >> i & 1) != 0) {
        words.push_back(Html::of(kProtocolWords[i]));
      }
    }
    out.push_back(say_(RuleProtocols, {joined(words)}));
  }
  if (!rule.ports.empty()) {
    std::vector<Html> ports;
    for (const PortRange& each : rule.ports) {
      ports.push_back(Html::of(port_text(each)));
    }
    out.push_back(say_(RulePorts, {joined(ports)}));
  }
  return out;
}

std::vector<Html> PlainWords::rules(const NetworkSource& network) const {
  std::vector<Html> out;
  for (const RuleSource& rule : source_.rules) {
    const Concern concerns = concern(rule, network);
    if (concerns == Concern::No) {
      continue;
    }
    const bool blocks = rule.action == RuleAction::Block;
    const std::string_view kind = blocks ? "stop" : rule.action == RuleAction::Allow ? "good" : "warn";
    const Html verdict = say_(blocks                             ? RuleBlock
                              : rule.action == RuleAction::Allow ? RuleAllow
                                                                 : RuleObserve);
    Html item = element("span class=\"chip " + std::string(kind) + "\"", verdict) + Html::of(" ");
    const bool inbound = rule.direction == Direction::Inbound;
    item += inbound ? say_(RuleInbound, {rule.from.empty() ? say_(RuleOutside) : targets(rule.from)})
                    : targets(rule.to);
    std::vector<Html> more = conditions(rule);
    if (concerns == Concern::Part) {
      more.push_back(say_(RulePart));
    }
    for (const Html& each : more) {
      item += Html::of(" · ") + each;
    }
    if (rule.violation) {
      item += Html::of(" ") + element("span class=\"chip stop\"", say_(RuleViolation));
    }
    out.push_back(item + Html::of(" ") + element("span class=\"note\"", Html::name(rule.name.text)));
  }
  return out;
}

Html PlainWords::named_by(RuleAction action, const NetworkSource& network) const {
  std::vector<Html> parts;
  size_t more = 0;
  for (const RuleSource& rule : source_.rules) {
    if (rule.action != action || rule.direction == Direction::Inbound ||
        concern(rule, network) == Concern::No) {
      continue;
    }
    for (const Word& each : rule.to) {
      parts.size() < kMaxNamed ? parts.push_back(Html::name(each.text)) : static_cast<void>(++more);
    }
  }
  if (more != 0) {
    parts.push_back(say_(RuleMore, {number_html(more)}));
  }
  return joined(parts);
}

size_t PlainWords::exceptions(const NetworkSource& network) const {
  return static_cast<size_t>(std::ranges::count_if(source_.exceptions, [&](const ExceptionSource& each) {
    return concern(each.rule, network) != Concern::No;
  }));
}

Html PlainWords::setting(Situation situation) const {
  const auto index = static_cast<size_t>(situation);
  const auto& said = source_.unidentified[index];
  static constexpr ManualText kTexts[] = {SettingAllow, SettingBlock, SettingByAddress, SettingObserve};
  return say_(kTexts[static_cast<size_t>(said ? said->setting : kDefaultUnidentified[index])]);
}

Html PlainWords::violation_rules() const {
  std::vector<Html> out;
  for (const RuleSource& each : source_.rules) {
    if (each.violation) {
      out.push_back(Html::name(each.name.text));
    }
  }
  return joined(out);
}

}  // namespace sluice::control
