// control/evidence: which policies were in force in a period.
#include "control/evidence/policies.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kPolicyNsPerS = 1'000'000'000;

int64_t signed_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

}  // namespace

void PoliciesOfPeriod::take(std::string_view line) {
  const json said = json::parse(line, nullptr, false);
  const uint64_t generation = said.is_object() ? number_at(said, "generation") : 0;
  if (generation == 0 || generation >= UINT32_MAX || said.contains("confirmed")) {
    return;
  }
  if (said.contains("refused")) {
    // The one before it is in force again.
    if (!policies_.empty() && policies_.back().generation == generation) {
      drop_last();
    }
    return;
  }
  PolicyOfPeriod policy{
      static_cast<uint32_t>(generation), signed_at(said, "time_ns"), INT64_MAX, text_at(said, "time"),
      text_at(said, "author"),           text_at(said, "reason"),    {}};
  policy.sources = read_sources(said.value("sources", json())).value_or(SourceList());
  const json bypass = object_at(said, "bypass");
  const int64_t from_s = signed_at(bypass, "from_s"), until_s = signed_at(bypass, "until_s");
  if (from_s != bypass_from_s_ || until_s != bypass_until_s_) {
    end_bypass(policy.from_ns);
    if (until_s > from_s) {
      bypasses_.push_back({from_s, until_s, policy.author, policy.reason});
    }
    bypass_from_s_ = from_s;
    bypass_until_s_ = until_s;
  }
  if (!policies_.empty()) {
    policies_.back().until_ns = policy.from_ns;
  }
  policies_.push_back(std::move(policy));
  // The last but one stays: the last one may be refused yet.
  while (policies_.size() > 2 && policies_.front().until_ns <= since_ns_) {
    policies_.pop_front();
  }
  if (policies_.size() > kMaxPolicies) {
    policies_.pop_front();
    ++left_out_;
  }
  if (bypasses_.size() > kMaxBypasses) {
    bypasses_.pop_front();
    ++left_out_;
  }
}

void PoliciesOfPeriod::drop_last() {
  policies_.pop_back();
  if (!policies_.empty()) {
    policies_.back().until_ns = INT64_MAX;
  }
}

void PoliciesOfPeriod::end_bypass(int64_t at_ns) {
  if (bypass_until_s_ > bypass_from_s_ && !bypasses_.empty()) {
    BypassOfPeriod& last = bypasses_.back();
    last.until_s = std::clamp(at_ns / kPolicyNsPerS, last.from_s, last.until_s);
  }
}

void PoliciesOfPeriod::finish() {
  std::erase_if(policies_, [this](const PolicyOfPeriod& each) {
    return each.from_ns > until_ns_ || each.until_ns <= since_ns_;
  });
  std::erase_if(bypasses_, [this](const BypassOfPeriod& each) {
    return each.from_s > until_ns_ / kPolicyNsPerS || each.until_s < since_ns_ / kPolicyNsPerS;
  });
}

}  // namespace sluice::control
