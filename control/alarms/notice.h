// control/alarms: what somebody is told of an alarm, for programs and for people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/policy/alarm_policy.h"

namespace sluice::control {

enum class NoticeState : uint8_t {
  Raised,
  Still,  ///< it is open as long as `repeat` says, and was told of so long ago
  Ended
};
inline constexpr std::string_view kNoticeWords[] = {"raised", "still", "ended"};

/// By which way somebody is told.
enum class AlarmSink : uint8_t {
  Webhook,
  Mail
};
inline constexpr std::string_view kSinkWords[] = {"webhook", "mail"};
inline constexpr size_t kSinkCount = std::size(kSinkWords);

struct Notice {
  uint64_t number = 0;  ///< of this gateway's, from 1; what is sent again has the same
  std::string alarm;
  AlarmKind kind = AlarmKind::Blocks;
  NoticeState state = NoticeState::Raised;
  std::string subject, network;       ///< of a user or an address; "gateway"; network: may be empty
  uint64_t count = 0;                 ///< what was counted of it
  uint32_t within_s = 0;              ///< as the rule says
  int64_t since_ns = 0, last_ns = 0;  ///< of what was counted
  int64_t made_ns = 0;
  bool waits[kSinkCount] = {};  ///< by AlarmSink: has not taken it
  bool operator==(const Notice&) const = default;
};

/// One sentence for people.
[[nodiscard]] std::string text_of(const Notice& notice);
[[nodiscard]] nlohmann::json notice_json(const Notice& notice);
/// The inverse; nothing where value is none.
[[nodiscard]] std::optional<Notice> notice_from(const nlohmann::json& value);

/// Notices that are sent at once.
struct NoticeBatch {
  std::string site;
  std::span<const Notice> notices;
  uint64_t more = 0;  ///< that are not among them: too many came
};
/// The body of a POST.
[[nodiscard]] std::string webhook_text(const NoticeBatch& batch);
/// Subject and text of a mail; the text is UTF-8.
[[nodiscard]] std::string mail_subject(const NoticeBatch& batch);
[[nodiscard]] std::string mail_text(const NoticeBatch& batch);

}  // namespace sluice::control
