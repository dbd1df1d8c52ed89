// tests: model: a policy as files: YAML in the styles that people write, and files of names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/model/world.h"

namespace sluice::model {

struct PolicyFiles {
  std::map<std::string, std::string> yaml;   ///< in the order in which they are read
  std::map<std::string, std::string> lists;  ///< by the path that the policy has
};

/// seed: of the style alone.
PolicyFiles write_policy(const World& world, uint64_t seed);

/// The expression as Hyperscan takes it.
std::string expression(const Pattern& pattern);

}  // namespace sluice::model
