// tests: any line of reviews.jsonl, and any text on a page: nothing of it becomes markup.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/page/html.h"
#include "control/review/reviews.h"

namespace {

using namespace sluice::control;

void check_page(std::string_view text) {
  const std::string markup = Html::of(text).markup();
  if (std::ranges::any_of(markup, [](char c) {
        return c == '<' || c == '>' || c == '"' || c == '\'' || (static_cast<uint8_t>(c) < 0x20);
      })) {
    std::abort();
  }
  if (Html::words(text, {Html::of("x")}).markup().find('<') != std::string::npos) std::abort();
}

void check_line(std::string_view line) {
  Reviews reviews;
  reviews.take(line);
  for (const auto& [id, words] : reviews.incidents) {
    if (!incident_second_ns(id) || reviews.word_on(id) != &words.back()) std::abort();
  }
  for (const auto& [month, all] : reviews.months) {
    if (month_text(month_of(month).value()) != month || all.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_page(text);
  check_line(text);
  return 0;
}
