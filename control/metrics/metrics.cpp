// control/metrics: reads the counters at each scrape.
#include "control/metrics/metrics.h"

#include <exception>
#include <utility>

#include "control/accesslog/ring_reader.h"
#include "control/base/clock.h"
#include "control/metrics/alarm_metrics.h"
#include "control/metrics/copy_metrics.h"
#include "control/metrics/family.h"
#include "control/metrics/identity_metrics.h"
#include "control/metrics/line_metrics.h"
#include "control/metrics/log_metrics.h"
#include "control/metrics/policy_metrics.h"

namespace sluice::control {
namespace {

using Families = std::vector<prometheus::MetricFamily>;
constexpr std::string_view kSides[] = {"lan", "line"};

std::string number(size_t value) {
  return std::to_string(value);
}

/// One counter or gauge of every worker.
struct WorkerValue {
  const char* name;
  const char* help;
  Counter WorkerStats::*value;
  bool gauge;
};
constexpr WorkerValue kWorkerValues[] = {
    {"sluice_worker_policy_generation", "Generation of the policy that a worker enforces; 0: none.",
     &WorkerStats::generation, true},
    {"sluice_rejudged_total", "Flows judged again because the policy changed.", &WorkerStats::rejudged,
     false},
    {"sluice_checksums_completed_total", "Unfinished checksums of a software port filled in.",
     &WorkerStats::checksums_completed, false},
    {"sluice_handed_over_packets_total", "Packets passed to the worker of their client.",
     &WorkerStats::handed_over, false},
    {"sluice_records_written_total", "Records of accesses and ends put into the ring.",
     &WorkerStats::records_written, false},
    {"sluice_records_lost_total", "Records of accesses and ends lost because the ring was full.",
     &WorkerStats::records_lost, false},
    {"sluice_ends_left_out_total",
     "Flows that ended in a flood, undecided or with nothing passed, and have no record of it.",
     &WorkerStats::ends_left_out, false},
    {"sluice_flows", "Flows in the table.", &WorkerStats::flows, true},
    {"sluice_flow_capacity", "Flows that fit into the table.", &WorkerStats::flow_capacity, true},
    {"sluice_undecided_flows", "Flows whose name is not complete yet.", &WorkerStats::undecided, true},
    {"sluice_undecided_capacity", "Undecided flows that fit at once.", &WorkerStats::undecided_capacity,
     true},
    {"sluice_bindings", "Addresses bound to names by DNS.", &WorkerStats::bindings, true},
    {"sluice_binding_capacity", "Bindings that fit.", &WorkerStats::binding_capacity, true},
    {"sluice_names_lost_total", "Names not remembered because the table was full.", &WorkerStats::names_lost,
     false},
    {"sluice_dns_news_lost_total",
     "What DNS taught and other workers were not told, because a ring was full.", &WorkerStats::news_lost,
     false},
    {"sluice_dns_addresses_lost_total",
     "Addresses of names forgotten before their time, because the table was full.",
     &WorkerStats::dns_addresses_lost, false},
    {"sluice_ech_stripped_total", "DNS answers that ech was taken out of.", &WorkerStats::ech_stripped,
     false},
    {"sluice_names", "Names that flows hold.", &WorkerStats::names, true},
    {"sluice_name_capacity", "Names that fit.", &WorkerStats::name_capacity, true},
    {"sluice_held_fragments", "IP fragments held until their datagrams are whole.", &WorkerStats::fragments,
     true},
};

void add_worker_values(const SharedRegion& region, Families& out) {
  for (const WorkerValue& each : kWorkerValues) {
    Family family = each.gauge ? Family::gauge(each.name, each.help) : Family::counter(each.name, each.help);
    for (size_t worker = 0; worker < region.worker_count(); ++worker) {
      family.add((region.stats(worker).*each.value).get(), {{"worker", number(worker)}});
    }
    family.move_to(out);
  }
}

void add_times(const SharedRegion& region, Families& out) {
  struct Times {
    const char* name;
    const char* help;
    Histogram WorkerStats::*value;
  };
  constexpr Times kTimes[] = {
      {"sluice_forwarding_seconds",
       "Packets, by the time from the receipt of their burst until all of it was sent; one that was handed "
       "over counts on both workers, with the time on each.",
       &WorkerStats::forwarding},
      {"sluice_worker_turn_seconds",
       "Turns of the poll loop, by the time from one look at the ports to the next, sleep and all: as long a "
       "packet may wait. Its count stands still when a worker hangs.",
       &WorkerStats::turns},
  };
  for (const Times& each : kTimes) {
    Family family = Family::histogram(each.name, each.help);
    for (size_t worker = 0; worker < region.worker_count(); ++worker) {
      family.add(region.stats(worker).*each.value, {{"worker", number(worker)}});
    }
    family.move_to(out);
  }
}

void add_ports(const SharedRegion& region, Families& out) {
  struct PortValue {
    const char* name;
    const char* help;
    Counter PortStats::*value;
  };
  constexpr PortValue kValues[] = {
      {"sluice_port_receive_packets_total", "Packets received.", &PortStats::rx_packets},
      {"sluice_port_receive_bytes_total", "Bytes received.", &PortStats::rx_bytes},
      {"sluice_port_transmit_packets_total", "Packets sent.", &PortStats::tx_packets},
      {"sluice_port_transmit_bytes_total", "Bytes sent.", &PortStats::tx_bytes},
  };
  for (const PortValue& each : kValues) {
    Family family = Family::counter(each.name, each.help);
    for (size_t worker = 0; worker < region.worker_count(); ++worker) {
      for (size_t pair = 0; pair < region.pair_count(); ++pair) {
        for (size_t side = 0; side < 2; ++side) {
          family.add((region.stats(worker).ports[pair][side].*each.value).get(),
                     {{"worker", number(worker)}, {"line", region.pair(pair)}, {"side", kSides[side]}});
        }
      }
    }
    family.move_to(out);
  }
}

/// Every reason has its series from the start, so that a rate sees the first event too.
void add_packets(const SharedRegion& region, Families& out) {
  Family passed = Family::counter("sluice_packets_passed_total", "Packets that passed, by why.");
  Family dropped = Family::counter("sluice_packets_dropped_total", "Packets that were dropped, by why.");
  for (size_t worker = 0; worker < region.worker_count(); ++worker) {
    const WorkerStats& stats = region.stats(worker);
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      passed.add(stats.passed[reason].get(), {{"worker", number(worker)}, {"reason", kReasonWords[reason]}});
      dropped.add(stats.dropped[reason].get(),
                  {{"worker", number(worker)}, {"reason", kReasonWords[reason]}});
    }
  }
  passed.move_to(out);
  dropped.move_to(out);
}

/// Accesses are summed over the workers: which one served a client tells nobody anything.
void add_accesses(const SharedRegion& region, Families& out) {
  const auto sum = [&](auto value_of) {
    uint64_t total = 0;
    for (size_t worker = 0; worker < region.worker_count(); ++worker) {
      total += value_of(region.stats(worker)).get();
    }
    return total;
  };
  Family accesses = Family::counter("sluice_accesses_total", "Accesses, by what became of them and why.");
  Family protocols = Family::counter("sluice_protocol_accesses_total", "Accesses, by what they spoke.");
  for (size_t action = 0; action < kActionCount; ++action) {
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      accesses.add(sum([&](const WorkerStats& s) -> const Counter& { return s.accesses[action][reason]; }),
                   {{"action", kActionWords[action]}, {"reason", kReasonWords[reason]}});
    }
    for (size_t protocol = 0; protocol < kProtocolCount; ++protocol) {
      protocols.add(
          sum([&](const WorkerStats& s) -> const Counter& { return s.protocols[action][protocol]; }),
          {{"action", kActionWords[action]}, {"protocol", kProtocolWords[protocol]}});
    }
  }
  Family answers = Family::counter("sluice_answers_total", "Answers to what was blocked.");
  for (size_t answer = 0; answer < kAnswerCount; ++answer) {
    answers.add(sum([&](const WorkerStats& s) -> const Counter& { return s.answers[answer]; }),
                {{"answer", kAnswerWords[answer]}});
  }
  Family ended = Family::counter("sluice_ends_total", "Records of flows' ends, by how they ended.");
  for (size_t how = static_cast<size_t>(Ended::No) + 1; how < kEndedCount; ++how) {
    ended.add(sum([&](const WorkerStats& s) -> const Counter& { return s.ended[how]; }),
              {{"ended", kEndedWords[how]}});
  }
  accesses.move_to(out);
  ended.move_to(out);
  protocols.move_to(out);
  answers.move_to(out);
}

