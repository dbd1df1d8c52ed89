// control: joins the rooms of the daemon.
#include "control/daemon.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/accesslog/format.h"
#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/lines/lines_json.h"
#include "control/lines/without.h"
#include "control/status.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kNsPerS = 1'000'000'000;
constexpr std::chrono::minutes kKeepEvery{1};
constexpr std::chrono::seconds kKeepFirst{3};  ///< by then the policy in force is known

/// The compiler that was built with this control.
std::filesystem::path default_compiler() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "sluice-compile";
}

}  // namespace

Daemon::~Daemon() {
  metrics_server_.reset();  // it reads the counts of the others
  if (readings_ && log_) {
    readings_->finish(utc_now_ns());  // the log's thread still has the heads
  }
  feeds_.reset();
  dnstap_.reset();
  radius_.reset();
  link_.reset();
  reloader_.reset();
  if (signals_) {
    loop_.forget(signals_.get());
  }
}

std::string Daemon::start() {
  started_ns_ = utc_now_ns();
  std::string error;
  if (!loop_.ready()) {
    return errno_text("epoll");
  }
  if (error = watch_signals(); !error.empty()) {
    return error;
  }
  if (!(store_ = StateStore::open(options_.state, error)) ||
      !(writer_ = SegmentWriter::open(options_.log, options_.state, {}, error))) {
    return error;
  }
  if (error = make_directory(store_->feeds()); !error.empty()) {
    return error;
  }
  api_ = std::make_unique<ApiServer>(
      loop_, [this](uint64_t client, uid_t user, const json& request) { on_request(client, user, request); });
  if (const auto parent = std::filesystem::path(options_.api).parent_path(); !parent.empty()) {
    if (error = make_directory(parent); !error.empty()) {
      return error;
    }
  }
  if (error = api_->listen(options_.api); !error.empty()) {
    return error;
  }
  if (!options_.api_tls.address.empty()) {
    api_tls_ = std::make_unique<TlsFront>(
        loop_,
        [this](UniqueFd plain, const LocalUser& user) {
          api_->adopt(std::move(plain), user.uid, user.groups);
        },
        api_->counts().refused);
    if (error = api_tls_->listen(options_.api_tls); !error.empty()) {
      return error;
    }
  }
  log_key_ = writer_->fingerprint();
  // The log's thread owns the writer, and outlives the keeper.
  SealedFile& heads = writer_->heads();
  sign_ = [&heads](const json& line, std::string& written) { return heads.append(line, &written); };
  keeper_ =
      Keeper::open(options_.log,
                   {[&heads](const json& line) { return heads.append(line); }, Keeper::free_bytes_of}, error);
  if (!keeper_) {
    return error;
  }
  if (!(reviews_ = ReviewBook::open(options_.log, options_.state, error))) {
    return error;
  }
  readings_ = Readings::open(
      options_.log, options_.state, [&heads](const json& line) { return heads.append(line); }, error);
  if (!readings_) {
    return error;
  }
  witness_ = std::make_unique<Witness>(options_.log, WitnessLimits{});
  copies_ = std::make_unique<Copies>(CopyPaths{options_.log, options_.state});
  indexer_ = std::make_unique<Indexer>(options_.log);
  hits_ = std::make_unique<HitsThread>(options_.log, options_.state);
  alarms_ = std::make_unique<AlarmThread>(options_.log, options_.state);
  auto pseudonyms = LogPseudonyms::open(options_.log, options_.state, error);
  if (!pseudonyms) {
    return error;
  }
  registry_ = std::make_unique<Registry>(options_.state);
  log_ = std::make_unique<AccessLog>(
      std::move(writer_), [this](uint32_t generation) { return store_->names_of(generation); },
      [this](const Record& record, bool shared, Who& who) { registry_->attribute(record, shared, who); },
      std::move(pseudonyms));
  make_rooms();
  metrics_ = std::make_shared<Metrics>(*log_, *witness_, *copies_, *hits_, *alarms_, link_->counts(),
                                       dnstap_->counts(), [this] { return feeds_->status(); });
  metrics_->set_registry(registry_.get(), &radius_->counts());
  metrics_->set_api_refused(&api_->counts().refused);
  metrics_server_ = MetricsServer::start(options_.metrics, metrics_, error);
  if (!metrics_server_) {
    return error;
  }
  reloader_->start();
  publish();
  loop_.after(kKeepFirst, [this] { keep(); });
  watch_lines();
  link_->start();
  log_info("sluice-control " SLUICE_VERSION ": policies " + options_.policies.string() + ", metrics http://" +
           options_.metrics + "/metrics, log " + options_.log.string());
  return {};
}

