// control/metrics: what Prometheus reads.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

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
#include "control/link/link.h"
#include "control/link/shared_region.h"
#include "control/reload/reloader.h"
#include "control/witness/witness.h"

namespace sluice::control {

/// Makes the metric families at each scrape, out of the workers' counters in shared memory and of what
/// control last said. Names begin with sluice_; labels are worker, line, side, reason, action, protocol,
/// answer, kind, list, copy, alarm, by, result, process and version, never a host name. Any thread.
class Metrics : public prometheus::Collectable {
 public:
  using FeedsFunction = std::function<std::vector<FeedStatus>()>;  ///< called by any thread

  /// All of it outlives this.
  Metrics(const AccessLog& log, const Witness& witness, const Copies& copies, const AlarmThread& alarms,
          const Link::Counts& link, const DnstapServer::Counts& dnstap, FeedsFunction feeds)
      : log_(log),
        witness_(witness),
        copies_(copies),
        alarms_(alarms),
        link_(link),
        dnstap_(dnstap),
        feeds_(std::move(feeds)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

  /// The data plane's memory, and whether it is connected. Its last counters are shown while it is not.
  void set_data_plane(std::shared_ptr<SharedRegion> region, bool up);
  void set_policy(const Reloader::Counts& counts);
  void set_keep(const KeepFigures& figures);

 private:
  const AccessLog& log_;
  const Witness& witness_;
  const Copies& copies_;
  const AlarmThread& alarms_;
  const Link::Counts& link_;
  const DnstapServer::Counts& dnstap_;
  const FeedsFunction feeds_;
  mutable std::mutex mutex_;  ///< guards the four below
  std::shared_ptr<SharedRegion> region_;
  bool up_ = false;
  Reloader::Counts policy_;
  std::optional<KeepFigures> keep_;  ///< nothing before the first
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
