// control/reload: compiles off the main loop.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"
#include "control/policy/policy_compiler.h"
#include "control/reload/state_store.h"

namespace sluice::control {

using CompileFunction = std::function<Compiled(const std::filesystem::path& directory, uint32_t generation)>;

/// What a policy is made of, for people to see.
struct PolicyFacts {
  std::string site;
  bool reload_on_save = false;
  size_t networks = 0, rules = 0, lists = 0, names = 0, prefixes = 0, patterns = 0;
  std::vector<std::string> sources;
  std::vector<FeedSpec> feeds;
};

/// Somebody waits for what becomes of an apply.
struct Waiter {
  uint64_t client = 0;
  bool until_enforced = false;  ///< or only until it is compiled
  int64_t since_ns = 0;
};

struct CompileRequest {
  bool enforce = false;     ///< or only check
  bool explicitly = false;  ///< a person asked: it becomes a new generation even where nothing changed
  Origin origin;
  std::vector<Waiter> waiters;   ///< of an apply
  std::vector<uint64_t> checks;  ///< clients that wait for a check
  std::string current_digest;    ///< of what is in force, to tell whether anything changed
};

struct CompileResult {
  CompileRequest request;
  Diagnostics diagnostics;
  std::optional<PolicyFacts> facts;  ///< of a valid policy
  bool unchanged = false;            ///< what is in force was compiled from the very same files
  std::string failure;               ///< why a valid policy cannot be enforced: the state's disk, memory
  std::shared_ptr<const SealedImage>
      image;           ///< of a policy that is to be enforced, kept in the state already
  std::string sha256;  ///< of the image
  std::string digest;  ///< of what it was compiled from
  int64_t took_ns = 0;
};

/// One thread that compiles one request after the other. A newer request replaces one that waits, and takes
/// over whom it has to answer and what it has to enforce.
class CompileThread {
 public:
  /// done: called on the loop's thread. store: outlives this.
  CompileThread(EventLoop& loop, StateStore& store, std::filesystem::path directory, CompileFunction compile,
                std::function<void(CompileResult)> done);
  ~CompileThread();
  CompileThread(const CompileThread&) = delete;
  CompileThread& operator=(const CompileThread&) = delete;

  void submit(CompileRequest request);

 private:
  void run();
  CompileResult serve(CompileRequest request);
  void prepare(CompiledPolicy& policy, CompileResult& result);
  void deliver();

  EventLoop& loop_;
  StateStore& store_;
  const std::filesystem::path directory_;
  const CompileFunction compile_;
  const std::function<void(CompileResult)> done_;
  UniqueFd event_;
  std::string last_digest_;  ///< of what was kept last; the thread's own

  std::mutex mutex_;  ///< guards the three below
  std::condition_variable wake_;
  std::optional<CompileRequest> waiting_;
  std::vector<CompileResult> finished_;
  bool stopping_ = false;

  std::thread thread_;
};

/// newer, with what older still has to do.
[[nodiscard]] CompileRequest merge_requests(CompileRequest older, CompileRequest newer);

}  // namespace sluice::control
