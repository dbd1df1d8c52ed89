// control/reload: the policy's way from a saved directory to the data plane.
#include "control/reload/reloader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/clock.h"
#include "control/base/log_line.h"
#include "control/reload/reload_json.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr size_t kProblemsLogged = 20;
constexpr std::chrono::hours kRenewEvery{24};  ///< looks whether the policy in force has become old
constexpr std::chrono::seconds kMostUntilLearnt{600};

/// Schedules are laid out for two years; long before those end the policy in force is compiled anew.
bool is_old(const Origin& origin) {
  return utc_now_ns() - origin.time_ns > std::chrono::nanoseconds(Reloader::kRenewAfter).count();
}

/// What was applied last, compiled from its kept sources though nothing has changed.
CompileRequest anew(const std::string& reason) {
  CompileRequest request;
  request.from = CompileRequest::From::InForce;
  request.enforce = request.explicitly = true;
  request.origin = {"sluice-control", reason};
  return request;
}

}  // namespace

Reloader::Reloader(EventLoop& loop, StateStore& store, std::filesystem::path directory, Compiler& compiler,
                   Callbacks callbacks)
    : loop_(loop),
      store_(store),
      directory_(std::move(directory)),
      callbacks_(std::move(callbacks)),
      watch_(loop, directory_, [this] { on_saved(); }),
      keeper_(store),
      compiler_(loop, store, directory_, compiler,
                [this](CompileResult result) { on_compiled(std::move(result)); }) {}

void Reloader::start() {
  const std::optional<AppliedPolicy> last = store_.last_applied();
  if (std::optional<StoredPolicy> stored = store_.last_good()) {
    const AppliedPolicy& applied = stored->applied;
    current_ = Enforced{stored->image, applied.sha256, applied.digest, applied.origin, std::nullopt, true};
    log_info("policy: generation " + std::to_string(applied.generation) + " was the last one kept");
    say_bypass();
  }
  // A restart is no order: what was saved and never applied goes on waiting. Only the first start has nothing
  // to keep.
  CompileRequest request;
  request.enforce = !current_;
  request.origin = {"sluice-control", "start"};
  // Its image may have been lost to a crash, or be of another version.
  const bool lost = last && (!current_ || current_->image->generation() != last->generation);
  if (last && !last->sources.empty() && (lost || is_old(last->origin))) {
    request = anew("start: generation " + std::to_string(last->generation) + " compiled anew");
  }
  submit(std::move(request));
  renew_timer_ = loop_.after(kRenewEvery, [this] { renew_when_old(); });
  watch_confirmation();
  watch_bypass();
}

Reloader::~Reloader() {
  for (const EventLoop::Timer timer : {renew_timer_, confirm_timer_, bypass_timer_, learn_timer_}) {
    loop_.cancel(timer);
  }
}

void Reloader::renew_when_old() {
  renew_timer_ = loop_.after(kRenewEvery, [this] { renew_when_old(); });
  if (current_ && is_old(current_->origin)) {
    submit(anew("generation " + std::to_string(current_->image->generation()) +
                " compiled anew: its schedules are laid out for two years only"));
  }
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
  request.origin = {"on-save", "a file was saved"};
  submit(std::move(request));
}

void Reloader::submit(CompileRequest request) {
  request.origin.time_ns = utc_now_ns();
  compiler_.submit(std::move(request));
}

void Reloader::on_compiled(CompileResult result) {
  const bool was_starting = std::exchange(starting_, false);
  const CompileOutcome& outcome = result.outcome;
  ++counts_.compiled;
  counts_.compile_seconds = static_cast<double>(result.took_ns) / 1e9;
  if (result.request.from == CompileRequest::From::Directory) {
    counts_.valid = outcome.facts.has_value();
    counts_.errors = error_count(outcome.diagnostics);
    if (outcome.facts) {
      watch_sources(outcome.sources);
    }
    const json answer{{"ok", outcome.facts.has_value()},
                      {"unchanged", result.unchanged},
                      {"errors", error_count(outcome.diagnostics)},
                      {"diagnostics", to_json(outcome.diagnostics)}};
    for (const uint64_t client : result.request.checks) {
      callbacks_.answer(client, answer);
    }
  }
  if (!result.refused.empty()) {
    answer_all(result.request, {{"error", result.refused}});
  } else if (result.request.from == CompileRequest::From::Unconfirmed && !outcome.failure.empty() &&
             !store_.unconfirmed()) {
    // Somebody confirmed it just now.
  } else if (!outcome.facts) {
    take_invalid(result,
                 outcome.failure.empty() ? "the policy is invalid" : "cannot compile: " + outcome.failure);
  } else if (!outcome.failure.empty()) {
    take_invalid(result, "cannot keep the policy: " + outcome.failure);
  } else if (outcome.image) {
    take_enforced(result);
  } else {
    take_checked(result);
  }
  if (was_starting) {
    finish_start(result);
  }
  learn_again();
  watch_confirmation();
  watch_bypass();
  callbacks_.changed();
}

