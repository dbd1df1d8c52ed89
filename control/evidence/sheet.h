// control/evidence: the sheet that comes first, in Chinese and in English.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/evidence/gateway_clock.h"
#include "control/evidence/policies.h"
#include "control/evidence/survey.h"
#include "control/segment/check.h"

namespace sluice::control {

/// All that the sheet says.
struct SheetFacts {
  std::string site, since, until, made;  ///< times as in `@timestamp`
  bool zh_first = true, pseudonyms = false;
  const nlohmann::json* registers = nullptr;  ///< what lines_register told
  const nlohmann::json* witness = nullptr;    ///< of the daemon's status
  std::string log_key, history_key;           ///< fingerprints
  const LogSurvey* survey = nullptr;
  const LogFindings* check = nullptr;
  const PoliciesOfPeriod* policies = nullptr;
  std::vector<std::string> history_problems;
  std::vector<std::string> sources_missing;  ///< of policies in force: they are not kept any more
  std::vector<DayOfPeriod> days;
  ClockState clock;
};

/// A page that needs nothing from anywhere. Every text of it that came from outside is escaped.
[[nodiscard]] std::string sheet_html(const SheetFacts& facts);

/// README.txt of the archive: what is in it, and how it is checked.
[[nodiscard]] std::string readme_text(bool pseudonyms);

}  // namespace sluice::control
