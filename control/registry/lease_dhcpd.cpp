// control/registry: ISC's dhcpd.leases: a block for each thing that happened to a lease.
#include <chrono>
#include <cstdio>

#include "control/policy/prefix.h"
#include "control/registry/leases.h"

namespace sluice::control {
namespace {

/// The words and signs of the file, one after the other.
class DhcpdTokens {
 public:
  explicit DhcpdTokens(std::string_view text) : text_(text) {}
  uint64_t line() const { return line_; }
  bool at_end() const { return text_.empty(); }

  /// A word, a quoted text without its quotes, or one of `{};`; empty at the end, or where a quote does not
  /// end.
  std::string next(bool* quoted = nullptr) {
    skip();
    if (quoted != nullptr) *quoted = !text_.empty() && text_[0] == '"';
    if (text_.empty()) return {};
    if (text_[0] == '"') return quoted_text();
    if (is_sign(text_[0])) return take(1);
    size_t end = 0;
    while (end < text_.size() && !is_blank(text_[end]) && !is_sign(text_[end]) && text_[end] != '"') ++end;
    return take(end);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool is_sign(char c) { return c == '{' || c == '}' || c == ';'; }

  std::string take(size_t size) {
    std::string out(text_.substr(0, size));
    text_.remove_prefix(size);
    return out;
  }
  void skip() {
    while (!text_.empty() && (is_blank(text_[0]) || text_[0] == '#')) {
      if (text_[0] == '#') {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
        continue;
      }
      line_ += text_[0] == '\n';
      text_.remove_prefix(1);
    }
  }
  /// Backslashes stand before quotes, backslashes, and three octal digits.
  std::string quoted_text() {
    std::string out;
    size_t at = 1;
    for (; at < text_.size() && text_[at] != '"'; ++at) {
      line_ += text_[at] == '\n';
      if (text_[at] != '\\' || at + 1 >= text_.size()) {
        out += text_[at];
        continue;
      }
      const auto is_octal = [&](size_t i) { return i < text_.size() && text_[i] >= '0' && text_[i] <= '7'; };
      if (is_octal(at + 1) && is_octal(at + 2) && is_octal(at + 3)) {
        out +=
            static_cast<char>((text_[at + 1] - '0') * 64 + (text_[at + 2] - '0') * 8 + (text_[at + 3] - '0'));
        at += 3;
      } else {
        out += text_[++at];
      }
    }
    if (at >= text_.size()) {
      text_ = {};
      return {};
    }
    text_.remove_prefix(at + 1);
    return out;
  }

  std::string_view text_;
  uint64_t line_ = 1;
};

/// `never`, `epoch 1795406706`, or `1 2026/11/23 04:05:06` in UTC. words: of one statement, behind its name.
bool read_dhcpd_time(const std::vector<std::string>& words, int64_t& out_ns) {
  if (words.size() == 1 && words[0] == "never") return out_ns = INT64_MAX, true;
  int64_t seconds = 0;
  if (words.size() == 2 && words[0] == "epoch" && read_seconds(words[1], seconds))
    return out_ns = seconds * kLeaseSecondNs, true;
  int year = 0, hour = 0, minute = 0, second = 0, day_end = 0, time_end = 0;
  unsigned month = 0, day = 0;
  if (words.size() != 3 ||
      std::sscanf(words[1].c_str(), "%4d/%2u/%2u%n", &year, &month, &day, &day_end) != 3 ||
      std::sscanf(words[2].c_str(), "%2d:%2d:%2d%n", &hour, &minute, &second, &time_end) != 3 ||
      static_cast<size_t>(day_end) != words[1].size() || static_cast<size_t>(time_end) != words[2].size())
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  constexpr int kFirstYear = 1970, kLastYear = 2261;
  if (!date.ok() || year < kFirstYear || year > kLastYear || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return false;
  const auto moment = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                      std::chrono::minutes(minute) + std::chrono::seconds(second);
  return out_ns = std::chrono::seconds(moment).count() * kLeaseSecondNs, true;
}

struct DhcpdLease {
  LeaseEvent event;
  int64_t starts_ns = -1, ends_ns = INT64_MAX;
  std::string state = "active", wrong;
};

void take_statement(const std::vector<std::string>& words, DhcpdLease& lease) {
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "starts" || words[0] == "ends") {
    if (!read_dhcpd_time(rest, words[0] == "starts" ? lease.starts_ns : lease.ends_ns))
      lease.wrong = "a lease with no right time";
  } else if (words[0] == "binding" && words.size() == 3 && words[1] == "state") {
    lease.state = words[2];
  } else if (words[0] == "hardware" && words.size() == 3 && words[1] == "ethernet") {
    lease.event.mac = parse_mac(words[2]).value_or(0);
  } else if (words[0] == "client-hostname" && words.size() == 2) {
    lease.event.machine = words[1];
  }
}

void add_dhcpd_lease(DhcpdLease& lease, uint64_t line, const LeaseReading& reading, LeaseFile& out) {
  if (lease.wrong.empty() && lease.starts_ns < 0) lease.wrong = "a lease that does not say when it starts";
  if (!lease.wrong.empty()) return out.problems.add(line, lease.wrong);
  LeaseEvent& event = lease.event;
  event.let = lease.state == "active";
  if (!event.let && lease.ends_ns == INT64_MAX) return;  // it was never let
  event.time_ns = event.let ? lease.starts_ns : lease.ends_ns;
  event.until_ns = believed_end(lease.starts_ns, lease.ends_ns, reading);
  if (!event.let) event.mac = 0;
  out.events.push_back(std::move(event));
}

/// Reads up to the end of the block that has begun. Returns false where the text ends before.
bool read_block(DhcpdTokens& tokens, DhcpdLease* lease) {
  std::vector<std::string> words;
  for (size_t depth = 1; depth != 0;) {
    bool quoted = false;
    std::string token = tokens.next(&quoted);
    if (token.empty() && !quoted) return false;
    if (quoted && token.empty() && tokens.at_end()) return false;
    if (!quoted && (token == "{" || token == "}" || token == ";")) {
      depth += token == "{" ? 1 : 0;
      depth -= token == "}" ? 1 : 0;
      if (token == ";" && depth == 1 && lease != nullptr && !words.empty()) take_statement(words, *lease);
      words.clear();
    } else if (constexpr size_t kMostWords = 16; words.size() < kMostWords) {
      words.push_back(std::move(token));
    }
  }
  return true;
}

}  // namespace

void read_dhcpd(std::string_view text, const LeaseReading& reading, LeaseFile& out) {
  DhcpdTokens tokens(text);
  std::string before, word;
  while (true) {
    bool quoted = false;
    std::string token = tokens.next(&quoted);
    if (token.empty() && !quoted) break;
    if (!quoted && token == "{") {
      const uint64_t line = tokens.line();
      DhcpdLease lease;
      const bool is_lease = before == "lease";
      const bool right = is_lease && parse_address(word, lease.event.address);
      if (!read_block(tokens, right ? &lease : nullptr)) {
        out.cut = true;
        return;
      }
      if (right) add_dhcpd_lease(lease, line, reading, out);
      if (is_lease && !right) out.problems.add(line, "a lease without address");
      before.clear();
      word.clear();
      continue;
    }
    before = token == ";" && !quoted ? "" : std::move(word);
    word = token == ";" && !quoted ? "" : std::move(token);
  }
  out.cut = out.cut || !word.empty();
}

}  // namespace sluice::control
