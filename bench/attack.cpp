// bench: decided flows beside an attack on the same worker: what share of their packets passes.
#include <rte_cycles.h>
#include <rte_mbuf.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <vector>

#include "bench/attacks.h"
#include "bench/ring_gateway.h"
#include "tests/support/policy.h"

namespace sluice::bench {
namespace {

constexpr double kShareOfCapacity = 0.4;
constexpr double kCapacitySeconds = 1, kPatienceSeconds = 2;
constexpr unsigned kChunk = 32;  ///< decided packets that are sent at once, and as many of the attack
constexpr unsigned kAttackBuffers = 16'383;  ///< more than the gateway's rings and tables hold
constexpr uint16_t kNoteBytes = 8;           ///< of a buffer, for the size of its frame
constexpr double kWindowSeconds = 0.001;     ///< shares are taken of; the log is emptied as often
constexpr unsigned kMostLate = 8;            ///< chunks that are caught up with; a wire does not wait

/// What was offered to the gateway, and what came of it.
struct Tally {
  uint64_t decided = 0, attacking = 0;         ///< packets offered
  uint64_t decided_full = 0, attack_full = 0;  ///< that the port had no room for
  uint64_t passed = 0;                         ///< decided ones that came out
  double seconds = 0;
  WorkerTime worker;
  std::vector<double> shares;  ///< of what was offered in a millisecond: what came out in it

  /// The usual millisecond's: that of one in which neither end was kept from its processor.
  double usual_share() const {
    std::vector<double> sorted = shares;
    std::ranges::sort(sorted);
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
  }
  double share() const {
    return decided == 0 ? 0 : static_cast<double>(passed) / static_cast<double>(decided);
  }
};

struct Counts {
  uint64_t passed[kReasonCount], dropped[kReasonCount];
};
Counts counts_of(const WorkerStats& stats) {
  Counts out;
  for (size_t reason = 0; reason < kReasonCount; ++reason) {
    out.passed[reason] = stats.passed[reason].get();
    out.dropped[reason] = stats.dropped[reason].get();
  }
  return out;
}

class Siege {
 public:
  Siege(RingGateway& gateway, DecidedFlows& flows, const Attack& attack)
      : gateway_(gateway), flows_(flows), attack_(attack) {
    pool_ = rte_pktmbuf_pool_create("attack", kAttackBuffers, 256, kNoteBytes,
                                    RTE_PKTMBUF_HEADROOM + kMostAttackBytes, SOCKET_ID_ANY);
    if (pool_ == nullptr) fail("no memory for packet buffers");
    // Each buffer keeps the frame that it was filled with once; only what varies is written again.
    const auto frames = attack.frames();
    std::vector<rte_mbuf*> all(kAttackBuffers);
    if (rte_pktmbuf_alloc_bulk(pool_, all.data(), kAttackBuffers) != 0) fail("no buffers are left");
    for (size_t i = 0; i < all.size(); ++i) {
      const auto& frame = frames[i % frames.size()];
      if (frame.size() > kMostAttackBytes) fail("a frame of the attack is too large");
      std::ranges::copy(frame, rte_pktmbuf_mtod(all[i], uint8_t*));
      size_of(all[i]) = static_cast<uint16_t>(frame.size());
    }
    rte_pktmbuf_free_bulk(all.data(), kAttackBuffers);
  }

  /// rate: decided packets a second. Ends when all of them have come out or are lost.
  Tally run(double rate, double seconds, bool attacked) {
    Tally tally;
    offered_before_ = passed_before_ = 0;
    window_ = rte_rdtsc();
    const WorkerTime before = WorkerTime::now();
    const auto ticks_each = static_cast<double>(rte_get_tsc_hz()) * kChunk / rate;
    const uint64_t begun = rte_rdtsc(),
                   end = begun + static_cast<uint64_t>(seconds * static_cast<double>(rte_get_tsc_hz()));
    double due = static_cast<double>(begun);
    for (uint64_t now = begun; now < end; now = rte_rdtsc()) {
      if (static_cast<double>(now) >= due) {
        due = std::max(due + ticks_each, static_cast<double>(now) - kMostLate * ticks_each);
        send(tally, attacked);
      }
      drain(tally);
      if (seconds_of(now - window_) >= kWindowSeconds) end_window(tally, now);
    }
    tally.seconds = seconds_of(rte_rdtsc() - begun);
    tally.worker = WorkerTime::now() - before;
    // The worker may be kept from its processor with packets in its hands.
    const auto all_are_back = [&] { return tally.passed + tally.decided_full >= tally.decided; };
    for (const uint64_t last = rte_rdtsc();
         !all_are_back() && seconds_of(rte_rdtsc() - last) < kPatienceSeconds;)
      drain(tally);
    return tally;
  }

