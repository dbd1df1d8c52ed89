// boot: everything the data plane is made of, brought up in order and taken down in reverse.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/agent/generation_switch.h"
#include "dataplane/boot/link_follow.h"
#include "dataplane/boot/options.h"
#include "dataplane/boot/watchdog.h"
#include "dataplane/contract/messages.h"
#include "dataplane/log/event_ring.h"
#include "dataplane/stats/shared_memory.h"
#include "dataplane/worker/pipeline.h"
#include "dataplane/worker/poll_loop.h"

namespace sluice {

/// One sentence about what could not be brought up; empty where all is well.
using BootError = std::string;

/// EAL with one lcore for each worker beside the main one.
[[nodiscard]] BootError start_eal(const Options& options);

/// Ports, pools, rings, shared memory, pipelines and workers.
class DataPlane {
 public:
  explicit DataPlane(const Options& options)
      : options_(options), watchdog_(options.workers), follows_(options.pairs.size()) {}
  ~DataPlane();
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  /// Memory first, ports last. generations: with the last good policy, or none.
  [[nodiscard]] BootError prepare(GenerationSwitch& generations);
  [[nodiscard]] BootError open_ports();
  /// With the ports open, gives up what only that needs: capabilities, and most system calls. See confine.h.
  [[nodiscard]] BootError confine();
  /// Starts the workers on their lcores.
  [[nodiscard]] BootError launch();
  /// Stops the workers and the ports.
  void stop();

  /// Gives a binding to every worker, from the agent's thread. False where one of them has no room for it.
  [[nodiscard]] bool bind(const Binding& binding);

  /// Shows in the shared memory which ports have their carrier, and has those of cards follow each other
  /// where that is asked for. To be called once a second by the agent's thread alone. Returns what is to be
  /// said of it, a sentence each.
  [[nodiscard]] std::vector<std::string> look_at_links();

  /// To be asked once a second by the agent's thread alone: a worker that hangs, see Watchdog.
  [[nodiscard]] std::optional<uint32_t> hung_worker();

  const SharedMemory& shared() const { return shared_; }
  /// What prepare found of an earlier process' shared memory, one line each; see open_kept.
  const std::vector<std::string>& memory_said() const { return memory_said_; }

 private:
  [[nodiscard]] BootError make_pool();
  [[nodiscard]] BootError make_rings();
  [[nodiscard]] BootError find_ports();
  [[nodiscard]] BootError make_pipelines(GenerationSwitch& generations);

  const Options& options_;
  Watchdog watchdog_;
  std::vector<std::optional<LinkFollow>> follows_;  ///< of each pair; none where it is not asked for
  std::atomic<bool> stop_{false};
  bool launched_ = false;
  uint16_t open_ports_ = 0;
  rte_mempool* pool_ = nullptr;
  SharedMemory shared_;
  std::vector<std::string> memory_said_;
  std::array<PortPlace, kMaxPorts> places_{};
  uint16_t port_count_ = 0;
  std::vector<std::unique_ptr<EventRing>> rings_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::vector<Loop> loops_;
};

}  // namespace sluice
