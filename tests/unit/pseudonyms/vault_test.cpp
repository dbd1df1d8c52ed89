// pseudonyms tests: what a vault holds, who opens it, and that no byte of it can be changed unnoticed.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <sstream>

#include "control/pseudonyms/seal.h"
#include "control/pseudonyms/vault_reader.h"
#include "tests/unit/pseudonyms/vaults.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(VaultTest, EachTwoKeepersOpenIt) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  for (size_t first = 0; first < 3; ++first) {
    for (size_t second = 0; second < 3; ++second) {
      if (first != second) {
        EXPECT_EQ(ask(pseudonym(7), first, second), "");
        EXPECT_EQ(texts(), "10.20.1.7 ") << first << second;
        EXPECT_EQ(found.keepers.size(), 2u);
      }
    }
  }
  EXPECT_EQ(on_record, 6u);
}

TEST_F(VaultTest, TwoKeepersAreEnough) {
  keepers.pop_back();
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  EXPECT_EQ(ask(pseudonym(7), 0, 1), "");
  EXPECT_EQ(texts(), "10.20.1.7 ");
  EXPECT_EQ(ask(pseudonym(7), 0, 2), "");
  EXPECT_EQ(found.not_theirs, 1u);
  EXPECT_EQ(texts(), "");
}

TEST_F(VaultTest, OneKeyTwiceIsRefused) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  EXPECT_THAT(ask(pseudonym(7), 1, 1), HasSubstr("the same one"));
  const auto again = KeeperSecret::open(root / "wang.fang", error);
  EXPECT_THAT(ask(pseudonym(7), *secrets[1], *again), HasSubstr("the same one"));
  EXPECT_EQ(on_record, 0u);
}

TEST_F(VaultTest, AStrangersKeyOpensNothing) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  const auto stranger = KeeperSecret::make(root / "stranger", "", error);
  EXPECT_EQ(ask(pseudonym(7), *secrets[0], *stranger), "");
  EXPECT_EQ(found.not_theirs, 1u);
  EXPECT_EQ(found.keepers, (std::vector<std::string>{"li.wei", "wang.fang", "zhang.min"}));
  EXPECT_EQ(texts(), "");
  EXPECT_EQ(on_record, 0u) << "nothing was decrypted";
}

TEST_F(VaultTest, OneLayerAloneDoesNotOpenTheKey) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  std::istringstream in(read(file()));
  VaultHead head;
  ASSERT_EQ(read_vault(in, *signing, head, [](const SealedIdentity&) {}), "");
  ASSERT_EQ(head.wrapped.size(), 3u);
  const WrappedKey& pair = head.wrapped[0];
  EXPECT_EQ(pair.first, "li.wei");
  EXPECT_EQ(pair.second, "wang.fang");
  const auto inner = unseal_by(secrets[0]->key(), wrap_with(head, pair, "outer"), pair.key);
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(inner->size(), 32u + 32u + 16u) << "what li.wei alone sees is sealed to wang.fang";
  EXPECT_FALSE(unseal_by(secrets[0]->key(), wrap_with(head, pair, "inner"), *inner).has_value());
  EXPECT_FALSE(unseal_by(secrets[1]->key(), wrap_with(head, pair, "outer"), pair.key).has_value());
  EXPECT_FALSE(unseal_by(secrets[2]->key(), wrap_with(head, pair, "inner"), *inner).has_value());
  const auto key = unseal_by(secrets[1]->key(), wrap_with(head, pair, "inner"), *inner);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->size(), 32u);
}

TEST_F(VaultTest, WithoutARecordNothingIsRevealed) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  not_on_record = "no daemon";
  EXPECT_THAT(ask(pseudonym(7)), HasSubstr("no daemon"));
  EXPECT_EQ(texts(), "");
}

TEST_F(VaultTest, NobodyStandsInItInClear) {
  ASSERT_EQ(begin()->append({identity(7), {"user", pseudonym(8), "liu.yang"}}, *signing), "");
  EXPECT_THAT(read(file()), Not(HasSubstr("10.20")));
  EXPECT_THAT(read(file()), Not(HasSubstr("liu.yang")));
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 007, 0u);
}

