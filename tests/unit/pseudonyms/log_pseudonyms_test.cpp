// pseudonyms tests: what the log is written with: stable in a month, in the vault before it is in a line.
#include "control/pseudonyms/log_pseudonyms.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "control/policy/prefix.h"
#include "tests/unit/pseudonyms/vaults.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
using testing::Not;

struct LogPseudonymsTest : VaultTest {
  std::unique_ptr<LogPseudonyms> pseudonyms = start();

  std::unique_ptr<LogPseudonyms> start() {
    auto out = LogPseudonyms::open(log, state, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  static Address address(const std::string& text) {
    Address out;
    EXPECT_TRUE(parse_address(text, out));
    return out;
  }
  std::string of(const std::string& text) { return std::string(pseudonyms->address(address(text))); }
  void turn_on() { pseudonyms->set(keepers); }
  size_t vaults() {
    std::error_code ignored;
    return list_vaults(log, ignored).size();
  }
};

TEST_F(LogPseudonymsTest, IsOffUntilThePolicyHasKeepers) {
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_FALSE(pseudonyms->on());
  EXPECT_EQ(pseudonyms->sync(kNovember), "");
  EXPECT_EQ(vaults(), 0u);
  EXPECT_FALSE(std::filesystem::exists(state / "pseudonyms.key"));
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_TRUE(pseudonyms->on());
}

TEST_F(LogPseudonymsTest, OneClientHasOneInAMonthAndItStandsInTheVault) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string first = of("10.20.1.7"), six = of("fd12:3456:20::7");
  const std::string mac(pseudonyms->mac({0x02, 0x00, 0x5e, 0x10, 0x00, 0x07}));
  const std::string user(pseudonyms->text("user", "liu.yang"));
  EXPECT_TRUE(is_pseudonym(first));
  EXPECT_NE(first, of("10.20.1.8"));
  EXPECT_EQ(first, of("10.20.1.7"));
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  for (const auto& [asked, text] : {std::pair{first, "10.20.1.7 "},
                                    {six, "fd12:3456:20::7 "},
                                    {mac, "02-00-5E-10-00-07 "},
                                    {user, "liu.yang "}}) {
    EXPECT_EQ(ask(asked), "");
    EXPECT_EQ(texts(), text);
  }
}

TEST_F(LogPseudonymsTest, ARestartKeepsThePseudonymsAndBeginsAnotherVault) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string before = of("10.20.1.7");
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  pseudonyms = start();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_TRUE(pseudonyms->on()) << "before the policy is known";
  EXPECT_EQ(of("10.20.1.7"), before);
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  EXPECT_EQ(vaults(), 2u);
  std::filesystem::remove(file(1));
  EXPECT_EQ(ask(before), "");
  EXPECT_EQ(texts(), "10.20.1.7 ");
}

TEST_F(LogPseudonymsTest, AnotherMonthHasOtherOnesAndTheOldKeyIsGone) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string november = of("10.20.1.7"), key = read(state / "pseudonyms.key");
  EXPECT_THAT(key, HasSubstr("2026-11 "));
  struct stat status {};
  ASSERT_EQ(::stat((state / "pseudonyms.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  // A second name of the file keeps its bytes reachable.
  std::filesystem::create_hard_link(state / "pseudonyms.key", root / "kept");
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  ASSERT_EQ(pseudonyms->begin(kDecember), "");
  EXPECT_NE(of("10.20.1.7"), november);
  EXPECT_THAT(read(root / "kept"), Not(HasSubstr(key.substr(8)))) << "it is overwritten";
  EXPECT_THAT(read(root / "kept"), testing::Each('\0'));
  EXPECT_THAT(read(state / "pseudonyms.key"), HasSubstr("2026-12 "));
  ASSERT_EQ(pseudonyms->sync(kDecember), "");
  EXPECT_EQ(ask("10.20.1.7"), "");
  EXPECT_EQ(found.found.size(), 2u) << "old ones can still be undone";
}

TEST_F(LogPseudonymsTest, AMonthThatEndsWhileControlIsStoppedIsOverToo) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string november = of("10.20.1.7");
  pseudonyms = start();
  ASSERT_EQ(pseudonyms->begin(kDecember), "");
  EXPECT_NE(of("10.20.1.7"), november);
}

TEST_F(LogPseudonymsTest, WithoutKeepersAgainTheKeyIsDestroyed) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  pseudonyms->set({});
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_FALSE(pseudonyms->on());
  EXPECT_FALSE(std::filesystem::exists(state / "pseudonyms.key"));
  EXPECT_FALSE(start()->on());
}

TEST_F(LogPseudonymsTest, OtherKeepersGetAnotherVaultWithAllThatComes) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string before = of("10.20.1.7");
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  keepers.erase(keepers.begin());
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_EQ(of("10.20.1.7"), before);
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  EXPECT_EQ(vaults(), 2u);
  std::filesystem::remove(file(1));
  EXPECT_EQ(ask(before, 0, 1), "");
  EXPECT_EQ(texts(), "") << "li.wei keeps no more";
  EXPECT_EQ(ask(before, 1, 2), "");
  EXPECT_EQ(texts(), "10.20.1.7 ");
}

TEST_F(LogPseudonymsTest, AVaultThatSomebodyChangedIsFollowedByAnotherOne) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string first = of("10.20.1.7");
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  std::filesystem::remove(file(1));
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_EQ(of("10.20.1.7"), first);
  ASSERT_EQ(pseudonyms->sync(kNovember), "");
  EXPECT_EQ(ask(first), "");
  EXPECT_EQ(texts(), "10.20.1.7 ");
}

TEST_F(LogPseudonymsTest, WhereTheVaultCannotBeWrittenNothingIsLost) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string first = of("10.20.1.7");
  std::filesystem::rename(log, root / "elsewhere");
  EXPECT_NE(pseudonyms->sync(kNovember), "");
  std::filesystem::rename(root / "elsewhere", log);
  EXPECT_EQ(pseudonyms->sync(kNovember), "");
  EXPECT_EQ(ask(first), "");
  EXPECT_EQ(texts(), "10.20.1.7 ");
}

TEST_F(LogPseudonymsTest, WithoutAKeyNoLineMayBeWritten) {
  turn_on();
  std::filesystem::create_directory(state / "pseudonyms.key");
  EXPECT_NE(pseudonyms->begin(kNovember), "");
  std::filesystem::remove(state / "pseudonyms.key");
  EXPECT_EQ(pseudonyms->begin(kNovember), "");
}

TEST_F(LogPseudonymsTest, AKeyThatWasChangedIsReplaced) {
  turn_on();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  const std::string before = of("10.20.1.7");
  write(state / "pseudonyms.key", "2026-11 nonsense\n");
  pseudonyms = start();
  ASSERT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_NE(of("10.20.1.7"), before);
}

TEST_F(LogPseudonymsTest, KeepersThatCannotBeReadStopTheLogUntilThePolicyIsKnown) {
  for (const char* text : {"", "{}", R"({"li.wei": "x", "zhang.min": "y"})"}) {
    write(state / "keepers.json", text);
    pseudonyms = start();
    EXPECT_NE(pseudonyms->begin(kNovember), "");
    turn_on();
    EXPECT_EQ(pseudonyms->begin(kNovember), "");
    EXPECT_TRUE(pseudonyms->on());
  }
  write(state / "keepers.json", "");
  pseudonyms = start();
  pseudonyms->set({});
  EXPECT_EQ(pseudonyms->begin(kNovember), "");
  EXPECT_FALSE(pseudonyms->on());
}

}  // namespace
}  // namespace sluice::control