 private:
  void end_window(Tally& tally, uint64_t now) {
    const uint64_t offered = tally.decided - offered_before_, passed = tally.passed - passed_before_;
    if (offered != 0) tally.shares.push_back(static_cast<double>(passed) / static_cast<double>(offered));
    offered_before_ = tally.decided;
    passed_before_ = tally.passed;
    window_ = now;
    gateway_.forget_records();
  }
  /// Half of the decided packets arrive at each port, the attack's all at the LAN's, among them.
  void send(Tally& tally, bool attacked) {
    constexpr unsigned kEach = kChunk / 2;
    rte_mbuf *decided[kEach], *attack[kChunk], *both[kEach + kChunk];
    unsigned count = flows_.arrive(0, decided), all = 0;
    // As a card's driver takes them: of a buffer that lies in its pool only what begins it is written.
    const bool made = attacked && rte_mempool_get_bulk(pool_, reinterpret_cast<void**>(attack), kChunk) == 0;
    for (unsigned i = 0; i < kEach; ++i) {
      if (i < count) both[all++] = decided[i];
      for (unsigned j = 2 * i; made && j < 2 * i + 2; ++j) both[all++] = shaped(attack[j]);
    }
    tally.decided += count;
    tally.attacking += made ? kChunk : 0;
    offer(0, {both, all}, tally);
    count = flows_.arrive(1, decided);
    tally.decided += count;
    offer(1, {decided, count}, tally);
  }
  /// What a buffer is marked with when it is filled.
  static uint16_t& size_of(rte_mbuf* mbuf) { return *static_cast<uint16_t*>(rte_mbuf_to_priv(mbuf)); }
  rte_mbuf* shaped(rte_mbuf* mbuf) {
    mbuf->data_off = RTE_PKTMBUF_HEADROOM;
    mbuf->ol_flags = 0;
    mbuf->pkt_len = mbuf->data_len = size_of(mbuf);
    attack_.vary(rte_pktmbuf_mtod(mbuf, uint8_t*), chance_.next());
    return mbuf;
  }
  void offer(size_t side, std::span<rte_mbuf*> packets, Tally& tally) {
    const DecidedFlows::Count full = flows_.offer(side, packets);
    tally.decided_full += full.decided;
    tally.attack_full += full.others;
  }
  void drain(Tally& tally) { tally.passed += flows_.drain().decided; }