void Daemon::make_rooms() {
  link_ = std::make_unique<Link>(
      loop_, options_.dataplane,
      Link::Callbacks{[this](const std::shared_ptr<SharedRegion>& region, uint32_t generation) {
                        if (region_ != region) {
                          region_ = region;
                          registry_->set_region(region);
                          log_->add_region(region);
                          line_watch_.set_region(region, LineTime::clock::now());
                        }
                        reloader_->on_welcome(generation);
                        publish();
                      },
                      [this](uint32_t generation, bool accepted, const std::string& why) {
                        reloader_->on_loaded(generation, accepted, why);
                        publish();
                      },
                      [this] {
                        reloader_->on_lost();
                        publish();
                      }});
  dnstap_ = std::make_unique<DnstapServer>(
      loop_, [this](std::span<const Binding> bindings) { link_->bind(bindings); });
  radius_ = std::make_unique<RadiusServer>(
      loop_,
      [this](const Address& client, const RadiusRequest& request) {
        return registry_->take(client, request);
      },
      [this] { return registry_->kept(); });
  compiler_ = std::make_unique<CompileProcess>(CompilerOptions{
      options_.compiler.empty() ? default_compiler() : options_.compiler, store_->blob_directory(),
      store_->feeds(), std::chrono::seconds(options_.compile_seconds), options_.compile_mib});
  reloader_ = std::make_unique<Reloader>(
      loop_, *store_, options_.policies, *compiler_,
      Reloader::Callbacks{[this](std::shared_ptr<const SealedImage> image) { link_->send(std::move(image)); },
                          [this](uint64_t client, const json& answer) { api_->answer(client, answer); },
                          [this] { return log_->oldest_needed(); }, [this] { publish(); }});
  feeds_ = std::make_unique<Feeds>(
      loop_, store_->feeds(), FetchLimits{},
      Feeds::Callbacks{[this](const std::string& author, const std::string& reason) {
                         reloader_->recompile(author, reason);
                       },
                       [this](uint64_t client, const json& answer) { api_->answer(client, answer); }});
}

std::string Daemon::watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGHUP, SIGTERM, SIGINT}) {
    sigaddset(&signals, each);
  }
  signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_ || !loop_.watch(signals_.get(), EPOLLIN, [this](uint32_t) { on_signal(); })) {
    return errno_text("signalfd");
  }
  return {};
}

void Daemon::on_signal() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    if (signal.ssi_signo == SIGHUP) {
      reloader_->apply(user_name(signal.ssi_uid), "SIGHUP", 0, false);
    } else {
      log_info("stopping");
      loop_.stop();
    }
  }
}

/// Once a minute.
void Daemon::keep() {
  const auto log = reloader_->log_policy();
  keeper_->run(KeepMoment::now(), log ? std::optional(log->keep_s) : std::nullopt);
  metrics_->set_keep(keeper_->figures());
  metrics_->set_overdue_reviews(overdue().size());
  for (const std::string& each : term_watch_.due(reloader_->terms(), utc_now_ns() / kNsPerS)) {
    log_warning(each);
  }
  if (const int64_t oldest_ns = keeper_->figures().oldest_ns; oldest_ns > 0) {
    remove_old_vaults(options_.log, oldest_ns);
  }
  readings_->settle(utc_now_ns(), log_->counts().closed.load());
  loop_.after(kKeepEvery, [this] { keep(); });
}