/// What is in force is known by compiling it. Where that failed, for want of memory, say, log, alarms, terms
/// and lists would be unknown until somebody applies.
void Reloader::learn_again() {
  if (!current_ || current_->facts || learn_timer_ != 0) {
    return;
  }
  learn_timer_ = loop_.after(learn_after_, [this] {
    learn_timer_ = 0;
    if (current_ && !current_->facts) {
      recompile("sluice-control", "what is in force is read again");
    }
  });
  learn_after_ = std::min(2 * learn_after_, kMostUntilLearnt);
}

void Reloader::watch_sources(const SourceList& sources) {
  std::vector<std::string> paths;
  for (const SourceFile& source : sources) {
    if (source.kind != SourceFile::Kind::Feed) {
      paths.push_back(source.path);
    }
  }
  watch_.set_sources(paths);
}

/// The first compilation has ended; the data plane may hear of what is to be in force.
void Reloader::finish_start(const CompileResult& result) {
  synchronise();
  if (result.request.from == CompileRequest::From::InForce) {
    CompileRequest request;
    request.enforce = !current_;  // nothing that was kept is to be had: as at a first start
    request.origin = {"sluice-control", "start"};
    return submit(std::move(request));
  }
  if (!saved_ || !current_) {
    return;
  }
  if (saved_->valid && result.outcome.facts && result.outcome.facts->reload_on_save) {
    enforce_saved();  // saved while control was away, in a policy that is to be enforced on saving
  }
  // What is in force is known by its sources only. Where a list's newer copy was kept just before control
  // ended, it has not come into force; it does now, or nothing would be known of what is in force until
  // somebody applies.
  recompile("feeds", "start: a list's newer copy");
}

/// What was to be enforced, or only saved, cannot be: all stays as it is, and everybody hears of it.
void Reloader::take_invalid(CompileResult& result, const std::string& what) {
  const CompileRequest& request = result.request;
  Diagnostics& diagnostics = result.outcome.diagnostics;
  answer_all(request, {{"error", what}, {"diagnostics", to_json(diagnostics)}});
  if (!request.explicitly && problem_ && problem_->what == what &&
      to_json(problem_->diagnostics) == to_json(diagnostics)) {
    return;  // what an apply, or the saving of another file, has said already
  }
  // Saving is no order: a mistake that is only saved is shown, but nothing was refused to anybody.
  ++(request.explicitly ? counts_.refused : counts_.invalid);
  log_error("policy: " + what + ", " + std::to_string(error_count(diagnostics)) + " errors" +
            (current_ ? "; generation " + std::to_string(current_->image->generation()) + " stays in force"
                      : "; no policy is in force"));
  for (size_t i = 0; i < std::min(diagnostics.size(), kProblemsLogged); ++i) {
    log_error("policy: " + to_string(diagnostics[i]));
  }
  if (request.from == CompileRequest::From::Directory) {
    saved_ = Saved{result.outcome.facts.has_value(), utc_now_ns(), diagnostics};
  }
  problem_ = Problem{utc_now_ns(), what, std::move(diagnostics)};
}

/// What was compiled is valid and is not to be enforced, or is in force already.
void Reloader::take_checked(const CompileResult& result) {
  const CompileOutcome& outcome = result.outcome;
  if (result.unchanged && current_ && current_->digest != outcome.digest) {
    return;  // another policy came, or this one was refused, while it was compiled
  }
  if (result.unchanged && current_) {
    current_->facts = outcome.facts;
  }
  if (result.request.from != CompileRequest::From::Directory) {
    return;  // says nothing of what is saved
  }
  problem_.reset();
  if (result.unchanged) {
    saved_.reset();
    return;
  }
  if (!saved_ || !saved_->valid) {
    log_info("policy: a saved change waits for sluicectl apply");
  }
  saved_ = Saved{true, utc_now_ns(), outcome.diagnostics};
}

void Reloader::take_enforced(CompileResult& result) {
  CompileOutcome& outcome = result.outcome;
  if (current_ && current_->confirmed) {
    previous_ = std::move(current_);
  }
  current_ = Enforced{
      outcome.image, result.sha256, outcome.digest, result.request.origin, std::move(outcome.facts), false};
  if (result.request.from == CompileRequest::From::Directory) {
    saved_.reset();
    problem_.reset();
  } else {
    submit(CompileRequest{});  // what is saved may be another policy than what is in force now
  }
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
  keeper_.keep(current_->image);
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
    if (is_current) {
      say_bypass();
    }
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
    watch_confirmation();
    watch_bypass();
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
    out["policy"] = to_json(*current_->facts);
  }
  out.update(ends_json());
  return out;
}

void Reloader::prune() {
  const uint32_t needed = callbacks_.oldest_needed();
  const uint32_t kept = current_ ? current_->image->generation() : 0;
  keeper_.prune(std::min({needed, kept, plane_generation_}));
}

}  // namespace sluice::control