  RingGateway& gateway_;
  DecidedFlows& flows_;
  const Attack& attack_;
  rte_mempool* pool_ = nullptr;
  Chance chance_;
  uint64_t window_ = 0, offered_before_ = 0, passed_before_ = 0;
};

void show_counts(const Counts& before, const Counts& after) {
  for (size_t reason = 0; reason < kReasonCount; ++reason) {
    const uint64_t dropped = after.dropped[reason] - before.dropped[reason];
    if (dropped != 0)
      std::printf("    dropped %-20s %12llu\n", std::string(kReasonWords[reason]).c_str(),
                  static_cast<unsigned long long>(dropped));
  }
  for (size_t reason = 0; reason < kReasonCount; ++reason) {
    const uint64_t passed = after.passed[reason] - before.passed[reason];
    if (passed != 0)
      std::printf("    passed  %-20s %12llu\n", std::string(kReasonWords[reason]).c_str(),
                  static_cast<unsigned long long>(passed));
  }
}

void show(const char* what, const Tally& tally) {
  const auto millions = [&](uint64_t packets) { return static_cast<double>(packets) / tally.seconds / 1e6; };
  std::printf(
      "  %-11s decided %.2f Mpackets/s, attack %.2f; %.3f %% of the decided passed (%.3f in the usual "
      "millisecond)\n",
      what, millions(tally.decided), millions(tally.attacking), 100 * tally.share(),
      100 * tally.usual_share());
  std::printf(
      "    found the port full: %llu decided, %llu of the attack; the worker waited for its core %.1f %% of "
      "the time\n",
      static_cast<unsigned long long>(tally.decided_full), static_cast<unsigned long long>(tally.attack_full),
      100 * tally.worker.waited_s / tally.seconds);
}

int run(const Attack& attack, double seconds) {
  const auto no_files = [](const std::string&, std::string&, std::string&) { return false; };
  RingGateway gateway({.policy = build_generation(test::kOffice, 1, no_files)});
  gateway.start();
  DecidedFlows flows(gateway);
  Siege siege(gateway, flows, attack);
  const WorkerStats& stats = gateway.stats();
  // As many as can be; what finds the ports full shows that it was the worker who had enough.
  const Tally most = siege.run(std::numeric_limits<double>::infinity(), kCapacitySeconds, false);
  if (most.decided_full == 0) fail("the worker is faster than what feeds it");
  const double capacity = static_cast<double>(most.passed) / most.seconds;
  std::printf("%s: %s; capacity %.2f Mpackets/s\n", std::string(attack.name).c_str(),
              std::string(attack.what).c_str(), capacity / 1e6);
  const double rate = kShareOfCapacity * capacity;
  const Tally calm = siege.run(rate, std::min(seconds, 3.0), false);
  show("undisturbed", calm);
  const Counts before = counts_of(stats);
  const Memory memory = Memory::now();
  const Tally tally = siege.run(rate, seconds, true);
  const Counts after = counts_of(stats);
  const Memory later = Memory::now();
  show("attacked", tally);
  show_counts(before, after);
  std::printf(
      "    flows %llu of %llu, undecided %llu of %llu, fragments %llu, names %llu; memory %.1f MB, then "
      "%.1f; mapped %.1f, then %.1f\n",
      static_cast<unsigned long long>(stats.flows.get()),
      static_cast<unsigned long long>(stats.flow_capacity.get()),
      static_cast<unsigned long long>(stats.undecided.get()),
      static_cast<unsigned long long>(stats.undecided_capacity.get()),
      static_cast<unsigned long long>(stats.fragments.get()),
      static_cast<unsigned long long>(stats.names.get()), memory.used / 1e6, later.used / 1e6,
      memory.mapped / 1e6, later.mapped / 1e6);
  const uint64_t tx_full = after.dropped[static_cast<size_t>(Reason::TxFull)] -
                           before.dropped[static_cast<size_t>(Reason::TxFull)];
  const bool told = std::ranges::any_of(attack.told_by, [&](Reason reason) {
    const auto index = static_cast<size_t>(reason);
    return after.dropped[index] > before.dropped[index];
  });
  const uint64_t gone = tally.decided - tally.decided_full - tally.passed;
  if (gone > tx_full)
    std::printf("    WRONG: %llu decided packets were dropped\n",
                static_cast<unsigned long long>(gone - tx_full));
  if (!told) std::printf("    WRONG: no bound's counter told of it\n");
  return gone > tx_full || !told ? 1 : 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  CLI::App app{
      "Decided flows at 40 % of a worker's capacity, and as many packets of an attack on the same worker."};
  std::string wanted, known;
  double seconds = 60;
  for (const Attack& attack : attacks())
    known += "\n  " + std::string(attack.name) + ": " + std::string(attack.what);
  app.add_option("attack", wanted, "which one:" + known)->required();
  app.add_option("--seconds", seconds, "how long")->check(CLI::Range(0.1, 86400.0));
  CLI11_PARSE(app, argc, argv);
  const auto attack = std::ranges::find(attacks(), wanted, &Attack::name);
  if (attack == attacks().end())
    return std::fprintf(stderr, "bench-attack: no attack is named %s\n", wanted.c_str()), 2;
  return run(*attack, seconds);
}