void Daemon::watch_lines() {
  const LineTime now = LineTime::clock::now();
  line_watch_.look(now);
  metrics_->set_verdicts(line_watch_.verdicts(now, link_->up(), reloader_->counts().generation,
                                              reloader_->terms(), utc_now_ns() / 1'000'000'000));
  alarms_->set_gateway({link_->up(), line_watch_.asked()});
  loop_.after(line_watch_.every(), [this] { watch_lines(); });
}

void Daemon::publish() {
  metrics_->set_data_plane(region_, link_ && link_->up());
  if (reloader_) {
    const Reloader::Counts counts = reloader_->counts();
    metrics_->set_policy(counts);
    publish_names(counts.wanted_generation);
    dnstap_->listen(reloader_->dnstap_socket());
    if (const auto log = reloader_->log_policy(); log) {
      witness_->set(log->witness, reloader_->site());
      log_->set_fold(std::chrono::seconds(log->fold_s));
      log_->set_keepers(log->keepers);
      copies_->set(*log);
    }
    if (const auto identity = reloader_->identity(); identity) {
      registry_->set(*identity);
      radius_->listen(identity->radius);
    }
    if (const auto alarms = reloader_->alarms(); alarms) {
      alarms_->set(*alarms, reloader_->site());
    }
    if (const auto feeds = reloader_->feeds(); feeds && feeds_) {
      feeds_->set(*feeds);
    }
  }
}

void Daemon::publish_names(uint32_t generation) {
  const auto names = store_->names_of(generation);
  metrics_->set_names(names->rules(), reloader_->terms());
  if (named_generation_ != generation) {
    named_generation_ = generation;
    hits_->know(names->rules(), names->networks());
  }
}

TimeZone Daemon::site_zone() const {
  return TimeZone::find(reloader_->terms().timezone).value_or(TimeZone());
}

/// The months whose log nobody reviewed in time.
std::vector<Month> Daemon::overdue() const {
  return overdue_months(reviews_->reviews(), keeper_->figures().oldest_ns, utc_now_ns(), site_zone());
}

json Daemon::status() const {
  json out = reloader_->status();
  const PolicyTerms terms = reloader_->terms();
  const int64_t utc_s = utc_now_ns() / kNsPerS;
  out["us"] = lines_status(line_watch_, LineTime::clock::now(), link_->up(),
                           out["dataplane_generation"].get<uint32_t>(), terms, utc_s);
  out["without_gateway"] = without_json(options_.lines_log);
  out["ending"] = ending_json(terms, utc_s);
  out["version"] = SLUICE_VERSION;
  out["feeds_directory"] = std::filesystem::absolute(store_->feeds()).string();
  out["started"] = utc_text(started_ns_);
  out["dataplane"] = data_plane_status(region_.get(), link_->up(), out["dataplane_generation"]);
  out["feeds"] = feeds_status();
  out["alarms"] = to_json(alarms_->status());
  out["log"] = log_status(log_->counts(), options_.log.string(), log_key_, witness_->status());
  out["identity"] = identity_status(*registry_, radius_->counts(), radius_->listening());
  out["log"]["keep"] = keeper_->status();
  out["log"]["keepers"] = json::array();
  if (const auto log = reloader_->log_policy(); log) {
    for (const LogKeeper& each : log->keepers) {
      out["log"]["keepers"].push_back(each.name);
    }
  }
  out["log"]["copies"] = json::array();
  for (const CopyStatus& each : copies_->status()) {
    out["log"]["copies"].push_back(to_json(each));
  }
  out["overdue_reviews"] = json::array();
  for (const Month month : overdue()) {
    out["overdue_reviews"].push_back(month_text(month));
  }
  out.erase("dataplane_generation");
  return out;
}

}  // namespace sluice::control
