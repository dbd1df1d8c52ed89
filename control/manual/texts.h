// control/manual: the texts of the manual, by their names.
#pragma once

#include <initializer_list>

#include "control/page/html.h"
#include "control/page/language.h"

namespace sluice::control {

enum class ManualText : uint16_t {
#define SLUICE_TEXT(name, english, chinese) name,
#include "control/manual/texts.def"
#undef SLUICE_TEXT
};

inline constexpr PageText kManualTexts[] = {
#define SLUICE_TEXT(name, english, chinese) PageText{{english, chinese}},
#include "control/manual/texts.def"
#undef SLUICE_TEXT
};

/// Says things in one language.
struct ManualWords {
  Language language = Language::English;

  std::string_view text(ManualText id) const { return kManualTexts[static_cast<size_t>(id)].in(language); }
  Html operator()(ManualText id, std::initializer_list<Html> pieces = {}) const {
    return Html::words(text(id), pieces);
  }
};

}  // namespace sluice::control
