// flow: what DNS answers taught.
#define XXH_INLINE_ALL
#include "dataplane/flow/dns_memory.h"

#include <xxhash.h>

#include "dataplane/flow/bindings.h"

namespace sluice {
namespace {

constexpr std::string_view kKnownPublicName = "cloudflare-ech.com";

}  // namespace

bool EchNames::create(uint32_t capacity, uint64_t seed) {
  seed_ = seed;
  return trusted_.create(capacity) && others_.create(capacity);
}

uint64_t EchNames::hash(std::string_view name) const {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed_);
}

void EchNames::learn(std::string_view public_name, bool trusted, uint64_t now_ms) {
  (trusted ? trusted_ : others_).put(hash(public_name), now_ms + kEchNameMs, now_ms);
}

bool EchNames::knows(std::string_view name, uint64_t now_ms) const {
  if (name == kKnownPublicName) return true;
  const uint64_t key = hash(name);
  return trusted_.has(key, now_ms) || others_.has(key, now_ms);
}

bool NameAddresses::create(uint32_t capacity, uint64_t seed) {
  seed_ = seed;
  return names_.create(capacity) && pairs_.create(capacity) && any_.create(capacity);
}

uint64_t NameAddresses::hash(std::string_view name) const {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed_);
}

uint64_t NameAddresses::hash(const Address& whom, uint64_t name, Of of) const {
  const uint64_t words[] = {whom.word(0), whom.word(8), name};
  return XXH3_64bits_withSeed(words, sizeof words, seed_ + static_cast<uint64_t>(of));
}

uint64_t NameAddresses::hash(uint64_t of_name, const Address& address) {
  return XXH3_64bits_withSeed(&address, sizeof address, of_name);
}

void NameAddresses::learn(const Address& whom, std::string_view name, const Address& address, bool asked,
                          uint32_t ttl_s, uint64_t now_ms) {
  const uint64_t expires_ms = binding_end(ttl_s, now_ms);
  const uint64_t of_name = hash(whom, hash(name), family(address));
  pairs_.put(hash(of_name, address), expires_ms, now_ms);
  if (asked) names_.put(of_name, expires_ms, now_ms);
}

void NameAddresses::learn_any(const Address& whom, std::string_view name, uint32_t ttl_s, uint64_t now_ms) {
  any_.put(hash(whom, hash(name), Of::Any), binding_end(ttl_s, now_ms), now_ms);
}

NameAddresses::Fit NameAddresses::fit(const Address& whom, uint64_t name, const Address& address,
                                      uint64_t now_ms) const {
  const uint64_t of_name = hash(whom, name, family(address));
  if (pairs_.has(hash(of_name, address), now_ms)) return Fit::Fits;
  if (!names_.has(of_name, now_ms)) return Fit::Unknown;
  const bool unsure =
      pairs_.may_have(hash(of_name, address), now_ms) || any_.may_have(hash(whom, name, Of::Any), now_ms);
  return unsure ? Fit::Fits : Fit::Contradicts;
}

}  // namespace sluice
