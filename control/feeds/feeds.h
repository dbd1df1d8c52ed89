// control/feeds: keeps the copies of a policy's feeds new.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"
#include "control/feeds/fetch.h"
#include "control/feeds/fetch_limits.h"
#include "control/policy/feed_copy.h"

namespace sluice::control {

/// What there is to say of one feed. Times are UTC; 0: never.
struct FeedStatus {
  enum class State : uint8_t {
    Waiting,  ///< never had
    Good,
    Failing,  ///< the last try failed; the copy is in force
    Stale,    ///< and it is older than three refreshes
    Held      ///< a newer one waits to be accepted
  };
  FeedSpec spec;
  State state = State::Waiting;
  bool has_copy = false, has_held = false;
  uint64_t entries = 0;       ///< of the copy in force
  uint64_t held_entries = 0;  ///< of the one that is held
  int64_t fetched_ns = 0;     ///< when the copy in force came
  int64_t checked_ns = 0;     ///< when it was last known to be the newest
  int64_t tried_ns = 0, next_ns = 0;
  std::string problem;  ///< of the last try; empty: none
  std::array<uint64_t, std::size(kFetchResultWords)> fetches{};
};
inline constexpr std::string_view kFeedStateWords[] = {"waiting", "good", "failing", "stale", "held"};

/// As the API shows it: no user, no password, no query of a URL.
[[nodiscard]] nlohmann::json to_json(const FeedStatus& status);

class FeedThread;

/// Fetches in a thread of its own. All calls and callbacks on the loop's thread, but status().
class Feeds {
 public:
  struct Callbacks {
    /// There are copies that are not in force yet. Who caused it, and why, for the history.
    std::function<void(const std::string& author, const std::string& reason)> copied;
    std::function<void(uint64_t client, const nlohmann::json& answer)> answer;
  };

  Feeds(EventLoop& loop, const std::filesystem::path& directory, FetchLimits limits, Callbacks callbacks);
  ~Feeds();
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;

  /// The feeds of the policy in force: these are fetched, and no others.
  void set(std::vector<FeedSpec> specs);
  /// Fetches a list's feed, or all where list is empty, as soon as may be; answers client.
  void refresh(const std::string& list, uint64_t client);
  /// What is held of a list comes into force; answers client.
  void accept(const std::string& list, const std::string& author, const std::string& reason, uint64_t client);

  /// Any thread.
  [[nodiscard]] std::vector<FeedStatus> status() const;

 private:
  void deliver();

  EventLoop& loop_;
  const Callbacks callbacks_;
  UniqueFd event_;
  std::optional<std::vector<FeedSpec>> set_;  ///< what the thread was told last
  std::unique_ptr<FeedThread> thread_;
};

}  // namespace sluice::control
