// control/reload: what people ask of the reloader, and what of it ends by itself.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/clock.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"
#include "control/reload/reloader.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int64_t kNsPerSecond = 1'000'000'000;
/// A clock may be set, and going back may fail: what is due is looked at again after so long.
constexpr milliseconds kLookAgain{10'000};

/// At most kLookAgain, and a little later than when it is due.
milliseconds until_due(int64_t due_ns) {
  constexpr int64_t kNsPerMs = 1'000'000;
  const int64_t left_ms = (due_ns - utc_now_ns()) / kNsPerMs + 1;
  return milliseconds(std::clamp<int64_t>(left_ms, 1, kLookAgain.count()));
}

std::string second_text(int64_t utc_s) {
  return utc_text(utc_s * kNsPerSecond).substr(0, sizeof("2026-11-23T04:05:06") - 1) + "Z";
}

/// An order of somebody who waits for what becomes of it.
CompileRequest order_of(CompileRequest::From from, const std::string& author, const std::string& reason,
                        Waiter waiter) {
  CompileRequest request;
  request.from = from;
  request.enforce = request.explicitly = true;
  request.origin.author = author;
  request.origin.reason = reason;
  waiter.since_ns = utc_now_ns();
  request.waiters.push_back(waiter);
  return request;
}

}  // namespace

void Reloader::apply(const std::string& author, const std::string& reason, uint64_t client,
                     bool until_enforced, const ApplyTerms& terms) {
  if (const Confirmation waits = store_.unconfirmed(); waits) {
    const std::string why = "what was applied before waits to be confirmed until " +
                            second_text(waits.until_ns / kNsPerSecond) +
                            ": sluicectl confirm, or sluicectl rollback, first";
    log_warning("policy: an apply by " + author + " is refused: " + why);
    return client != 0 ? callbacks_.answer(client, {{"error", why}}) : void();
  }
  CompileRequest request =
      order_of(CompileRequest::From::Directory, author, reason, {client, until_enforced});
  request.confirm = terms.confirm;
  request.only = terms.only;
  submit(std::move(request));
}

void Reloader::rollback(const std::string& author, const std::string& reason, size_t steps, uint64_t client,
                        bool until_enforced) {
  CompileRequest request = order_of(CompileRequest::From::Rollback, author, reason, {client, until_enforced});
  request.steps = steps;
  submit(std::move(request));
}

void Reloader::recompile(const std::string& author, const std::string& reason) {
  CompileRequest request;
  request.from = CompileRequest::From::InForce;
  request.enforce = true;
  request.origin.author = author;
  request.origin.reason = reason;
  submit(std::move(request));
}

void Reloader::check(uint64_t client) {
  CompileRequest request;
  request.checks.push_back(client);
  submit(std::move(request));
}

void Reloader::confirm(const std::string& author, uint64_t client) {
  const std::optional<AppliedPolicy> last = store_.last_applied();
  if (const std::string why = store_.confirm(author); !why.empty()) {
    return callbacks_.answer(client, {{"error", why}});
  }
  log_info("policy: generation " + std::to_string(last->generation) + " is confirmed by " + author);
  callbacks_.answer(client, {{"ok", true}, {"generation", last->generation}});
  watch_confirmation();
  callbacks_.changed();
}

void Reloader::bypass(const std::string& author, const std::string& reason, std::chrono::seconds time,
                      uint64_t client, bool until_enforced) {
  const int64_t now_s = utc_now_ns() / kNsPerSecond;
  if (!current_) {
    return callbacks_.answer(client, {{"error", "no policy is in force: nothing passes until one is"}});
  }
  const bool ends = time == std::chrono::seconds::zero();
  if (ends && !current_->origin.bypass.holds(now_s)) {
    return callbacks_.answer(client, {{"error", "there is no bypass"}});
  }
  const Bypass wanted = ends ? Bypass() : Bypass{now_s, now_s + time.count()};
  const std::string what = ends ? "bypass ended" : "bypass until " + second_text(wanted.until_s);
  CompileRequest request = order_of(CompileRequest::From::InForce, author,
                                    what + (reason.empty() ? "" : ": " + reason), {client, until_enforced});
  request.bypass = wanted;
  submit(std::move(request));
}

/// Goes back from what nobody confirmed, once that is due.
void Reloader::watch_confirmation() {
  loop_.cancel(std::exchange(confirm_timer_, 0));
  const Confirmation waits = store_.unconfirmed();
  if (!waits) {
    return;
  }
  const int64_t again_ns = going_back_ns_ + std::chrono::nanoseconds(kLookAgain).count();
  confirm_timer_ = loop_.after(until_due(std::max(waits.until_ns, again_ns)), [this] {
    confirm_timer_ = 0;
    if (const Confirmation due = store_.unconfirmed(); due && due.until_ns <= utc_now_ns()) {
      going_back_ns_ = utc_now_ns();
      log_warning("policy: nobody confirmed what was applied; going back to generation " +
                  std::to_string(due.back_to));
      submit(order_of(CompileRequest::From::Unconfirmed, "sluice-control", "", {}));
    }
    watch_confirmation();
  });
}

/// Says when a bypass is over. The data plane ends it by itself.
void Reloader::watch_bypass() {
  loop_.cancel(std::exchange(bypass_timer_, 0));
  if (!current_ || !current_->origin.bypass.holds(utc_now_ns() / kNsPerSecond)) {
    return;
  }
  bypass_timer_ = loop_.after(until_due(current_->origin.bypass.until_s * kNsPerSecond), [this] {
    bypass_timer_ = 0;
    if (current_ && current_->origin.bypass != Bypass() &&
        !current_->origin.bypass.holds(utc_now_ns() / kNsPerSecond)) {
      log_warning("policy: the bypass is over; the policy is enforced again");
      return callbacks_.changed();
    }
    watch_bypass();
  });
}

/// Whoever reads the daemon's log is to see it, after a start too.
void Reloader::say_bypass() const {
  if (current_ && current_->origin.bypass.holds(utc_now_ns() / kNsPerSecond)) {
    log_warning("policy: BYPASS until " + second_text(current_->origin.bypass.until_s) +
                ": everything passes and is logged; by " + current_->origin.author + ": " +
                current_->origin.reason);
  }
}

}  // namespace sluice::control
