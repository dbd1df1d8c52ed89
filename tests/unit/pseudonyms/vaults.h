// pseudonyms tests: a log's directory with vaults, and keepers with their keys.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "control/pseudonyms/keeper.h"
#include "control/pseudonyms/reveal.h"
#include "control/pseudonyms/vault.h"

namespace sluice::control {

/// 2026-11-23T04:05:06Z, and December.
inline constexpr int64_t kNovember = 1'795'406'706'000'000'000, kDecember = 1'796'406'706'000'000'000;

struct VaultTest : testing::Test {
  std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("sluice-vaults-" + std::to_string(::getpid()));
  std::filesystem::path log = root / "log", state = root / "state";
  std::string error;
  std::vector<std::unique_ptr<KeeperSecret>> secrets;
  std::vector<LogKeeper> keepers;
  std::unique_ptr<SigningKey> signing;

  VaultTest() {
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(log);
    std::filesystem::create_directories(state);
    for (const char* name : {"li.wei", "wang.fang", "zhang.min"}) {
      secrets.push_back(KeeperSecret::make(root / name, "", error));
      keepers.push_back({name, secrets.back()->shown()});
    }
    signing = SigningKey::open_or_make(state / "log.key", log / "log.pub", error);
  }
  ~VaultTest() override { std::filesystem::remove_all(root); }

  static std::string pseudonym(unsigned number) {
    std::string digits = std::to_string(number);
    return "p-" + std::string(32 - digits.size(), '0') + digits;
  }
  static Identity identity(unsigned number) {
    return {"ip", pseudonym(number), "10.20.1." + std::to_string(number)};
  }
  std::unique_ptr<Vault> begin(int64_t utc_ns = kNovember) {
    auto out = Vault::begin(log, period_of(utc_ns), keepers, utc_ns, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  std::filesystem::path file(unsigned number = 1) { return log / vault_name("2026-11", number); }

  RevealFindings found;
  size_t on_record = 0;
  std::string not_on_record;
  std::string ask(const std::string& asked, const KeeperSecret& first, const KeeperSecret& second) {
    return reveal(
        log, *signing, asked, first, second,
        [this](const std::vector<std::string>&) {
          ++on_record;
          return not_on_record;
        },
        found);
  }
  std::string ask(const std::string& asked, size_t first = 0, size_t second = 1) {
    return ask(asked, *secrets[first], *secrets[second]);
  }
  /// What was found, as `10.20.1.7 `.
  std::string texts() {
    std::string out;
    for (const Revealed& each : found.found) {
      out += each.identity.text + " ";
    }
    return out;
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
};

}  // namespace sluice::control
