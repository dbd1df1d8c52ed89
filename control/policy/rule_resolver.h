// control/policy: finds what each word in a rule's from and to stands for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/policy/diagnostics.h"
#include "control/policy/host_name.h"
#include "control/policy/policy_source.h"
#include "control/policy/prefix.h"

namespace sluice::control {

/// One side of a rule. Indices of lists count the declared lists, then the offices, then the literals.
struct RuleSide {
  bool any = false;
  std::vector<uint16_t> lists, networks;
};

struct ResolvedRule {
  RuleSide from, to;
  Direction direction = Direction::Outbound;
};

/// A name or prefix that a rule gives itself. It becomes a list of its own.
struct Literal {
  std::string text;  ///< as the rule has it
  bool is_name = false;
  NameScope scope = NameScope::Both;
  std::string name;     ///< canonical; empty where there are stars within
  std::string pattern;  ///< with stars within
  Position at;
  Prefix prefix;
};

struct ResolvedRules {
  std::vector<ResolvedRule> rules;  ///< each tunnel outbound and inbound, then the exceptions, then the rules
  std::vector<Literal> literals;    ///< each once
};

/// Reports words that are not declared, and sides that can never match.
ResolvedRules resolve_rules(const PolicySource& source, Report& report);

}  // namespace sluice::control
