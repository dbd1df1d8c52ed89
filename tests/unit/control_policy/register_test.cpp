// tests: the company and the lines' papers, wrong and right, and what becomes of them.
#include <gtest/gtest.h>

#include "control/base/sha256.h"
#include "control/policy/line_register.h"
#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

const std::string kLine =
    "lines: {m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: {from: "
    "2020-01-01, until: 2090-01-01}, papers: ";

class RegisterDiagnosed : public testing::TestWithParam<Case> {};

TEST_P(RegisterDiagnosed, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml, {{"dir/c.pdf", "scan"}}), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Registers, RegisterDiagnosed,
    testing::Values(
        Case{"Right",
             "company: {name: A, registration: 91350100M000100Y43, responsible: Li Wei, contact: ext. 7}\n" +
                 kLine + "[c.pdf]}}\n",
             {}},
        Case{"CompanyNoMap",
             "company: A\n",
             {"t:1:10: `company` is written as a single value; write {name: ...}"}},
        Case{"CompanyKey",
             "company: {name: A, registration: 91350100M000100Y43, responsible: B, contact: C, phone: 7}\n",
             {"t:1:82: unknown key 'phone' in `company`; it may have name, registration, responsible or "
              "contact"}},
        Case{"CompanyIncomplete",
             "company: {name: A, responsible: B}\n",
             {"t:1:10: warning: `company` has no registration, contact; an auditor will ask for it"}},
        Case{
            "CreditCodeMistyped",
            "company: {name: A, registration: 91350100M000100Y44, responsible: B, contact: C}\n",
            {"t:1:34: warning: '91350100M000100Y44' is no unified social credit code (GB 32100); copy its 18 "
             "characters from the business licence"}},
        Case{"PaperMissing",
             kLine + "[c.pdf, lost.pdf]}}\n",
             {"t:1:150: cannot read the paper 'lost.pdf': No such file or directory; a path counts from the "
              "policy's directory"}},
        Case{"PapersNoList", kLine + "c.pdf}}\n", {"t:1:142: `papers` has a single value; write [c.pdf]"}}),
    name_of);

TEST(Registers, CompanyInTwoFilesIsAnError) {
  const Compiled compiled =
      compile({{"a", std::string(kBase) + "company: {name: A}\n"}, {"b", "company: {name: B}\n"}});
  EXPECT_FALSE(compiled.policy);
}

TEST(Registers, AreCompiledWithThePapersSums) {
  const Compiled compiled = compile({{"a", std::string(kBase) +
                                               "timezone: Asia/Shanghai\ncompany: {name: A, responsible: B}\n"
                                               "users: {li.wei: {addresses: [10.20.1.7]}}\n" +
                                               ""},
                                     {"b", kLine + "[c.pdf], link: [192.0.2.1, \"2001:db8::1\"]}}\n"}},
                                    {{"dir/c.pdf", "scan"}});
  ASSERT_TRUE(compiled.policy) << to_string(compiled.diagnostics[0]);
  const PolicyRegister& out = compiled.policy->registers;
  EXPECT_EQ(out.company.name, "A");
  EXPECT_EQ(out.timezone, "Asia/Shanghai");
  EXPECT_EQ(out.networks, 1u);
  EXPECT_EQ(out.users, 1u);
  ASSERT_EQ(out.lines.size(), 2u);
  EXPECT_EQ(out.lines[0].networks, std::vector<std::string>{"staff"});
  EXPECT_EQ(out.lines[1].valid_until, "2090-01-01");
  EXPECT_EQ(out.lines[1].link, (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
  ASSERT_EQ(out.lines[1].papers.size(), 1u);
  EXPECT_EQ(out.lines[1].papers[0], (Paper{"c.pdf", sha256_hex("scan"), 4}));
  EXPECT_EQ(compiled.policy->sources.back(), "dir/c.pdf") << "it is watched, and kept";
}

TEST(Registers, AnotherPaperIsAnotherPolicy) {
  const auto digest = [](const char* scan) {
    const Compiled compiled =
        compile({{"a", std::string(kBase)}, {"b", kLine + "[c.pdf]}}\n"}}, {{"dir/c.pdf", scan}});
    return compiled.policy ? compiled.policy->digest : "invalid";
  };
  EXPECT_EQ(digest("one"), digest("one"));
  EXPECT_NE(digest("one"), digest("two"));
}

TEST(Registers, APaperThatIsTooLargeIsAnError) {
  const Compiled compiled = compile({{"a", std::string(kBase)}, {"b", kLine + "[c.pdf]}}\n"}},
                                    {{"dir/c.pdf", std::string(kMaxPaperBytes + 1, 'x')}});
  EXPECT_FALSE(compiled.policy);
}

TEST(CreditCode, IsTheStandardsOwn) {
  EXPECT_TRUE(is_credit_code("91350100M000100Y43"));  // of GB 32100-2015, appendix
  for (const char* wrong : {"", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100y43",
                            "91350100M000100Y4I", "19350100M000100Y43"}) {
    EXPECT_FALSE(is_credit_code(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace sluice::control::test
