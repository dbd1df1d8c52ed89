// control/feeds: the thread that fetches.
#include "control/feeds/feed_thread.h"

#include <algorithm>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/clock.h"
#include "control/base/log_line.h"
#include "control/feeds/schedule.h"
#include "control/policy/feed_url.h"
#include "control/reload/state_store.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{60'000};
/// Copies of feeds that no policy in force has had for so long are deleted: a rollback may want them before.
constexpr int64_t kUnusedKeptNs = int64_t{30} * 86'400 * 1'000'000'000;

std::string change_text(uint64_t now, uint64_t before) {
  if (before == 0) {
    return std::to_string(now) + " entries";
  }
  return std::to_string(now) + " entries, " + std::to_string(now > before ? now - before : before - now) +
         (now >= before ? " more" : " fewer");
}

}  // namespace

FeedThread::FeedThread(std::filesystem::path directory, FetchLimits limits, std::function<void()> wake)
    : limits_(std::move(limits)),
      store_(std::move(directory)),
      wake_(std::move(wake)),
      multi_(curl_multi_init(), curl_multi_cleanup) {
  if (!multi_) {
    throw std::bad_alloc();
  }
  thread_ = std::thread([this] { run(); });
}

FeedThread::~FeedThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
  for (auto& [list, feed] : feeds_) {
    cancel(feed);
  }
}

void FeedThread::submit(std::function<void(FeedThread&)> command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  curl_multi_wakeup(multi_.get());
}

std::vector<FeedThread::Message> FeedThread::take_outbox() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outbox_, {});
}

std::vector<FeedStatus> FeedThread::status() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void FeedThread::run() {
  while (true) {
    std::vector<std::function<void(FeedThread&)>> commands;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        return;
      }
      commands.swap(commands_);
    }
    try {
      for (const auto& command : commands) {
        command(*this);
      }
      turn();
    } catch (const std::exception& exception) {
      log_error(std::string("feeds: ") + exception.what());
    }
    curl_multi_poll(multi_.get(), nullptr, 0, wait_ms(), nullptr);
  }
}

void FeedThread::turn() {
  start_due();
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  take_done();
  flush_news();
  publish();
}

void FeedThread::set(const std::vector<FeedSpec>& specs) {
  if (std::exchange(first_set_, false)) {
    store_.sweep(specs, utc_now_ns() - kUnusedKeptNs);
    if (!specs.empty()) {
      // A copy may have come just before the last end, and never into force.
      say([](const Feeds::Callbacks& to) { to.copied("feeds", "copies that came before a restart"); });
    }
  }
  std::map<std::string, Feed> next;
  for (const FeedSpec& spec : specs) {
    auto old = feeds_.extract(spec.list);
    Feed& feed = next[spec.list];
    if (!old.empty()) {
      feed = std::move(old.mapped());
    }
    if (feed.status.spec == spec) {
      continue;
    }
    cancel(feed);
    const bool other = feed.status.spec.list.empty() || feed_stem(feed.status.spec) != feed_stem(spec);
    const auto fetches = feed.status.fetches;
    if (other) {
      feed = Feed{};
      feed.status.fetches = fetches;
    }
    feed.status.spec = spec;
    read_copies(feed);
    plan_first(feed);
  }
  for (auto& [list, feed] : feeds_) {
    cancel(feed);
  }
  feeds_ = std::move(next);
}

void FeedThread::read_copies(Feed& feed) const {
  const FeedCopies copies = store_.read(feed.status.spec);
  feed.status.has_copy = copies.in_force.has_value();
  feed.status.has_held = copies.held.has_value();
  feed.status.entries = copies.in_force ? copies.in_force->entries : 0;
  feed.status.fetched_ns = copies.in_force ? copies.in_force->fetched_ns : 0;
  feed.status.checked_ns = copies.in_force ? copies.in_force->checked_ns : 0;
  feed.status.held_entries = copies.held ? copies.held->entries : 0;
}

void FeedThread::plan_first(Feed& feed) {
  const int64_t now = utc_now_ns();
  const milliseconds since =
      feed.status.has_copy ? milliseconds(std::max<int64_t>(0, now - feed.status.checked_ns) / 1'000'000)
                           : milliseconds(-1);
  const milliseconds delay = first_delay(since, feed.status.spec.source.refresh_s, limits_, random());
  feed.due = Clock::now() + delay;
  feed.status.next_ns = now + delay.count() * 1'000'000;
}

void FeedThread::start_due() {
  const Clock::time_point now = Clock::now();
  long active = std::ranges::count_if(feeds_, [](const auto& each) { return each.second.fetch != nullptr; });
  for (auto& [list, feed] : feeds_) {
    if (active < limits_.at_once && !feed.fetch && feed.due <= now) {
      start(feed);
      ++active;
    }
  }
}

void FeedThread::start(Feed& feed) {
  feed.fetch = std::make_unique<Fetch>(feed.status.spec, store_, limits_);
  feed.status.tried_ns = utc_now_ns();
  curl_multi_add_handle(multi_.get(), feed.fetch->handle());
}

void FeedThread::cancel(Feed& feed) {
  if (feed.fetch) {
    curl_multi_remove_handle(multi_.get(), feed.fetch->handle());
    feed.fetch.reset();
  }
}

void FeedThread::take_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_.get(), handle);  // message is gone from here on
    const auto found = std::ranges::find_if(
        feeds_, [&](const auto& each) { return each.second.fetch && each.second.fetch->handle() == handle; });
    if (found != feeds_.end()) {
      go_on(found->second, code);
    }
  }
}

