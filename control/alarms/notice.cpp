// control/alarms: what somebody is told of an alarm.
#include "control/alarms/notice.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// `90s`, `15m`, `1h`, as a policy has it.
std::string short_duration(uint32_t seconds) {
  if (seconds % 86'400 == 0) return std::to_string(seconds / 86'400) + "d";
  if (seconds % 3'600 == 0) return std::to_string(seconds / 3'600) + "h";
  if (seconds % 60 == 0) return std::to_string(seconds / 60) + "m";
  return std::to_string(seconds) + "s";
}

std::string to_the_second(int64_t time_ns) {
  constexpr size_t kSecond = sizeof "2026-11-23T04:05:06" - 1;
  return utc_text(time_ns).substr(0, kSecond) + "Z";
}

std::string so_often(uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

/// Where in words a kind stands, of a bound.
template <size_t Size>
std::optional<size_t> index_of(const std::string& word, const std::string_view (&words)[Size]) {
  const auto found = std::find(std::begin(words), std::end(words), word);
  return found == std::end(words) ? std::nullopt : std::optional(static_cast<size_t>(found - words));
}

}  // namespace

std::string text_of(const Notice& notice) {
  const std::string who = printable(notice.subject) +
                          (notice.network.empty() ? std::string() : " of " + printable(notice.network));
  if (notice.state == NoticeState::Ended) {
    return notice.kind == AlarmKind::NoRecords
               ? "the gateway records again, or has nothing to record; it was silent since " +
                     to_the_second(notice.since_ns)
               : who + " is quiet: the last was at " + to_the_second(notice.last_ns) + ", of " +
                     std::to_string(notice.count) + " in all";
  }
  const std::string still = notice.state == NoticeState::Still ? "still: " : "";
  switch (notice.kind) {
    case AlarmKind::Blocks:
      return still + who + " was blocked " + so_often(notice.count, "time", "times") + " since " +
             to_the_second(notice.since_ns) + "; `sluicectl why` says of what";
    case AlarmKind::Tunnels:
      return still + who + " tried " + so_often(notice.count, "time", "times") +
             " to use a tunnel that is not registered, since " + to_the_second(notice.since_ns);
    case AlarmKind::NewSource:
      return still + who + " is in no network, and asked for something " +
             so_often(notice.count, "time", "times") + " since " + to_the_second(notice.since_ns);
    case AlarmKind::NoRecords:
      return still + "the gateway has recorded nothing for " + short_duration(notice.within_s) + ", since " +
             to_the_second(notice.since_ns) +
             (notice.count == 0
                  ? std::string(": its data plane is away")
                  : ", though " + std::to_string(notice.count) + " connections and questions came");
  }
  return {};
}

json notice_json(const Notice& notice) {
  return {{"number", notice.number},
          {"alarm", notice.alarm},
          {"kind", kAlarmKindWords[static_cast<size_t>(notice.kind)]},
          {"state", kNoticeWords[static_cast<size_t>(notice.state)]},
          {"subject", notice.subject},
          {"network", notice.network},
          {"count", notice.count},
          {"within_s", notice.within_s},
          {"since", utc_text(notice.since_ns)},
          {"last", utc_text(notice.last_ns)},
          {"made", utc_text(notice.made_ns)}};
}

std::optional<Notice> notice_from(const json& value) {
  if (!value.is_object()) return std::nullopt;
  const auto kind = index_of(text_at(value, "kind"), kAlarmKindWords);
  const auto state = index_of(text_at(value, "state"), kNoticeWords);
  const auto since = parse_utc(text_at(value, "since")), last = parse_utc(text_at(value, "last")),
             made = parse_utc(text_at(value, "made"));
  const uint64_t within = number_at(value, "within_s");
  if (!kind || !state || !since || !last || !made || within > UINT32_MAX) return std::nullopt;
  return Notice{.number = number_at(value, "number"),
                .alarm = text_at(value, "alarm"),
                .kind = static_cast<AlarmKind>(*kind),
                .state = static_cast<NoticeState>(*state),
                .subject = text_at(value, "subject"),
                .network = text_at(value, "network"),
                .count = number_at(value, "count"),
                .within_s = static_cast<uint32_t>(within),
                .since_ns = *since,
                .last_ns = *last,
                .made_ns = *made};
}

std::string webhook_text(const NoticeBatch& batch) {
  json notices = json::array();
  for (const Notice& each : batch.notices) {
    notices.push_back(notice_json(each));
    notices.back()["text"] = text_of(each);
  }
  const json out{{"site", batch.site}, {"notices", std::move(notices)}, {"more", batch.more}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string mail_subject(const NoticeBatch& batch) {
  std::string out = "Sluice " + batch.site + ": ";
  const Notice& first = batch.notices.front();
  const size_t more = batch.notices.size() - 1 + batch.more;
  out += "alarm " + first.alarm + " " + std::string(kNoticeWords[static_cast<size_t>(first.state)]);
  return more == 0 ? out : out + ", and " + std::to_string(more) + " more";
}

std::string mail_text(const NoticeBatch& batch) {
  std::string out;
  for (const Notice& each : batch.notices) {
    out += to_the_second(each.made_ns) + " " + each.alarm + ": " + text_of(each) + "\n";
  }
  if (batch.more != 0) {
    out += "and " + std::to_string(batch.more) + " more that are not named, as too many came\n";
  }
  return out + "\n`sluicectl status` on the gateway shows the alarms that are open.\n";
}

}  // namespace sluice::control
