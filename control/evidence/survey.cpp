// control/evidence: what an access log has of a period.
#include "control/evidence/survey.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/search/fields.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kSurveyNsPerS = 1'000'000'000;
constexpr std::chrono::milliseconds kBetweenTold{200};
constexpr unsigned kMostSurveyors = 8;

std::chrono::sys_seconds second_of(int64_t utc_ns) {
  return std::chrono::floor<std::chrono::seconds>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(utc_ns)));
}

std::string text_of_day(std::chrono::local_days day) {
  const std::chrono::year_month_day date(day);
  char out[16];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return out;
}

/// Most lines are of the day of the line before.
class DayClock {
 public:
  explicit DayClock(const TimeZone& zone) : zone_(zone) {}
  const std::string& at(int64_t utc_ns) {
    if (utc_ns < begin_ns_ || utc_ns >= end_ns_) {
      const auto day = std::chrono::floor<std::chrono::days>(zone_.to_local(second_of(utc_ns)));
      text_ = text_of_day(day);
      begin_ns_ = zone_.to_utc(day).time_since_epoch().count() * kSurveyNsPerS;
      end_ns_ = zone_.to_utc(day + std::chrono::days(1)).time_since_epoch().count() * kSurveyNsPerS;
    }
    return text_;
  }

 private:
  const TimeZone zone_;
  int64_t begin_ns_ = 0, end_ns_ = 0;
  std::string text_;
};

/// One thread's part of a survey.
class Surveyor {
 public:
  Surveyor(int64_t since_ns, int64_t until_ns, const TimeZone& zone)
      : since_ns_(since_ns), until_ns_(until_ns), clock_(zone) {}
  LogSurvey out;

  void segment(const SegmentOfPeriod& segment, std::atomic<uint64_t>& done, const std::atomic<bool>& stop) {
    std::string error;
    const auto reader = SegmentReader::open(segment.path, error);
    if (!reader) {
      ++out.unreadable;
      return;
    }
    while (!stop) {
      // The header is asked first: lines of another time need not be unpacked.
      const uint64_t offset = reader->next_offset();
      SegmentReader::Step step = reader->next_header();
      if (step == SegmentReader::Step::Frame && reader->header().first_ns <= until_ns_ &&
          reader->header().last_ns >= since_ns_) {
        reader->seek(offset);
        step = reader->next();
        if (step == SegmentReader::Step::Frame) {
          lines(reader->lines());
        }
      }
      if (step == SegmentReader::Step::Damaged) {
        ++out.unreadable;
      } else if (step != SegmentReader::Step::Frame) {
        return;
      }
      done += reader->next_offset() - offset;
    }
  }

 private:
  void lines(std::string_view rest) {
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      AccessFields fields;
      const auto time = read_access(line, fields) ? parse_utc(fields.time) : std::nullopt;
      if (!time || *time < since_ns_ || *time > until_ns_) {
        continue;
      }
      ++out.records;
      if (fields.kind == "pipeline_error") {
        gap(line);
      } else {
        add(fields, *time);
      }
    }
  }

  void gap(std::string_view line) {
    const json said = json::parse(line, nullptr, false), own = object_at(said, "sluice");
    ++out.gap_count;
    out.lost += number_at(own, "lost");
    if (out.gaps.size() < LogSurvey::kMaxGaps) {
      GapOfPeriod one{text_at(own, "from"),
                      text_at(own, "until"),
                      text_at(object_at(said, "event"), "reason"),
                      number_at(own, "lost"),
                      0,
                      0};
      one.from_ns = parse_utc(one.from).value_or(0);
      one.until_ns = parse_utc(one.until).value_or(0);
      out.gaps.push_back(std::move(one));
    }
  }

  void add(const AccessFields& fields, int64_t time_ns) {
    const std::pair<std::string, std::string> key{clock_.at(time_ns), std::string(fields.line)};
    if (!out.use.contains(key) && out.use.size() >= LogSurvey::kMaxRows) {
      ++out.rows_left_out;
      return;
    }
    LineDay& day = out.use[key];
    if (!fields.ended.empty()) {
      day.bytes_up +=
          fields.source_bytes;  // an access' line has those until it was decided, which its end has too
      day.bytes_down += fields.destination_bytes;
      return;
    }
    day.accesses += fields.count;
    day.blocked += fields.action == "blocked" ? fields.count : 0;
  }

  const int64_t since_ns_, until_ns_;
  DayClock clock_;
};

void merge(LogSurvey& into, const LogSurvey& part) {
  for (const auto& [key, day] : part.use) {
    LineDay& sum = into.use[key];
    sum.accesses += day.accesses;
    sum.blocked += day.blocked;
    sum.bytes_up += day.bytes_up;
    sum.bytes_down += day.bytes_down;
  }
  into.gaps.insert(into.gaps.end(), part.gaps.begin(), part.gaps.end());
  into.gap_count += part.gap_count;
  into.lost += part.lost;
  into.records += part.records;
  into.unreadable += part.unreadable;
  into.rows_left_out += part.rows_left_out;
}

}  // namespace

