// control/judge: a policy that answers questions with the code that enforces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/judge/question.h"
#include "control/policy/diagnostics.h"
#include "control/policy/time_zone.h"
#include "dataplane/policy/policy.h"

namespace sluice::control {

/// What becomes of an access. Texts are views into the Judge's policy; empty where there is none.
struct Answer {
  Verdict verdict;
  std::string_view rule, list, network;
  std::string_view owner, ticket;  ///< of an exception
  int64_t expires_s = kNever;      ///< UTC second from which the rule is off

  Action action() const { return verdict.action; }
  Reason reason() const { return verdict.reason; }
  /// Whether the same becomes of the access.
  bool same_outcome(const Answer& other) const {
    return action() == other.action() &&
           (action() != Action::Observed || verdict.would == other.verdict.would);
  }
  /// And by the same rule, or for the same reason.
  bool same_as(const Answer& other) const {
    return same_outcome(other) && reason() == other.reason() && rule == other.rule;
  }
};

/// A rule that stood before the deciding one, or that one itself.
struct PassedRule {
  std::string_view rule, owner, ticket;
  int64_t expires_s = kNever;
  PassedOver why = PassedOver::Matched;
};
/// Such as "from does not match".
[[nodiscard]] std::string_view text_of(PassedOver why);

/// A compiled policy and what one thread needs to judge by it. Each distinct question is judged once: as many
/// answers as kMaxKept are kept, then all are forgotten. Used by one thread.
class Judge {
 public:
  static constexpr size_t kMaxKept = size_t{1} << 20;

  /// Compiles a policy directory. feeds: the directory with the copies of fetched lists; may be empty.
  /// Returns nullptr and says why in error; problems: all that is wrong with the policy, with warnings.
  [[nodiscard]] static std::unique_ptr<Judge> of_directory(const std::filesystem::path& directory,
                                                           const std::filesystem::path& feeds,
                                                           Diagnostics& problems, std::string& error);
  /// image: aligned to 64 bytes; owner keeps it where it lies. Returns nullptr and says why in error.
  [[nodiscard]] static std::unique_ptr<Judge> of_image(std::span<const std::byte> image,
                                                       std::shared_ptr<const void> owner, std::string& error);

  [[nodiscard]] Answer ask(const Question& question);
  /// The same, with every rule up to the deciding one, in their order.
  [[nodiscard]] Answer explain(const Question& question, std::vector<PassedRule>& passed);

  /// Whether schedules are known at that UTC second.
  [[nodiscard]] bool knows(int64_t utc_s) const;
  /// The name of the line by which the question goes: its own, else that of the client's network, else the
  /// policy's first; empty where it has none.
  [[nodiscard]] std::string_view line_of(const Question& question) const;

  const Policy& policy() const { return *policy_; }
  /// Of the site; UTC until it is set: an image does not say it.
  const TimeZone& timezone() const { return timezone_; }
  void set_timezone(TimeZone timezone) { timezone_ = timezone; }
  uint64_t judged() const { return judged_; }  ///< questions that no kept answer served

 private:
  Judge() = default;
  [[nodiscard]] Subject subject_of(const Question& question) const;
  [[nodiscard]] Verdict judge(const Question& question, const Subject& subject, Trace* trace);
  [[nodiscard]] Answer answer_of(const Verdict& verdict) const;
  void make_key(const Question& question, const Subject& subject);

  std::shared_ptr<const void> owner_;
  std::unique_ptr<Policy> policy_;
  TimeZone timezone_;
  Scratch scratch_;
  uint64_t holding_ = 0;  ///< what holds at the scratch's time
  std::string key_;
  std::unordered_map<std::string, Verdict> kept_;
  uint64_t judged_ = 0;
};

}  // namespace sluice::control
