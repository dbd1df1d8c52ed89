// tests: model: holds the two verdicts on one question against each other, and makes a difference small.
#include "tests/model/compare.h"

#include <algorithm>
#include <sstream>

#include "tests/model/model.h"

namespace sluice::model {
namespace {

std::string text_of(const Decision& decision) {
  std::ostringstream out;
  out << decision.action << (decision.would.empty() ? "" : " (would be " + decision.would + ")")
      << ", reason " << decision.reason << ", rule '" << decision.rule << "', list '" << decision.list
      << "', network '" << decision.network << "'" << (decision.silent ? ", silent" : "")
      << (decision.opens ? ", opens" : "");
  return out.str();
}

std::string text_of(const Question& question) {
  std::ostringstream out;
  out << (question.inbound ? "inbound, LAN side " : "outbound, LAN side ") << question.local << ", line side "
      << question.remote << ", line '" << question.line << "', VLAN "
      << (question.vlan ? std::to_string(*question.vlan) : "none") << ", " << question.protocol << " over "
      << question.transport << '/' << question.port << ", name '" << question.name << "'"
      << (question.asked_of_proxy ? " (told to a proxy)" : "") << ", situation '" << question.situation << "'"
      << (question.for_somebody ? ", a resolver's" : "") << (question.mismatch ? ", mismatch" : "")
      << (question.in_grace ? ", in grace" : "") << ", at " << question.at;
  return out.str();
}

const char* word_of(Condition condition) {
  static constexpr const char* kWords[] = {"from", "to", "direction", "protocol", "port", "time"};
  return kWords[static_cast<size_t>(condition)];
}

const Rule* find_rule(const World& world, const std::string& name) {
  for (const auto* rules : {&world.exceptions, &world.rules})
    for (const Rule& rule : *rules)
      if (rule.name == name) return &rule;
  return nullptr;
}

/// Each step's word must be true, no rule may be left out, and the last one is the one that decided.
std::string wrong_step(const World& world, const Question& question, const Decision& decision,
                       const std::vector<Step>& steps) {
  if (decision.reason == "unregistered-source" || decision.reason == "transit" ||
      decision.reason == "wrong-line" || decision.reason == "line-expired")
    return steps.empty() ? "" : "the trace has rules, but the access was refused before them";
  Words seen;
  for (const Step& step : steps) {
    const Rule* rule = find_rule(world, step.rule);
    if (rule == nullptr) continue;  // a registered tunnel
    seen.push_back(rule->name);
    const auto missed = missing(world, *rule, question);
    if (step.matched != missed.empty() ||
        (!step.matched && std::ranges::find(missed, step.failed) == missed.end()))
      return "the trace says of " + step.rule + " what is not so: " +
             (step.matched ? "that it matches" : std::string(word_of(step.failed)) + " does not hold") + "\n";
  }
  if (std::ranges::find(world.tunnels, decision.rule, &Tunnel::name) != world.tunnels.end())
    return steps.empty() || steps.back().rule != decision.rule || !steps.back().matched
               ? "the trace does not end at the registered tunnel"
               : "";
  Words due;
  const std::string last = deciding_rule(world, question);
  for (const auto* rules : {&world.exceptions, &world.rules})
    for (const Rule& rule : *rules)
      if (last.empty() || std::ranges::find(due, last) == due.end()) due.push_back(rule.name);
  return seen == due ? "" : "the trace is not of the rules up to the one that decides, '" + last + "'\n";
}

/// Tries to do without each element, from the back.
template <typename T, typename Fails>
bool drop_some(std::vector<T>& all, const Fails& still_fails) {
  bool dropped = false;
  for (size_t i = all.size(); i-- > 0;) {
    const std::vector<T> before = all;
    all.erase(all.begin() + static_cast<ptrdiff_t>(i));
    if (still_fails()) {
      dropped = true;
    } else {
      all = before;
    }
  }
  return dropped;
}

}  // namespace

std::string difference(const World& world, Enforced& enforced, const Question& question, bool with_trace) {
  std::vector<Step> steps;
  Decision is = enforced.decide(question, with_trace ? &steps : nullptr);
  // A capture's client may be of no network: of those the analysis says nothing.
  if (!question.line.empty() && enforced.is_covered(is.rule))
    return "the compiler says that the rule " + is.rule + " never decides, but it decides this\n";
  is.list = canonical(is.list);  // the text of whoever wrote it first
  Decision expected = decide(world, question);
  if (expected != is)
    return "the model says:   " + text_of(expected) + "\nthe gateway says: " + text_of(is) + "\n";
  return with_trace ? wrong_step(world, question, is, steps) : "";
}

World smallest(World world, const Question& question) {
  const auto still_fails = [&] {
    std::string refused;
    Enforced enforced(write_policy(world, 0), refused);
    return refused.empty() && !difference(world, enforced, question, true).empty();
  };
  if (!still_fails()) return world;
  for (bool smaller = true; smaller;) {
    smaller = drop_some(world.rules, still_fails);
    smaller |= drop_some(world.exceptions, still_fails);
    smaller |= drop_some(world.tunnels, still_fails);
    smaller |= drop_some(world.lists, still_fails);
    smaller |= drop_some(world.offices, still_fails);
    smaller |= drop_some(world.networks, still_fails);
    smaller |= drop_some(world.users, still_fails);
    smaller |= drop_some(world.schedules, still_fails);
    smaller |= drop_some(world.resolvers, still_fails);
    for (auto* rules : {&world.rules, &world.exceptions})
      for (Rule& rule : *rules)
        for (Words* words : {&rule.from, &rule.to, &rule.protocols, &rule.when})
          if (words->size() > 1) smaller |= drop_some(*words, still_fails);
    for (List& list : world.lists) {
      for (Words* words : {&list.names, &list.in_file, &list.prefixes, &list.keywords})
        smaller |= drop_some(*words, still_fails);
      smaller |= drop_some(list.patterns, still_fails);
    }
    for (Network& network : world.networks) smaller |= drop_some(network.prefixes, still_fails);
  }
  return world;
}

std::string report(const World& world, const Question& question) {
  std::string out = text_of(question) + "\n";
  const PolicyFiles files = write_policy(world, 0);
  for (const auto& [name, text] : files.yaml) out += "--- " + name + "\n" + text;
  for (const auto& [name, text] : files.lists) out += "--- " + name + "\n" + text;
  return out;
}

}  // namespace sluice::model
