// control/reload: compiles off the main loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"
#include "control/reload/compiler.h"
#include "control/reload/state_store.h"

namespace sluice::control {

/// Somebody waits for what becomes of an apply or a rollback.
struct Waiter {
  uint64_t client = 0;
  bool until_enforced = false;  ///< or only until it is compiled
  int64_t since_ns = 0;
};

struct CompileRequest {
  enum class From : uint8_t {
    Directory,   ///< as it is now
    InForce,     ///< what was applied last, as it was kept, with the feeds of now
    Rollback,    ///< what was applied `steps` before it, as it was kept
    Unconfirmed  ///< what an apply is gone back from to, as nobody confirmed it; nothing where somebody did
  };
  From from = From::Directory;
  size_t steps = 0;
  bool enforce = false;     ///< or only check
  bool explicitly = false;  ///< it becomes a new generation even where nothing changed
  Origin origin;
  std::optional<Bypass> bypass;    ///< nothing: that of what was applied last, while it holds
  std::chrono::seconds confirm{};  ///< it is gone back from, unless it is confirmed in that time; 0: it stays
  std::string only;                ///< the one file that may differ from what is in force; empty: any may
  std::vector<Waiter> waiters;     ///< of an apply or a rollback
  std::vector<uint64_t> checks;    ///< clients that wait for a check
};

struct CompileResult {
  CompileRequest request;
  CompileOutcome outcome;  ///< with an image: recorded in the state already
  std::string refused;     ///< why what was asked for is not done, though the policy is valid
  bool unchanged = false;  ///< what was applied last was compiled from the very same sources
  std::string sha256;      ///< of the image
  int64_t took_ns = 0;
};

/// One thread that serves one request after the other. A newer request replaces one of its kind that waits,
/// and takes over whom it has to answer and what it has to enforce; but none passes a rollback.
class CompileThread {
 public:
  /// done: called on the loop's thread. store, compiler: outlive this.
  CompileThread(EventLoop& loop, StateStore& store, std::filesystem::path directory, Compiler& compiler,
                std::function<void(CompileResult)> done);
  ~CompileThread();
  CompileThread(const CompileThread&) = delete;
  CompileThread& operator=(const CompileThread&) = delete;

  void submit(CompileRequest request);

 private:
  void run();
  std::optional<CompileRequest> next();
  CompileResult serve(CompileRequest request);
  std::string choose_sources(CompileRequest& request, const std::optional<AppliedPolicy>& last,
                             CompileJob& job);
  std::optional<AppliedPolicy> choose_earlier(CompileRequest& request, std::string& error) const;
  void deliver();

  EventLoop& loop_;
  StateStore& store_;
  const std::filesystem::path directory_;
  Compiler& compiler_;
  const std::function<void(CompileResult)> done_;
  UniqueFd done_event_, wake_event_;

  std::mutex mutex_;  ///< guards the three below
  std::deque<CompileRequest> waiting_;
  std::vector<CompileResult> finished_;
  bool stopping_ = false;

  std::thread thread_;
};

/// newer, with what older still has to do.
[[nodiscard]] CompileRequest merge_requests(CompileRequest older, CompileRequest newer);

}  // namespace sluice::control
