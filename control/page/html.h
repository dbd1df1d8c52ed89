// control/page: HTML that no text from outside can become a part of.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/page/language.h"

namespace sluice::control {

/// Markup. A text becomes one by being escaped, or, where it is ours, by trusted; there is no other way, so
/// what is forgotten does not compile.
class Html {
 public:
  Html() = default;
  /// text: from anywhere. What HTML would read as markup is escaped; what is no valid UTF-8, and control
  /// characters, are '?'.
  [[nodiscard]] static Html of(std::string_view text);
  /// The same, as a piece of its own: letters that are written from right to left, or say that those behind
  /// them are, change nothing of what stands around it.
  [[nodiscard]] static Html name(std::string_view text);
  /// markup: written by us, with nothing from outside in it.
  [[nodiscard]] static Html trusted(std::string_view markup);
  /// words: ours; pieces: what its `{0}`, `{1}`, … stand for.
  [[nodiscard]] static Html words(std::string_view words, std::initializer_list<Html> pieces = {});

  Html& operator+=(const Html& more) {
    markup_ += more.markup_;
    return *this;
  }
  friend Html operator+(Html a, const Html& b) { return std::move(a += b); }
  const std::string& markup() const { return markup_; }
  bool empty() const { return markup_.empty(); }

 private:
  std::string markup_;
};

/// tag: ours, as `p` or `td class="n"`.
[[nodiscard]] Html element(std::string_view tag, const Html& content);

/// A column's head, and whether what stands below it is numbers.
struct HtmlColumn {
  Html head;
  bool number = false;
};
using HtmlRows = std::vector<std::vector<Html>>;
/// empty: what stands there where there are no rows.
[[nodiscard]] Html html_table(const std::vector<HtmlColumn>& columns, const HtmlRows& rows,
                              const Html& empty);
/// Labels, and what is said of each.
[[nodiscard]] Html html_facts(const std::vector<std::pair<Html, Html>>& facts);
[[nodiscard]] Html html_list(const std::vector<Html>& items);
/// A section with its heading; the browser keeps the heading with what follows.
[[nodiscard]] Html html_section(const Html& heading, const Html& content);

/// The whole page: no scripts, nothing from elsewhere, to be read on a screen and printed on A4.
/// eyebrow: a few words above the title. subtitle: below it.
struct PageFrame {
  Language language = Language::English;
  std::string title;  ///< of the window; escaped here
  Html eyebrow, heading, subtitle, footer;
};
[[nodiscard]] std::string html_page(const PageFrame& frame, const Html& content);

}  // namespace sluice::control
