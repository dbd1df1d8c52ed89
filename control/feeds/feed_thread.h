// control/feeds: the thread that fetches.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "control/feeds/feeds.h"

namespace sluice::control {

/// Runs Feeds' commands and all transfers. What it has to say goes to an outbox, for the loop's thread to
/// run.
class FeedThread {
 public:
  using Message = std::function<void(const Feeds::Callbacks&)>;

  /// wake: called on the thread when there is something in the outbox.
  FeedThread(std::filesystem::path directory, FetchLimits limits, std::function<void()> wake);
  /// Ends at once, whatever is being fetched.
  ~FeedThread();
  FeedThread(const FeedThread&) = delete;
  FeedThread& operator=(const FeedThread&) = delete;

  /// Runs one of the commands below on the thread.
  void submit(std::function<void(FeedThread&)> command);
  [[nodiscard]] std::vector<Message> take_outbox();
  [[nodiscard]] std::vector<FeedStatus> status() const;

  void set(const std::vector<FeedSpec>& specs);
  void refresh(const std::string& list, uint64_t client);
  void accept(const std::string& list, const std::string& author, const std::string& reason, uint64_t client);

 private:
  using Clock = std::chrono::steady_clock;
  struct Feed {
    FeedStatus status;
    unsigned failures = 0;
    Clock::time_point due;
    std::unique_ptr<Fetch> fetch;
  };

  void run();
  void turn();
  void start_due();
  void start(Feed& feed);
  void take_done();
  void go_on(Feed& feed, CURLcode code);
  void settle(Feed& feed, const FetchOutcome& outcome);
  void report(const Feed& feed, const FetchOutcome& outcome, const FeedStatus& before);
  void cancel(Feed& feed);
  void read_copies(Feed& feed) const;
  void plan_first(Feed& feed);
  void flush_news();
  void publish();
  void say(Message message);
  int wait_ms() const;
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const FetchLimits limits_;
  const FeedStore store_;
  const std::function<void()> wake_;
  const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;

  // The thread's own.
  std::map<std::string, Feed> feeds_;  ///< by list
  std::vector<std::string> news_;      ///< of copies that nobody heard of yet
  Clock::time_point news_due_;
  bool first_set_ = true;
  std::mt19937_64 random_{std::random_device()()};

  mutable std::mutex mutex_;  ///< guards the four below
  std::vector<std::function<void(FeedThread&)>> commands_;
  std::vector<Message> outbox_;
  std::vector<FeedStatus> published_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace sluice::control
