// control/reload: the policy's way from a saved directory to the data plane.
#include "control/reload/reloader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/accesslog/format.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// More problems than these are counted, not listed: an answer has to stay readable.
constexpr size_t kProblemsListed = 200;
constexpr size_t kProblemsLogged = 20;

size_t error_count(const Diagnostics& diagnostics) {
  return static_cast<size_t>(std::count_if(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) {
    return d.severity == Severity::Error;
  }));
}

json facts_json(const PolicyFacts& facts) {
  return {{"site", facts.site},         {"reload_on_save", facts.reload_on_save},
          {"networks", facts.networks}, {"rules", facts.rules},
          {"lists", facts.lists},       {"names", facts.names},
          {"prefixes", facts.prefixes}, {"patterns", facts.patterns}};
}

}  // namespace

json to_json(const Diagnostics& diagnostics) {
  json out = json::array();
  for (size_t i = 0; i < std::min(diagnostics.size(), kProblemsListed); ++i) {
    const Diagnostic& each = diagnostics[i];
    out.push_back({{"file", each.file},
                   {"line", each.line},
                   {"column", each.column},
                   {"severity", each.severity == Severity::Error ? "error" : "warning"},
                   {"what", each.what},
                   {"instead", each.instead},
                   {"text", to_string(each)}});
  }
  return out;
}

Reloader::Reloader(EventLoop& loop, StateStore& store, std::filesystem::path directory,
                   CompileFunction compile, Callbacks callbacks)
    : loop_(loop),
      store_(store),
      directory_(std::move(directory)),
      callbacks_(std::move(callbacks)),
      watch_(loop, directory_, [this] { on_saved(); }),
      compiler_(loop, store, directory_, std::move(compile),
                [this](CompileResult result) { on_compiled(std::move(result)); }) {}

void Reloader::start() {
  if (std::optional<StoredPolicy> stored = store_.last_good()) {
    current_ = Enforced{stored->image, stored->sha256, stored->digest, stored->origin, std::nullopt, true};
    log_info("policy: generation " + std::to_string(stored->image->generation()) +
             " was the last one in force");
  }
  // A restart is no order: what was saved and never applied goes on waiting. Only the first start has nothing
  // to keep.
  CompileRequest request;
  request.enforce = !current_;
  request.origin = {"sluice-control", "start", 0};
  submit(std::move(request));
}

void Reloader::apply(const std::string& author, const std::string& reason, uint64_t client,
                     bool until_enforced) {
  CompileRequest request;
  request.enforce = request.explicitly = true;
  request.origin = {author, reason, 0};
  request.waiters.push_back(Waiter{client, until_enforced, utc_now_ns()});
  submit(std::move(request));
}

void Reloader::check(uint64_t client) {
  CompileRequest request;
  request.checks.push_back(client);
  submit(std::move(request));
}

void Reloader::recompile(const std::string& author, const std::string& reason) {
  if (saved_) {
    log_warning("policy: " + reason + ": waits, for a saved change is not applied");
    return;
  }
  CompileRequest request;
  request.enforce = true;
  request.origin = {author, reason, 0};
  submit(std::move(request));
}

void Reloader::on_saved() {
  if (current_ && current_->facts && current_->facts->reload_on_save) {
    enforce_saved();
  } else {
    submit(CompileRequest{});
  }
}

void Reloader::enforce_saved() {
  CompileRequest request;
  request.enforce = true;
  request.origin = {"on-save", "a file was saved", 0};
  submit(std::move(request));
}

void Reloader::submit(CompileRequest request) {
  request.origin.time_ns = utc_now_ns();
  if (current_) {
    request.current_digest = current_->digest;
  }
  compiler_.submit(std::move(request));
}

void Reloader::on_compiled(CompileResult result) {
  const bool was_starting = std::exchange(starting_, false);
  counts_.compile_seconds = static_cast<double>(result.took_ns) / 1e9;
  counts_.valid = result.facts.has_value();
  counts_.errors = error_count(result.diagnostics);
  if (result.facts) {
    // A new copy of a fetched list is nobody's saved change.
    std::vector<std::string> watched = result.facts->sources;
    std::erase_if(watched, [&](const std::string& path) {
      return std::filesystem::path(path).parent_path() == store_.feeds();
    });
    watch_.set_sources(watched);
  }
  if (!result.request.checks.empty()) {
    const json answer{{"ok", result.facts.has_value()},
                      {"unchanged", result.unchanged},
                      {"errors", error_count(result.diagnostics)},
                      {"diagnostics", to_json(result.diagnostics)}};
    for (const uint64_t client : result.request.checks) {
      callbacks_.answer(client, answer);
    }
  }
  if (!result.facts) {
    take_invalid(result,
                 result.failure.empty() ? "the policy is invalid" : "cannot compile: " + result.failure);
  } else if (!result.failure.empty()) {
    take_invalid(result, "cannot keep the policy: " + result.failure);
  } else if (result.image) {
    take_enforced(result);
  } else {
    take_checked(result);
  }
  if (was_starting) {
    synchronise();
    // Saved while control was away, in a policy that is to be enforced on saving.
    if (saved_ && saved_->valid && result.facts && result.facts->reload_on_save) {
      enforce_saved();
    }
  }
  callbacks_.changed();
}

