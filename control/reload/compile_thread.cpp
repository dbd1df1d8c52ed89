// control/reload: the thread that compiles.
#include "control/reload/compile_thread.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <set>
#include <utility>

#include "control/base/clock.h"
#include "control/base/log_line.h"

namespace sluice::control {

CompileThread::CompileThread(EventLoop& loop, StateStore& store, std::filesystem::path directory,
                             Compiler& compiler, std::function<void(CompileResult)> done)
    : loop_(loop),
      store_(store),
      directory_(std::move(directory)),
      compiler_(compiler),
      done_(std::move(done)),
      done_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wake_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_event_ || !done_event_ ||
      !loop_.watch(done_event_.get(), EPOLLIN, [this](uint32_t) { deliver(); })) {
    log_error("compile thread: no eventfd");
  }
  thread_ = std::thread([this] { run(); });
}

CompileThread::~CompileThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  compiler_.stop();
  ::eventfd_write(wake_event_.get(), 1);
  thread_.join();
  loop_.forget(done_event_.get());
}

namespace {

bool goes_back(const CompileRequest& request) {
  return request.from == CompileRequest::From::Rollback || request.from == CompileRequest::From::Unconfirmed;
}

/// The files that differ between what is to be in force and what is, but for one and for feeds; nothing
/// where none does.
std::string other_changes(const SourceList& now, const SourceList& before, const std::string& only) {
  constexpr size_t kNamed = 5;
  std::set<std::string> changed;
  const auto compare = [&](const SourceList& some, const SourceList& others) {
    for (const SourceFile& each : some) {
      const auto found = std::ranges::find(others, each.path, &SourceFile::path);
      if (each.kind != SourceFile::Kind::Feed && each.path != only &&
          (found == others.end() || found->sha256 != each.sha256)) {
        changed.insert(std::filesystem::path(each.path).filename().string());
      }
    }
  };
  compare(now, before);
  compare(before, now);
  std::string out;
  for (auto name = changed.begin(); name != changed.end(); ++name) {
    if (std::distance(changed.begin(), name) == kNamed) {
      return out + " and " + std::to_string(changed.size() - kNamed) + " more";
    }
    out += (out.empty() ? "" : ", ") + *name;
  }
  return out;
}

}  // namespace

CompileRequest merge_requests(CompileRequest older, CompileRequest newer) {
  newer.waiters.insert(newer.waiters.begin(), older.waiters.begin(), older.waiters.end());
  newer.checks.insert(newer.checks.begin(), older.checks.begin(), older.checks.end());
  if (older.enforce && newer.enforce && older.explicitly && newer.explicitly) {
    // Both changes had an author and a reason, and the one line of history names both.
    newer.origin.reason = older.origin.reason + "; " + newer.origin.reason;
    if (newer.origin.author != older.origin.author) {
      newer.origin.author = older.origin.author + ", " + newer.origin.author;
    }
  } else if (older.enforce && (!newer.enforce || older.explicitly)) {
    newer.origin = older.origin;
  }
  if (!newer.bypass) {
    newer.bypass = older.bypass;
  }
  if (newer.confirm == std::chrono::seconds::zero()) {
    newer.confirm = older.confirm;
  }
  newer.enforce = newer.enforce || older.enforce;
  newer.explicitly = newer.explicitly || older.explicitly;
  return newer;
}

void CompileThread::submit(CompileRequest request) {
  {
    const std::lock_guard lock(mutex_);
    auto found = waiting_.rbegin();
    while (found != waiting_.rend() && found->from != request.from && !goes_back(*found)) {
      ++found;
    }
    const bool same = found != waiting_.rend() && found->from == request.from && found->only == request.only;
    if (same && request.from != CompileRequest::From::Rollback) {
      *found = merge_requests(std::move(*found), std::move(request));
    } else {
      waiting_.push_back(std::move(request));
    }
  }
  ::eventfd_write(wake_event_.get(), 1);
}

/// Waits for a request; nothing: this ends.
std::optional<CompileRequest> CompileThread::next() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        return std::nullopt;
      }
      if (!waiting_.empty()) {
        CompileRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        return request;
      }
    }
    pollfd waits[] = {{wake_event_.get(), POLLIN, 0}, {compiler_.event_fd(), POLLIN, 0}};
    ::poll(waits, std::size(waits), -1);
    eventfd_t ignored;
    ::eventfd_read(wake_event_.get(), &ignored);
    if (waits[1].revents != 0) {
      compiler_.tidy();
    }
  }
}

