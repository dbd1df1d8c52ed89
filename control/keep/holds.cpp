// control/keep: what is kept beyond its term, and who asked for it.
#include "control/keep/holds.h"

#include <algorithm>

#include "control/base/json_fields.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;

bool overlaps(const HeldPeriod& period, int64_t first_ns, int64_t last_ns) {
  return last_ns >= period.since_ns && first_ns <= period.until_ns;
}

}  // namespace

bool is_case(std::string_view text) {
  const auto alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kMaxCase && alnum(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
}

void Holds::take(const json& line) {
  const std::string kind = text_at(line, "kind"), name = text_at(line, "case");
  if (kind == "hold") {
    HeldPeriod period{
        .user = text_at(line, "user"), .reason = text_at(line, "reason"), .time = text_at(line, "time")};
    period.since_ns = parse_utc(text_at(line, "since")).value_or(INT64_MIN);
    period.until_ns = parse_utc(text_at(line, "until")).value_or(INT64_MAX);
    HeldCase& held = cases_[name];
    held.periods.push_back(std::move(period));
    held.release.reset();  // whoever asked did not know of this
    return;
  }
  const auto found = cases_.find(name);
  if (kind != "release" || found == cases_.end() || !line.contains("uid") ||
      !line["uid"].is_number_unsigned()) {
    return;
  }
  std::optional<HeldCase::Asker>& first = found->second.release;
  const uint64_t uid = number_at(line, "uid"), step = number_at(line, "step");
  if (step == 1 && !first) {
    first = HeldCase::Asker{uid, text_at(line, "user"), text_at(line, "time")};
  } else if (step == 2 && first && first->uid != uid) {
    cases_.erase(found);
  }
}

bool Holds::keep(int64_t first_ns, int64_t last_ns) const {
  return std::ranges::any_of(cases_, [&](const auto& each) {
    return std::ranges::any_of(each.second.periods,
                               [&](const HeldPeriod& period) { return overlaps(period, first_ns, last_ns); });
  });
}

bool Holds::open_ended() const {
  return keep(INT64_MAX, INT64_MAX);
}

size_t Holds::periods() const {
  size_t out = 0;
  for (const auto& [name, held] : cases_) {
    out += held.periods.size();
  }
  return out;
}

}  // namespace sluice::control