/// What was saved cannot be enforced: all stays as it is, and everybody hears of it.
void Reloader::take_invalid(CompileResult& result, const std::string& what) {
  answer_all(result.request, {{"error", what}, {"diagnostics", to_json(result.diagnostics)}});
  if (!result.request.explicitly && problem_ && problem_->what == what &&
      to_json(problem_->diagnostics) == to_json(result.diagnostics)) {
    return;  // what an apply, or the saving of another file, has said already
  }
  // Saving is no order: a mistake that is only saved is shown, but nothing was refused to anybody.
  ++(result.request.explicitly ? counts_.refused : counts_.invalid);
  log_error("policy: " + what + ", " + std::to_string(error_count(result.diagnostics)) + " errors" +
            (current_ ? "; generation " + std::to_string(current_->image->generation()) + " stays in force"
                      : "; no policy is in force"));
  for (size_t i = 0; i < std::min(result.diagnostics.size(), kProblemsLogged); ++i) {
    log_error("policy: " + to_string(result.diagnostics[i]));
  }
  saved_ = Saved{result.facts.has_value(), utc_now_ns(), result.diagnostics};
  problem_ = Problem{utc_now_ns(), what, std::move(result.diagnostics)};
}

/// What was saved is valid and is not to be enforced, or is in force already.
void Reloader::take_checked(const CompileResult& result) {
  if (result.unchanged && current_ && current_->digest != result.digest) {
    return;  // another policy came, or this one was refused, while it was compiled
  }
  problem_.reset();
  if (result.unchanged) {
    saved_.reset();
    if (current_) {
      current_->facts = result.facts;
    }
    return;
  }
  if (!saved_ || !saved_->valid) {
    log_info("policy: a saved change waits for sluicectl apply");
  }
  saved_ = Saved{true, utc_now_ns(), result.diagnostics};
}

void Reloader::take_enforced(CompileResult& result) {
  if (current_ && current_->confirmed) {
    previous_ = std::move(current_);
  }
  current_ = Enforced{result.image,          result.sha256,           result.digest,
                      result.request.origin, std::move(result.facts), false};
  saved_.reset();
  problem_.reset();
  const uint32_t generation = current_->image->generation();
  log_info("policy: generation " + std::to_string(generation) + " of " +
           std::to_string(current_->image->size()) + " bytes, by " + current_->origin.author + ": " +
           current_->origin.reason);
  for (const Waiter& waiter : result.request.waiters) {
    if (waiter.until_enforced && link_up_) {
      waiting_.push_back(Pending{waiter, generation});
    } else if (waiter.client != 0) {
      callbacks_.answer(waiter.client, enforced_answer(waiter, generation, false));
    }
  }
  synchronise();
}

/// Sees to it that the data plane gets the policy that is to be in force, where it has another one.
void Reloader::synchronise() {
  if (starting_ || !link_up_ || !current_) {
    return;
  }
  // The same number is not enough: a state that was wiped counts from 1 again.
  const uint32_t wanted = current_->image->generation();
  if (wanted != sent_generation_ && (plane_generation_ != wanted || !current_->confirmed)) {
    sent_generation_ = wanted;
    callbacks_.send(current_->image);
  }
}

void Reloader::on_welcome(uint32_t generation) {
  link_up_ = true;
  plane_generation_ = generation;
  sent_generation_ = 0;
  synchronise();
}

