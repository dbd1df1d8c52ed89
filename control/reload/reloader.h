// control/reload: which policy is in force, which one waits, and what was wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/reload/compile_thread.h"
#include "control/reload/compiler.h"
#include "control/reload/state_keeper.h"
#include "control/reload/state_store.h"
#include "control/reload/watch.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

/// How an apply differs from one that enforces all that is saved, for good.
struct ApplyTerms {
  std::chrono::seconds confirm{};  ///< it is gone back from, unless confirm is called in that time; 0: never
  std::string only;                ///< the one file that may differ from what is in force; empty: any may
};

/// Keeps the policy that is to be in force, sees to it that the data plane has it, and never lets an invalid
/// one replace it. All on the loop's thread.
class Reloader {
 public:
  /// What was compiled longer ago is compiled anew: schedules are laid out for two years.
  static constexpr std::chrono::days kRenewAfter{180};

  struct Callbacks {
    std::function<void(std::shared_ptr<const SealedImage>)> send;               ///< to the data plane
    std::function<void(uint64_t client, const nlohmann::json& answer)> answer;  ///< to whoever asked
    std::function<uint32_t()> oldest_needed;  ///< generation that unread records may still name
    std::function<void()> changed;            ///< status or counts are others than before
  };
  /// What metrics show.
  struct Counts {
    uint64_t enforced = 0;     ///< policies that came into force
    uint64_t refused = 0;      ///< those that were asked for, and could not be enforced
    uint64_t invalid = 0;      ///< those that were only saved, and are not valid
    bool valid = false;        ///< the directory as it was last compiled
    uint64_t errors = 0;       ///< problems in it
    uint64_t alterations = 0;  ///< of the history
    uint64_t compiled = 0;     ///< compilations that ended, with a policy or without
    double compile_seconds = 0;
    uint32_t generation = 0;         ///< in force, as the data plane says; 0: none, or no data plane
    uint32_t wanted_generation = 0;  ///< that control would have in force; 0: none
    bool pending = false;
    Bypass bypass;             ///< of the policy in force; it may be over
    bool unconfirmed = false;  ///< it is gone back from, unless somebody confirms it
  };
  /// Of `confirm`. A shorter one could not be confirmed by hand, and a longer one is no net.
  static constexpr std::chrono::seconds kMinConfirm{5}, kMaxConfirm{86'400};
  static constexpr std::chrono::seconds kMaxBypass{kMaxBypassS};

  /// store, compiler: outlive this.
  Reloader(EventLoop& loop, StateStore& store, std::filesystem::path directory, Compiler& compiler,
           Callbacks callbacks);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Takes what was applied last from the state, its image or else its sources; where nothing was, enforces
  /// the directory. Else what the directory says is pending, but with `reload: on-save`.
  void start();

  /// Compiles the directory and enforces it. client: is answered once; 0: nobody. until_enforced: when the
  /// data plane has it, or else when it is compiled.
  /// While another apply is to be confirmed, it is refused.
  void apply(const std::string& author, const std::string& reason, uint64_t client, bool until_enforced,
             const ApplyTerms& terms = {});
  /// What was applied with ApplyTerms::confirm stays. Answers client.
  void confirm(const std::string& author, uint64_t client);
  /// Everything passes for so long, and is logged; 0: a bypass ends now. It is a generation of what is in
  /// force, whose image bears the end: that holds without control. client, until_enforced: as for apply.
  void bypass(const std::string& author, const std::string& reason, std::chrono::seconds time,
              uint64_t client, bool until_enforced);
  /// Goes back to what was applied so many policies before, from its kept sources, as a new generation.
  /// reason: may be empty. client, until_enforced: as for apply.
  void rollback(const std::string& author, const std::string& reason, size_t steps, uint64_t client,
                bool until_enforced);
  /// Compiles what is to be in force anew, from its kept sources and the feeds as they lie there now, and
  /// enforces it where anything changed.
  void recompile(const std::string& author, const std::string& reason);
  /// Compiles the directory and answers what is wrong with it.
  void check(uint64_t client);

  void on_welcome(uint32_t generation);
  void on_loaded(uint32_t generation, bool accepted, const std::string& why);
  void on_lost();

  /// Where resolvers tell what they answered, as the policy says that is to be in force; may be empty.
  [[nodiscard]] std::string dnstap_socket() const;
  /// The lists that the policy in force wants fetched; nothing where that is not known.
  [[nodiscard]] std::optional<std::vector<FeedSpec>> feeds() const;
  /// What the policy in force says of the access log; nothing where that is not known, as for the first
  /// moments after a start: what would be deleted waits until it is.
  [[nodiscard]] std::optional<LogPolicy> log_policy() const;
  /// The alarms of the policy in force; nothing where that is not known.
  [[nodiscard]] std::optional<AlarmPolicy> alarms() const;
  /// What of the policy in force ends by itself; nothing where that is not known.
  [[nodiscard]] PolicyTerms terms() const;
  /// The company and the lines of the policy in force; nothing where that is not known.
  [[nodiscard]] std::optional<PolicyRegister> registers() const;
  /// What it says of who people are; nothing where no policy is known.
  [[nodiscard]] std::optional<IdentityPolicy> identity() const;
  /// The site's name in the policy in force; empty where there is none.
  [[nodiscard]] std::string site() const;
  [[nodiscard]] nlohmann::json status() const;
  /// Which policy is in force, what it was made of, and where that is kept. fd: of its image, which stays
  /// this one's; -1 with an error.
  [[nodiscard]] nlohmann::json in_force(int& fd) const;
  /// The policies that can be gone back to, the newest first.
  [[nodiscard]] nlohmann::json history() const;
  [[nodiscard]] Counts counts() const;

 private:
  struct Enforced {
    std::shared_ptr<const SealedImage> image;
    std::string sha256, digest;
    Origin origin;
    std::optional<PolicyFacts> facts;
    bool confirmed = false;  ///< the data plane has said once that it enforces this very image
  };
  struct Saved {
    bool valid;
    int64_t time_ns;
    Diagnostics diagnostics;
  };
  struct Problem {
    int64_t time_ns;
    std::string what;
    Diagnostics diagnostics;
  };
  struct Pending {
    Waiter waiter;
    uint32_t generation = 0;
  };

  void renew_when_old();
  void learn_again();
  void submit(CompileRequest request);
  void watch_confirmation();
  void watch_bypass();
  void say_bypass() const;
  nlohmann::json ends_json() const;
  void on_saved();
  void enforce_saved();
  void on_compiled(CompileResult result);
  void finish_start(const CompileResult& result);
  void take_invalid(CompileResult& result, const std::string& what);
  void watch_sources(const SourceList& sources);
  void take_checked(const CompileResult& result);
  void take_enforced(CompileResult& result);
  void synchronise();
  void settle_waiters(uint32_t generation, const std::string& refused);
  void answer_all(const CompileRequest& request, const nlohmann::json& answer);
  void prune();
  nlohmann::json enforced_answer(const Waiter& waiter, uint32_t generation, bool enforced) const;

  EventLoop& loop_;
  StateStore& store_;
  const std::filesystem::path directory_;
  const Callbacks callbacks_;
  bool starting_ = true;
  bool link_up_ = false;
  uint32_t plane_generation_ = 0;
  uint32_t sent_generation_ = 0;  ///< the newest one sent on this connection
  std::optional<Enforced> current_, previous_;
  std::optional<Saved> saved_;
  std::optional<Problem> problem_;
  std::vector<Pending> waiting_;
  Counts counts_;
  int64_t going_back_ns_ = 0;  ///< when going back was tried last
  EventLoop::Timer renew_timer_ = 0, confirm_timer_ = 0, bypass_timer_ = 0, learn_timer_ = 0;
  std::chrono::seconds learn_after_{1};  ///< until what is in force is compiled again to know what it says
  PolicyWatch watch_;
  StateKeeper keeper_;
  CompileThread compiler_;  ///< last: it ends first
};

}  // namespace sluice::control
