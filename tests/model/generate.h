// tests: model: random policies whose names and addresses collide on purpose, and random questions to them.
#pragma once

#include <cstdint>

#include "tests/model/chance.h"
#include "tests/model/world.h"

namespace sluice::model {

/// A policy that is valid: the same for the same seed.
World random_world(uint64_t seed);

/// Questions to one policy.
class Questions {
 public:
  Questions(const World& world, uint64_t seed);
  Question next();

 private:
  void take_instants();
  std::string address(bool local);
  std::string name();
  void protocol(Question& question);

  const World& world_;
  Chance chance_;
  Words lan_;    ///< the first and last addresses of the networks' prefixes
  Words edges_;  ///< those at the borders of all prefixes, on both sides
  Words names_;  ///< what its names are made of
  std::vector<int64_t> instants_;
};

}  // namespace sluice::model
