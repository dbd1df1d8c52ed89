// control/policy: a moment as a person writes it.
#include "control/policy/time_text.h"

#include "control/policy/field_reader.h"

namespace sluice::control {
namespace {

constexpr size_t kDate = 10, kTime = 5, kSeconds = 3;  ///< bytes of 2026-11-23, 09:00, :30

/// `Z`, `+08:00`.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes{0};
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto time = parse_time(text.substr(1));
  if (!time) return std::nullopt;
  return std::chrono::minutes{text[0] == '+' ? *time : -*time};
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_moment(std::string_view text, const TimeZone& zone) {
  const auto day = parse_date(text.substr(0, kDate));
  if (!day) return std::nullopt;
  std::chrono::local_seconds shown = *day;
  std::string_view rest = text.substr(kDate);
  if (!rest.empty()) {
    if (rest[0] != 'T' && rest[0] != ' ') return std::nullopt;
    const auto time = parse_time(rest.substr(1, kTime));
    if (!time) return std::nullopt;
    shown += std::chrono::minutes{*time};
    rest.remove_prefix(1 + kTime);
  }
  if (rest.size() >= kSeconds && rest[0] == ':') {
    const auto digit = [&](size_t at) { return rest[at] >= '0' && rest[at] <= '9'; };
    if (!digit(1) || !digit(2) || rest[1] > '5') return std::nullopt;
    shown += std::chrono::seconds{(rest[1] - '0') * 10 + (rest[2] - '0')};
    rest.remove_prefix(kSeconds);
  }
  if (rest.empty()) return zone.to_utc(shown);
  const auto offset = parse_offset(rest);
  if (!offset) return std::nullopt;
  return std::chrono::sys_seconds{shown.time_since_epoch() - *offset};
}

}  // namespace sluice::control
