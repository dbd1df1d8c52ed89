// control/policy: lays the rules out: one record for each, and the rows of bits that choose among them.
#pragma once

#include "control/policy/image_writer.h"
#include "control/policy/list_parts.h"
#include "control/policy/policy_source.h"
#include "control/policy/rule_resolver.h"
#include "control/policy/time_resolver.h"

namespace sluice::control {

inline constexpr size_t kMaxRuleBitBytes = size_t{1} << 30;

/// Fills the rules, ports, rule_bits and the site's rule_words of tables, whose sets, networks and lists are
/// final; the last lists are the parts. Returns false where the rows would exceed kMaxRuleBitBytes, or the
/// rules kMaxRules.
bool lay_out_rules(const PolicySource& source, const ResolvedRules& resolved, const ResolvedTimes& times,
                   std::span<const ListPart> parts, ImageTables& tables);

}  // namespace sluice::control
