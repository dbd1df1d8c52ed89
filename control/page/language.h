// control/page: texts in English and in Chinese.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

enum class Language : uint8_t {
  English,
  Chinese
};
inline constexpr std::string_view kLanguageWords[] = {"en", "zh"};
inline constexpr std::string_view kLanguageTags[] = {"en", "zh-Hans"};  ///< of HTML's `lang` (RFC 5646)
inline constexpr size_t kLanguageCount = std::size(kLanguageWords);

/// Nothing where word is none of kLanguageWords.
[[nodiscard]] std::optional<Language> language_of(std::string_view word);

/// One text in every language; `{0}` to `{9}` stand for what is put in.
struct PageText {
  std::array<std::string_view, kLanguageCount> words;
  constexpr std::string_view in(Language language) const { return words[static_cast<size_t>(language)]; }
};

/// text with the given pieces for its `{0}` to `{9}`; one that is not given stays as it is.
[[nodiscard]] std::string filled_in(std::string_view text, std::initializer_list<std::string_view> pieces);

}  // namespace sluice::control
