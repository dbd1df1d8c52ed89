// replay: the gateway's own pipeline between two ports that are only memory.
#pragma once

#include <cstdlib>
#include <memory>
#include <span>

#include "dataplane/log/event_ring.h"
#include "dataplane/worker/pipeline.h"

namespace sluice::replay {

inline constexpr uint16_t kLanPort = 0, kLinePort = 1;
inline constexpr uint64_t kRingSlots = 4096;

/// One worker's pipeline with its counters and its event ring on the heap. Serves replay and the cases of the
/// tests.
class Gateway {
 public:
  /// config: its ports are set here. pool, policy, scratch: outlive the gateway. ring_slots: a power of two.
  /// Returns nullptr where memory is short.
  static std::unique_ptr<Gateway> create(PipelineConfig config, rte_mempool* pool, const Policy& policy,
                                         Scratch& scratch, uint64_t ring_slots = kRingSlots);
  ~Gateway();

  /// Puts frame into buffers of the pool and through the pipeline, as a burst of one. What leaves is in
  /// output() until clear_output. Returns false where the pool has no room.
  [[nodiscard]] bool process(std::span<const uint8_t> frame, Side from, Clock now);
  /// The same for a burst of packets, whose ports are set.
  void process(std::span<rte_mbuf* const> burst, Clock now) { pipeline_->process(burst, now, *output_); }
  /// Another policy from now on, or none; policy and scratch outlive the gateway, or the next policy.
  void set_policy(const Policy* policy, Scratch* scratch) { pipeline_->set_policy(policy, scratch); }
  void housekeeping(Clock now) { pipeline_->housekeeping(now, *output_); }
  void stop(Clock now) { pipeline_->stop(now); }

  const Output& output() const { return *output_; }
  void clear_output();
  WorkerStats& stats() { return *stats_; }

  /// Frees the ring unread.
  void discard_records() { ring_->tail.store(ring_->head.load()); }
  /// Calls take(const Record&, std::string_view name) for each access' record that was written, and take_end
  /// for each end's, and frees the ring.
  template <typename Take, typename TakeEnd>
  void drain(Take&& take, TakeEnd&& take_end) {
    Record record;
    char name[kMaxName];
    while (next_record(record, name)) {
      const std::string_view view(name, record.name_size);
      record.ended == Ended::No ? take(record, view) : take_end(record, view);
    }
  }
  /// The same without the ends.
  template <typename Take>
  void drain(Take&& take) {
    drain(take, [](const Record&, std::string_view) {});
  }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  Gateway() = default;
  bool make_ring(uint64_t slots);
  bool next_record(Record& record, char (&name)[kMaxName]);

  rte_mempool* pool_ = nullptr;
  std::unique_ptr<std::byte, Free> ring_memory_;
  RingHeader* ring_ = nullptr;
  std::unique_ptr<EventRing> events_;
  std::unique_ptr<WorkerStats> stats_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<Pipeline> pipeline_;
};

/// Starts the EAL without huge pages, PCI, or files that another process could meet. program: for its
/// messages. Returns false, having said why, where it does not start.
[[nodiscard]] bool start_quiet_eal(const char* program);
/// Ends what start_quiet_eal began.
void stop_quiet_eal();
/// Buffers for frames of at most 256 KiB and their answers; nullptr where memory is short.
[[nodiscard]] rte_mempool* make_frame_pool();

}  // namespace sluice::replay
