// control/review: writes down what people have found.
#include "control/review/review_book.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"
#include "control/sealed/sealed_form.h"
#include "control/segment/writer.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr size_t kMaxHeadText = 4096;  ///< of heads.head; it has 512
constexpr size_t kMaxSubject = 300;    ///< bytes of whom an incident is about, and of its rule

bool fits(const std::string& text, size_t most) {
  return !text.empty() && text.size() <= most;
}

/// What the log's signed head says now; nothing where there is none, or none of ours.
json head_now(const std::filesystem::path& log) {
  const SealedPaths paths = heads_paths(log, {});
  std::string ignored;
  const auto key = SigningKey::open_public(paths.public_key, ignored);
  const auto text = read_tail(paths.head, kMaxHeadText);
  const auto head = key && text ? read_head(*text, *key) : std::nullopt;
  return head ? json{{"line", head->number}, {"sha256", head->sha256}} : json();
}

}  // namespace

std::unique_ptr<ReviewBook> ReviewBook::open(const std::filesystem::path& log,
                                             const std::filesystem::path& state, std::string& error) {
  std::unique_ptr<ReviewBook> out(new ReviewBook(log));
  out->file_ = SealedFile::open(
      reviews_paths(log, state), "reviews", [&](std::string_view line) { out->reviews_.take(line); }, error);
  return out->file_ ? std::move(out) : nullptr;
}

json ReviewBook::answer(const json& request, uid_t uid, const std::string& user, int64_t utc_ns,
                        const TimeZone& zone) {
  const std::string by = text_at(request, "by"), finding = text_at(request, "finding");
  if (!fits(by, kMaxReviewName) || !fits(finding, kMaxReviewFinding)) {
    return {{"error", "it needs who says so (by, 1 to " + std::to_string(kMaxReviewName) +
                          " bytes) and what was found (finding, 1 to " + std::to_string(kMaxReviewFinding) +
                          " bytes)"}};
  }
  if (reviews_.lines >= kMaxReviewLines) {
    return {{"error", "reviews.jsonl has " + std::to_string(kMaxReviewLines) + " lines: no more are kept"}};
  }
  const bool review = text_at(request, "command") == "review";
  json line{{"kind", review ? "review" : "finding"},
            {"time", utc_text(utc_ns)},
            {"by", by},
            {"finding", finding},
            {"user", user},
            {"uid", uint64_t{uid}}};
  std::string why = review ? fill_review(request, utc_ns, zone, line) : fill_finding(request, line);
  std::string written;
  if (why.empty()) {
    why = file_->append(line, &written);
  }
  if (!why.empty()) {
    return {{"error", std::move(why)}};
  }
  reviews_.take(written);
  log_info("reviews: " +
           (review ? "the log of " + text_at(line, "month") + " reviewed"
                   : "incident " + text_at(line, "incident") + " " + text_at(line, "word")) +
           " by " + by + " (" + user + ")");
  return {{"ok", true}, {"signed", std::move(written)}};
}

std::string ReviewBook::fill_finding(const json& request, json& line) const {
  const std::string id = text_at(request, "incident"), word = text_at(request, "word"),
                    who = text_at(request, "who"), rule = text_at(request, "rule"),
                    start = text_at(request, "start");
  const auto start_ns = parse_utc(start);
  if (word != "confirmed" && word != "dismissed") {
    return "finding needs a word: confirmed or dismissed";
  }
  if (!fits(who, kMaxSubject) || !fits(rule, kMaxSubject) || !start_ns ||
      incident_id(who, rule, *start_ns) != id) {
    return "finding needs an incident, and who, rule and start of which it is the id";
  }
  line.update({{"incident", id}, {"word", word}, {"who", who}, {"rule", rule}, {"start", start}});
  return {};
}

std::string ReviewBook::fill_review(const json& request, int64_t utc_ns, const TimeZone& zone,
                                    json& line) const {
  const std::string text = text_at(request, "month"), figures = text_at(request, "figures");
  const auto month = month_of(text);
  if (!month || !is_sha256_text(figures)) {
    return "review needs a month, as 2026-11, and the SHA-256 of its figures";
  }
  if (span_of(*month, zone).end_ns > utc_ns) {
    return text + " is not over: a month is reviewed when it has ended";
  }
  line.update({{"month", text}, {"figures", figures}, {"head", head_now(log_)}});
  return {};
}

}  // namespace sluice::control
