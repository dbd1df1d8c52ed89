// control/judge: recorded accesses that two policies decide differently.
#include "control/judge/verdict_diff.h"

#include <algorithm>
#include <functional>

#include "control/policy/prefix.h"

namespace sluice::control {

ShortVerdict short_verdict(const Answer& answer) {
  ShortVerdict out{std::string(word_of(answer.action())), std::string(answer.rule)};
  if (answer.action() == Action::Observed && answer.verdict.would == Action::Blocked)
    out.action += " (would be blocked)";
  if (out.rule.empty()) out.rule = word_of(answer.reason());
  return out;
}

void VerdictDiff::take(const RecordedLine& line) {
  if (line.question == nullptr) return;
  const Question& question = *line.question;
  accesses_ += line.count;
  const Answer before = before_.ask(question), after = after_.ask(question);
  if (before.same_as(after)) return;
  if (before.same_outcome(after)) {
    other_rule_ += line.count;
    return;
  }
  changed_ += line.count;
  const std::string_view network = after.network.empty() ? before.network : after.network;
  std::string name =
      question.name.empty() ? to_string(Prefix{question.server(), 128}) : std::string(question.name);
  Key key{network, std::move(name), short_verdict(before), short_verdict(after)};
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= kMaxVerdictGroups) {
      ungrouped_ += line.count;
      return;
    }
    VerdictGroup group;
    std::tie(group.network, group.name, group.before, group.after) = key;
    found = groups_.emplace(std::move(key), std::move(group)).first;
  }
  VerdictGroup& group = found->second;
  group.accesses += line.count;
  if (group.clients.size() < kMaxGroupClients) group.clients.insert(question.client());
  group.first_s = std::min(group.first_s, line.first_s);
  group.last_s = std::max(group.last_s, line.last_s);
}

std::vector<const VerdictGroup*> VerdictDiff::groups() const {
  std::vector<const VerdictGroup*> out;
  for (const auto& [ignored, group] : groups_) out.push_back(&group);
  std::ranges::stable_sort(out, std::greater(), [](const VerdictGroup* one) { return one->accesses; });
  return out;
}

}  // namespace sluice::control
