// accesslog tests: a log with pseudonyms has nobody in it, folded or not, and its vault is never behind it.
#include <gmock/gmock.h>

#include "control/pseudonyms/keeper.h"
#include "control/pseudonyms/reveal.h"
#include "tests/unit/accesslog/access_logs.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
using testing::Not;

struct PseudonymLog : AccessLogTest {
  std::filesystem::path keys = directory.string() + "-keys";
  std::vector<std::unique_ptr<KeeperSecret>> secrets;
  std::vector<LogKeeper> keepers;

  PseudonymLog() {
    std::filesystem::remove_all(keys);
    std::filesystem::create_directories(keys);
    for (const char* name : {"li.wei", "zhang.min"}) {
      secrets.push_back(KeeperSecret::make(keys / name, "", error));
      keepers.push_back({name, secrets.back()->shown()});
    }
  }
  ~PseudonymLog() override { std::filesystem::remove_all(keys); }

  static Record access() {
    Record record{};
    const uint8_t client[4] = {10, 20, 1, 7}, server[4] = {198, 51, 100, 9};
    record.source = Address::from_v4(client);
    record.destination = Address::from_v4(server);
    record.mac[0] = record.mac[5] = 2;
    return record;
  }
  std::string revealed(const std::string& pseudonym) {
    const auto key = SigningKey::open_public(directory / "log.pub", error);
    RevealFindings found;
    EXPECT_EQ(reveal(
                  directory, *key, pseudonym, *secrets[0], *secrets[1],
                  [](const std::vector<std::string>&) { return std::string(); }, found),
              "");
    return found.found.empty() ? "" : found.found[0].identity.text;
  }
};

TEST_F(PseudonymLog, LinesHaveThemAndTheVaultUndoesThem) {
  FakeShared shared(1, 64);
  shared.push(access(), "www.example.com");
  shared.push(access(), "7.1.20.10.in-addr.arpa");
  auto log = start(keepers);
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  log->stop();
  const auto found = lines();
  ASSERT_EQ(found.size(), 2u);
  for (const auto& line : found) {
    EXPECT_THAT(line.dump(), Not(HasSubstr("10.20.1.7")));
    EXPECT_THAT(line.dump(), Not(HasSubstr("7.1.20.10")));
    EXPECT_THAT(line.dump(), Not(HasSubstr("02-00")));
    EXPECT_EQ(line["sluice"]["pseudonyms"], true);
    EXPECT_EQ(revealed(line["source"]["address"]), "10.20.1.7");
    EXPECT_EQ(revealed(line["source"]["mac"]), "02-00-00-00-00-02");
  }
  EXPECT_EQ(found[0]["destination"]["domain"], "www.example.com");
  const std::string machine = found[1]["destination"]["domain"];
  EXPECT_THAT(machine, testing::EndsWith(".invalid"));
  EXPECT_EQ(revealed(machine.substr(0, machine.find('.'))), "7.1.20.10.in-addr.arpa");
}

TEST_F(PseudonymLog, RepeatsFoldIntoLinesThatHaveThem) {
  FakeShared shared(1, 64);
  for (int i = 0; i < 3; ++i) {
    shared.push(access(), "www.example.com");
  }
  auto log = start(keepers);
  log->set_fold(std::chrono::seconds(1));
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  log->stop();
  const auto found = lines();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["event"]["count"], 3);
  EXPECT_THAT(found[0].dump(), Not(HasSubstr("10.20.1.7")));
  EXPECT_EQ(revealed(found[0]["source"]["address"]), "10.20.1.7");
}

TEST_F(PseudonymLog, WithoutAKeyNothingIsWrittenAndTheRingsKeepIt) {
  FakeShared shared(1, 64);
  shared.push(access(), "www.example.com");
  std::filesystem::create_directories(directory / "state" / "pseudonyms.key" / "in the way");
  auto log = start(keepers);
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  log->stop();
  EXPECT_TRUE(lines().empty());
  EXPECT_NE(log->counts().errors, 0u);
  EXPECT_EQ(shared.ring(0).tail.load(), 0u);
}

}  // namespace
}  // namespace sluice::control
