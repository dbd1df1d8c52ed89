// disclosure tests: what is disclosed of a log, what is not, and what is left out.
#include <gmock/gmock.h>

#include "control/base/hex.h"
#include "control/search/index.h"
#include "control/segment/merkle.h"
#include "tests/unit/disclosure/disclosures.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Disclosure : DisclosureTest {
  /// The bytes of a segment's nth header, whose last digit of a hash another one takes the place of.
  void damage_header(size_t segment_index, size_t frame) {
    const auto path = segment(segment_index);
    std::string bytes = read(path);
    size_t at = 0;
    for (size_t i = 0; i <= frame; ++i) {
      at = bytes.find("\"body\":", at + 1);
    }
    bytes[at + 2] = 'B';
    write(path, bytes);
  }
};

TEST_F(Disclosure, OfOneClientProvesItsLinesAndNoOthers) {
  add_closed(4, 6);
  add_closed(3, 6);
  const std::string text = disclose();
  EXPECT_EQ(found.lines, numbers / kClients);
  EXPECT_EQ(found.frames, 7u);
  EXPECT_EQ(found.segments, 2u);
  EXPECT_EQ(found.first, utc_text(kNow + 3 * kSecond));
  EXPECT_EQ(found.last, utc_text(kNow + static_cast<int64_t>(numbers) * kSecond));
  EXPECT_TRUE(prove(text)) << (proven.problems.empty() ? "" : proven.problems[0]);
  EXPECT_EQ(proven.proven, found.lines);
  EXPECT_EQ(proven.lines, found.lines);
  EXPECT_EQ(proven.frames, 7u);
  EXPECT_EQ(proven.segments, 2u);
  EXPECT_EQ(proven.fingerprint, writer->fingerprint());
  EXPECT_EQ(proven.name, "2026-7");
  EXPECT_EQ(proven.query, (json{{"from", client(0)}}));
  std::string lines;
  for (const std::string& each : entries(text)) {
    lines += kind(each) == "line" ? json::parse(each)["line"].get<std::string>() : "";
  }
  std::string wanted;
  for (uint64_t number = kClients; number <= numbers; number += kClients) {
    wanted += text_of(number);
  }
  EXPECT_EQ(lines, wanted);
}

TEST_F(Disclosure, HoldsNothingFromWhichNeighboursCouldBeGuessed) {
  add_closed(3, 7);
  const std::string text = disclose();
  const auto reader = SegmentReader::open(segment(), error);
  uint64_t number = 0;
  while (reader->next() == SegmentReader::Step::Frame) {
    const std::string salt(reader->salt());
    const auto bytes = [](std::string_view of) {
      return std::span(reinterpret_cast<const uint8_t*>(of.data()), of.size());
    };
    EXPECT_THAT(text, Not(HasSubstr(hex_text(bytes(salt)))));
    for (uint64_t i = 0; i < reader->header().records; ++i) {
      const bool disclosed = ++number % kClients == 0;
      const std::string own = hex_text(line_salt(salt, i));
      EXPECT_EQ(text.find(own) != std::string::npos, disclosed) << number;
      EXPECT_EQ(text.find("secret-" + std::to_string(number) + ".") != std::string::npos, disclosed)
          << number;
      // Without its salt a line that somebody guesses can be held against nothing.
      EXPECT_THAT(text, Not(HasSubstr(hex_text(sha256_of(std::string(1, '\0') + text_of(number))))));
      EXPECT_THAT(text, Not(HasSubstr(hex_text(sha256_of(text_of(number))))));
    }
  }
  EXPECT_EQ(number, numbers);
}

TEST_F(Disclosure, BeginsWithTheFirstFrameThatHasALine) {
  add_closed(5, 1);
  EXPECT_TRUE(prove(disclose({.to = "secret-3.example"})));
  EXPECT_EQ(proven.proven, 1u);
  std::vector<std::string> kinds;
  for (const std::string& each : entries(read(root / "disclosure"))) {
    kinds.push_back(kind(each));
  }
  EXPECT_EQ(kinds,
            (std::vector<std::string>{"disclosure", "segment", "frame", "line", "frame", "frame", "record"}));
}

TEST_F(Disclosure, IsTheSameWithAnIndex) {
  add_closed(4, 6);
  const auto entries_of = [&] {
    auto out = entries(disclose());
    out.pop_back();  // the record has a number
    return joined(out);
  };
  const std::string without = entries_of();
  const std::atomic<bool> stop{false};
  ASSERT_EQ(build_index(segment(), stop), "");
  EXPECT_EQ(entries_of(), without);
  EXPECT_EQ(found.search.unindexed, 0u);
}

