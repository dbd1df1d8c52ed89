// control: sums the workers' counters for people.
#include "control/status.h"

#include "control/accesslog/ring_reader.h"

namespace sluice::control {
namespace {

using nlohmann::json;

json port_json(const SharedRegion& region, size_t pair, size_t side) {
  uint64_t sums[4] = {};
  for (size_t worker = 0; worker < region.worker_count(); ++worker) {
    const PortStats& port = region.stats(worker).ports[pair][side];
    sums[0] += port.rx_packets.get();
    sums[1] += port.rx_bytes.get();
    sums[2] += port.tx_packets.get();
    sums[3] += port.tx_bytes.get();
  }
  return {{"rx_packets", sums[0]}, {"rx_bytes", sums[1]}, {"tx_packets", sums[2]}, {"tx_bytes", sums[3]}};
}

json worker_json(const SharedRegion& region, size_t worker) {
  const WorkerStats& stats = region.stats(worker);
  return {{"turns", stats.turns.count()},
          {"generation", stats.generation.get()},
          {"flows", stats.flows.get()},
          {"flow_capacity", stats.flow_capacity.get()},
          {"undecided", stats.undecided.get()},
          {"bindings", stats.bindings.get()},
          {"records_written", stats.records_written.get()},
          {"records_lost", stats.records_lost.get()},
          {"ring_used", ring_used(region.ring(worker))},
          {"ring_slots", region.ring(worker).slot_count}};
}

json action_sums(const SharedRegion& region) {
  json out = json::object();
  for (size_t action = 0; action < kActionCount; ++action) {
    uint64_t sum = 0;
    for (size_t worker = 0; worker < region.worker_count(); ++worker) {
      for (size_t reason = 0; reason < kReasonCount; ++reason) {
        sum += region.stats(worker).accesses[action][reason].get();
      }
    }
    out[std::string(kActionWords[action])] = sum;
  }
  return out;
}

}  // namespace

json data_plane_status(const SharedRegion* region, bool up, const json& generation) {
  json out{{"up", up}, {"generation", generation}, {"lines", json::array()}, {"workers", json::array()}};
  if (region == nullptr) {
    return out;
  }
  out["boot"] = std::to_string(region->boot());
  out["accesses"] = action_sums(*region);
  for (size_t pair = 0; pair < region->pair_count(); ++pair) {
    out["lines"].push_back({{"name", region->pair(pair)},
                            {"lan", port_json(*region, pair, 0)},
                            {"line", port_json(*region, pair, 1)}});
  }
  for (size_t worker = 0; worker < region->worker_count(); ++worker) {
    out["workers"].push_back(worker_json(*region, worker));
  }
  return out;
}

json identity_status(const Registry& registry, const RadiusServer::Counts& radius, bool listens) {
  const Registry::Figures figures = registry.figures();
  json records = json::object(), held = json::object(), refused = json::object(), files = json::array();
  for (size_t i = 0; i < kNoUserCount; ++i) {
    records[std::string(kNoUserWords[i])] = registry.counts().records[i].load();
  }
  for (size_t i = 0; i < kHoldingSourceCount; ++i) {
    held[std::string(kHoldingSourceWords[i])] = figures.held[i];
  }
  for (size_t i = 1; i < kRefusedCount; ++i) {
    refused[std::string(kRefusedWords[i])] = figures.refused[i];
  }
  for (const IdentityFileStatus& each : registry.files()) {
    files.push_back({{"name", each.name},
                     {"path", each.pattern},
                     {"entries", each.held},
                     {"problems", each.problem_count},
                     {"first", each.problems.empty() ? "" : each.problems.front()}});
  }
  return {{"records", std::move(records)},
          {"machines", registry.counts().machines.load()},
          {"held", std::move(held)},
          {"refused", std::move(refused)},
          {"files", std::move(files)},
          {"radius",
           {{"listens", listens},
            {"sessions", figures.sessions},
            {"taken", radius.taken.load()},
            {"wrong_secret", radius.wrong_secret.load()},
            {"strangers", radius.strangers.load()}}}};
}

json log_status(const AccessLog::Counts& counts, const std::string& directory, const std::string& key,
                const WitnessStatus& witness) {
  return {{"directory", directory},
          {"records", counts.records.load()},
          {"folded", counts.folded.load()},
          {"bytes", counts.bytes.load()},
          {"errors", counts.errors.load()},
          {"malformed", counts.malformed.load()},
          {"lost", counts.lost.load()},
          {"doubles", counts.doubles.load()},
          {"gaps", counts.gaps.load()},
          {"segments_closed", counts.closed.load()},
          {"key", key},
          {"witness",
           {{"kind", kWitnessWords[static_cast<size_t>(witness.kind)]},
            {"line", witness.last_line},
            {"unwitnessed_since", witness.since},
            {"error", witness.error}}}};
}

}  // namespace sluice::control
