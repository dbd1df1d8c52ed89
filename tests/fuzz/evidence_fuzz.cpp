// tests: what evidence is made of, hostile: lines of a history and of heads.jsonl, what chrony says, a
// request, a register.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "control/evidence/gateway_clock.h"
#include "control/evidence/record.h"
#include "control/evidence/sheet.h"
#include "control/policy/line_register.h"

namespace {

using namespace sluice::control;
using nlohmann::json;
constexpr int64_t kSinceNs = 1'795'000'000'000'000'000, kUntilNs = 1'796'000'000'000'000'000;

template <typename Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    take(line);
  }
}

void take_history(std::string_view text) {
  PoliciesOfPeriod policies(kSinceNs, kUntilNs);
  each_line(text, [&](std::string_view line) { policies.take(line); });
  policies.finish();
  for (const PolicyOfPeriod& each : policies.policies()) {
    if (each.from_ns > kUntilNs || each.until_ns <= kSinceNs) std::abort();
  }
}

void take_heads(std::string_view text) {
  HeadsOfPeriod heads(kSinceNs, kUntilNs);
  LogSurvey survey;
  each_line(text, [&](std::string_view line) { heads.take(line); });
  if (!heads.finish("/dev/null/none", survey).empty()) return;
  std::abort();  // there is no such directory
}

void take_request(std::string_view text) {
  const json said = json::parse(text, nullptr, false);
  if (!said.is_object()) return;
  const auto answer = record_evidence(said, 0, "root", kSinceNs, [](const json& line, std::string& written) {
    written = line.dump(-1, ' ', false, json::error_handler_t::replace);
    return std::string();
  });
  if (answer.contains("error") == answer.contains("signed")) std::abort();
}

/// No text of a register leaves its place on the sheet.
void take_register(std::string_view text) {
  const json said = json::parse(text, nullptr, false);
  if (!said.is_object() || !register_from(said)) return;
  const json witness = json::object();
  const LogSurvey survey;
  const LogFindings check;
  PoliciesOfPeriod policies(kSinceNs, kUntilNs);
  SheetFacts facts;
  facts.registers = &said;
  facts.witness = &witness;
  facts.survey = &survey;
  facts.check = &check;
  facts.policies = &policies;
  if (sheet_html(facts).find("<fuzz") != std::string::npos) std::abort();
}

}  // namespace

/// data: a byte that says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 5) {
    case 0:
      take_history(text);
      break;
    case 1:
      take_heads(text);
      break;
    case 2:
      (void)read_tracking(text);
      break;
    case 3:
      take_request(text);
      break;
    default:
      take_register(text);
  }
  return 0;
}
