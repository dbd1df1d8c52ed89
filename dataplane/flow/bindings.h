// flow: what DNS said: addresses bound to names, and questions still without an answer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/contract/address.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/memory.h"
#include "dataplane/flow/name_pool.h"

namespace sluice {

inline constexpr uint32_t kBindingGraceMs =
    3'600'000;  ///< a binding outlives its TTL: clients keep answers, flows last
inline constexpr uint32_t kBindingMaxTtlS = 86'400;  ///< a longer TTL counts as this one
inline constexpr uint32_t kQuestionMs = 10'000;      ///< an answer that comes later does not count

/// When what an answer of this TTL taught is forgotten.
constexpr uint64_t binding_end(uint32_t ttl_s, uint64_t now_ms) {
  return now_ms + uint64_t{std::min(ttl_s, kBindingMaxTtlS)} * 1000 + kBindingGraceMs;
}

/// Address to name, site-wide; the latest answer for an address wins. When a set of places is full, the one
/// that expires first gives way.
class Bindings {
 public:
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed, NamePool& names);
  /// name: kept with one reference of the table's own. now_ms, ttl_s: it holds for ttl_s and the grace.
  void bind(const Address& address, std::string_view name, uint32_t ttl_s, uint64_t now_ms);
  /// The name bound to address, or an empty view.
  [[nodiscard]] std::string_view find(const Address& address, uint64_t now_ms) const;
  /// Frees what has expired in the next slice of the table.
  void sweep(uint64_t now_ms);
  uint32_t size() const { return size_; }
  uint32_t capacity() const { return static_cast<uint32_t>((mask_ + 1) * kWays); }

 private:
  static constexpr uint32_t kWays = 4;
  static constexpr uint32_t kSweepSets = 64;
  struct Place {
    Address address;
    uint64_t expires_ms;  ///< 0: free
    uint32_t name;
  };
  Place* set_of(const Address& address) const;
  void free(Place& place);

  FixedArray<Place> places_;
  NamePool* names_ = nullptr;
  uint64_t mask_ = 0, seed_ = 0, swept_ = 0;
  uint32_t size_ = 0;
};

/// The questions of this worker's clients that wait for their answers. When a set is full, the oldest gives
/// way.
class Questions {
 public:
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed);
  /// flow, id, name, type: as the question had them.
  void ask(const FlowKey& flow, uint16_t id, std::string_view name, uint16_t type, uint64_t now_ms);
  /// True once for each question asked within kQuestionMs.
  [[nodiscard]] bool answer(const FlowKey& flow, uint16_t id, std::string_view name, uint16_t type,
                            uint64_t now_ms);

 private:
  static constexpr uint32_t kWays = 4;
  struct Place {
    uint64_t hash;      ///< of all that makes the question
    uint64_t asked_ms;  ///< 0: free
  };
  uint64_t hash(const FlowKey& flow, uint16_t id, std::string_view name, uint16_t type) const;

  FixedArray<Place> places_;
  uint64_t mask_ = 0, seed_ = 0;
};

}  // namespace sluice