TEST_F(VaultTest, ItsLengthTellsNothing) {
  const auto vault = begin();
  ASSERT_EQ(vault->append({{"ip", pseudonym(1), "10.0.0.1"}}, *signing), "");
  const size_t first = read(file()).size();
  ASSERT_EQ(vault->append({{"ip", pseudonym(2), "2001:db8:1234:5678:9abc:def0:1234:5678"}}, *signing), "");
  const size_t second = read(file()).size();
  ASSERT_EQ(vault->append({{"ip", pseudonym(3), "10.0.0.3"}}, *signing), "");
  EXPECT_EQ(read(file()).size() - second, second - first);
}

TEST_F(VaultTest, ATextFindsItsPseudonyms) {
  ASSERT_EQ(begin()->append({identity(7), identity(8)}, *signing), "");
  ASSERT_EQ(begin(kDecember)->append({{"ip", pseudonym(9), "10.20.1.7"}}, *signing), "");
  EXPECT_EQ(ask("10.20.1.7"), "");
  ASSERT_EQ(found.found.size(), 2u);
  EXPECT_EQ(found.found[0].identity.pseudonym, pseudonym(7));
  EXPECT_EQ(found.found[0].period, "2026-11");
  EXPECT_EQ(found.found[1].identity.pseudonym, pseudonym(9));
  EXPECT_EQ(found.found[1].period, "2026-12");
}

TEST_F(VaultTest, AVaultEachAndTheSameIdentityOnce) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  EXPECT_EQ(ask(pseudonym(7)), "");
  EXPECT_EQ(found.vaults, 2u);
  EXPECT_EQ(texts(), "10.20.1.7 ");
}

TEST_F(VaultTest, WhatNoVaultKnowsIsNotFound) {
  EXPECT_THAT(ask(pseudonym(7)), HasSubstr("no vault"));
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  EXPECT_EQ(ask(pseudonym(8)), "");
  EXPECT_EQ(found.matching, 0u);
  EXPECT_EQ(on_record, 0u);
}

/// Each byte in turn becomes another one.
TEST_F(VaultTest, AnyChangedByteShows) {
  const auto vault = begin();
  ASSERT_EQ(vault->append({identity(7)}, *signing), "");
  ASSERT_EQ(vault->append({identity(8)}, *signing), "");
  const std::string whole = read(file());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::istringstream in(changed);
    VaultHead head;
    size_t taken = 0;
    const std::string why = read_vault(in, *signing, head, [&](const SealedIdentity&) { ++taken; });
    // Without its line feed the last seal is one that is being written.
    EXPECT_TRUE(!why.empty() || (at + 1 == whole.size() && taken == 1)) << at;
  }
}

TEST_F(VaultTest, WhatIsChangedIsSaidAndNotRevealed) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  std::string bytes = read(file());
  const size_t at = bytes.find("\"sealed\":\"") + 12;
  bytes[at] = bytes[at] == '0' ? '1' : '0';
  write(file(), bytes);
  EXPECT_EQ(ask(pseudonym(7)), "");
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_THAT(found.problems[0],
              HasSubstr("vault-2026-11-0001.jsonl: line 3: what stands before it was altered"));
  EXPECT_EQ(texts(), "");
}

TEST_F(VaultTest, ACheckReadsThemAll) {
  EXPECT_EQ(check_vaults(log, *signing).vaults, 0u);
  ASSERT_EQ(begin()->append({identity(7), identity(8)}, *signing), "");
  ASSERT_EQ(begin(kDecember)->append({identity(7)}, *signing), "");
  EXPECT_EQ(check_vaults(log, *signing).identities, 3u);
  EXPECT_TRUE(check_vaults(log, *signing).problems.empty());
  write(file(), "x" + read(file()));
  EXPECT_THAT(
      check_vaults(log, *signing).problems,
      testing::ElementsAre(HasSubstr("vault-2026-11-0001.jsonl: line 1: it is no vault's first line")));
}

