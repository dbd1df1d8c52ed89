// control/policy: what lists say of a name, interned.
#include "control/policy/name_claims.h"

#include <xxhash.h>

namespace sluice::control {

size_t ClaimTable::Hash::operator()(const NameClaims& claims) const {
  return XXH3_64bits(&claims, sizeof claims);
}

uint32_t ClaimTable::intern(const NameClaims& claims) {
  const auto [known, fresh] = known_.try_emplace(claims, static_cast<uint32_t>(claims_.size()));
  if (fresh) claims_.push_back(claims);
  return known->second;
}

uint32_t ClaimTable::add(uint32_t claims, uint16_t list, NameScope scope, NameClaim claim) {
  NameClaims out = claims_[claims];
  const bool covers = claim == NameClaim::Covers;
  uint32_t& self = covers ? out.self_set : out.self_except;
  uint32_t& below = covers ? out.below_set : out.below_except;
  if (scope != NameScope::Below) self = sets_.add(self, list);
  if (scope != NameScope::Self) below = sets_.add(below, list);
  return intern(out);
}

uint32_t ClaimTable::below(uint32_t claims, uint32_t above) {
  NameClaims out = claims_[claims];
  const NameClaims& parent = claims_[above];
  out.self_set = sets_.unite(out.self_set, parent.below_set);
  out.below_set = sets_.unite(out.below_set, parent.below_set);
  out.self_except = sets_.unite(out.self_except, parent.below_except);
  out.below_except = sets_.unite(out.below_except, parent.below_except);
  return intern(out);
}

uint32_t ClaimTable::unite(uint32_t a, uint32_t b) {
  const NameClaims &first = claims_[a], &second = claims_[b];
  return intern({sets_.unite(first.self_set, second.self_set), sets_.unite(first.below_set, second.below_set),
                 sets_.unite(first.self_except, second.self_except),
                 sets_.unite(first.below_except, second.below_except)});
}

uint32_t ClaimTable::result(uint32_t claims) {
  const NameClaims& all = claims_[claims];
  const NameSets out{sets_.subtract(all.self_set, all.self_except),
                     sets_.subtract(all.below_set, all.below_except)};
  const auto [known, fresh] = known_results_.try_emplace(uint64_t{out.self_set} << 32 | out.below_set,
                                                         static_cast<uint32_t>(results_.size()));
  if (fresh) results_.push_back(out);
  return known->second;
}

template <class Answer>
uint32_t ClaimTable::Memo::ask(Question kind, uint32_t a, uint32_t b, const Answer& answer) {
  const uint64_t question = uint64_t{a} << 32 | b;
  const uint64_t spread = (question + static_cast<uint64_t>(kind)) * 0x9e3779b97f4a7c15;
  Answered& known = answered_[static_cast<size_t>(kind)][spread >> 56];
  if (known.question != question) {
    const std::lock_guard lock(table_.mutex_);
    known = {question, answer()};
  }
  return known.answer;
}

uint32_t ClaimTable::Memo::add(uint32_t claims, uint16_t list, NameScope scope, NameClaim claim) {
  const uint32_t said =
      uint32_t{list} << 8 | static_cast<uint32_t>(scope) << 4 | static_cast<uint32_t>(claim);
  return ask(Question::Add, claims, said, [&] { return table_.add(claims, list, scope, claim); });
}

uint32_t ClaimTable::Memo::below(uint32_t claims, uint32_t above) {
  return ask(Question::Below, claims, above, [&] { return table_.below(claims, above); });
}

uint32_t ClaimTable::Memo::unite(uint32_t a, uint32_t b) {
  return a == b ? a : ask(Question::Unite, a, b, [&] { return table_.unite(a, b); });
}

uint32_t ClaimTable::Memo::result(uint32_t claims) {
  return ask(Question::Result, claims, 0, [&] { return table_.result(claims); });
}

}  // namespace sluice::control
