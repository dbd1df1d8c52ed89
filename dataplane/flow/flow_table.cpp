// flow: the look-up and the places of the flow table.
#include "dataplane/flow/flow_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace sluice {
namespace {

/// Free places of its first bucket from which on a flow may come to lie in its other one.
constexpr int kSpareWays = 3;

}  // namespace

uint64_t FlowTable::hash(const FlowKey& key) const {
  const FlowKey::Words words = key.words();
  if (key.local.is_v4() && key.remote.is_v4())
    return hash(Ipv4Pair{words.local.second >> 32 | (words.remote.second >> 32 << 32)}, words.rest());
  return hash(AddressPair{words.local, words.remote}, words.rest());
}

Flow* FlowTable::find(const FlowKey& key, uint64_t hash) {
  for (const size_t at : {home(hash), other(hash)}) {
    const Bucket& bucket = buckets_[at];
    for (uint32_t left = tags_equal(bucket.tags, tag(hash)); left != 0; left &= left - 1) {
      const uint32_t place = bucket.flows[std::countr_zero(left)];
      if (place != 0 && flow_at(place - 1)->key == key) return flow_at(place - 1);
    }
  }
  return nullptr;
}

Flow* FlowTable::insert(const FlowKey& key, uint64_t hash) {
  if (free_ == kNoIndex && fresh_ == capacity_) return nullptr;
  // The first one while it has room to spare, so that most are found there; then the emptier of the two: to
  // fill the first one first would let both run full long before the table is.
  const size_t first = home(hash), second = other(hash);
  const auto room = [this](size_t at) { return std::popcount(free_ways(buckets_[at])); };
  const int spare = room(first);
  size_t at = spare > kSpareWays || spare >= room(second) ? first : second;
  size_t way = free_way(buckets_[at]);
  if (way == kWays) way = make_room(at);
  if (way == kWays) way = make_room(at = at == first ? second : first);
  if (way == kWays) return nullptr;
  const uint32_t place = free_ != kNoIndex ? free_ : place_of(fresh_++);
  Flow& flow = *flow_at(place);
  if (place == free_) free_ = flow.cold().next_free;
  buckets_[at].flows[way] = place + 1;
  buckets_[at].tags[way] = tag(hash);
  ++size_;
  return &begin(flow, key);
}

Flow& FlowTable::begin(Flow& flow, const FlowKey& key) {
  std::memset(static_cast<void*>(&flow), 0, sizeof flow);
  flow.cold() = {};
  flow.key = key;
  flow.context = kNoIndex;
  flow.set(kFlowInUse);
  return flow;
}

/// Moves a flow of a full bucket to its other one. Returns the place that is free then; kWays where there is
/// none.
size_t FlowTable::make_room(size_t at) {
  Bucket& bucket = buckets_[at];
  for (size_t way = 0; way < kWays; ++way) {
    const uint64_t moved = hash(flow_at(bucket.flows[way] - 1)->key);
    Bucket& to = buckets_[home(moved) == at ? other(moved) : home(moved)];
    const size_t place = free_way(to);
    if (place == kWays) continue;
    to.flows[place] = bucket.flows[way];
    to.tags[place] = bucket.tags[way];
    bucket.flows[way] = 0;
    return way;
  }
  return kWays;
}

void FlowTable::erase(Flow& flow) {
  const uint64_t key_hash = hash(flow.key);
  const uint32_t place = place_of(flow);
  for (const size_t at : {home(key_hash), other(key_hash)}) {
    Bucket& bucket = buckets_[at];
    for (uint32_t way = 0; way < kWays; ++way)
      if (bucket.flows[way] == place + 1) bucket.flows[way] = 0;
  }
  flow.clear(kFlowInUse);
  flow.cold().next_free = free_;
  free_ = place;
  --size_;
}

}  // namespace sluice
