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
#include "control/status.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxReasonBytes = 1000;
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
  feeds_.reset();
  dnstap_.reset();
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
  witness_ = std::make_unique<Witness>(options_.log, WitnessLimits{});
  copies_ = std::make_unique<Copies>(CopyPaths{options_.log, options_.state});
  indexer_ = std::make_unique<Indexer>(options_.log);
  hits_ = std::make_unique<HitsThread>(options_.log, options_.state);
  alarms_ = std::make_unique<AlarmThread>(options_.log, options_.state);
  log_ = std::make_unique<AccessLog>(std::move(writer_),
                                     [this](uint32_t generation) { return store_->names_of(generation); });
  make_rooms();
  metrics_ = std::make_shared<Metrics>(*log_, *witness_, *copies_, *alarms_, link_->counts(),
                                       dnstap_->counts(), [this] { return feeds_->status(); });
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

void Daemon::on_request(uint64_t client, uid_t user, const json& request) {
  const json said = request.value("command", json());
  const std::string command = said.is_string() ? said.get<std::string>() : "";
  if (command == "status") {
    return api_->answer(client, status());
  }
  if (command == "check") {
    return reloader_->check(client);
  }
  if (command == "policy") {
    int image = -1;
    const json answer = reloader_->in_force(image);
    return api_->answer(client, answer, image);
  }
  if (command == "history") {
    return api_->answer(client, {{"policies", reloader_->history()}});
  }
  if (command == "hits") {
    return api_->answer(client, to_json(hits_->hits()));
  }
  if (command == "confirm") {
    return reloader_->confirm(user_name(user), client);
  }
  if (command == "apply" || command == "rollback" || command == "bypass") {
    return on_order(client, user, command, request);
  }
  if (command == "hold" || command == "release" || command == "holds") {
    api_->answer(client, keeper_->answer(command, request, user, user_name(user), utc_now_ns()));
    return metrics_->set_keep(keeper_->figures());
  }
  if (command == "disclose") {
    return api_->answer(client, record_disclosure(request, user, user_name(user), utc_now_ns(), sign_));
  }
  if (command.starts_with("feeds")) {
    return on_feeds_request(client, user, command, request);
  }
  api_->answer(client, {{"error",
                         "unknown command; there are status, check, policy, apply, confirm, rollback, "
                         "bypass, history, hits, feeds, "
                         "feeds-refresh, feeds-accept, hold, release, holds and disclose"}});
}

