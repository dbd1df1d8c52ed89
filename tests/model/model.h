// tests: model: the verdict by the plain words of policies/README.md: a loop over the rules, a look at each
// list. It shares nothing with what compiles policies and what judges by them, and is in no hurry.
#pragma once

#include <string>
#include <vector>

#include "tests/model/world.h"

namespace sluice::model {

/// All conditions of the rule that do not hold; none: it matches.
std::vector<Condition> missing(const World& world, const Rule& rule, const Question& question);

/// A word of `from` or `to` as it counts, however it is written.
std::string canonical(const std::string& word);

/// Its own, and the addresses of the users of its groups.
Words prefixes_of(const World& world, const Network& network);

/// Refused unless it is registered.
bool is_tunnel(const std::string& protocol);

Decision decide(const World& world, const Question& question);

/// The name of the rule or exception that ends the search; empty where none does. Only for what no registered
/// tunnel takes.
std::string deciding_rule(const World& world, const Question& question);

}  // namespace sluice::model