void FeedThread::go_on(Feed& feed, CURLcode code) {
  std::optional<FetchOutcome> outcome;
  try {
    outcome = feed.fetch->next(code);
  } catch (const std::exception& exception) {
    outcome = FetchOutcome{FetchResult::Failed, exception.what(), {}};
  }
  if (!outcome) {
    curl_multi_add_handle(multi_.get(), feed.fetch->handle());
    return;
  }
  feed.fetch.reset();
  settle(feed, *outcome);
}

void FeedThread::settle(Feed& feed, const FetchOutcome& outcome) {
  const FeedStatus before = feed.status;
  const bool failed = outcome.result == FetchResult::Failed || outcome.result == FetchResult::Refused;
  read_copies(feed);
  ++feed.status.fetches[static_cast<size_t>(outcome.result)];
  feed.status.problem = failed ? outcome.why : std::string();
  feed.failures = failed ? feed.failures + 1 : 0;
  const milliseconds delay =
      next_delay(feed.status.spec.source.refresh_s, feed.failures, outcome.retry_after, limits_, random());
  feed.due = Clock::now() + delay;
  feed.status.next_ns = utc_now_ns() + delay.count() * 1'000'000;
  report(feed, outcome, before);
}

void FeedThread::report(const Feed& feed, const FetchOutcome& outcome, const FeedStatus& before) {
  const std::string name = "feed " + feed.status.spec.list;
  switch (outcome.result) {
    case FetchResult::New: {
      std::string news = name + ": " + change_text(feed.status.entries, before.has_copy ? before.entries : 0);
      log_info(news);
      if (news_.empty()) {
        news_due_ = Clock::now() + limits_.gather;
      }
      news_.push_back(std::move(news));
      break;
    }
    case FetchResult::Unchanged:
      if (!before.problem.empty()) {
        log_info(name + ": it can be had again");
      }
      break;
    case FetchResult::Held:
      log_warning(name + " is held back: " + outcome.why +
                  ", more than max-change allows; `sluicectl feeds accept " + feed.status.spec.list +
                  "` brings it into force");
      break;
    case FetchResult::Refused:
    case FetchResult::Failed:
      if (outcome.why != before.problem) {
        log_warning(name + " from " + shown_url(feed.status.spec.source.url) + ": " + outcome.why +
                    (feed.status.has_copy ? "; the last good copy stays" : "; there is no copy yet"));
      }
      break;
  }
}

/// New copies come into force together: each would be a compilation and a generation of its own.
void FeedThread::flush_news() {
  if (news_.empty() || Clock::now() < news_due_) {
    return;
  }
  std::string reason;
  for (const std::string& each : std::exchange(news_, {})) {
    reason += (reason.empty() ? "" : "; ") + each;
  }
  say([reason](const Feeds::Callbacks& to) { to.copied("feeds", reason); });
}

void FeedThread::refresh(const std::string& list, uint64_t client) {
  size_t count = 0;
  for (auto& [name, feed] : feeds_) {
    if (list.empty() || name == list) {
      feed.due = Clock::now();
      feed.status.next_ns = utc_now_ns();
      ++count;
    }
  }
  say([=](const Feeds::Callbacks& to) {
    to.answer(client, count == 0 && !list.empty()
                          ? json{{"error", "no list '" + list + "' of the policy in force is fetched"}}
                          : json{{"ok", true}, {"feeds", count}});
  });
}

void FeedThread::accept(const std::string& list, const std::string& author, const std::string& reason,
                        uint64_t client) {
  const auto found = feeds_.find(list);
  std::string problem = "no list '" + list + "' of the policy in force is fetched";
  if (found != feeds_.end()) {
    cancel(found->second);  // it was begun with what was held in mind
    problem = store_.accept(found->second.status.spec);
    read_copies(found->second);
  }
  if (!problem.empty()) {
    return say([=](const Feeds::Callbacks& to) {
      to.answer(client, {{"error", "feed " + list + ": " + problem}});
    });
  }
  const uint64_t entries = found->second.status.entries;
  log_info("feed " + list + ": " + std::to_string(entries) + " entries were accepted by " + author + ": " +
           reason);
  say([=](const Feeds::Callbacks& to) {
    to.copied(author, "feed " + list + " accepted: " + reason);
    to.answer(client, {{"ok", true}, {"list", list}, {"entries", entries}});
  });
}

void FeedThread::publish() {
  std::vector<FeedStatus> all;
  all.reserve(feeds_.size());
  for (const auto& [list, feed] : feeds_) {
    all.push_back(feed.status);
  }
  const std::lock_guard lock(mutex_);
  published_.swap(all);
}

void FeedThread::say(Message message) {
  {
    const std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(message));
  }
  wake_();
}

int FeedThread::wait_ms() const {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + kLongestWait;
  const auto active =
      std::ranges::count_if(feeds_, [](const auto& each) { return each.second.fetch != nullptr; });
  for (const auto& [list, feed] : feeds_) {
    if (!feed.fetch && active < limits_.at_once) {
      next = std::min(next, feed.due);
    }
  }
  if (!news_.empty()) {
    next = std::min(next, news_due_);
  }
  return static_cast<int>(std::max<int64_t>(0, std::chrono::ceil<milliseconds>(next - now).count()));
}

}  // namespace sluice::control
