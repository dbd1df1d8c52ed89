// control: the daemon: which room hears what from which.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/accesslog/access_log.h"
#include "control/alarms/alarm_thread.h"
#include "control/api/api_server.h"
#include "control/api/tls_front.h"
#include "control/base/event_loop.h"
#include "control/copies/copies.h"
#include "control/disclosure/record.h"
#include "control/dnstap/dnstap_server.h"
#include "control/feeds/feeds.h"
#include "control/keep/keeper.h"
#include "control/lines/line_watch.h"
#include "control/lines/term_watch.h"
#include "control/link/link.h"
#include "control/metrics/metrics.h"
#include "control/readings/readings.h"
#include "control/registry/radius_server.h"
#include "control/registry/registry.h"
#include "control/reload/compile_process.h"
#include "control/reload/reloader.h"
#include "control/reload/state_store.h"
#include "control/review/review_book.h"
#include "control/search/indexer.h"
#include "control/usage/hits_thread.h"
#include "control/witness/witness.h"

namespace sluice::control {

struct DaemonOptions {
  std::filesystem::path policies = "/etc/sluice/policies";
  std::string dataplane = "/run/sluice/dataplane.sock";
  std::string api = "/run/sluice/control.sock";
  TlsOptions api_tls;  ///< without an address: none
  std::filesystem::path state = "/var/lib/sluice/control";
  std::filesystem::path log = "/var/log/sluice";
  std::string metrics = "127.0.0.1:9477";
  std::filesystem::path compiler;  ///< sluice-compile; empty: beside this program
  uint64_t compile_seconds = CompilerOptions::kTime.count();
  uint64_t compile_mib = CompilerOptions::kMemoryMiB;
  std::filesystem::path lines_log = "/var/lib/sluice/lines.log";  ///< sluice-setup's
  uint64_t status_seconds = 60;  ///< what `status` looks back on; five times that too
};

/// Owns every room of the daemon and joins them. One thread but for what its rooms run of their own.
class Daemon {
 public:
  explicit Daemon(DaemonOptions options)
      : options_(std::move(options)), line_watch_(std::chrono::seconds(options_.status_seconds)) {}
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Takes everything it needs of the machine. Returns an empty string, or the one line that says what cannot
  /// be. The signals that it serves must be blocked already.
  [[nodiscard]] std::string start();

  /// Serves until SIGTERM or SIGINT.
  void run() { loop_.run(); }

 private:
  void make_rooms();
  [[nodiscard]] std::string watch_signals();
  void on_signal();
  void on_request(uint64_t client, uid_t user, const nlohmann::json& request);
  void on_feeds_request(uint64_t client, uid_t user, const std::string& command,
                        const nlohmann::json& request);
  void on_apply(uint64_t client, const std::string& author, const std::string& reason,
                const nlohmann::json& request);
  void on_order(uint64_t client, uid_t user, const std::string& command, const nlohmann::json& request);
  void publish();
  void keep();
  void watch_lines();
  void publish_names(uint32_t generation);
  TimeZone site_zone() const;
  std::vector<Month> overdue() const;
  nlohmann::json status() const;
  nlohmann::json lines() const;
  nlohmann::json feeds_status() const;

  const DaemonOptions options_;
  EventLoop loop_;
  UniqueFd signals_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<SegmentWriter> writer_;
  std::string log_key_;  ///< fingerprint of the key that signs the access log
  AppendSigned sign_;    ///< adds a line to the log's heads
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<AccessLog> log_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<ReviewBook> reviews_;
  std::unique_ptr<Readings> readings_;
  std::unique_ptr<Witness> witness_;
  std::unique_ptr<Copies> copies_;
  std::unique_ptr<Indexer> indexer_;
  std::unique_ptr<HitsThread> hits_;
  std::unique_ptr<AlarmThread> alarms_;
  std::shared_ptr<Metrics> metrics_;
  std::unique_ptr<MetricsServer> metrics_server_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<TlsFront> api_tls_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<DnstapServer> dnstap_;
  std::unique_ptr<RadiusServer> radius_;
  std::unique_ptr<CompileProcess> compiler_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<Feeds> feeds_;
  std::shared_ptr<SharedRegion> region_;
  LineWatch line_watch_;
  TermWatch term_watch_;
  int64_t started_ns_ = 0;
  uint32_t named_generation_ = 0;  ///< whose rules and networks are counted by name
};

}  // namespace sluice::control
