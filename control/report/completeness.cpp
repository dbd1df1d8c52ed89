// control/report: whether a month's log is whole.
#include "control/report/completeness.h"

#include <algorithm>

#include "control/base/utc.h"
#include "control/review/reviews.h"
#include "control/sealed/signing_key.h"

namespace sluice::control {
namespace {

std::string check(const std::filesystem::path& log, MonthSpan span, const LogProgress& progress,
                  LogFindings& out) {
  std::string error;
  const auto key = SigningKey::open_public(log / "log.pub", error);
  if (!key) {
    return error;
  }
  const LogCheckOptions options{
      .since = utc_text(span.begin_ns), .until = utc_text(span.end_ns - 1000), .witness = {}};
  error = check_log(log, *key, options, progress, out);
  return error.empty() && out.stopped ? "the check was stopped before its end" : error;
}

}  // namespace

size_t LogCompleteness::count(DayState state) const {
  return static_cast<size_t>(std::ranges::count(days, state));
}

void check_month(const std::filesystem::path& log, Month month, const TimeZone& zone, int64_t now_ns,
                 const LogProgress& progress, LogCompleteness& out) {
  const MonthSpan span = span_of(month, zone);
  out.error = check(log, span, progress, out.check);
  out.oldest_ns = oldest_record_ns(log);
  const std::chrono::local_days first{month / std::chrono::day{1}};
  const std::chrono::local_days next{(month + std::chrono::months{1}) / std::chrono::day{1}};
  for (auto day = first; day < next; day += std::chrono::days{1}) {
    const auto moment = [&](std::chrono::local_days at) {
      return std::chrono::nanoseconds(zone.to_utc(at).time_since_epoch()).count();
    };
    const int64_t begin_ns = moment(day), end_ns = moment(day + std::chrono::days{1});
    const bool has_gap = std::ranges::any_of(out.check.gap_list, [&](const LogGap& gap) {
      return parse_utc(gap.from).value_or(INT64_MIN) < end_ns &&
             parse_utc(gap.until).value_or(INT64_MAX) >= begin_ns;
    });
    out.days.push_back(end_ns > now_ns                                  ? DayState::ToCome
                       : has_gap                                        ? DayState::Gap
                       : out.oldest_ns == 0 || out.oldest_ns > begin_ns ? DayState::Before
                                                                        : DayState::Complete);
  }
}

}  // namespace sluice::control
