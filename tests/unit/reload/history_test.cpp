// reload tests: a history altered anywhere is found.
#include "control/sealed/sealed_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct HistoryTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-history-" + std::to_string(::getpid()));
  fs::path file = directory / "history.jsonl", head = directory / "history.head";
  HistoryTest() {
    fs::remove_all(directory);
    fs::create_directories(directory);
  }
  ~HistoryTest() override { fs::remove_all(directory); }

  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  std::unique_ptr<SealedFile> open() {
    std::string error;
    auto out = SealedFile::open(history_paths(directory), "history", {}, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  void make(int lines) {
    const auto history = open();
    for (int i = 1; i <= lines; ++i) {
      EXPECT_EQ(history->append({{"generation", i}, {"author", "li.wei"}}), "");
    }
  }
  SealedFindings verify() {
    std::string error;
    const auto key = SigningKey::open_public(directory / "history.pub", error);
    EXPECT_NE(key, nullptr) << error;
    SealedFindings out;
    EXPECT_EQ(read_sealed(history_paths(directory), *key, {}, out), "");
    return out;
  }
  std::string first_problem() {
    const SealedFindings found = verify();
    return found.problems.empty() ? "" : found.problems[0];
  }
  /// The lines of the file, each with its line feed.
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      out.push_back(line + "\n");
    }
    return out;
  }
};

TEST_F(HistoryTest, UnalteredHasNoProblem) {
  make(0);
  EXPECT_EQ(first_problem(), "");
  make(3);
  make(2);
  const SealedFindings found = verify();
  EXPECT_EQ(found.problem_count, 0u);
  EXPECT_EQ(found.lines, 5u);
  EXPECT_EQ(found.signed_lines, 5u);
}

TEST_F(HistoryTest, EveryFlippedByteIsFoundAtItsLine) {
  make(3);
  const std::string whole = content(file);
  size_t line = 1;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    write(file, changed);
    const SealedFindings found = verify();
    ASSERT_NE(found.problem_count, 0u) << at;
    if (whole[at] != '\n') {
      EXPECT_NE(found.problems[0].find("line " + std::to_string(line)), std::string::npos)
          << at << ": " << found.problems[0];
    }
    line += whole[at] == '\n' ? 1 : 0;
  }
}

TEST_F(HistoryTest, EveryFlippedByteOfTheHeadIsFound) {
  make(2);
  const std::string whole = content(head);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    write(head, changed);
    EXPECT_EQ(first_problem(), "the signed head was changed, or another key signed it") << at;
  }
  fs::remove(head);
  EXPECT_EQ(first_problem(), "the signed head is missing");
}

TEST_F(HistoryTest, CutAtEveryByteIsFound) {
  make(3);
  const std::string whole = content(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    write(file, whole.substr(0, size));
    EXPECT_NE(first_problem().find("cut: after line"), std::string::npos) << size;
  }
}

TEST_F(HistoryTest, RemovedAndMovedLinesAreFoundAtTheirPlace) {
  make(5);
  const std::vector<std::string> all = lines();
  write(file, all[0] + all[1] + all[4]);
  EXPECT_EQ(first_problem(), "before line 3, lines 3 to 4 were removed");
  write(file, all[1] + all[2] + all[3] + all[4]);
  EXPECT_NE(first_problem(), "");
  write(file, all[0] + all[2] + all[1] + all[3] + all[4]);
  EXPECT_NE(first_problem(), "");
  write(file, all[0] + all[1] + all[1] + all[2] + all[3] + all[4]);
  EXPECT_NE(first_problem(), "");
  write(file, all[0] + all[1] + all[2]);
  EXPECT_EQ(first_problem(), "cut: after line 3, lines 4 to 5 are missing");
  write(file, "");
  EXPECT_EQ(first_problem(), "cut: after line 0, lines 1 to 5 are missing");
}

TEST_F(HistoryTest, AddedLineIsFound) {
  make(2);
  write(file, content(file) + "{\"generation\":3}\n");
  EXPECT_EQ(first_problem(), "line 3 was changed, or somebody else wrote it: it bears no signature");
}

