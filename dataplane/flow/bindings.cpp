// flow: bindings and questions.
#define XXH_INLINE_ALL
#include "dataplane/flow/bindings.h"

#include <xxhash.h>

#include <algorithm>

namespace sluice {

Bindings::Place* Bindings::set_of(const Address& address) const {
  return &places_[(XXH3_64bits_withSeed(&address, sizeof address, seed_) & mask_) * kWays];
}

void Bindings::free(Place& place) {
  names_->release(place.name);
  place.expires_ms = 0;
  --size_;
}

void Bindings::bind(const Address& address, std::string_view name, uint32_t ttl_s, uint64_t now_ms) {
  const uint32_t handle = names_->intern(name);
  if (handle == 0) return;
  Place* set = set_of(address);
  Place* chosen = set;
  for (Place* place = set; place != set + kWays; ++place) {
    if (place->expires_ms != 0 && place->address == address) {
      chosen = place;
      break;
    }
    if (place->expires_ms < chosen->expires_ms) chosen = place;
  }
  if (chosen->expires_ms != 0) free(*chosen);
  *chosen = {address, binding_end(ttl_s, now_ms), handle};
  ++size_;
}

std::string_view Bindings::find(const Address& address, uint64_t now_ms) const {
  const Place* set = set_of(address);
  for (const Place* place = set; place != set + kWays; ++place)
    if (place->expires_ms > now_ms && place->address == address) return names_->view(place->name);
  return {};
}

void Bindings::sweep(uint64_t now_ms) {
  for (uint32_t i = 0; i < kSweepSets; ++i) {
    Place* set = &places_[(swept_++ & mask_) * kWays];
    for (Place* place = set; place != set + kWays; ++place)
      if (place->expires_ms != 0 && place->expires_ms <= now_ms) free(*place);
  }
}

uint64_t Questions::hash(const FlowKey& flow, uint16_t id, std::string_view name, uint16_t type) const {
  const uint64_t of_flow = XXH3_64bits_withSeed(&flow, sizeof flow, seed_ ^ id ^ uint64_t{type} << 16);
  return XXH3_64bits_withSeed(name.data(), name.size(), of_flow);
}

void Questions::ask(const FlowKey& flow, uint16_t id, std::string_view name, uint16_t type, uint64_t now_ms) {
  const uint64_t key = hash(flow, id, name, type);
  Place* set = &places_[(key & mask_) * kWays];
  Place* oldest = std::min_element(set, set + kWays,
                                   [](const Place& a, const Place& b) { return a.asked_ms < b.asked_ms; });
  *oldest = {key, now_ms + 1};
}

bool Questions::answer(const FlowKey& flow, uint16_t id, std::string_view name, uint16_t type,
                       uint64_t now_ms) {
  const uint64_t key = hash(flow, id, name, type);
  Place* set = &places_[(key & mask_) * kWays];
  for (Place* place = set; place != set + kWays; ++place) {
    if (place->asked_ms == 0 || place->hash != key) continue;
    const bool in_time = now_ms + 1 - place->asked_ms <= kQuestionMs;
    *place = {};
    return in_time;
  }
  return false;
}

}  // namespace sluice
