// manual tests: what a policy says in plain words, in both languages, and that it follows the policy.
#include <gmock/gmock.h>

#include "control/manual/manual.h"
#include "control/policy/source_loader.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kOffice = R"(
site: 上海办公室
timezone: Asia/Shanghai
contact: "IT desk, ext. 4711"
lines:
  iplc-sg: {operator: Example Telecom, licence: A1-2021, contract: CT-118, filing: F-9, purpose: internal-office, bandwidth: 200M,
            link: [192.0.2.1, 192.0.2.2], valid: {from: 2026-01-01, until: 2026-12-31}, on-expiry: block}
holidays: {cn: [2026-10-01]}
schedules:
  office-hours: {days: mon-fri, hours: "08:30-18:30", except: [cn]}
users: {li.wei: {addresses: [10.20.1.7], groups: [g]}}
networks:
  staff:   {prefixes: [10.20.0.0/16], groups: [g], line: iplc-sg, default: allow}
  finance: {prefixes: [10.21.0.0/16], line: iplc-sg, default: block}
  guests:  {prefixes: [10.99.0.0/16], line: none}
offices: {hq-sg: {entity: Example Pte, prefixes: [10.64.0.0/12]}}
lists:
  betting: {names: [luckybet.example, bets.example], patterns: ['bet[0-9]+']}
rules:
  - {name: no-betting, from: [staff], to: [betting], when: office-hours, action: block, violation: true}
  - {name: hq, to: [hq-sg], action: allow}
  - {name: hq-print, direction: inbound, from: [hq-sg], to: [10.20.250.0/24], ports: [tcp/9100], action: allow}
  - {name: finance-erp, from: [finance], to: [erp.example], action: allow}
exceptions:
  - {name: audit, from: [10.20.9.7], to: [vendor.example], action: allow, owner: li.wei, ticket: IT-1, expires: 2026-12-31}
log: {keep: 365d, copies: {siem: {syslog: "tls://siem.example:6514", recipient: Example SOC, country: SG}}}
)";

struct ManualTest : testing::Test {
  PolicySource source;

  std::string page(const std::string& text, Language language = Language::English, bool notice = false) {
    Report report;
    const SourceText texts[] = {{"a.yaml", text}};
    source = load_source(texts, report);
    EXPECT_FALSE(report.failed()) << to_string(report.finish().front());
    const ManualPolicy policy{.source = &source,
                              .zone = TimeZone::find("Asia/Shanghai").value(),
                              .directory = {},
                              .generation = 17,
                              .since_ns = 1'795'406'706'000'000'000,
                              .sha256 = "5ca1ab1e",
                              .made_ns = 1'795'406'706'000'000'000};
    return notice ? notice_page(policy, language) : manual_page(policy, language);
  }
  /// What stands of a network, up to the next heading.
  static std::string network(const std::string& page, const std::string& name) {
    const size_t begin = page.find("<h3>Network <bdi>" + name);
    EXPECT_NE(begin, page.npos);
    return page.substr(begin, page.find("<h", begin + 1) - begin);
  }
};

TEST_F(ManualTest, SaysOfEachNetworkWhatHoldsForIt) {
  const std::string text = page(kOffice);
  const std::string staff = network(text, "staff"), finance = network(text, "finance"),
                    guests = network(text, "guests");
  EXPECT_THAT(staff, HasSubstr("Everything is open but"));
  EXPECT_THAT(staff, HasSubstr("the list <bdi>betting</bdi> (names: 2, patterns: 1)"));
  EXPECT_THAT(staff, HasSubstr("Mon to Fri, 08:30–18:30, but not on the days of <bdi>cn</bdi>"));
  EXPECT_THAT(staff, HasSubstr("a violation of the access rules"));
  EXPECT_THAT(staff, HasSubstr("the office <bdi>hq-sg</bdi> (<bdi>Example Pte</bdi>)"));
  EXPECT_THAT(staff, HasSubstr("tcp/9100"));
  EXPECT_THAT(staff, HasSubstr("for some addresses of the network"));
  EXPECT_THAT(staff, HasSubstr("Temporary exceptions that concern it: 1."));
  EXPECT_THAT(staff, Not(HasSubstr("erp.example")));
  EXPECT_THAT(finance, HasSubstr("Only what is open here"));
  EXPECT_THAT(finance, HasSubstr("erp.example"));
  EXPECT_THAT(finance, Not(HasSubstr("betting")));
  EXPECT_THAT(guests, HasSubstr("does not use the line at all"));
}

TEST_F(ManualTest, SaysWhatIsRecordedKeptAndSent) {
  const std::string text = page(kOffice);
  EXPECT_THAT(text, HasSubstr("kept for 365 days"));
  EXPECT_THAT(text, HasSubstr("Never recorded are the path of a page"));
  EXPECT_THAT(text, HasSubstr("<bdi>Example SOC</bdi> in <bdi>SG</bdi>, with pseudonyms"));
  EXPECT_THAT(text, HasSubstr("IT desk, ext. 4711"));
  EXPECT_THAT(text, HasSubstr("CT-118"));
  EXPECT_THAT(text, HasSubstr("generation 17"));
  EXPECT_THAT(text, HasSubstr("5ca1ab1e"));
}

TEST_F(ManualTest, ChangesWithThePolicy) {
  std::string open = kOffice;
  open.replace(open.find("default: block"), 14, "default: allow");
  EXPECT_NE(page(kOffice), page(open));
  EXPECT_THAT(network(page(open), "finance"), HasSubstr("Everything is open but"));
  EXPECT_THAT(page(std::string(kOffice) + "mode: observe\n"), HasSubstr("the gateway blocks nothing"));
}

TEST_F(ManualTest, ChineseAndTheNotice) {
  EXPECT_THAT(page(kOffice, Language::Chinese), HasSubstr("周一至周五"));
  const std::string notice = page(kOffice, Language::Chinese, true);
  EXPECT_THAT(notice, HasSubstr("上网告知书"));
  EXPECT_THAT(notice, HasSubstr("上海办公室"));
  EXPECT_THAT(notice, HasSubstr("保存 365 天"));
  EXPECT_THAT(notice, HasSubstr("开放：<bdi>hq-sg</bdi>、<bdi>erp.example</bdi>"));
}

TEST_F(ManualTest, NothingOfAPolicyBecomesMarkup) {
  const std::string text = page(R"(
site: "<script>s</script>"
contact: "<script>c</script>"
lines: {l: {operator: "<script>", licence: "<script>", contract: "<script>", filing: "<script>", purpose: internal-office}}
networks: {staff: {prefixes: [10.20.0.0/16], line: l, default: allow}}
offices: {o: {entity: "<script>", prefixes: [10.64.0.0/12]}}
rules: [{name: r, to: [o], action: allow}]
)");
  EXPECT_THAT(text, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
}

TEST_F(ManualTest, AnEmptyPolicyIsAManual) {
  const std::string text = page("site: x\n");
  EXPECT_THAT(text, HasSubstr("The policy names nobody"));
  EXPECT_THAT(text, HasSubstr("The policy registers no line"));
}

}  // namespace
}  // namespace sluice::control
