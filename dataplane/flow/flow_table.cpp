// flow: the look-up and the places of the flow table.
#include "dataplane/flow/flow_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace sluice {

uint64_t FlowTable::hash(const FlowKey& key) const {
  const FlowKey::Words words = key.words();
  if (key.local.is_v4() && key.remote.is_v4())
    return hash(Ipv4Pair{words.local.second >> 32 | (words.remote.second >> 32 << 32)}, words.rest());
  return hash(AddressPair{words.local, words.remote}, words.rest());
}

uint64_t FlowTable::hash(const AddressPair& pair, uint64_t rest) const {
  const uint64_t words[] = {pair.one.first, pair.one.second, pair.two.first, pair.two.second, rest};
  return XXH3_64bits_withSeed(words, sizeof words, seed_);
}

Flow* FlowTable::find(const FlowKey& key, uint64_t hash) {
  for (const size_t at : {home(hash), other(hash)}) {
    const Bucket& bucket = buckets_[at];
    for (uint32_t left = tags_equal(bucket.tags, tag(hash)); left != 0; left &= left - 1) {
      const uint32_t index = bucket.flows[std::countr_zero(left)];
      if (index != 0 && flows_[index - 1].key == key) return &flows_[index - 1];
    }
  }
  return nullptr;
}

Flow* FlowTable::insert(const FlowKey& key, uint64_t hash) {
  if (free_count_ == 0) return nullptr;
  // The emptier of the two: filling the first one first would let both run full long before the table is.
  Bucket& first = buckets_[home(hash)];
  Bucket& second = buckets_[other(hash)];
  const auto used = [](const Bucket& bucket) {
    return std::count_if(std::begin(bucket.flows), std::end(bucket.flows),
                         [](uint32_t flow) { return flow != 0; });
  };
  Bucket& bucket = used(second) < used(first) ? second : first;
  uint32_t* place = std::find(std::begin(bucket.flows), std::end(bucket.flows), 0U);
  if (place == std::end(bucket.flows)) return nullptr;
  const uint32_t index = free_[--free_count_];
  *place = index + 1;
  bucket.tags[place - bucket.flows] = tag(hash);
  Flow& flow = flows_[index];
  std::memset(static_cast<void*>(&flow), 0, sizeof flow);
  flow.key = key;
  flow.context = kNoIndex;
  flow.set(kFlowInUse);
  ++size_;
  return &flow;
}

void FlowTable::erase(Flow& flow) {
  const uint64_t key_hash = hash(flow.key);
  const uint32_t index = index_of(flow);
  for (const size_t at : {home(key_hash), other(key_hash)}) {
    Bucket& bucket = buckets_[at];
    for (uint32_t way = 0; way < kWays; ++way)
      if (bucket.flows[way] == index + 1) bucket.flows[way] = 0;
  }
  flow.clear(kFlowInUse);
  free_[free_count_++] = index;
  --size_;
}

}  // namespace sluice
