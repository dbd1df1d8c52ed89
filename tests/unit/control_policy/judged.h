// tests: what a policy that is in memory decides.
#pragma once

#include <gtest/gtest.h>

#include "dataplane/policy/policy.h"
#include "tests/unit/control_policy/compile_helper.h"
#include "tests/unit/control_policy/image_reader.h"

namespace sluice::control::test {

/// kBase and a text as a policy, and what it decides.
class Judged {
 public:
  explicit Judged(const std::string& text, const Files& files = {})
      : compiled_(compile({{"base", std::string(kBase)}, {"t", text}}, files)) {
    for (const Diagnostic& diagnostic : compiled_.diagnostics) problems.push_back(to_string(diagnostic));
    if (!compiled_.policy) return;
    EXPECT_EQ(ImageReader(compiled_.policy->image()).broken_promise(), "");
    ImageError error;
    policy_ = Policy::open(compiled_.policy->image(), error);
    EXPECT_TRUE(policy_ && policy_->make_scratch(scratch_));
  }

  /// The rule and the list that decide, as `rule list`; `-` where none does.
  std::string of(std::string_view name, std::string_view to = "198.51.100.9", uint16_t port = 443,
                 uint8_t transport = 6) {
    const Verdict verdict = policy_->judge({.local = address(from),
                                            .remote = address(to),
                                            .transport = transport,
                                            .service_port = port,
                                            .protocol = protocol,
                                            .seen = name.empty() ? Seen::Nothing : Seen::Sni,
                                            .name = name,
                                            .unidentified = name.empty()},
                                           scratch_);
    if (verdict.rule == kNone16) return "-";
    return std::string(policy_->rule_name(verdict.rule)) + ' ' +
           std::string(policy_->list_name(verdict.list));
  }

  std::vector<std::string> problems;
  std::string from = "10.20.1.7";
  Protocol protocol = Protocol::Tls;

 private:
  Compiled compiled_;
  std::unique_ptr<Policy> policy_;
  Scratch scratch_;
};

}  // namespace sluice::control::test
