// control/page: texts in English and in Chinese.
#include "control/page/language.h"

#include <algorithm>

namespace sluice::control {

std::optional<Language> language_of(std::string_view word) {
  const auto found = std::find(std::begin(kLanguageWords), std::end(kLanguageWords), word);
  return found == std::end(kLanguageWords)
             ? std::nullopt
             : std::optional(static_cast<Language>(found - std::begin(kLanguageWords)));
}

std::string filled_in(std::string_view text, std::initializer_list<std::string_view> pieces) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto index = i + 2 < text.size() && text[i] == '{' && text[i + 2] == '}'
                           ? static_cast<size_t>(text[i + 1] - '0')
                           : pieces.size();
    if (index >= pieces.size()) {
      out += text[i];
      continue;
    }
    out += pieces.begin()[index];
    i += 2;
  }
  return out;
}

}  // namespace sluice::control