void add_rings(const SharedRegion& region, Families& out) {
  Family used =
      Family::gauge("sluice_ring_used_slots", "Slots of the event ring that are not yet synced to disk.");
  Family size = Family::gauge("sluice_ring_slots", "Slots of the event ring.");
  for (size_t worker = 0; worker < region.worker_count(); ++worker) {
    used.add(ring_used(region.ring(worker)), {{"worker", number(worker)}});
    size.add(region.ring(worker).slot_count, {{"worker", number(worker)}});
  }
  used.move_to(out);
  size.move_to(out);
}

void add_starts(const SharedRegion& region, Families& out) {
  const StartFigures figures = region.start_figures();
  Family::counter("sluice_dataplane_starts_total",
                  "Data planes that began in the shared memory; above 1 each found what the one before left.")
      .add(figures.starts)
      .move_to(out);
  Family::counter("sluice_shared_memory_refused_total",
                  "Memories kept for the data plane that were not what they must be; it made new ones.")
      .add(figures.memory_refused)
      .move_to(out);
}

void add_dnstap(const DnstapServer::Counts& dnstap, const Link::Counts& link, Families& out) {
  const auto value = [](const std::atomic<uint64_t>& count) { return count.load(std::memory_order_relaxed); };
  Family::gauge("sluice_dnstap_connections", "Resolvers that are connected.")
      .add(value(dnstap.connected))
      .move_to(out);
  Family::counter("sluice_dnstap_frames_total", "Frames that resolvers sent, by what was in them.")
      .add(value(dnstap.answers), {{"kind", "answer"}})
      .add(value(dnstap.others), {{"kind", "other"}})
      .add(value(dnstap.unreadable), {{"kind", "unreadable"}})
      .move_to(out);
  Family::counter("sluice_dnstap_refused_total", "Resolvers' connections that were ended for what came.")
      .add(value(dnstap.refused))
      .move_to(out);
  Family::counter("sluice_dnstap_bindings_total", "Addresses that resolvers named, by what became of them.")
      .add(value(link.bound), {{"action", "bound"}})
      .add(value(link.bind_lost), {{"action", "lost"}})
      .move_to(out);
}