void Reloader::on_loaded(uint32_t generation, bool accepted, const std::string& why) {
  const bool is_current = current_ && current_->image->generation() == generation;
  if (accepted) {
    ++counts_.enforced;
    plane_generation_ = generation;
    if (is_current) {
      current_->confirmed = true;
      previous_.reset();
    }
    log_info("policy: generation " + std::to_string(generation) + " is in force");
    if (!why.empty()) {
      log_warning("policy: the data plane says: " + why);
    }
    settle_waiters(generation, {});
    prune();
    return;
  }
  ++counts_.refused;
  log_error("policy: the data plane refused generation " + std::to_string(generation) + ": " + why);
  problem_ = Problem{
      utc_now_ns(), "the data plane refused generation " + std::to_string(generation) + ": " + why, {}};
  if (is_current && previous_) {
    store_.note_refused(generation, why);
    current_ = std::exchange(previous_, std::nullopt);
    if (plane_generation_ != current_->image->generation()) {
      synchronise();
    }
  }
  settle_waiters(generation, why);
}

void Reloader::on_lost() {
  link_up_ = false;
  plane_generation_ = 0;
  for (const Pending& each : std::exchange(waiting_, {})) {
    callbacks_.answer(each.waiter.client, enforced_answer(each.waiter, each.generation, false));
  }
}

/// Answers those who waited for this generation or an older one. refused: why; empty where it is in force.
void Reloader::settle_waiters(uint32_t generation, const std::string& refused) {
  const auto settled_from = std::stable_partition(waiting_.begin(), waiting_.end(), [&](const Pending& each) {
    return refused.empty() ? each.generation > generation : each.generation != generation;
  });
  const std::vector<Pending> settled(settled_from, waiting_.end());
  waiting_.erase(settled_from, waiting_.end());
  for (const Pending& each : settled) {
    if (each.waiter.client == 0) {
      continue;
    }
    callbacks_.answer(each.waiter.client,
                      refused.empty() ? enforced_answer(each.waiter, generation, true)
                                      : json{{"error", "the data plane refused the policy: " + refused}});
  }
}

void Reloader::answer_all(const CompileRequest& request, const json& answer) {
  for (const Waiter& waiter : request.waiters) {
    if (waiter.client != 0) {
      callbacks_.answer(waiter.client, answer);
    }
  }
}

json Reloader::enforced_answer(const Waiter& waiter, uint32_t generation, bool enforced) const {
  json out{{"ok", true},
           {"generation", generation},
           {"enforced", enforced},
           {"dataplane", link_up_},
           {"seconds", static_cast<double>(utc_now_ns() - waiter.since_ns) / 1e9}};
  if (current_ && current_->facts) {
    out["policy"] = facts_json(*current_->facts);
  }
  return out;
}

void Reloader::prune() {
  const uint32_t needed = callbacks_.oldest_needed();
  const uint32_t kept = current_ ? current_->image->generation() : 0;
  store_.prune(std::min({needed, kept, plane_generation_}));
}

json Reloader::status() const {
  json out{{"directory", directory_.string()}, {"policy", nullptr}, {"pending", nullptr}, {"error", nullptr}};
  if (current_) {
    json policy{
        {"generation", current_->image->generation()},
        {"bytes", current_->image->size()},
        {"sha256", current_->sha256},
        {"author", current_->origin.author},
        {"reason", current_->origin.reason},
        {"since", utc_text(current_->origin.time_ns)},
        {"enforced", link_up_ && current_->confirmed && plane_generation_ == current_->image->generation()}};
    policy.update(current_->facts ? facts_json(*current_->facts)
                                  : json{{"site", store_.names_of(current_->image->generation())->site()}});
    out["policy"] = std::move(policy);
  }
  if (saved_) {
    out["pending"] = {{"valid", saved_->valid},
                      {"since", utc_text(saved_->time_ns)},
                      {"errors", error_count(saved_->diagnostics)},
                      {"diagnostics", to_json(saved_->diagnostics)}};
  }
  if (problem_) {
    out["error"] = {{"what", problem_->what},
                    {"since", utc_text(problem_->time_ns)},
                    {"errors", error_count(problem_->diagnostics)},
                    {"diagnostics", to_json(problem_->diagnostics)}};
  }
  out["dataplane_generation"] = plane_generation_;
  out["valid"] = counts_.valid;
  return out;
}

std::string Reloader::dnstap_socket() const {
  return current_ ? std::string(store_.names_of(current_->image->generation())->dnstap()) : std::string();
}

std::optional<std::vector<FeedSpec>> Reloader::feeds() const {
  return current_ && current_->facts ? std::optional(current_->facts->feeds) : std::nullopt;
}

Reloader::Counts Reloader::counts() const {
  Counts out = counts_;
  out.generation = plane_generation_;
  out.wanted_generation = current_ ? current_->image->generation() : 0;
  out.pending = saved_.has_value();
  return out;
}

}  // namespace sluice::control