TEST_F(VaultTest, LinesOfAnotherVaultOpenNothing) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  ASSERT_EQ(begin()->append({identity(8)}, *signing), "");
  // The key signs whatever is put there: what binds a line to its vault is its encryption.
  std::istringstream first(read(file(1))), second(read(file(2)));
  std::string head, identity, ignored;
  std::getline(first, head);
  std::getline(second, ignored);
  std::getline(second, identity);
  VaultHead parsed_head = *read_head_line(head);
  const SealedIdentity sealed = *read_identity_line(identity);
  EXPECT_NE(parsed_head.id, read_head_line(ignored)->id);
  const auto outer = unseal_by(secrets[0]->key(), wrap_with(parsed_head, parsed_head.wrapped[0], "outer"),
                               parsed_head.wrapped[0].key);
  const auto key =
      unseal_by(secrets[1]->key(), wrap_with(parsed_head, parsed_head.wrapped[0], "inner"), *outer);
  EXPECT_FALSE(
      unseal(*key, identity_nonce(sealed.number), identity_with(parsed_head, sealed), sealed.sealed));
  parsed_head.period = "2026-12";
  EXPECT_FALSE(unseal_by(secrets[0]->key(), wrap_with(parsed_head, parsed_head.wrapped[0], "outer"),
                         parsed_head.wrapped[0].key));
}

TEST_F(VaultTest, CutAnywhereItGivesWhatWasSealed) {
  const auto vault = begin();
  ASSERT_EQ(vault->append({identity(7)}, *signing), "");
  const size_t first = read(file()).size();
  ASSERT_EQ(vault->append({identity(8)}, *signing), "");
  const std::string whole = read(file());
  for (size_t size = 0; size < whole.size(); ++size) {
    std::istringstream in(whole.substr(0, size));
    VaultHead head;
    size_t taken = 0;
    EXPECT_EQ(read_vault(in, *signing, head, [&](const SealedIdentity&) { ++taken; }), "") << size;
    EXPECT_EQ(taken, size < first ? 0u : 1u) << size;
  }
}

TEST_F(VaultTest, AnotherKeysSealsAreNone) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  const auto other = SigningKey::open_or_make(root / "other.key", root / "other.pub", error);
  std::istringstream in(read(file()));
  VaultHead head;
  EXPECT_THAT(read_vault(in, *other, head, [](const SealedIdentity&) {}), HasSubstr("another key signed it"));
  EXPECT_TRUE(head.id.empty());
}

TEST_F(VaultTest, WhatIsNoVaultIsRefused) {
  for (const std::string& text :
       {std::string("\n"), std::string("{}\n"), std::string("x\n"), std::string(100'000, 'x'),
        std::string(100'000, 'x') + "\n", identity_line({"ip", pseudonym(1), 1, "x"}) + "\n"}) {
    std::istringstream in(text);
    VaultHead head;
    EXPECT_NE(read_vault(in, *signing, head, [](const SealedIdentity&) { FAIL(); }), "")
        << text.substr(0, 40);
  }
}

TEST_F(VaultTest, OldOnesGoWhenTheLogHasNothingOfTheirTime) {
  ASSERT_EQ(begin()->append({identity(7)}, *signing), "");
  ASSERT_EQ(begin(kDecember)->append({identity(7)}, *signing), "");
  EXPECT_EQ(remove_old_vaults(log, kNovember), 0u);
  EXPECT_EQ(remove_old_vaults(log, kDecember), 1u);
  EXPECT_FALSE(std::filesystem::exists(file()));
  std::error_code ignored;
  EXPECT_EQ(list_vaults(log, ignored).size(), 1u);
}

TEST_F(VaultTest, KeepersFilesArePrivateAndNeverWrittenOver) {
  struct stat status {};
  ASSERT_EQ(::stat((root / "li.wei").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(KeeperSecret::make(root / "li.wei", "", error), nullptr);
  EXPECT_THAT(error, HasSubstr("li.wei"));
  error.clear();
  EXPECT_EQ(KeeperSecret::open(state / "log.key", error), nullptr);
  EXPECT_THAT(error, HasSubstr("another kind of key"));
  write(root / "empty", "");
  EXPECT_EQ(KeeperSecret::open(root / "empty", error), nullptr);
  EXPECT_THAT(error, HasSubstr("no private key"));
}

TEST_F(VaultTest, APassphraseProtectsTheKey) {
  ASSERT_NE(KeeperSecret::make(root / "protected", "a pass phrase", error), nullptr) << error;
  EXPECT_THAT(read(root / "protected"), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
}

}  // namespace
}  // namespace sluice::control
