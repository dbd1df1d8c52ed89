// control/metrics: what Prometheus reads.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/accesslog/access_log.h"
#include "control/alarms/alarm_thread.h"
#include "control/copies/copies.h"
#include "control/dnstap/dnstap_server.h"
#include "control/feeds/feeds.h"
#include "control/keep/keeper.h"
#include "control/lines/line_watch.h"
#include "control/link/link.h"
#include "control/link/shared_region.h"
#include "control/policy/policy_terms.h"
#include "control/registry/radius_server.h"
#include "control/registry/registry.h"
#include "control/reload/reloader.h"
#include "control/usage/hits_thread.h"
#include "control/witness/witness.h"

namespace sluice::control {

/// Makes the metric families at each scrape, out of the workers' counters in shared memory and of what
/// control last said. Names begin with sluice_; labels are worker, line, side, reason, action, protocol,
/// answer, kind, list, copy, alarm, source, rule, network, exception and the like: what the policy or the
/// gateway names, in bounded numbers, never a host, an address or a person. Any thread.
class Metrics : public prometheus::Collectable {
 public:
  using FeedsFunction = std::function<std::vector<FeedStatus>()>;  ///< called by any thread

  /// All of it outlives this.
  Metrics(const AccessLog& log, const Witness& witness, const Copies& copies, const HitsThread& hits,
          const AlarmThread& alarms, const Link::Counts& link, const DnstapServer::Counts& dnstap,
          FeedsFunction feeds)
      : log_(log),
        witness_(witness),
        copies_(copies),
        hits_(hits),
        alarms_(alarms),
        link_(link),
        dnstap_(dnstap),
        feeds_(std::move(feeds)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

  /// The data plane's memory, and whether it is connected. Its last counters are shown while it is not.
  void set_data_plane(std::shared_ptr<SharedRegion> region, bool up);
  void set_policy(const Reloader::Counts& counts);
  /// What of the policy in force is known by name: its rules, in their order, and what of it ends.
  void set_names(std::vector<std::string> rules, PolicyTerms terms);
  void set_verdicts(std::vector<LineVerdict> verdicts);
  void set_keep(const KeepFigures& figures);
  /// Months whose log nobody reviewed in time.
  void set_overdue_reviews(uint64_t months);
  /// Who is known; both outlive this, or are nullptr.
  void set_registry(const Registry* registry, const RadiusServer::Counts* radius);
  /// Requests that were refused for want of a role; outlives this, or is nullptr.
  void set_api_refused(const std::atomic<uint64_t>* refused);

 private:
  const AccessLog& log_;
  const Witness& witness_;
  const Copies& copies_;
  const HitsThread& hits_;
  const AlarmThread& alarms_;
  const Link::Counts& link_;
  const DnstapServer::Counts& dnstap_;
  const FeedsFunction feeds_;
  mutable std::mutex mutex_;  ///< guards all below
  std::shared_ptr<SharedRegion> region_;
  bool up_ = false;
  Reloader::Counts policy_;
  std::vector<std::string> rules_;
  PolicyTerms terms_;
  std::vector<LineVerdict> verdicts_;
  std::optional<KeepFigures> keep_;          ///< nothing before the first
  std::optional<uint64_t> overdue_reviews_;  ///< the same
  const Registry* registry_ = nullptr;
  const RadiusServer::Counts* radius_ = nullptr;
  const std::atomic<uint64_t>* api_refused_ = nullptr;
};

/// Serves a Metrics over HTTP at /metrics.
class MetricsServer {
 public:
  /// address: `ADDR:PORT`. Returns nullptr and says in error why it cannot be served there.
  [[nodiscard]] static std::unique_ptr<MetricsServer> start(const std::string& address,
                                                            std::shared_ptr<Metrics> metrics,
                                                            std::string& error);

 private:
  MetricsServer() = default;
  std::shared_ptr<Metrics> metrics_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace sluice::control
