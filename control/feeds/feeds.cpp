// control/feeds: keeps the copies of a policy's feeds new.
#include "control/feeds/feeds.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <nlohmann/json.hpp>

#include "control/accesslog/format.h"
#include "control/base/clock.h"
#include "control/base/log_line.h"
#include "control/feeds/feed_thread.h"
#include "control/policy/feed_url.h"
#include "control/reload/state_store.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// A copy that was not checked for so many refreshes is stale.
constexpr int64_t kStaleRefreshes = 3;

FeedStatus::State state_of(const FeedStatus& feed, int64_t now_ns) {
  using State = FeedStatus::State;
  if (feed.has_held) {
    return State::Held;
  }
  if (!feed.has_copy) {
    return State::Waiting;
  }
  if (now_ns - feed.checked_ns > kStaleRefreshes * feed.spec.source.refresh_s * 1'000'000'000) {
    return State::Stale;
  }
  return feed.problem.empty() ? State::Good : State::Failing;
}

json time_json(int64_t time_ns) {
  return time_ns == 0 ? json() : json(utc_text(time_ns));
}

}  // namespace

json to_json(const FeedStatus& status) {
  json out{{"list", status.spec.list},
           {"url", shown_url(status.spec.source.url)},
           {"format", kListFormatWords[static_cast<size_t>(status.spec.format)]},
           {"refresh_seconds", status.spec.source.refresh_s},
           {"state", kFeedStateWords[static_cast<size_t>(status.state)]},
           {"entries", status.entries},
           {"held_entries", status.has_held ? json(status.held_entries) : json()},
           {"fetched", time_json(status.fetched_ns)},
           {"checked", time_json(status.checked_ns)},
           {"tried", time_json(status.tried_ns)},
           {"next", time_json(status.next_ns)},
           {"problem", status.problem.empty() ? json() : json(status.problem)},
           {"fetches", json::object()}};
  for (size_t i = 0; i < status.fetches.size(); ++i) {
    out["fetches"][std::string(kFetchResultWords[i])] = status.fetches[i];
  }
  return out;
}

Feeds::Feeds(EventLoop& loop, const std::filesystem::path& directory, FetchLimits limits, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_ || !loop_.watch(event_.get(), EPOLLIN, [this](uint32_t) { deliver(); })) {
    log_error("feeds: no eventfd");
  }
  thread_ = std::make_unique<FeedThread>(directory, std::move(limits),
                                         [fd = event_.get()] { ::eventfd_write(fd, 1); });
}

Feeds::~Feeds() {
  thread_.reset();
  loop_.forget(event_.get());
}

void Feeds::set(std::vector<FeedSpec> specs) {
  if (set_ && *set_ == specs) {
    return;
  }
  set_ = specs;
  thread_->submit([specs = std::move(specs)](FeedThread& thread) { thread.set(specs); });
}

void Feeds::refresh(const std::string& list, uint64_t client) {
  thread_->submit([=](FeedThread& thread) { thread.refresh(list, client); });
}

void Feeds::accept(const std::string& list, const std::string& author, const std::string& reason,
                   uint64_t client) {
  thread_->submit([=](FeedThread& thread) { thread.accept(list, author, reason, client); });
}

std::vector<FeedStatus> Feeds::status() const {
  std::vector<FeedStatus> out = thread_->status();
  const int64_t now = utc_now_ns();
  for (FeedStatus& each : out) {
    each.state = state_of(each, now);
  }
  return out;
}

void Feeds::deliver() {
  eventfd_t ignored;
  ::eventfd_read(event_.get(), &ignored);
  for (const FeedThread::Message& message : thread_->take_outbox()) {
    message(callbacks_);
  }
}

}  // namespace sluice::control