TEST_F(HistoryTest, LineAfterAnOlderHeadIsNoAlarm) {
  make(2);
  const std::string older = content(head);
  make(1);
  write(head, older);  // a crash before the head was on the disk
  EXPECT_EQ(first_problem(), "");
  std::string changed = content(file);
  changed[changed.rfind("li.wei")] = 'x';
  write(file, changed);
  EXPECT_EQ(first_problem(), "line 3 was changed, or another key signed it");
}

TEST_F(HistoryTest, TornLastLineIsNoAlarmAndIsSaid) {
  make(2);
  const std::string whole = content(file);
  write(file, whole + "{\"generation\":3,\"au");
  EXPECT_EQ(verify().torn_bytes, 19u);
  EXPECT_EQ(first_problem(), "");
  make(1);
  EXPECT_EQ(first_problem(), "");
  EXPECT_EQ(verify().lines, 3u);
}

TEST_F(HistoryTest, AlterationStaysKnownAfterFurtherLines) {
  make(4);
  const std::vector<std::string> all = lines();
  write(file, all[0] + all[1]);
  make(1);  // control starts again, and goes on
  const SealedFindings found = verify();
  ASSERT_EQ(found.problem_count, 2u);
  EXPECT_EQ(found.problems[0], "before line 3, lines 3 to 4 were missing when it was written");
  EXPECT_NE(found.problems[1].find("line 3 says that an alteration was found then"), std::string::npos);
  const size_t size = content(file).size();
  make(0);  // it is written down once
  EXPECT_EQ(content(file).size(), size);
}

TEST_F(HistoryTest, FileThatSomebodyCutsWhileControlRunsIsNoticed) {
  const auto history = open();
  EXPECT_EQ(history->append({{"generation", 1}}), "");
  EXPECT_EQ(history->append({{"generation", 2}}), "");
  write(file, lines()[0]);
  EXPECT_EQ(history->append({{"generation", 3}}), "");
  EXPECT_NE(first_problem(), "");
  EXPECT_NE(content(file).find("somebody else wrote to the file"), std::string::npos);
}

TEST_F(HistoryTest, OldFormIsReadAndChainedOnFrom) {
  const std::string old = "{\"generation\":1,\"author\":\"a\"}\n{\"generation\":2}\n";
  write(file, old);
  make(2);
  SealedFindings found = verify();
  EXPECT_EQ(found.problem_count, 0u);
  EXPECT_EQ(found.lines, 4u);
  EXPECT_EQ(found.signed_lines, 2u);
  const std::string whole = content(file);
  for (size_t at = 0; at < old.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    write(file, changed);
    EXPECT_NE(first_problem(), "") << at;
  }
}

TEST_F(HistoryTest, OldFormIsVouchedForBeforeTheFirstNewLineToo) {
  write(file, "{\"generation\":1}\n{\"generation\":2}\n");
  make(0);
  EXPECT_EQ(first_problem(), "");
  write(file, "{\"generation\":1}\n{\"generation\":3}\n");
  EXPECT_NE(first_problem(), "");
}

TEST_F(HistoryTest, LinesWithoutAnySignatureInPlaceOfSignedOnesAreFound) {
  make(2);
  for (const int count : {1, 2, 3, 4}) {
    std::string text;
    for (int line = 0; line < count; ++line) {
      text += "{\"generation\":" + std::to_string(line) + "}\n";
    }
    write(file, text);
    EXPECT_NE(first_problem(), "") << count;
  }
}

TEST_F(HistoryTest, AnotherKeyIsFound) {
  make(3);
  fs::remove(directory / "history.key");
  const auto history = open();
  EXPECT_NE(history->findings().problem_count, 0u);
}

TEST_F(HistoryTest, KeyIsItsOwnersAlone) {
  make(1);
  EXPECT_EQ(fs::status(directory / "history.key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(HistoryTest, LineLongerThanAnyIsReadAsAChangedOne) {
  make(1);
  write(file, content(file) + std::string(kMaxSealedLine + 5, 'x') + "\n");
  EXPECT_NE(first_problem(), "");
}

}  // namespace
}  // namespace sluice::control
