// worker: a pipeline's memory and its policy.
#include <new>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

constexpr uint32_t kEchNames = 4096;
constexpr uint32_t kQuestions = 16384;     ///< outstanding ones of one worker
constexpr uint32_t kQuicIds = 8192;        ///< of servers, remembered by one worker
constexpr uint32_t kQuicOpenings = 65536;  ///< connections that began of late
constexpr uint32_t kQuicClients = 4096;    ///< places in which Initials are counted

}  // namespace

std::unique_ptr<Pipeline> Pipeline::create(const PipelineConfig& config, rte_mempool* pool,
                                           WorkerStats& stats, EventRing& ring) {
  auto made = std::unique_ptr<WorkerPipeline>(new (std::nothrow) WorkerPipeline(config, pool, stats, ring));
  if (!made || !made->create()) return nullptr;
  return made;
}

bool WorkerPipeline::create() {
  for (uint16_t port = 0; port < config_.port_count; ++port)
    for (uint16_t other = 0; other < config_.port_count; ++other)
      if (other != port && config_.ports[other].pair == config_.ports[port].pair) opposite_[port] = other;
  for (uint16_t port = 0; port < config_.port_count; ++port)
    port_of_[config_.ports[port].pair][static_cast<size_t>(config_.ports[port].side)] = port;
  const uint64_t seed = config_.seed;
  // A flow, a binding or a connection id refers to at most one name.
  const uint32_t names = config_.flows / 2 + config_.bindings + kQuicIds;
  payload_scratch_ = make_fixed_array<uint8_t>(kMaxFrame);
  dns_scratch_ = make_fixed_array<uint8_t>(kMaxFrame);
  message_scratch_ = make_fixed_array<uint8_t>(kStreamWindow);
  const bool made = payload_scratch_ && dns_scratch_ && message_scratch_ &&
                    flows_.create(config_.flows, seed) && contexts_.create(config_.undecided) &&
                    names_.create(names, seed) && bindings_.create(config_.bindings, seed, names_) &&
                    questions_.create(kQuestions, seed) && ech_names_.create(kEchNames, seed) &&
                    site_addresses_.create(config_.bindings, seed) &&
                    own_addresses_.create(config_.bindings, seed) && quic_opener_.create() &&
                    quic_ids_.create(kQuicIds, seed, names_) && quic_openings_.create(kQuicOpenings, seed) &&
                    quic_budget_.create(kQuicClients, seed) && fragments_.create(seed) && opened_.create();
  if (!made) return false;
  stats_.flow_capacity.set(flows_.capacity());
  stats_.undecided_capacity.set(contexts_.capacity());
  stats_.binding_capacity.set(bindings_.capacity());
  stats_.name_capacity.set(names_.capacity());
  return true;
}

void WorkerPipeline::set_policy(const Policy* policy, Scratch* scratch) {
  policy_ = policy;
  scratch_ = scratch;
  generation_ = policy == nullptr ? 0 : policy->generation();
  epoch_ = after(epoch_);
  stats_.generation.set(generation_);
  if (policy == nullptr) return;
  for (size_t pair = 0; pair < kMaxPairs; ++pair) line_of_pair_[pair] = policy->line_of(config_.lines[pair]);
}

/// What holds may have changed with the hour: then flows are judged again, as by a new policy.
void WorkerPipeline::begin(Clock now, Output& out) {
  constexpr int64_t kSecond = 1'000'000'000;
  now_ = now;
  out_ = &out;
  if (policy_ != nullptr && policy_->advance(*scratch_, now.utc_ns / kSecond)) epoch_ = after(epoch_);
}

}  // namespace sluice
