// control/policy: what lists say of a name, interned.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "control/policy/name_block.h"
#include "control/policy/set_table.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

/// The sets of lists that cover a name and what is below it, and those that are not to.
struct NameClaims {
  uint32_t self_set = 0, below_set = 0;
  uint32_t self_except = 0, below_except = 0;
  bool operator==(const NameClaims&) const = default;
};

/// Each different NameClaims once, by an index; 0 says nothing. Any thread, through a Memo of its own.
class ClaimTable {
 public:
  explicit ClaimTable(SetTable& sets) : sets_(sets) { intern({}); }

  /// One thread's answers that were given before, so that most need no lock.
  class Memo {
   public:
    explicit Memo(ClaimTable& table) : table_(table) {}
    /// claims, and what list says beside.
    uint32_t add(uint32_t claims, uint16_t list, NameScope scope, NameClaim claim);
    /// The claims on one name from its own and those on a name above it.
    uint32_t below(uint32_t claims, uint32_t above);
    /// The claims on one name from two sources.
    uint32_t unite(uint32_t a, uint32_t b);
    /// The index, in take_results, of what the claims come to.
    uint32_t result(uint32_t claims);

   private:
    enum class Question : uint8_t {
      Add,
      Below,
      Unite,
      Result
    };
    struct Answered {
      uint64_t question = UINT64_MAX;
      uint32_t answer = 0;
    };
    template <class Answer>
    uint32_t ask(Question kind, uint32_t a, uint32_t b, const Answer& answer);

    ClaimTable& table_;
    std::array<std::array<Answered, 256>, 4> answered_;  ///< by kind of question
  };

  /// What the results are indices of.
  std::vector<NameSets> take_results() { return std::move(results_); }

 private:
  uint32_t intern(const NameClaims& claims);
  uint32_t add(uint32_t claims, uint16_t list, NameScope scope, NameClaim claim);
  uint32_t below(uint32_t claims, uint32_t above);
  uint32_t unite(uint32_t a, uint32_t b);
  uint32_t result(uint32_t claims);

  struct Hash {
    size_t operator()(const NameClaims& claims) const;
  };
  SetTable& sets_;
  std::mutex mutex_;  ///< guards all below, and sets_ meanwhile
  std::vector<NameClaims> claims_;
  std::unordered_map<NameClaims, uint32_t, Hash> known_;
  std::vector<NameSets> results_;
  std::unordered_map<uint64_t, uint32_t> known_results_;
};

}  // namespace sluice::control