/// The name of a list is the policy's own word, no host's.
void add_feeds(const std::vector<FeedStatus>& feeds, Families& out) {
  Family entries = Family::gauge("sluice_feed_entries", "Entries of a fetched list's copy in force.");
  Family success = Family::gauge("sluice_feed_last_success_timestamp_seconds",
                                 "When a fetched list's copy was last known to be the newest; 0: never.");
  Family held =
      Family::gauge("sluice_feed_held", "1 where a newer copy of a fetched list waits to be accepted.");
  Family fetches = Family::counter("sluice_feed_fetches_total", "Fetches of a list, by what became of them.");
  for (const FeedStatus& each : feeds) {
    entries.add(each.entries, {{"list", each.spec.list}});
    success.add(static_cast<double>(each.checked_ns) / 1e9, {{"list", each.spec.list}});
    held.add(each.has_held ? 1.0 : 0.0, {{"list", each.spec.list}});
    for (size_t result = 0; result < each.fetches.size(); ++result) {
      fetches.add(each.fetches[result], {{"list", each.spec.list}, {"result", kFetchResultWords[result]}});
    }
  }
  entries.move_to(out);
  success.move_to(out);
  held.move_to(out);
  fetches.move_to(out);
}

}  // namespace

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  std::shared_ptr<SharedRegion> region;
  bool up;
  Reloader::Counts policy;
  std::vector<std::string> rules;
  PolicyTerms terms;
  std::vector<LineVerdict> verdicts;
  std::optional<KeepFigures> keep;
  std::optional<uint64_t> overdue_reviews;
  const Registry* registry;
  const RadiusServer::Counts* radius;
  const std::atomic<uint64_t>* api_refused;
  {
    const std::lock_guard lock(mutex_);
    region = region_;
    up = up_;
    policy = policy_;
    rules = rules_;
    terms = terms_;
    verdicts = verdicts_;
    keep = keep_;
    overdue_reviews = overdue_reviews_;
    registry = registry_;
    radius = radius_;
    api_refused = api_refused_;
  }
  Families out;
  Family::gauge("sluice_build_info", "The version that runs.")
      .add(1.0, {{"version", SLUICE_VERSION}})
      .move_to(out);
  Family::gauge("sluice_up", "1 where the process runs.")
      .add(1.0, {{"process", "control"}})
      .add(up ? 1.0 : 0.0, {{"process", "dataplane"}})
      .move_to(out);
  add_policy(policy, out);
  add_rule_figures(rules, hits_.hits(), hits_.counts(), out);
  add_exception_ends(terms, out);
  add_line_terms(terms, utc_now().time_since_epoch().count(), out);
  add_log(log_.counts(), out);
  if (keep) {
    add_keep(*keep, out);
  }
  if (overdue_reviews) {
    Family::gauge("sluice_reviews_overdue", "Months whose access log nobody reviewed in time.")
        .add(*overdue_reviews)
        .move_to(out);
  }
  if (registry != nullptr && radius != nullptr) {
    add_identity(*registry, *radius, out);
  }
  if (api_refused != nullptr) {
    Family::counter("sluice_api_refused_total",
                    "Requests for no command there is, or of somebody in no group that may ask so, and TLS "
                    "connections of nobody known.")
        .add(api_refused->load(std::memory_order_relaxed))
        .move_to(out);
  }
  add_witness(witness_.status(), out);
  add_copies(copies_.status(), out);
  add_alarms(alarms_.status(), out);
  add_dnstap(dnstap_, link_, out);
  add_feeds(feeds_(), out);
  if (region) {
    add_worker_values(*region, out);
    add_times(*region, out);
    add_ports(*region, out);
    add_line_figures(*region, out);
    add_line_verdicts(verdicts, out);
    add_line_bandwidths(*region, terms, out);
    add_packets(*region, out);
    add_accesses(*region, out);
    add_rings(*region, out);
    add_starts(*region, out);
  }
  return out;
}

