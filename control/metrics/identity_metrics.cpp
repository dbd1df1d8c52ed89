// control/metrics: who is known, and how many records bear a name.
#include "control/metrics/identity_metrics.h"

#include "control/metrics/family.h"

namespace sluice::control {

void add_identity(const Registry& registry, const RadiusServer::Counts& radius,
                  std::vector<prometheus::MetricFamily>& out) {
  const auto value = [](const std::atomic<uint64_t>& count) { return count.load(std::memory_order_relaxed); };
  const Registry::Counts& counts = registry.counts();
  const Registry::Figures figures = registry.figures();
  Family::counter("sluice_records_attributed_total", "Records that bear a user.")
      .add(value(counts.records[static_cast<size_t>(NoUser::Known)]))
      .move_to(out);
  Family without = Family::counter(
      "sluice_records_unattributed_total",
      "Records without a user: nobody is known, it is not sure who it was, or many share the address.");
  for (size_t i = static_cast<size_t>(NoUser::None); i < kNoUserCount; ++i) {
    without.add(value(counts.records[i]), {{"reason", kNoUserWords[i]}});
  }
  without.move_to(out);
  Family::counter("sluice_records_with_machine_total", "Records that bear a machine's name.")
      .add(value(counts.machines))
      .move_to(out);
  Family held = Family::gauge("sluice_identity_bindings",
                              "What is held of addresses' people and machines, by where it is known from.");
  for (size_t i = 0; i < kHoldingSourceCount; ++i) {
    held.add(figures.held[i], {{"source", kHoldingSourceWords[i]}});
  }
  held.move_to(out);
  Family refused = Family::counter("sluice_identity_refused_total", "Bindings that were refused, by why.");
  for (size_t i = 1; i < kRefusedCount; ++i) {
    refused.add(figures.refused[i], {{"reason", kRefusedWords[i]}});
  }
  refused.move_to(out);
  const auto count = [&](const char* name, const char* help, uint64_t number) {
    Family::counter(name, help).add(number).move_to(out);
  };
  count("sluice_identity_file_problems_total",
        "Places of lease and table files that could not be understood.", value(counts.read_problems));
  count("sluice_identity_neighbours_lost_total",
        "Neighbours that the data plane had no room for until control looked.", value(counts.overwritten));
  count("sluice_identity_save_errors_total", "Times the disk refused what is kept of people.",
        value(counts.save_errors));
  count("sluice_identity_state_damaged_total", "Times what was kept was damaged, and was set aside.",
        value(counts.state_set_aside));
  Family::gauge("sluice_radius_sessions", "Sessions that are remembered, those that ended of late included.")
      .add(uint64_t{figures.sessions})
      .move_to(out);
  Family::counter("sluice_radius_packets_total", "RADIUS packets that came, by what became of them.")
      .add(value(radius.taken), {{"result", "taken"}})
      .add(value(radius.unanswered), {{"result", "unanswered"}})
      .add(value(radius.wrong_secret), {{"result", "wrong-secret"}})
      .add(value(radius.strangers), {{"result", "stranger"}})
      .add(value(radius.malformed), {{"result", "malformed"}})
      .add(value(radius.others), {{"result", "other-code"}})
      .move_to(out);
}

}  // namespace sluice::control
