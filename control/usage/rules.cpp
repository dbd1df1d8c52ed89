// control/usage: the rules of a policy directory, as somebody who tidies them up looks at them.
#include "control/usage/rules.h"

#include "control/policy/read_source.h"

namespace sluice::control {
namespace {

RuleFacts facts_of(RuleKind kind, const Word& name, const Report& report) {
  return {.kind = kind, .name = name.text, .where = report.text_of(name.at)};
}

}  // namespace

bool read_policy_facts(const std::filesystem::path& directory, PolicyFactsRead& out) {
  ReadSource policy;
  const bool read = read_source(directory, policy);
  const PolicySource& source = policy.source;
  Report& report = policy.report;
  for (const TunnelSource& each : source.tunnels) {
    out.rules.push_back(facts_of(RuleKind::Tunnel, each.name, report));
    out.rules.back().owner = each.owner;
  }
  for (const ExceptionSource& each : source.exceptions) {
    RuleFacts facts = facts_of(RuleKind::Exception, each.rule.name, report);
    facts.owner = each.owner;
    facts.ticket = each.ticket;
    if (each.expires) {
      facts.expires = policy.zone.to_utc(*each.expires);
    }
    out.rules.push_back(std::move(facts));
  }
  for (const RuleSource& each : source.rules) {
    out.rules.push_back(facts_of(RuleKind::Rule, each.name, report));
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
  }
  out.problems = report.finish();
  return read;
}

}  // namespace sluice::control