void Metrics::set_data_plane(std::shared_ptr<SharedRegion> region, bool up) {
  const std::lock_guard lock(mutex_);
  region_ = std::move(region);
  up_ = up;
}

void Metrics::set_policy(const Reloader::Counts& counts) {
  const std::lock_guard lock(mutex_);
  policy_ = counts;
}

void Metrics::set_names(std::vector<std::string> rules, PolicyTerms terms) {
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
  terms_ = std::move(terms);
}

void Metrics::set_verdicts(std::vector<LineVerdict> verdicts) {
  const std::lock_guard lock(mutex_);
  verdicts_ = std::move(verdicts);
}

void Metrics::set_keep(const KeepFigures& figures) {
  const std::lock_guard lock(mutex_);
  keep_ = figures;
}

void Metrics::set_overdue_reviews(uint64_t months) {
  const std::lock_guard lock(mutex_);
  overdue_reviews_ = months;
}

void Metrics::set_registry(const Registry* registry, const RadiusServer::Counts* radius) {
  const std::lock_guard lock(mutex_);
  registry_ = registry;
  radius_ = radius;
}

void Metrics::set_api_refused(const std::atomic<uint64_t>* refused) {
  const std::lock_guard lock(mutex_);
  api_refused_ = refused;
}

std::unique_ptr<MetricsServer> MetricsServer::start(const std::string& address,
                                                    std::shared_ptr<Metrics> metrics, std::string& error) {
  std::unique_ptr<MetricsServer> out(new MetricsServer());
  out->metrics_ = std::move(metrics);
  try {
    out->exposer_ = std::make_unique<prometheus::Exposer>(address);
    out->exposer_->RegisterCollectable(out->metrics_);
  } catch (const std::exception& exception) {
    error = "cannot serve metrics on " + address + ": it is in use, or no address of this machine";
    return nullptr;
  }
  return out;
}

}  // namespace sluice::control
