// control/readings: writes who read the access log.
#include "control/readings/readings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxReadingWord && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

/// What is too long, without its end, cut between two characters of UTF-8.
std::string bounded(std::string text) {
  if (text.size() <= kMaxReadingText) {
    return text;
  }
  size_t end = kMaxReadingText;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return text.substr(0, end) + "…";
}

/// The query as it is written down; nothing where it is none.
std::optional<json> query_of(const json& request) {
  const auto found = request.find("query");
  if (found == request.end() || !found->is_object() || found->size() > kMaxReadingMembers) {
    return std::nullopt;
  }
  json out = json::object();
  for (const auto& [key, value] : found->items()) {
    if (!is_word(key) || !(value.is_string() || value.is_number() || value.is_boolean())) {
      return std::nullopt;
    }
    out[key] = value.is_string() ? json(bounded(value.get<std::string>())) : value;
  }
  return out;
}

}  // namespace

SealedPaths readings_paths(const std::filesystem::path& log, const std::filesystem::path& state) {
  return {log / "readings.jsonl", log / "readings.head", state / "log.key", log / "log.pub"};
}

bool is_recorded_each(std::string_view what) {
  return what == "reveal" || what == "disclose";
}

std::unique_ptr<Readings> Readings::open(const std::filesystem::path& log, const std::filesystem::path& state,
                                         AppendHead append_head, std::string& error) {
  std::unique_ptr<Readings> out(new Readings(std::move(append_head)));
  out->file_ = SealedFile::open(readings_paths(log, state), "readings of the log", {}, error);
  if (!out->file_) {
    return nullptr;
  }
  out->last_ = out->file_->findings().last_number;
  out->last_sha256_ = out->file_->findings().last_sha256;
  out->told_ns_ = utc_now_ns();
  return out;
}

std::string Readings::append(const json& line) {
  std::string written;
  std::string why = file_->append(line, &written);
  if (why.empty()) {
    last_ = number_at(json::parse(written, nullptr, false), "line");
    last_sha256_ = sha256_hex(written);
  }
  return why;
}

json Readings::note(const json& request, uid_t uid, const std::string& user, int64_t utc_ns) {
  const std::string what = text_at(request, "what");
  const std::optional<json> query = query_of(request);
  if (!is_word(what) || !query) {
    return {{"error", "reading takes what, a word, and query, an object of at most " +
                          std::to_string(kMaxReadingMembers) + " texts, numbers or truths"}};
  }
  if (what == "reveal" && (text_at(*query, "case").empty() || text_at(*query, "reason").empty())) {
    return {{"error", "reveal needs a case and a reason"}};
  }
  write_repeats(utc_ns, false);
  json line{{"kind", "reading"}, {"what", what}, {"query", *query}, {"user", user}, {"uid", uint64_t{uid}}};
  const std::string key = line.dump(-1, ' ', false, json::error_handler_t::replace);
  if (const auto found = waiting_.find(key); found != waiting_.end()) {
    ++found->second.repeats;
    found->second.last_ns = utc_ns;
    return {{"line", last_}, {"repeats", found->second.repeats}};
  }
  line["time"] = utc_text(utc_ns);
  if (std::string why = append(line); !why.empty()) {
    return {{"error", std::move(why)}};
  }
  if (!is_recorded_each(what) && waiting_.size() < kMaxWaitingReadings) {
    waiting_.emplace(key, Waiting{std::move(line), utc_ns, utc_ns, 0});
  }
  return {{"line", last_}};
}

/// all: also those whose time is not over.
void Readings::write_repeats(int64_t utc_ns, bool all) {
  constexpr int64_t kFoldNs = std::chrono::nanoseconds(kFoldReadings).count();
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    Waiting& each = at->second;
    const bool due = all || utc_ns < each.first_ns || utc_ns - each.first_ns >= kFoldNs;
    if (due && each.repeats != 0) {
      each.line["time"] = utc_text(each.last_ns);
      each.line["repeats"] = each.repeats;
      if (const std::string why = append(each.line); !why.empty()) {
        log_error("readings of the log: " + why + "; " + std::to_string(each.repeats) +
                  " repeats wait to be written");
        ++at;
        continue;
      }
    }
    at = due ? waiting_.erase(at) : std::next(at);
  }
}

void Readings::settle(int64_t utc_ns, uint64_t segments_closed) {
  write_repeats(utc_ns, false);
  const bool closed = std::exchange(segments_closed_, segments_closed) != segments_closed;
  if (closed || utc_ns - told_ns_ >= std::chrono::nanoseconds(kTellReadings).count()) {
    tell(utc_ns);
  }
}

void Readings::finish(int64_t utc_ns) {
  write_repeats(utc_ns, true);
  tell(utc_ns);
}

/// Nothing of whom or by whom: the witness gets this line.
void Readings::tell(int64_t utc_ns) {
  if (last_ == told_) {
    return;
  }
  const std::string why = append_head_(
      {{"kind", "readings"}, {"time", utc_text(utc_ns)}, {"last", last_}, {"sha256", last_sha256_}});
  if (!why.empty()) {
    return log_error("readings of the log: " + why);
  }
  told_ = last_;
  told_ns_ = utc_ns;
}

}  // namespace sluice::control
