// control/alarms: the book as a file has it.
#include <nlohmann/json.hpp>
#include <utility>

#include "control/alarms/book.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;

struct Unreadable {};

/// A list of at most so many; throws Unreadable where there is none, or a longer one.
const json& list_at(const json& object, const char* key, size_t most) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array() || found->size() > most) throw Unreadable();
  return *found;
}

int64_t time_at(const json& object, const char* key) {
  const auto time = parse_utc(text_at(object, key));
  if (!time) throw Unreadable();
  return *time;
}

json open_json(const OpenAlarm& alarm) {
  return {{"alarm", alarm.alarm},
          {"subject", alarm.subject},
          {"network", alarm.network},
          {"count", alarm.count},
          {"since", utc_text(alarm.since_ns)},
          {"last", utc_text(alarm.last_ns)},
          {"raised", utc_text(alarm.raised_ns)},
          {"told", utc_text(alarm.told_ns)}};
}

OpenAlarm open_from(const json& value) {
  return {.alarm = text_at(value, "alarm"),
          .subject = text_at(value, "subject"),
          .network = text_at(value, "network"),
          .count = number_at(value, "count"),
          .since_ns = time_at(value, "since"),
          .last_ns = time_at(value, "last"),
          .raised_ns = time_at(value, "raised"),
          .told_ns = time_at(value, "told")};
}

}  // namespace

json AlarmBook::json() const {
  auto windows = json::array(), sources = json::array(), open = json::array(), notices = json::array();
  for (const auto& [key, window] : windows_) {
    auto parts = json::array();
    for (const Part& part : window.parts) parts.push_back({utc_text(part.begin_ns), part.count});
    windows.push_back({{"alarm", key.first},
                       {"subject", key.second},
                       {"last", utc_text(window.last_ns)},
                       {"parts", std::move(parts)}});
  }
  for (const auto& [address, last_ns] : sources_)
    sources.push_back({{"address", address}, {"last", utc_text(last_ns)}});
  for (const auto& [key, alarm] : open_) open.push_back(open_json(alarm));
  for (const Notice& each : notices_) {
    notices.push_back(notice_json(each));
    notices.back()["waits"] = each.waits;
  }
  return {{"next", next_number_},          {"raised", raised_},
          {"open", std::move(open)},       {"notices", std::move(notices)},
          {"windows", std::move(windows)}, {"sources", std::move(sources)}};
}

bool AlarmBook::read(const nlohmann::json& value) {
  try {
    if (!value.is_object()) throw Unreadable();
    for (const auto& each : list_at(value, "windows", kMaxClients)) {
      Window window{.parts = {}, .last_ns = time_at(each, "last")};
      for (const auto& part : list_at(each, "parts", kParts + 2)) {
        const auto begin = part.is_array() && part.size() == 2 && part[0].is_string()
                               ? parse_utc(part[0].get<std::string>())
                               : std::nullopt;
        if (!begin || !part[1].is_number_unsigned()) throw Unreadable();
        window.parts.push_back({*begin, part[1].get<uint64_t>()});
      }
      windows_[{text_at(each, "alarm"), text_at(each, "subject")}] = std::move(window);
    }
    for (const auto& each : list_at(value, "sources", kMaxSources))
      sources_[text_at(each, "address")] = time_at(each, "last");
    for (const auto& each : list_at(value, "open", kMaxOpen)) {
      OpenAlarm alarm = open_from(each);
      open_[{alarm.alarm, alarm.subject}] = std::move(alarm);
    }
    next_number_ = number_at(value, "next");
    for (const auto& each : list_at(value, "notices", kMaxNotices)) {
      auto notice = notice_from(each);
      if (!notice || notice->number >= next_number_) throw Unreadable();
      const auto& waits = list_at(each, "waits", kSinkCount);
      for (size_t i = 0; i < waits.size(); ++i) notice->waits[i] = waits[i] == true;
      notices_.push_back(std::move(*notice));
    }
    const auto raised = object_at(value, "raised");
    for (const auto& [name, count] : raised.items())
      raised_[name] = count.is_number_unsigned() ? count.get<uint64_t>() : 0;
    if (next_number_ == 0 || raised_.size() > kMaxAlarms) throw Unreadable();
    return true;
  } catch (const Unreadable&) {
    *this = AlarmBook();
    return false;
  }
}

}  // namespace sluice::control
