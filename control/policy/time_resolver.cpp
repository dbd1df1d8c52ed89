// control/policy: turns the times of a policy into UTC instants.
#include "control/policy/time_resolver.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "control/policy/calendar.h"
#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

using std::chrono::local_days;
using std::chrono::sys_seconds;

std::string text_of(local_days day) {
  const std::chrono::year_month_day date{day};
  const auto two = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::to_string(static_cast<int>(date.year())) + '-' + two(static_cast<unsigned>(date.month())) +
         '-' + two(static_cast<unsigned>(date.day()));
}

int64_t second_of(sys_seconds moment) {
  return moment.time_since_epoch().count();
}

/// What words name, by their index.
class Register {
 public:
  template <class Sources>
  explicit Register(const Sources& sources) : used(sources.size()) {
    for (size_t i = 0; i < sources.size(); ++i) words_.try_emplace(sources[i].name.text, i);
  }
  std::optional<size_t> find(const Word& word, std::string_view of, bool complete, Report& report) {
    const auto found = words_.find(word.text);
    if (found != words_.end()) {
      used[found->second] = true;
      return found->second;
    }
    if (!complete) return std::nullopt;  // it may stand in the file that could not be read
    std::vector<std::string_view> known;
    for (const auto& [name, index] : words_) known.push_back(name);
    std::ranges::sort(known);
    const std::string_view near = nearest(word.text, known);
    report.error(word.at, "no " + std::string(of) + " named " + in_quotes(word.text),
                 near.empty() ? "declare it" : "did you mean " + std::string(near) + "?");
    return std::nullopt;
  }
  std::vector<bool> used;

 private:
  std::unordered_map<std::string, size_t> words_;
};

class TimeResolver {
 public:
  TimeResolver(const PolicySource& source, sys_seconds now, Report& report)
      : source_(source),
        now_(now),
        report_(report),
        holidays_(source.holidays),
        schedules_(source.schedules) {
    out_.from = now - kEdgesBack;
    out_.until = now + kEdgesAhead;
  }

  ResolvedTimes resolve() {
    if (source_.timezone) out_.site = zone(*source_.timezone);
    today_ = std::chrono::floor<std::chrono::days>(out_.site.to_local(now_));
    resolve_schedules();
    for (const RuleSource& rule : source_.rules) out_.rules.push_back(calendar_of(rule.when));
    for (const ExceptionSource& exception : source_.exceptions) out_.exceptions.push_back(end_of(exception));
    for (const LineSource& line : source_.lines) out_.lines.push_back(end_of(line));
    if (edges_ > kMaxEdges)
      report_.error(source_.schedules.back().name.at,
                    "the schedules change more than " + std::to_string(kMaxEdges) + " times in three years",
                    "use fewer of them, or fewer combinations");
    report_unused();
    return std::move(out_);
  }

 private:
  TimeZone zone(const Word& name) {
    if (const auto found = TimeZone::find(name.text)) return *found;
    const std::vector<std::string_view> names = TimeZone::names();
    if (names.empty()) {
      report_.error(name.at, "the time zones cannot be read", "install Debian's tzdata");
      return {};
    }
    const std::string_view near = nearest(name.text, names);
    report_.error(name.at, "no time zone is named " + in_quotes(name.text),
                  near.empty() ? "write one of the IANA database, as Europe/Berlin"
                               : "did you mean " + std::string(near) + "?");
    return {};
  }

  void resolve_schedules() {
    std::vector<DaySet> free_days;
    for (const HolidaysSource& holidays : source_.holidays) {
      DaySet& set = free_days.emplace_back(out_.from, out_.until);
      for (const auto& [first, last] : holidays.days) set.add(first, last);
    }
    if (source_.schedules.size() > kMaxSchedules) {
      return report_.error(source_.schedules.back().name.at,
                           "more than " + std::to_string(kMaxSchedules) + " schedules",
                           "put some of them together");
    }
    for (const ScheduleSource& schedule : source_.schedules) {
      DaySet except(out_.from, out_.until);
      for (const Word& word : schedule.except) {
        const auto index = holidays_.find(word, "holidays are", source_.complete, report_);
        if (index) except.add(free_days[*index]);
      }
      const TimeZone here = schedule.timezone ? zone(*schedule.timezone) : out_.site;
      auto& stretches = stretches_.emplace_back();
      if (schedule.hours.size() > kMaxHourSpans) {
        report_.error(schedule.name.at,
                      "the schedule " + in_quotes(schedule.name.text) + " has more than " +
                          std::to_string(kMaxHourSpans) + " spans",
                      "put some of them together");
        continue;
      }
      if (schedule.days == 0) continue;  // reported by the loader
      if (!count(stretches = stretches_of(schedule, here, except, out_.from, out_.until))) return;
      if (stretches.empty() || stretches.back().end <= now_)
        report_.warn(schedule.name.at, "the schedule " + in_quotes(schedule.name.text) + " never holds",
                     "see its days, its hours and its holidays");
    }
  }

