// control/usage: the rules of a policy directory, as somebody who tidies them up looks at them.
#include "control/usage/rules.h"

#include <utility>

#include "control/policy/read_source.h"

namespace sluice::control {
namespace {

using Where = std::function<std::string(Position)>;

RuleFacts facts_of(RuleKind kind, const Word& name, const Where& where) {
  return {.kind = kind, .name = name.text, .where = where(name.at)};
}

/// Nothing where the policy names none that there is.
std::optional<TimeZone> zone_of(const PolicySource& source) {
  return source.timezone ? TimeZone::find(source.timezone->text) : std::optional(TimeZone());
}

}  // namespace

PolicyFactsRead policy_facts(const PolicySource& source, const Where& where) {
  PolicyFactsRead out;
  const TimeZone zone = zone_of(source).value_or(TimeZone());
  for (const TunnelSource& each : source.tunnels) {
    out.rules.push_back(facts_of(RuleKind::Tunnel, each.name, where));
    out.rules.back().owner = each.owner;
  }
  for (const ExceptionSource& each : source.exceptions) {
    RuleFacts facts = facts_of(RuleKind::Exception, each.rule.name, where);
    facts.owner = each.owner;
    facts.ticket = each.ticket;
    if (each.expires) {
      facts.expires = zone.to_utc(*each.expires);
    }
    out.rules.push_back(std::move(facts));
  }
  for (const RuleSource& each : source.rules) {
    out.rules.push_back(facts_of(RuleKind::Rule, each.name, where));
  }
  for (const UserSource& each : source.users) {
    UserFacts user{each.name.text, {}};
    for (const PrefixSource& address : each.addresses) {
      user.addresses.push_back(to_string(address.prefix));
    }
    out.users.push_back(std::move(user));
  }
  for (const NetworkSource& each : source.networks) {
    out.networks.push_back(each.name.text);
    if (each.shared) {
      out.shared.push_back(each.name.text);
    }
  }
  return out;
}

bool read_policy_facts(const std::filesystem::path& directory, PolicyFactsRead& out) {
  ReadSource policy;
  const bool read = read_source(directory, policy);
  Report& report = policy.report;
  out = policy_facts(policy.source, [&report](Position at) { return report.text_of(at); });
  out.problems = report.finish();
  return read;
}

}  // namespace sluice::control
