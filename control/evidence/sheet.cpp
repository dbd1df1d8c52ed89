// control/evidence: the sheet that comes first.
#include "control/evidence/sheet.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/evidence/sheet_text.h"
#include "control/page/html.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kSheetNsPerS = 1'000'000'000;
constexpr size_t kMostRows = 400;  ///< of one list on the sheet; the rest is counted

std::string escaped(std::string_view text) {
  return Html::name(text).markup();
}

std::string number(uint64_t value) {
  std::string out = std::to_string(value);
  for (size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

std::string seconds(double value) {
  char out[64];
  std::snprintf(out, sizeof out, "%.6f s", value);
  return out;
}

/// Writes the page, its two languages beside each other.
class Page {
 public:
  explicit Page(bool zh_first) : zh_first_(zh_first) {}
  std::string text;

  std::string both(std::string_view zh, std::string_view en) const {
    return zh_first_ ? std::string(zh) + " / " + std::string(en) : std::string(en) + " / " + std::string(zh);
  }
  void heading(std::string_view zh, std::string_view en) { text += "<h2>" + both(zh, en) + "</h2>\n"; }
  /// value: escaped already.
  void row(std::string_view zh, std::string_view en, const std::string& value, const char* style = "") {
    const auto &first = zh_first_ ? zh : en, &second = zh_first_ ? en : zh;
    text += "<tr><th>" + std::string(first) + "</th><th>" + std::string(second) + "</th><td class=\"" +
            style + "\">" + value + "</td></tr>\n";
  }
  void prose(std::string_view zh, std::string_view en) {
    const auto &first = zh_first_ ? zh : en, &second = zh_first_ ? en : zh;
    text += "<tr><td class=\"half\">" + std::string(first) + "</td><td class=\"half\">" +
            std::string(second) + "</td></tr>\n";
  }
  void begin() { text += "<table>\n"; }
  void end() { text += "</table>\n"; }

 private:
  const bool zh_first_;
};

std::string said_or(const std::string& text, const Page& page) {
  return text.empty() ? page.both("未填写", "not said") : escaped(text);
}

void add_company(Page& page, const SheetFacts& facts) {
  const json company = object_at(*facts.registers, "company");
  page.heading("单位", "Company");
  page.begin();
  page.row("名称", "Name", said_or(text_at(company, "name"), page));
  page.row("统一社会信用代码", "Registration", said_or(text_at(company, "registration"), page));
  page.row("责任人", "Person responsible", said_or(text_at(company, "responsible"), page));
  page.row("联系方式", "Contact", said_or(text_at(company, "contact"), page));
  page.row("网关站点", "Site of the gateway", escaped(facts.site));
  page.row(
      "登记的网段 / 用户", "Networks / users registered",
      number(number_at(*facts.registers, "networks")) + " / " + number(number_at(*facts.registers, "users")));
  page.end();
}

void add_line(Page& page, const json& line) {
  const auto days = line.find("days_left");
  const bool over = line.value("over", json()) == true;
  page.row("线路", "Line", "<b>" + escaped(text_at(line, "name")) + "</b>");
  page.row("运营商 / 许可证", "Operator / licence",
           said_or(text_at(line, "operator"), page) + " / " + said_or(text_at(line, "licence"), page));
  page.row("合同 / 备案", "Contract / filing",
           said_or(text_at(line, "contract"), page) + " / " + said_or(text_at(line, "filing"), page));
  std::string term = escaped(text_at(line, "valid_from")) + " – " + escaped(text_at(line, "valid_until"));
  if (days != line.end() && days->is_number_integer()) {
    term += ", " + page.both("剩余天数", "days left") + ": " + std::to_string(days->get<int64_t>());
  }
  page.row("有效期", "Term", term, over ? "bad" : "");
  for (const json& paper : line.value("papers", json::array())) {
    page.row("文件", "Paper",
             escaped(text_at(paper, "file")) + "<br><code>SHA-256 " + escaped(text_at(paper, "sha256")) +
                 "</code>");
  }
}

void add_lines(Page& page, const SheetFacts& facts) {
  page.heading("专线登记", "Line register");
  page.begin();
  for (const json& line : facts.registers->value("lines", json::array())) {
    add_line(page, line);
  }
  page.end();
}

std::string listed(const std::vector<std::string>& items, uint64_t all) {
  std::string out;
  for (size_t i = 0; i < items.size() && i < kMostRows; ++i) {
    out += "<br>" + escaped(items[i]);
  }
  const size_t shown = std::min<size_t>(items.size(), kMostRows);
  return all > shown ? out + "<br>… +" + number(all - shown) : out;
}

/// Days in a row that are incomplete for one reason are one row.
std::string days_text(const Page& page, const SheetFacts& facts) {
  size_t complete = 0;
  std::vector<std::string> rows;
  for (size_t i = 0; i < facts.days.size();) {
    const DayOfPeriod& first = facts.days[i];
    size_t end = i + 1;
    while (end < facts.days.size() && facts.days[end].en == first.en) {
      ++end;
    }
    if (first.complete) {
      complete += end - i;
    } else {
      rows.push_back(first.day + (end - i == 1 ? "" : " – " + facts.days[end - 1].day) + ": " +
                     page.both(first.zh, first.en));
    }
    i = end;
  }
  return number(complete) + " / " + number(facts.days.size()) + listed(rows, rows.size());
}

void add_log(Page& page, const SheetFacts& facts) {
  const LogSurvey& survey = *facts.survey;
  const LogFindings& check = *facts.check;
  const bool any = survey.begins_ns <= survey.ends_ns;
  page.heading("访问日志", "Access log");
  page.begin();
  page.row("最早的记录", "Oldest record kept",
           any ? utc_text(survey.begins_ns) : page.both("尚无已签名的日志段", "no segment is signed yet"));
  page.row("签名到", "Signed until", any ? utc_text(survey.ends_ns) : "-");
  page.row("本期记录 / 日志段", "Records / segments of the period",
           number(survey.records) + " / " + number(survey.segments.size()));
  page.row("完整的日数", "Complete days", days_text(page, facts));
  std::vector<std::string> gaps;
  for (const GapOfPeriod& each : survey.gaps) {
    gaps.push_back(each.from + " – " + each.until + ": " +
                   (each.lost == 0 ? std::string("?") : std::to_string(each.lost)) + " (" + each.why + ")");
  }
  page.row("缺口（日志自身所述）", "Gaps, as the log says itself",
           number(survey.gap_count) + listed(gaps, survey.gap_count), survey.gap_count != 0 ? "bad" : "");
  const uint64_t problems = check.problem_count + survey.unreadable;
  page.row("制作时的校验结果", "Check when this was made",
           problems == 0 ? page.both("未被更改", "not altered")
                         : page.both("被更改", "ALTERED") + listed(check.problems, check.problem_count),
           problems == 0 ? "good" : "bad");
  page.row("日志密钥指纹", "Fingerprint of the log's key", "<code>" + escaped(facts.log_key) + "</code>");
  page.row("期满删除的段 / 披露次数", "Segments deleted after their term / disclosures",
           number(check.deleted) + " / " + number(check.disclosures));
  page.end();
}

void add_witness(Page& page, const SheetFacts& facts) {
  const json& witness = *facts.witness;
  const std::string kind = text_at(witness, "kind"), error = text_at(witness, "error");
  const bool none = kind.empty() || kind == "none";
  page.heading("外部见证与时钟", "Witness and clock");
  page.begin();
  page.row("见证方式", "Kind of witness", none ? page.both("无", "none") : escaped(kind), none ? "bad" : "");
  page.row("见证已收到的最后一行", "Last line that it acknowledged", number(facts.check->acknowledged));
  page.row("自此以后未经见证", "Unwitnessed since",
           facts.check->unwitnessed_since.empty() ? page.both("全部已见证", "all of it is witnessed")
                                                  : escaped(facts.check->unwitnessed_since) +
                                                        (error.empty() ? "" : " (" + escaped(error) + ")"));
  page.row("时钟偏差", "Clock is off by",
           (facts.clock.offset_s
                ? seconds(std::fabs(*facts.clock.offset_s)) + " ± " + seconds(facts.clock.within_s)
                : page.both("未知", "unknown") + ": " + escaped(facts.clock.why)) +
               " (" + page.both("来源", "source") + ": " + escaped(facts.clock.source) + ")",
           facts.clock.offset_s ? "" : "bad");
  page.end();
}

void add_policies(Page& page, const SheetFacts& facts) {
  const PoliciesOfPeriod& policies = *facts.policies;
  page.heading("策略", "Policies");
  page.begin();
  page.row("历史密钥指纹", "Fingerprint of the history's key",
           "<code>" + escaped(facts.history_key) + "</code>");
  page.row("历史校验", "Check of the history",
           facts.history_problems.empty() ? page.both("未被更改", "not altered")
                                          : page.both("被更改", "ALTERED") +
                                                listed(facts.history_problems, facts.history_problems.size()),
           facts.history_problems.empty() ? "good" : "bad");
  std::vector<std::string> bypasses;
  for (const BypassOfPeriod& each : policies.bypasses()) {
    bypasses.push_back(utc_text(each.from_s * kSheetNsPerS) + " – " + utc_text(each.until_s * kSheetNsPerS) +
                       ": " + each.author + ": " + each.reason);
  }
  page.row("放行（不拦截）时段", "Bypasses: nothing was blocked",
           number(bypasses.size()) + listed(bypasses, bypasses.size()), bypasses.empty() ? "" : "bad");
  std::vector<std::string> applied;
  for (const PolicyOfPeriod& each : policies.policies()) {
    applied.push_back(std::to_string(each.generation) + ": " + each.time + ", " + each.author + ": " +
                      each.reason);
  }
  page.row("本期生效的策略", "Policies in force",
           number(applied.size() + policies.left_out()) + listed(applied, applied.size()));
  if (!facts.sources_missing.empty()) {
    page.row(
        "已不再保存的源文件", "Sources that are not kept any more",
        number(facts.sources_missing.size()) + listed(facts.sources_missing, facts.sources_missing.size()),
        "bad");
  }
  page.end();
}

void add_use(Page& page, const SheetFacts& facts) {
  page.heading("每日每线路的流量", "Bytes by line and day");
  page.text += "<table class=\"use\"><tr><th>" + page.both("日期", "Day") + "</th><th>" +
               page.both("线路", "Line") + "</th><th>" + page.both("访问", "Accesses") + "</th><th>" +
               page.both("拦截", "Blocked") + "</th><th>" +
               page.both("发往线路（字节）", "Bytes to the line") + "</th><th>" +
               page.both("来自线路（字节）", "Bytes from the line") + "</th></tr>\n";
  for (const auto& [key, day] : facts.survey->use) {
    page.text += "<tr><td>" + escaped(key.first) + "</td><td>" +
                 escaped(key.second.empty() ? "-" : key.second) + "</td>";
    for (const uint64_t value : {day.accesses, day.blocked, day.bytes_up, day.bytes_down}) {
      page.text += "<td class=\"number\">" + number(value) + "</td>";
    }
    page.text += "</tr>\n";
  }
  page.end();
  page.begin();
  page.prose("流量按流结束之日计入。", "A flow's bytes count on the day on which it ended.");
  page.end();
}

}  // namespace

std::string sheet_html(const SheetFacts& facts) {
  Page page(facts.zh_first);
  page.text =
      std::string(kSheetStart) + "<h1>" + page.both("网关证据单", "Evidence of the gateway") + "</h1>\n";
  page.begin();
  page.row("期间（UTC）", "Period (UTC)", escaped(facts.since) + " – " + escaped(facts.until));
  const std::string zone = text_at(*facts.registers, "timezone");
  page.row("日期所用时区", "Time zone of the days", zone.empty() ? "UTC" : escaped(zone));
  page.row("制作时间（UTC）", "Made at (UTC)", escaped(facts.made));
  page.end();
  if (facts.pseudonyms) {
    page.begin();
    page.prose(kPseudonymsZh, kPseudonymsEn);
    page.end();
  }
  add_company(page, facts);
  add_lines(page, facts);
  add_log(page, facts);
  add_witness(page, facts);
  add_policies(page, facts);
  add_use(page, facts);
  page.heading("本网关看不到什么", "What this gateway cannot see");
  page.begin();
  for (const auto& [zh, en] : kBlindSpots) {
    page.prose(zh, en);
  }
  page.end();
  page.heading("如何核验", "How to check this");
  page.begin();
  page.prose(kCheckZh, kCheckEn);
  page.end();
  return page.text + "</body></html>\n";
}

std::string readme_text(bool pseudonyms) {
  return std::string(kReadme) + std::string(pseudonyms ? kReadmePseudonyms : "");
}

}  // namespace sluice::control
