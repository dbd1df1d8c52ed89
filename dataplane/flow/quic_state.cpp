// flow: QUIC's connection ids, and Initials counted for each client.
#define XXH_INLINE_ALL
#include "dataplane/flow/quic_state.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace sluice {

bool QuicIds::create(uint32_t capacity, uint64_t seed, NamePool& names) {
  names_ = &names;
  seed_ = seed;
  mask_ = std::bit_ceil(std::max<uint32_t>(capacity / kWays, 1)) - 1;
  places_ = make_fixed_array<Place>((mask_ + 1) * kWays);
  return places_ != nullptr;
}

/// A short header does not tell its id's size, so the first bytes of the id find it.
QuicIds::Place* QuicIds::set_of(const FlowKey& key, std::span<const uint8_t> id) const {
  uint8_t bytes[sizeof key.remote + sizeof key.remote_port + kQuicMinId];
  std::memcpy(bytes, &key.remote, sizeof key.remote);
  std::memcpy(bytes + sizeof key.remote, &key.remote_port, sizeof key.remote_port);
  std::memcpy(bytes + sizeof key.remote + sizeof key.remote_port, id.data(), kQuicMinId);
  return &places_[(XXH3_64bits_withSeed(bytes, sizeof bytes, seed_) & mask_) * kWays];
}

bool QuicIds::learn(const FlowKey& key, std::span<const uint8_t> id, std::string_view name, uint64_t now_ms) {
  if (id.size() < kQuicMinId || id.size() > kMaxQuicId) return true;
  const std::span<Place, kWays> set(set_of(key, id), kWays);
  Place* place = &set[0];
  bool known = false;
  for (Place& one : set) {
    const bool same = one.is_of(key) && one.id == id;
    if (same || one.expires_ms < place->expires_ms) place = &one;
    known = same && one.expires_ms > now_ms;
    if (same) break;
  }
  const uint32_t handle = names_->intern(name);
  names_->release(place->name);
  place->server = key.remote;
  place->port = key.remote_port;
  place->id.assign(id);
  place->name = handle;
  place->expires_ms = now_ms + kQuicIdMs;
  return !known;
}

std::string_view QuicIds::find(const FlowKey& key, std::span<const uint8_t> bytes, uint64_t now_ms) const {
  if (bytes.size() < kQuicMinId) return {};
  for (const Place& one : std::span<Place, kWays>(set_of(key, bytes), kWays)) {
    if (one.expires_ms <= now_ms || !one.is_of(key)) continue;
    if (bytes.size() >= one.id.size && one.id == bytes.first(one.id.size)) return names_->view(one.name);
  }
  return {};
}

bool QuicOpenings::create(uint32_t capacity, uint64_t seed) {
  seed_ = seed;
  mask_ = std::bit_ceil(std::max<uint32_t>(capacity / kWays, 1)) - 1;
  places_ = make_fixed_array<Place>((mask_ + 1) * kWays);
  return places_ != nullptr;
}

/// Where that id stands, or a place for it; nullptr where there is none.
QuicOpenings::Place* QuicOpenings::place_of(uint64_t id_hash, uint64_t now_ms) {
  Place* room = nullptr;
  for (Place& one : std::span<Place, kWays>(&places_[(id_hash & mask_) * kWays], kWays)) {
    if (one.expires_ms <= now_ms) {
      room = &one;
    } else if (one.id == id_hash) {
      return &one;
    }
  }
  return room;
}

QuicOpenings::Claim QuicOpenings::claim(const FlowKey& key, std::span<const uint8_t> id, uint64_t now_ms) {
  const uint64_t id_hash = XXH3_64bits_withSeed(id.data(), id.size(), seed_);
  const uint64_t flow_hash = XXH3_64bits_withSeed(&key, sizeof key, seed_);
  Place* place = place_of(id_hash, now_ms);
  if (place == nullptr) return Claim::Full;
  if (place->expires_ms > now_ms && place->flow != flow_hash) return Claim::Others;
  *place = {id_hash, flow_hash, now_ms + kQuicHandshakeMs};
  return Claim::Ours;
}

bool QuicOpenings::close(std::span<const uint8_t> id, uint64_t now_ms) {
  const uint64_t id_hash = XXH3_64bits_withSeed(id.data(), id.size(), seed_);
  Place* place = place_of(id_hash, now_ms);
  if (place == nullptr) return false;
  *place = {id_hash, kClosed, now_ms + kQuicHandshakeMs};
  return true;
}

bool QuicBudget::create(uint32_t clients, uint64_t seed) {
  seed_ = seed;
  mask_ = std::bit_ceil(std::max<uint32_t>(clients, 1)) - 1;
  places_ = make_fixed_array<Place>(mask_ + 1);
  return places_ != nullptr;
}

bool QuicBudget::take(const Address& client, uint64_t now_ms) {
  Place& place = places_[XXH3_64bits_withSeed(&client, sizeof client, seed_) & mask_];
  const auto second = static_cast<uint32_t>(now_ms / 1000);
  if (place.second != second) place = {second, 0};
  if (place.used == kQuicInitialsPerSecond) return false;
  ++place.used;
  return true;
}

}  // namespace sluice
