// control/review: what people have found of violations and of months.
#include "control/review/reviews.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr std::string_view kIdForm = "00000000T000000Z-xxxxxxxxxx";
constexpr size_t kIdDigits = 10;

}  // namespace

void Reviews::take(std::string_view text) {
  if (lines >= kMaxReviewLines || text.size() > kMaxReviewLine) {
    ++left_out;
    return;
  }
  const json line = json::parse(text, nullptr, false);
  if (!line.is_object()) {
    return;
  }
  ++lines;
  const std::string kind = text_at(line, "kind"), incident = text_at(line, "incident"),
                    month = text_at(line, "month"), word = text_at(line, "word");
  if (kind == "finding" && incident_second_ns(incident) && (word == "confirmed" || word == "dismissed")) {
    incidents[incident].push_back({.confirmed = word == "confirmed",
                                   .by = text_at(line, "by"),
                                   .finding = text_at(line, "finding"),
                                   .time = text_at(line, "time"),
                                   .who = text_at(line, "who"),
                                   .rule = text_at(line, "rule"),
                                   .start = text_at(line, "start"),
                                   .user = text_at(line, "user")});
  } else if (kind == "review" && month_of(month)) {
    const json head = object_at(line, "head");
    months[month].push_back({.by = text_at(line, "by"),
                             .finding = text_at(line, "finding"),
                             .time = text_at(line, "time"),
                             .figures = text_at(line, "figures"),
                             .head_line = number_at(head, "line"),
                             .head_sha256 = text_at(head, "sha256"),
                             .user = text_at(line, "user")});
  }
}

const IncidentWord* Reviews::word_on(std::string_view id) const {
  const auto found = incidents.find(id);
  return found == incidents.end() ? nullptr : &found->second.back();
}

std::string incident_id(std::string_view who, std::string_view rule, int64_t start_ns) {
  const std::string start = utc_text(start_ns);
  std::string out;
  for (const char each : start.substr(0, sizeof "2026-11-23T04:05:06" - 1)) {
    if (each != '-' && each != ':') {
      out += each;
    }
  }
  std::string all;
  for (const std::string_view part : {who, rule, std::string_view(start)}) {
    all += std::to_string(part.size()) + ':';  // so that no two triples are one text
    all += part;
  }
  return out + "Z-" + sha256_hex(all).substr(0, kIdDigits);
}

std::optional<int64_t> incident_second_ns(std::string_view id) {
  if (id.size() != kIdForm.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < id.size(); ++i) {
    const bool digit = id[i] >= '0' && id[i] <= '9';
    const bool fits = kIdForm[i] == '0'   ? digit
                      : kIdForm[i] == 'x' ? digit || (id[i] >= 'a' && id[i] <= 'f')
                                          : id[i] == kIdForm[i];
    if (!fits) {
      return std::nullopt;
    }
  }
  const auto part = [&](size_t at, size_t size) { return std::string(id.substr(at, size)); };
  return parse_utc(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(9, 2) + ":" + part(11, 2) +
                   ":" + part(13, 2) + ".000000Z");
}

SealedPaths reviews_paths(const std::filesystem::path& log, const std::filesystem::path& state) {
  return {log / "reviews.jsonl", log / "reviews.head", state / "log.key", log / "log.pub"};
}

std::string read_reviews(const std::filesystem::path& log, Reviews& out, SealedFindings& found) {
  const SealedPaths paths = reviews_paths(log, {});
  std::error_code failure;
  const auto absent = [&](const std::filesystem::path& path) {
    return std::filesystem::symlink_status(path, failure).type() == std::filesystem::file_type::not_found;
  };
  // A file that was taken away leaves its head, and that is to be said.
  if (absent(paths.lines) && absent(paths.head)) {
    return {};
  }
  std::string error;
  const auto key = SigningKey::open_public(paths.public_key, error);
  if (key) {
    error = read_sealed(
        paths, *key, [&](std::string_view line) { out.take(line); }, found);
  }
  if (out.left_out != 0) {  // the daemon writes none of these
    ++found.problem_count;
    found.problems.push_back(std::to_string(out.left_out) + " lines are too long, or too many, and left out");
  }
  return error;
}

std::vector<Month> overdue_months(const Reviews& reviews, int64_t oldest_ns, int64_t now_ns,
                                  const TimeZone& zone) {
  std::vector<Month> out;
  if (oldest_ns <= 0) {
    return out;
  }
  const Month now = month_at(now_ns, zone);
  const Month first = std::max(month_at(oldest_ns, zone), now - std::chrono::months{kMaxReviewMonths});
  for (Month month = first; month < now; month += std::chrono::months{1}) {
    const Month next = month + std::chrono::months{1};
    const auto due =
        zone.to_utc(std::chrono::local_days{next / std::chrono::day{kReviewDueDay}} + std::chrono::days{1});
    if (std::chrono::nanoseconds(due.time_since_epoch()).count() <= now_ns &&
        !reviews.months.contains(month_text(month))) {
      out.push_back(month);
    }
  }
  return out;
}

int64_t oldest_record_ns(const std::filesystem::path& log) {
  std::string ignored;
  for (const SegmentFile& file : list_segments(log, ignored)) {
    const auto reader = SegmentReader::open(file.path, ignored);
    if (reader && reader->next_header() == SegmentReader::Step::Frame) {
      return reader->header().first_ns;
    }
  }
  return 0;
}

}  // namespace sluice::control
