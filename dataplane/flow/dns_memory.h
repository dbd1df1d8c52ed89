// flow: what DNS answers taught: the public names of ECH, and which addresses fit a name.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/contract/address.h"
#include "dataplane/flow/timed_set.h"

namespace sluice {

inline constexpr uint64_t kEchNameMs =
    86'400'000;  ///< a public name is known for so long after the last answer that had it

/// The names that show in place of those that Encrypted Client Hello hides.
class EchNames {
 public:
  /// capacity: of each table.
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed);
  /// trusted: from an answer to a registered resolver. The others have a table of their own, or a client
  /// could push the names of all others out with answers of its own making.
  void learn(std::string_view public_name, bool trusted, uint64_t now_ms);
  /// True for a name learnt, and for cloudflare-ech.com, which is known without.
  [[nodiscard]] bool knows(std::string_view name, uint64_t now_ms) const;

 private:
  uint64_t hash(std::string_view name) const;
  TimedSet trusted_, others_;
  uint64_t seed_ = 0;
};

/// Which addresses DNS gave for a name: to whom, and for how long. Never grows. Where an address had to give
/// way before its time, nothing contradicts: better no opinion than a false one.
class NameAddresses {
 public:
  enum class Fit : uint8_t {
    Unknown,  ///< no answer for the name, of the address's family, is known
    Fits,
    Contradicts,
  };

  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed);
  /// whom: who is to be held to it. now_ms, ttl_s: it holds for ttl_s and kBindingGraceMs. asked: an answer
  /// to a question for this name and of this address's family, so that from now on the name's addresses of
  /// that family are known; without it the address fits, and no more.
  void learn(const Address& whom, std::string_view name, const Address& address, bool asked, uint32_t ttl_s,
             uint64_t now_ms);
  /// The name's addresses may be any: nothing contradicts until this expires.
  void learn_any(const Address& whom, std::string_view name, uint32_t ttl_s, uint64_t now_ms);
  /// What fit knows a name by: the same for all that were created with one seed.
  [[nodiscard]] uint64_t hash(std::string_view name) const;
  /// name: its hash.
  [[nodiscard]] Fit fit(const Address& whom, uint64_t name, const Address& address, uint64_t now_ms) const;
  /// Addresses that gave way before their time.
  uint64_t lost() const { return pairs_.lost(); }

 private:
  enum class Of : uint8_t {
    V4,
    V6,
    Any
  };
  static Of family(const Address& address) { return address.is_v4() ? Of::V4 : Of::V6; }
  uint64_t hash(const Address& whom, uint64_t name, Of of) const;
  static uint64_t hash(uint64_t of_name, const Address& address);
  TimedSet names_, pairs_, any_;
  uint64_t seed_ = 0;
};

}  // namespace sluice
