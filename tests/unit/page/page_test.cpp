// page tests: nothing from outside becomes markup; both languages say everything.
#include <gmock/gmock.h>

#include <set>

#include "control/manual/texts.h"
#include "control/page/charts.h"
#include "control/page/html.h"
#include "control/report/texts.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Html, WhatIsMarkupIsEscaped) {
  EXPECT_EQ(Html::of("<b a='1' c=\"2\">&").markup(), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
  EXPECT_EQ(Html::name("</bdi>").markup(), "<bdi>&lt;/bdi&gt;</bdi>");
}

TEST(Html, BytesThatAreNoTextAreShownAsSuch) {
  EXPECT_EQ(Html::of(std::string("a\0b\xff\x1b[2J", 8)).markup(), "a?b??[2J");
  EXPECT_EQ(Html::of("规则").markup(), "规则");
}

TEST(Html, WordsTakeTheirPiecesAndEscapeTheRest) {
  EXPECT_EQ(Html::words("{0} < {1} {2} {", {Html::of("a"), element("b", Html::of("c"))}).markup(),
            "a &lt; <b>c</b> {2} {");
  EXPECT_EQ(filled_in("{1}{0}{7}{", {"a", "b"}), "ba{7}{");
}

TEST(Html, APageHasNothingOfElsewhereAndNoScript) {
  const std::string page = html_page({.language = Language::Chinese,
                                      .title = "<x>",
                                      .eyebrow = {},
                                      .heading = {},
                                      .subtitle = {},
                                      .footer = {}},
                                     Html::of("content"));
  EXPECT_THAT(page, HasSubstr("<html lang=\"zh-Hans\">"));
  EXPECT_THAT(page, HasSubstr("<title>&lt;x&gt;</title>"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* each : {"<script", "http://", "https://", "@import", "url(", "<link", "<img"}) {
    EXPECT_THAT(page, Not(HasSubstr(each)));
  }
}

TEST(Charts, SharesAddUpAndNothingMakesNone) {
  EXPECT_TRUE(share_chart({}, {{Html::of("a"), 0, 1, {}}}).empty());
  const std::string chart = share_chart(Html::of("t"), {{Html::of("a"), 3, 1, Html::of("3 B")},
                                                        {Html::of("b"), 1, 2, Html::of("1 B")}})
                                .markup();
  EXPECT_THAT(chart, HasSubstr("75.0 %"));
  EXPECT_THAT(chart, HasSubstr("25.0 %"));
}

TEST(Charts, AnyNumberFitsTheScale) {
  for (const uint64_t most : {uint64_t{0}, uint64_t{1}, uint64_t{7}, uint64_t{1'999'999}, UINT64_MAX}) {
    const std::string chart = column_chart(Html::of("t"), {{"<1>", most, most / 2}, {"", 0, 9}}).markup();
    EXPECT_THAT(chart, HasSubstr("&lt;1&gt;"));
    EXPECT_THAT(chart, Not(HasSubstr("nan")));
    EXPECT_THAT(chart, Not(HasSubstr("=\"-")));
  }
}

/// What a text has filled in, in whatever order.
std::multiset<char> holes_of(std::string_view text) {
  std::multiset<char> out;
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '{' && text[i + 2] == '}') {
      out.insert(text[i + 1]);
    }
  }
  return out;
}

template <size_t kCount>
void expect_complete(const PageText (&texts)[kCount]) {
  for (const PageText& each : texts) {
    EXPECT_FALSE(each.in(Language::English).empty());
    EXPECT_FALSE(each.in(Language::Chinese).empty()) << each.in(Language::English);
    EXPECT_EQ(holes_of(each.in(Language::English)), holes_of(each.in(Language::Chinese)))
        << each.in(Language::English);
  }
}

TEST(Texts, BothLanguagesSayEverything) {
  expect_complete(kReportTexts);
  expect_complete(kManualTexts);
}

TEST(Texts, ChineseIsChinese) {
  size_t chinese = 0;
  for (const PageText& each : kReportTexts) {
    chinese += each.in(Language::Chinese) != each.in(Language::English);
  }
  EXPECT_GE(chinese + 1, std::size(kReportTexts));  // but for the one that has a name alone
}

}  // namespace
}  // namespace sluice::control