void CompileThread::run() {
  while (std::optional<CompileRequest> request = next()) {
    CompileResult result = serve(std::move(*request));
    const std::lock_guard lock(mutex_);
    finished_.push_back(std::move(result));
    ::eventfd_write(done_event_.get(), 1);
  }
}

CompileResult CompileThread::serve(CompileRequest request) {
  CompileResult result;
  result.request = std::move(request);
  const int64_t begun = utc_now_ns();
  try {
    const std::optional<AppliedPolicy> last = store_.last_applied();
    CompileJob job;
    CompileOutcome& out = result.outcome;
    CompileRequest& asked = result.request;
    out.failure = choose_sources(asked, last, job);
    if (out.failure.empty()) {
      out = compiler_.compile(job);
    }
    result.unchanged = out.facts && last && out.digest == last->digest;
    if (out.image && !asked.only.empty()) {
      const std::string others = other_changes(out.sources, last ? last->sources : SourceList(), asked.only);
      result.refused = others.empty() ? "" : "other saved changes wait for sluicectl apply: " + others;
    }
    if (out.image && out.failure.empty() && result.refused.empty()) {
      if (asked.confirm > std::chrono::seconds::zero()) {
        asked.origin.confirm.until_ns = utc_now_ns() + std::chrono::nanoseconds(asked.confirm).count();
      }
      out.failure = store_.record(*out.image, asked.origin, out.sources, out.digest, result.sha256);
    }
  } catch (const std::exception& exception) {
    result.outcome.failure = exception.what();
  }
  result.took_ns = utc_now_ns() - begun;
  return result;
}

/// What is to be compiled is chosen now, not when it was asked for: an apply may have come in between.
/// Returns an empty string, or why it cannot be.
std::string CompileThread::choose_sources(CompileRequest& request, const std::optional<AppliedPolicy>& last,
                                          CompileJob& job) {
  job.directory = directory_;
  job.generation = store_.next_generation();
  job.image_wanted = request.enforce;
  if (last && !request.explicitly) {
    job.unless_digest = last->digest;
    // A saving that the rollback undid may be noticed after it: it is no order to undo the rollback.
    job.unless_written = last->origin.rollback_to != 0 ? store_.written_before_rollback() : "";
  }
  const int64_t now_s = utc_now().time_since_epoch().count();
  job.bypass = request.bypass                                ? *request.bypass
               : last && last->origin.bypass.until_s > now_s ? last->origin.bypass
                                                             : Bypass();
  request.origin.bypass = job.bypass;
  if (request.confirm > std::chrono::seconds::zero()) {
    if (!last || last->sources.empty()) {
      return "there is no policy that it could go back to; apply it without --confirm";
    }
    request.origin.confirm.back_to = last->generation;
  }
  std::optional<AppliedPolicy> from = last;
  if (request.from == CompileRequest::From::Directory) {
    return {};
  }
  if (request.from == CompileRequest::From::InForce) {
    request.origin.rollback_to = last ? last->origin.rollback_to : 0;
  } else {
    std::string error;
    from = choose_earlier(request, error);
    if (!from) {
      return error;
    }
    request.origin.rollback_to = from->origin.rollback_to != 0 ? from->origin.rollback_to : from->generation;
    request.origin.reason = "rollback to generation " + std::to_string(request.origin.rollback_to) +
                            (request.origin.reason.empty() ? "" : ": " + request.origin.reason);
  }
  if (!from || from->sources.empty()) {
    return "the sources of the policy in force were not kept; they are from the next apply on";
  }
  job.kept = std::move(from->sources);
  return {};
}

/// What a rollback goes back to; nothing, with error.
std::optional<AppliedPolicy> CompileThread::choose_earlier(CompileRequest& request,
                                                           std::string& error) const {
  if (request.from == CompileRequest::From::Rollback) {
    return store_.before_last(request.steps, error);
  }
  const std::optional<AppliedPolicy> last = store_.last_applied();
  const Confirmation confirm = store_.unconfirmed();
  if (!last || !confirm) {
    error = "it was confirmed";
    return std::nullopt;
  }
  request.origin.reason = "generation " + std::to_string(last->generation) + " was not confirmed in time";
  request.origin.undoes_trial = true;
  return store_.of_generation(confirm.back_to, error);
}

void CompileThread::deliver() {
  eventfd_t ignored;
  ::eventfd_read(done_event_.get(), &ignored);
  std::vector<CompileResult> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (CompileResult& result : finished) {
    done_(std::move(result));
  }
}

}  // namespace sluice::control