TEST_F(Disclosure, ProvesAFrameOfWhichEveryLineIsDisclosed) {
  add_closed(1, 2000);
  EXPECT_TRUE(prove(disclose({.action = "allowed"})));
  EXPECT_EQ(proven.proven, 2000u);
}

TEST_F(Disclosure, LeavesOutWhatIsNotSignedYetAndSaysSo) {
  add_closed(1, 6);
  add(2, 6);
  EXPECT_TRUE(prove(disclose()));
  EXPECT_EQ(proven.proven, 2u);
  EXPECT_EQ(found.unsigned_lines, 4u);
  EXPECT_EQ(found.damaged_lines, 0u);
  ASSERT_EQ(writer->close(kNow), "");
  EXPECT_TRUE(prove(disclose()));
  EXPECT_EQ(proven.proven, 6u);
  EXPECT_EQ(found.unsigned_lines, 0u);
}

TEST_F(Disclosure, LeavesOutWhatDamageCutsOffFromTheSignedLine) {
  add_closed(5, 6);
  damage_header(0, 2);
  EXPECT_TRUE(prove(disclose())) << proven.problems[0];
  EXPECT_EQ(found.damaged_lines, 4u);  // of the two frames before it; those of the damaged one are not seen
  EXPECT_EQ(proven.proven, 4u);
  ASSERT_FALSE(found.search.problems.empty());
  EXPECT_THAT(found.search.problems.back(), HasSubstr("4 lines are left out: byte "));
}

TEST_F(Disclosure, LeavesOutWhatStandsBeforeAFrameThatIsGone) {
  add_closed(5, 6);
  std::string bytes = read(segment());
  const auto reader = SegmentReader::open(segment(), error);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(reader->next(), SegmentReader::Step::Frame);
  }
  bytes.erase(reader->offset(), reader->next_offset() - reader->offset());
  write(segment(), bytes);
  EXPECT_TRUE(prove(disclose({.from = client(0), .since = utc_text(kNow + 7 * kSecond)})));
  EXPECT_EQ(found.damaged_lines, 4u);
  EXPECT_EQ(proven.proven, 2u);
  ASSERT_FALSE(found.search.problems.empty());
  EXPECT_THAT(found.search.problems.back(), HasSubstr("it does not follow the frame before it"));
}

TEST_F(Disclosure, PassesOverAFrameWhoseLinesWereChanged) {
  add_closed(3, 6);
  std::string bytes = read(segment());
  bytes[bytes.find("\"body\":", bytes.find("\"body\":") + 1) - 20] ^= 1;  // the end of the first frame's body
  write(segment(), bytes);
  EXPECT_TRUE(prove(disclose())) << proven.problems[0];
  EXPECT_EQ(proven.proven, 4u);
  EXPECT_EQ(found.search.problem_count, 1u);
}

TEST_F(Disclosure, LeavesOutASegmentWhoseEndAnotherKeySigned) {
  add_closed(2, 6);
  std::string bytes = read(segment());
  const size_t at = bytes.find("\"signature\":\"") + 13;
  bytes[at] = bytes[at] == '0' ? '1' : '0';
  write(segment(), bytes);
  disclose();
  EXPECT_EQ(found.lines, 0u);
  EXPECT_EQ(found.damaged_lines, 4u);
}

TEST_F(Disclosure, LineThatIsNoTextIsLeftOut) {
  LogBatch batch;
  batch.lines = text_of(3) + "\n" + "{\"source\":{\"ip\":\"10.20.1.0\"},\"x\":\"\xff\"}\n";
  batch.note(kNow, {kBoot, 0, 1});
  batch.note(kNow, {kBoot, 0, 2});
  ASSERT_EQ(writer->append(batch, kNow), "");
  ASSERT_EQ(writer->close(kNow), "");
  EXPECT_TRUE(prove(disclose()));
  EXPECT_EQ(proven.proven, 1u);
  EXPECT_EQ(found.damaged_lines, 1u);
}

TEST_F(Disclosure, StopsWhereItIsStoppedOrCannotWrite) {
  add_closed(2, 6);
  const auto query = Query::parse({.from = client(0)}, error);
  const TakeEntry all = [](std::string_view) { return true; }, none = [](std::string_view) { return false; };
  EXPECT_THAT(disclose_log(
                  log, *query, *key, [](uint64_t, uint64_t) { return false; }, all, found),
              HasSubstr("stopped"));
  EXPECT_THAT(disclose_log(log, *query, *key, {}, none, found), HasSubstr("stopped"));
}

}  // namespace
}  // namespace sluice::control
