// control/report: the texts of reports, by their names.
#pragma once

#include <initializer_list>

#include "control/page/html.h"
#include "control/page/language.h"
#include "control/review/month.h"

namespace sluice::control {

enum class ReportText : uint16_t {
#define SLUICE_TEXT(name, english, chinese) name,
#include "control/report/texts.def"
#undef SLUICE_TEXT
};

inline constexpr PageText kReportTexts[] = {
#define SLUICE_TEXT(name, english, chinese) PageText{{english, chinese}},
#include "control/report/texts.def"
#undef SLUICE_TEXT
};

/// Says things in one language.
struct ReportWords {
  Language language = Language::English;

  std::string_view text(ReportText id) const { return kReportTexts[static_cast<size_t>(id)].in(language); }
  Html operator()(ReportText id, std::initializer_list<Html> pieces = {}) const {
    return Html::words(text(id), pieces);
  }
};

/// `November 2026`, `2026年11月`.
[[nodiscard]] std::string month_name(Month month, Language language);

}  // namespace sluice::control