  /// Returns false where there are too many.
  bool count(const std::vector<Stretch>& stretches) {
    edges_ += 2 * stretches.size();
    return edges_ <= kMaxEdges;
  }

  uint16_t calendar_of(const std::vector<Word>& when) {
    if (when.empty()) return kNone16;
    std::vector<size_t> schedules;
    for (const Word& word : when) {
      const auto index = schedules_.find(word, "schedule is", source_.complete, report_);
      if (index) schedules.push_back(*index);
    }
    std::ranges::sort(schedules);
    schedules.erase(std::unique(schedules.begin(), schedules.end()), schedules.end());
    const auto [known, fresh] = calendars_.try_emplace(schedules, out_.calendars.size());
    if (!fresh) return static_cast<uint16_t>(known->second);
    std::vector<Stretch> together;
    for (const size_t schedule : schedules) {
      if (schedule >= stretches_.size()) continue;  // too many: reported
      together.insert(together.end(), stretches_[schedule].begin(), stretches_[schedule].end());
    }
    unite(together);
    std::vector<int64_t>& edges = out_.calendars.emplace_back();
    if (!count(together)) return kNone16;
    for (const Stretch& stretch : together) {
      edges.push_back(second_of(stretch.begin));
      if (stretch.end < out_.until) edges.push_back(second_of(stretch.end));
    }
    return static_cast<uint16_t>(known->second);
  }

  int64_t end_of(const ExceptionSource& exception) {
    if (!exception.expires) return kNever;  // reported by the loader
    const sys_seconds end = out_.site.to_utc(*exception.expires);
    if (end <= now_) {
      report_.warn(exception.expires_at,
                   "the exception " + in_quotes(exception.rule.name.text) + " of " +
                       in_quotes(exception.owner) + ", " + in_quotes(exception.ticket) +
                       ", has expired, and is off",
                   "take it out, or agree to it again");
    } else if (end > now_ + kMaxExceptionTerm) {
      report_.error(exception.expires_at, "an exception may last two years, and this one lasts longer",
                    "write a day up to " + text_of(today_ + kMaxExceptionTerm - std::chrono::days{1}));
    }
    return second_of(end);
  }

  int64_t end_of(const LineSource& line) {
    const std::string name = "the term of the line " + in_quotes(line.name.text);
    if (line.valid_until && *line.valid_until < today_) {
      report_.warn(line.name.at, name + " is over" + (line.ends_with_term ? ", and it is refused" : ""),
                   "renew its contract");
    }
    if (line.valid_from && today_ < *line.valid_from)
      report_.warn(line.name.at, name + " has not begun", "see `valid`");
    if (!line.ends_with_term || !line.valid_until) return kNever;
    return second_of(out_.site.to_utc(*line.valid_until + std::chrono::days{1}));
  }

  void report_unused() {
    if (!source_.complete) return;
    for (size_t i = 0; i < source_.schedules.size(); ++i) {
      const Word& name = source_.schedules[i].name;
      if (!schedules_.used[i])
        report_.warn(name.at, "no rule uses the schedule " + in_quotes(name.text),
                     "name it in a rule's `when`, or leave it out");
    }
    for (size_t i = 0; i < source_.holidays.size(); ++i) {
      const HolidaysSource& holidays = source_.holidays[i];
      if (!holidays_.used[i]) {
        report_.warn(holidays.name.at, "no schedule uses the holidays " + in_quotes(holidays.name.text),
                     "name them in a schedule's `except`, or leave them out");
        continue;
      }
      const auto ahead = [&](const HolidaysSource::Days& one) { return today_ <= one.last; };
      if (!holidays.days.empty() && std::ranges::none_of(holidays.days, ahead))
        report_.warn(holidays.name.at, "the holidays " + in_quotes(holidays.name.text) + " are all over",
                     "add those to come");
    }
  }

  const PolicySource& source_;
  const sys_seconds now_;
  Report& report_;
  Register holidays_, schedules_;
  local_days today_;
  std::vector<std::vector<Stretch>> stretches_;  ///< of each schedule
  std::map<std::vector<size_t>, size_t> calendars_;
  size_t edges_ = 0;
  ResolvedTimes out_;
};

}  // namespace

ResolvedTimes resolve_times(const PolicySource& source, sys_seconds now, Report& report) {
  return TimeResolver(source, now, report).resolve();
}

}  // namespace sluice::control
