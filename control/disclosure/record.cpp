// control/disclosure: the signed line that says who disclosed what.
#include "control/disclosure/record.h"

#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"
#include "control/keep/holds.h"

namespace sluice::control {

using nlohmann::json;

json record_request(const std::string& name, const DisclosureFindings& found, const std::string& sha256) {
  return {{"command", "disclose"}, {"case", name},       {"lines", found.lines}, {"segments", found.segments},
          {"first", found.first},  {"last", found.last}, {"sha256", sha256}};
}

json record_disclosure(const json& request, uid_t uid, const std::string& user, int64_t utc_ns,
                       const AppendSigned& append) {
  const std::string name = text_at(request, "case"), sha256 = text_at(request, "sha256"),
                    first = text_at(request, "first"), last = text_at(request, "last");
  const uint64_t lines = number_at(request, "lines"), segments = number_at(request, "segments");
  if (!is_case(name)) {
    return {{"error", "disclose needs a case of 1 to " + std::to_string(kMaxCase) +
                          " letters, digits, -, _ and dots, beginning with a letter or a digit"}};
  }
  if (lines == 0 || segments == 0 || !is_sha256_text(sha256) || !parse_utc(first) || !parse_utc(last)) {
    return {{"error", "disclose needs lines, segments, first, last, and the sha256 of what is disclosed"}};
  }
  std::string written;
  std::string why = append(json{{"kind", "disclosure"},
                                {"time", utc_text(utc_ns)},
                                {"case", name},
                                {"lines", lines},
                                {"segments", segments},
                                {"first", first},
                                {"last", last},
                                {"sha256", sha256},
                                {"user", user},
                                {"uid", uint64_t{uid}}},
                           written);
  if (!why.empty()) {
    return {{"error", std::move(why)}};
  }
  log_info("access log: " + std::to_string(lines) + " lines disclosed for " + name + " by " + user);
  return {{"signed", std::move(written)}};
}

}  // namespace sluice::control
