// control/alarms: which alarms are open, and of which somebody has to be told. Knows no clock and no network.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "control/alarms/notice.h"
#include "control/policy/alarm_policy.h"
#include "control/search/fields.h"

namespace sluice::control {

/// What is known of the gateway beside its log.
struct GatewayState {
  bool up = false;     ///< the data plane is connected
  uint64_t asked = 0;  ///< what was asked for over its lines, ever: each of that leads to a record sooner or
                       ///< later
};

/// An alarm and whom it is about, from when it was raised until that has been quiet.
struct OpenAlarm {
  std::string alarm;  ///< the rule's name
  std::string subject, network;
  uint64_t count = 0;                  ///< since it began
  int64_t since_ns = 0, last_ns = 0;   ///< of what it counts
  int64_t raised_ns = 0, told_ns = 0;  ///< told_ns: when a notice was made last
  bool operator==(const OpenAlarm&) const = default;
};

/// Times are UTC since 1970. now never goes back by more than clocks do.
class AlarmBook {
 public:
  static constexpr size_t kMaxClients = 10'000;  ///< whose blocks and attempts are counted, over all alarms
  static constexpr size_t kMaxSources = 10'000;  ///< unregistered addresses that are remembered
  static constexpr size_t kMaxOpen = 1'000;      ///< alarms at a time
  static constexpr size_t kMaxNotices = 1'000;   ///< that wait to be sent
  static constexpr size_t kParts = 60;           ///< of `within`, by which it is counted
  static constexpr int64_t kSourceKnownNs = int64_t{30} * 86'400 * 1'000'000'000;
  static constexpr int64_t kSourceQuietNs = int64_t{3'600} * 1'000'000'000;
  static constexpr uint64_t kLeastAsked = 10;  ///< that came without a record

  /// Alarms of rules that are no longer there are closed without a word.
  void set(const AlarmPolicy& policy, int64_t now_ns);
  const AlarmPolicy& policy() const { return policy_; }

  /// One line of the log, whatever it says.
  void take(const AccessFields& fields, int64_t time_ns, int64_t now_ns);
  /// Closes what is quiet, repeats what is not, and looks whether the gateway is silent.
  void tick(int64_t now_ns, const GatewayState& gateway);

  const std::map<std::pair<std::string, std::string>, OpenAlarm>& open() const { return open_; }
  /// How often each was raised, ever.
  const std::map<std::string, uint64_t>& raised() const { return raised_; }
  const std::deque<Notice>& notices() const { return notices_; }
  /// Notices that were forgotten before they were sent, as too many came; alarms that are not named.
  uint64_t dropped() const { return dropped_; }
  uint64_t unnamed() const { return unnamed_; }
  /// sink has taken those up to a number.
  void taken(AlarmSink sink, uint64_t number);

  /// For the file, and back; false, and the book is empty, where value is not what json() makes.
  [[nodiscard]] nlohmann::json json() const;
  [[nodiscard]] bool read(const nlohmann::json& value);

 private:
  struct Part {
    int64_t begin_ns = 0;
    uint64_t count = 0;
  };
  struct Window {
    std::deque<Part> parts;
    int64_t last_ns = 0;
  };
  using Key = std::pair<std::string, std::string>;  ///< an alarm's name and whom it is about

  void count(const AlarmRule& rule, const std::string& subject, std::string_view network, uint64_t times,
             int64_t time_ns, int64_t now_ns);
  static uint64_t sum_since(Window& window, int64_t since_ns);
  bool is_quiet(const AlarmRule& rule, const OpenAlarm& alarm, int64_t now_ns);
  void meet_source(const std::string& address, int64_t time_ns, int64_t now_ns);
  void note(const AlarmRule& rule, const std::string& subject, std::string_view network, uint64_t times,
            int64_t since_ns, int64_t time_ns, int64_t now_ns);
  void look_for_silence(const AlarmRule& rule, int64_t now_ns, const GatewayState& gateway);
  void prune(int64_t now_ns);
  void tell(const AlarmRule& rule, OpenAlarm& alarm, NoticeState state, int64_t now_ns);
  const AlarmRule* rule_of(const std::string& name) const;

  AlarmPolicy policy_;
  std::map<Key, Window> windows_;
  std::map<std::string, int64_t> sources_;  ///< unregistered, and when each came last
  std::map<Key, OpenAlarm> open_;
  std::map<std::string, uint64_t> raised_;
  std::deque<Notice> notices_;
  uint64_t next_number_ = 1, dropped_ = 0, unnamed_ = 0;
  int64_t pruned_ns_ = 0;

  // Of silence; not in the file: whoever starts has heard nothing yet.
  int64_t started_ns_ = 0, heard_ns_ = 0, away_since_ns_ = 0;
  uint64_t asked_then_ = 0;
  bool asked_known_ = false;
};

}  // namespace sluice::control
