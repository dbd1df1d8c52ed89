// control/keep: what people ask of the log's keeping, and what they are told.
#include <cmath>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"
#include "control/keep/keeper.h"

namespace sluice::control {
namespace {

using nlohmann::json;

json error(std::string what) {
  return {{"error", std::move(what)}};
}

/// A time of the request; nothing where it is none. An empty one is no bound.
bool is_bound(const std::string& text) {
  return text.empty() || parse_utc(text).has_value();
}

json period_json(const HeldPeriod& period) {
  const auto text = [](int64_t time_ns, int64_t none) {
    return time_ns == none ? json() : json(utc_text(time_ns));
  };
  return {{"since", text(period.since_ns, INT64_MIN)},
          {"until", text(period.until_ns, INT64_MAX)},
          {"user", period.user},
          {"reason", period.reason},
          {"time", period.time}};
}

}  // namespace

json Keeper::answer(const std::string& command, const json& request, uid_t uid, const std::string& user,
                    int64_t utc_ns) {
  if (std::string why = heads_.refresh(); !why.empty()) {
    return error(why);
  }
  json out = command == "hold"      ? hold(request, uid, user, utc_ns)
             : command == "release" ? release(request, uid, user, utc_ns)
             : command == "holds"   ? list()
                                    : error("unknown command");
  figures_.holds = heads_.holds().cases().size();
  return out;
}

json Keeper::hold(const json& request, uid_t uid, const std::string& user, int64_t utc_ns) {
  const std::string name = text_at(request, "case"), reason = text_at(request, "reason"),
                    since = text_at(request, "since"), until = text_at(request, "until");
  if (!is_case(name)) {
    return error("hold needs a case of 1 to " + std::to_string(kMaxCase) +
                 " letters, digits, -, _ and dots, beginning with a letter or a digit");
  }
  if (reason.empty() || reason.size() > kMaxHoldReason) {
    return error("hold needs a reason of 1 to " + std::to_string(kMaxHoldReason) +
                 " bytes: it stands in the log's signed lines");
  }
  if (!is_bound(since) || !is_bound(until) || (!since.empty() && !until.empty() && until < since)) {
    return error("since and until are times as 2026-11-23T04:05:06.000000Z, the first one first");
  }
  if (heads_.holds().periods() >= kMaxHeldPeriods) {
    return error("there are " + std::to_string(kMaxHeldPeriods) + " holds; release what is not needed");
  }
  json line{{"kind", "hold"}, {"time", utc_text(utc_ns)}, {"case", name}, {"reason", reason},
            {"user", user},   {"uid", uint64_t{uid}}};
  if (!since.empty()) {
    line["since"] = since;
  }
  if (!until.empty()) {
    line["until"] = until;
  }
  std::string why = ports_.append(line);
  if (why.empty()) {
    why = heads_.refresh();
  }
  if (!why.empty()) {
    return error(why);
  }
  log_info("access log: held for " + name + " by " + user + ": " + reason);
  const int64_t first_ns = parse_utc(since).value_or(INT64_MIN),
                last_ns = parse_utc(until).value_or(INT64_MAX);
  uint64_t segments = 0;
  for (const auto& [number, each] : heads_.ended()) {
    segments += each.last_ns >= first_ns && each.first_ns <= last_ns;
  }
  return {{"case", name},
          {"segments", segments},
          {"oldest", figures_.oldest_ns == 0 ? json() : json(utc_text(figures_.oldest_ns))}};
}

json Keeper::release(const json& request, uid_t uid, const std::string& user, int64_t utc_ns) {
  const std::string name = text_at(request, "case");
  const auto found = heads_.holds().cases().find(name);
  if (found == heads_.holds().cases().end()) {
    return error("nothing is held for such a case; sluicectl holds lists them");
  }
  const auto& first = found->second.release;
  if (first && first->uid == uid) {
    return error(first->user + " asked for it at " + first->time + " already; it needs somebody else, too");
  }
  const uint64_t step = first ? 2 : 1;
  std::string why = ports_.append(json{{"kind", "release"},
                                       {"time", utc_text(utc_ns)},
                                       {"case", name},
                                       {"step", step},
                                       {"user", user},
                                       {"uid", uint64_t{uid}}});
  if (why.empty()) {
    why = heads_.refresh();
  }
  if (!why.empty()) {
    return error(why);
  }
  log_info("access log: " + user + (step == 1 ? " asks that " : " releases ") + name +
           (step == 1 ? " be released" : ""));
  return {{"case", name}, {"step", step}, {"released", step == 2}};
}

json Keeper::list() const {
  json out = json::array();
  for (const auto& [name, held] : heads_.holds().cases()) {
    json periods = json::array();
    for (const HeldPeriod& each : held.periods) {
      periods.push_back(period_json(each));
    }
    json one{{"case", name}, {"periods", std::move(periods)}};
    if (held.release) {
      one["release"] = {{"user", held.release->user}, {"time", held.release->time}};
    }
    out.push_back(std::move(one));
  }
  return {{"holds", std::move(out)}};
}

json Keeper::status() const {
  const double full_s = figures_.disk.full_s;
  return {{"keep_seconds", keep_s_ ? json(*keep_s_) : json()},
          {"oldest", figures_.oldest_ns == 0 ? json() : json(utc_text(figures_.oldest_ns))},
          {"free_bytes", figures_.free_bytes},
          {"bytes_per_second", figures_.bytes_per_s},
          {"full_seconds", std::isfinite(full_s) ? json(full_s) : json()},
          {"full_before_term", figures_.disk.before_term},
          {"holds", figures_.holds},
          {"deleted", figures_.deleted},
          {"errors", figures_.errors},
          {"waits", waits_}};
}

}  // namespace sluice::control