void HeadsOfPeriod::take(std::string_view line) {
  const json said = json::parse(line, nullptr, false);
  const std::string kind = said.is_object() ? text_at(said, "kind") : std::string();
  const uint64_t number = said.is_object() ? number_at(said, "segment") : 0;
  if (kind == "deletion") {
    deleted_.insert(number);
  } else if (number != 0 && (kind == "segment" || (kind == "damage" && !segments_.contains(number)))) {
    SegmentOfPeriod& out = segments_[number];
    out.number = number;
    out.file = text_at(said, "file");
    out.closed = kind == "segment";
    const auto before = segments_.find(number - 1);
    // Of one that was left for damage only that it lies behind the one before it, and when it was left.
    out.first_ns = parse_utc(text_at(said, "first"))
                       .value_or(before == segments_.end() ? INT64_MIN : before->second.last_ns);
    out.last_ns = parse_utc(text_at(said, out.closed ? "last" : "time")).value_or(INT64_MAX);
    out.records = number_at(said, "records");
    out.frames = number_at(said, "frames");
  }
}

std::string HeadsOfPeriod::finish(const std::filesystem::path& log, LogSurvey& out) {
  std::string error;
  const std::vector<SegmentFile> files = list_segments(log, error);
  if (!error.empty()) {
    return error;
  }
  for (const SegmentFile& file : files) {
    const auto found = segments_.find(file.number);
    // Of two with one number it is the one whose name was signed.
    if (found != segments_.end() &&
        (found->second.path.empty() || file.path.filename().string() == found->second.file)) {
      found->second.path = file.path;
    }
  }
  for (auto& [number, segment] : segments_) {
    segment.deleted = segment.path.empty() && deleted_.contains(number);
    if (!segment.path.empty() && segment.closed) {
      out.begins_ns = std::min(out.begins_ns, segment.first_ns);
      out.ends_ns = std::max(out.ends_ns, segment.last_ns);
    }
    if (segment.last_ns >= since_ns_ && segment.first_ns <= until_ns_) {
      out.segments.push_back(segment);
    }
  }
  return {};
}

std::string survey_log(int64_t since_ns, int64_t until_ns, const TimeZone& zone,
                       const SurveyProgress& progress, LogSurvey& out) {
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> done{0};
  std::atomic<bool> stop{false};
  uint64_t all = 0;
  std::error_code ignored;
  for (const SegmentOfPeriod& each : out.segments) {
    all += each.path.empty() ? 0 : std::filesystem::file_size(each.path, ignored);
  }
  const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, kMostSurveyors);
  std::atomic<unsigned> running{count};
  std::vector<std::unique_ptr<Surveyor>> parts;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < count; ++i) {
    Surveyor* const mine = parts.emplace_back(std::make_unique<Surveyor>(since_ns, until_ns, zone)).get();
    threads.emplace_back([&, mine] {
      for (size_t at = next++; at < out.segments.size() && !stop; at = next++) {
        if (!out.segments[at].path.empty()) {
          mine->segment(out.segments[at], done, stop);
        }
      }
      --running;
    });
  }
  while (running != 0) {
    std::this_thread::sleep_for(
        std::clamp(std::chrono::milliseconds(all >> 20), std::chrono::milliseconds(1), kBetweenTold));
    stop = stop || (progress && !progress(done, all));
  }
  threads.clear();
  if (stop) {
    return "stopped before the end";
  }
  for (const auto& part : parts) {
    merge(out, part->out);
  }
  std::ranges::sort(out.gaps, {}, &GapOfPeriod::from);
  if (out.gaps.size() > LogSurvey::kMaxGaps) {
    out.gaps.resize(LogSurvey::kMaxGaps);
  }
  return {};
}

std::string day_at(int64_t utc_ns, const TimeZone& zone) {
  return text_of_day(std::chrono::floor<std::chrono::days>(zone.to_local(second_of(utc_ns))));
}

std::vector<DayOfPeriod> days_of(const LogSurvey& survey, int64_t since_ns, int64_t until_ns,
                                 const TimeZone& zone) {
  std::vector<DayOfPeriod> out;
  auto day = std::chrono::floor<std::chrono::days>(zone.to_local(second_of(since_ns)));
  for (; out.size() < kMaxDays; day += std::chrono::days(1)) {
    const int64_t begins = zone.to_utc(day).time_since_epoch().count() * kSurveyNsPerS;
    if (begins > until_ns) {
      break;
    }
    const int64_t from = std::max(begins, since_ns);
    const int64_t to = std::min(
        zone.to_utc(day + std::chrono::days(1)).time_since_epoch().count() * kSurveyNsPerS - 1, until_ns);
    DayOfPeriod one{text_of_day(day), false, "", ""};
    if (survey.begins_ns > from) {
      one.zh = "日志此时尚未开始";
      one.en = "the log begins later";
    } else if (survey.ends_ns < to) {
      one.zh = "其后的记录尚未封存签名";
      one.en = "what came later is not closed and signed yet";
    }
    for (const SegmentOfPeriod& each : survey.segments) {
      if (one.en.empty() && (each.path.empty() || !each.closed) && each.first_ns <= to &&
          each.last_ns >= from) {
        one.zh = each.deleted ? "保存期满后已删除" : each.path.empty() ? "缺少日志段" : "有日志段受损";
        one.en = each.deleted        ? "deleted after its term"
                 : each.path.empty() ? "a segment is missing"
                                     : "a segment was left for damage";
      }
    }
    for (const GapOfPeriod& each : survey.gaps) {
      if (one.en.empty() && each.from_ns <= to && each.until_ns >= from) {
        one.zh = "有缺失记录";
        one.en = "records are missing";
      }
    }
    one.complete = one.en.empty();
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace sluice::control