void Daemon::on_feeds_request(uint64_t client, uid_t user, const std::string& command, const json& request) {
  const auto text = [&](const char* key) {
    const json value = request.value(key, json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  const std::string list = text("list"), reason = text("reason");
  if (command == "feeds") {
    return api_->answer(client, {{"feeds", feeds_status()}});
  }
  if (command == "feeds-refresh") {
    return feeds_->refresh(list, client);
  }
  if (command != "feeds-accept" || list.empty() || reason.empty() || reason.size() > kMaxReasonBytes) {
    return api_->answer(
        client, {{"error", "feeds-accept needs a list, and a reason of 1 to " +
                               std::to_string(kMaxReasonBytes) + " bytes: it stands in the history"}});
  }
  feeds_->accept(list, user_name(user), reason, client);
}

json Daemon::feeds_status() const {
  json out = json::array();
  for (const FeedStatus& each : feeds_->status()) {
    out.push_back(to_json(each));
  }
  return out;
}

/// What changes the policy that is in force.
void Daemon::on_order(uint64_t client, uid_t user, const std::string& command, const json& request) {
  const json reason = request.value("reason", json()), steps = request.value("steps", json(1));
  const bool wait = request.value("wait", json()) == true;
  const std::string said = reason.is_string() ? reason.get<std::string>() : "";
  const bool apply = command == "apply", bypass = command == "bypass";
  if (((apply || (bypass && request.value("seconds", json()) != 0)) && said.empty()) ||
      said.size() > kMaxReasonBytes) {
    return api_->answer(client,
                        {{"error", command + " needs a reason of 1 to " + std::to_string(kMaxReasonBytes) +
                                       " bytes: it stands in the history"}});
  }
  if (apply) {
    return on_apply(client, user_name(user), said, request);
  }
  if (bypass) {
    const uint64_t seconds = number_at(request, "seconds");
    if (!request.contains("seconds") || !request["seconds"].is_number_unsigned() ||
        seconds > static_cast<uint64_t>(Reloader::kMaxBypass.count())) {
      return api_->answer(client, {{"error", "bypass takes seconds: 0 to end it, at most " +
                                                 std::to_string(Reloader::kMaxBypass.count())}});
    }
    return reloader_->bypass(user_name(user), said, std::chrono::seconds(seconds), client, wait);
  }
  if (!steps.is_number_unsigned() || steps < 1 || steps > StateStore::kPoliciesKept) {
    return api_->answer(client, {{"error", "rollback goes back 1 to " +
                                               std::to_string(StateStore::kPoliciesKept) + " policies"}});
  }
  reloader_->rollback(user_name(user), said, steps.get<size_t>(), client, wait);
}

void Daemon::on_apply(uint64_t client, const std::string& author, const std::string& reason,
                      const json& request) {
  ApplyTerms terms;
  if (const std::string only = text_at(request, "only"); !only.empty()) {
    terms.only = (options_.policies / only).string();
  }
  if (const auto confirm = request.find("confirm"); confirm != request.end()) {
    const uint64_t seconds = number_at(request, "confirm");
    if (!std::in_range<int64_t>(seconds) || std::chrono::seconds(seconds) < Reloader::kMinConfirm ||
        std::chrono::seconds(seconds) > Reloader::kMaxConfirm) {
      return api_->answer(
          client, {{"error", "confirm takes " + std::to_string(Reloader::kMinConfirm.count()) + " to " +
                                 std::to_string(Reloader::kMaxConfirm.count()) + " seconds"}});
    }
    terms.confirm = std::chrono::seconds(seconds);
  }
  reloader_->apply(author, reason, client, request.value("wait", json()) == true, terms);
}

/// Once a minute.
void Daemon::keep() {
  const auto log = reloader_->log_policy();
  keeper_->run(KeepMoment::now(), log ? std::optional(log->keep_s) : std::nullopt);
  metrics_->set_keep(keeper_->figures());
  loop_.after(kKeepEvery, [this] { keep(); });
}

void Daemon::watch_lines() {
  line_watch_.look(LineTime::clock::now());
  alarms_->set_gateway({link_->up(), line_watch_.asked()});
  loop_.after(line_watch_.every(), [this] { watch_lines(); });
}

void Daemon::publish() {
  metrics_->set_data_plane(region_, link_ && link_->up());
  if (reloader_) {
    metrics_->set_policy(reloader_->counts());
    dnstap_->listen(reloader_->dnstap_socket());
    if (const auto log = reloader_->log_policy(); log) {
      witness_->set(log->witness, reloader_->site());
      log_->set_fold(std::chrono::seconds(log->fold_s));
      copies_->set(*log);
    }
    if (const auto alarms = reloader_->alarms(); alarms) {
      alarms_->set(*alarms, reloader_->site());
    }
    if (const auto feeds = reloader_->feeds(); feeds && feeds_) {
      feeds_->set(*feeds);
    }
  }
}

json Daemon::status() const {
  json out = reloader_->status();
  const PolicyTerms terms = reloader_->terms();
  const int64_t utc_s = utc_now_ns() / 1'000'000'000;
  out["us"] = lines_status(line_watch_, LineTime::clock::now(), link_->up(),
                           out["dataplane_generation"].get<uint32_t>(), terms, utc_s);
  out["ending"] = ending_json(terms, utc_s);
  out["version"] = SLUICE_VERSION;
  out["feeds_directory"] = std::filesystem::absolute(store_->feeds()).string();
  out["started"] = utc_text(started_ns_);
  out["dataplane"] = data_plane_status(region_.get(), link_->up(), out["dataplane_generation"]);
  out["feeds"] = feeds_status();
  out["alarms"] = to_json(alarms_->status());
  out["log"] = log_status(log_->counts(), options_.log.string(), log_key_, witness_->status());
  out["log"]["keep"] = keeper_->status();
  out["log"]["copies"] = json::array();
  for (const CopyStatus& each : copies_->status()) {
    out["log"]["copies"].push_back(to_json(each));
  }
  out.erase("dataplane_generation");
  return out;
}

}  // namespace sluice::control
