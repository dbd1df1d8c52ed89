// tests: model: what the gateway's own code makes of the same policy: control/policy compiles,
// dataplane/policy judges.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "dataplane/policy/policy.h"
#include "tests/model/world.h"
#include "tests/model/yaml_text.h"

namespace sluice::model {

struct Step {
  std::string rule;
  bool matched = false;
  Condition failed = Condition::From;  ///< where not matched
};

class Enforced {
 public:
  /// refused: what the compiler has against the policy; empty where it compiles and opens.
  Enforced(const PolicyFiles& files, std::string& refused);

  /// steps: the trace, where it is asked for.
  Decision decide(const Question& question, std::vector<Step>* steps);
  /// Whether the compiler says that the rule never decides.
  bool is_covered(const std::string& rule) const;

 private:
  control::CompiledPolicy compiled_;
  std::unique_ptr<Policy> policy_;
  Scratch scratch_;
  std::vector<TraceStep> room_;
};

}  // namespace sluice::model
