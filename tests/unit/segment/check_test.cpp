// segment tests: what the check says of a log, untouched and altered.
#include "control/segment/check.h"

#include <gmock/gmock.h>

#include "control/base/sha256.h"
#include "control/segment/acknowledged.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

struct CheckLog : Segments {
  LogFindings check(const LogCheckOptions& options = {}) {
    const auto key = SigningKey::open_public(log / "log.pub", error);
    LogFindings out;
    EXPECT_EQ(key ? check_log(log, *key, options, {}, out) : error, "");
    return out;
  }
  /// Segments of three frames of three lines: 1 to 9, 10 to 18, …
  void write_segments(uint64_t count, bool last_closed = true) {
    const auto writer = open();
    for (uint64_t i = 0; i < 3 * count; ++i) {
      ASSERT_EQ(writer->append(batch(3 * i + 1, 3 * i + 3), kNow), "");
      if (i % 3 == 2 && (last_closed || i / 3 + 1 < count)) {
        ASSERT_EQ(writer->close(kNow), "");
      }
    }
  }
  /// Where the frames of a segment begin, and where its end does.
  std::vector<uint64_t> starts(const fs::path& path) {
    const auto reader = SegmentReader::open(path, error);
    std::vector<uint64_t> out;
    do {
      out.push_back(reader->next_offset());
    } while (reader->next() == SegmentReader::Step::Frame);
    return out;
  }
};

TEST_F(CheckLog, LogThatNobodyTouchedHasNoProblem) {
  write_segments(3, false);
  const LogFindings found = check();
  EXPECT_THAT(found.problems, ElementsAre());
  EXPECT_EQ(found.segments, 3u);
  EXPECT_EQ(found.closed, 2u);
  EXPECT_EQ(found.frames, 9u);
  EXPECT_EQ(found.records, 27u);
  EXPECT_EQ(found.text_bytes, lines_to(27).size());
}

TEST_F(CheckLog, AnyByteFlippedIsAProblemOfItsFrame) {
  write_segments(1);
  const fs::path path = segment();
  const std::string whole = read(path);
  const std::vector<uint64_t> all = starts(path);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x10);
    write(path, broken);
    const LogFindings found = check();
    const auto frame = static_cast<size_t>(std::upper_bound(all.begin(), all.end(), at) - all.begin()) - 1;
    ASSERT_NE(found.problem_count, 0u) << at;
    if (frame < 3) {
      ASSERT_THAT(found.problems[0],
                  HasSubstr("frame " + std::to_string(frame) + ", byte " + std::to_string(all[frame]) + ": "))
          << at;
    } else {
      ASSERT_THAT(found.problems[0], testing::AnyOf(HasSubstr("frame 3, byte"), HasSubstr("its end"))) << at;
    }
  }
}

TEST_F(CheckLog, FrameCutOutOrSwappedOrDoubledIsFound) {
  write_segments(2);
  const fs::path path = segment();
  const std::string whole = read(path);
  const std::vector<uint64_t> at = starts(path);
  const std::string a = whole.substr(0, at[1]), b = whole.substr(at[1], at[2] - at[1]),
                    c = whole.substr(at[2], at[3] - at[2]), end = whole.substr(at[3]);
  write(path, a + c + end);
  EXPECT_THAT(check().problems[0],
              HasSubstr("frame 1, byte " + std::to_string(at[1]) + ": frames 1 to 1 are missing"));
  write(path, a + c + b + end);
  EXPECT_THAT(check().problems[0], HasSubstr("frames 1 to 1 are missing"));
  write(path, a + b + b + c + end);
  EXPECT_THAT(check().problems[0], HasSubstr("second time"));
  write(path, b + c + end);
  EXPECT_THAT(check().problems[0], HasSubstr("frame 0, byte 0: frames 0 to 0 are missing"));
  write(path, a + b + end);
  EXPECT_NE(check().problem_count, 0u);
  write(path, a + b + c);
  EXPECT_THAT(check().problems, ElementsAre(HasSubstr("it was closed, and its end is missing")));
}

TEST_F(CheckLog, SegmentRemovedOrPutInAnothersPlaceIsFound) {
  write_segments(3);
  const fs::path second = segment(1);
  const std::string bytes = read(second);
  fs::remove(second);
  EXPECT_THAT(check().problems,
              ElementsAre(HasSubstr("segment 2 (" + second.filename().string() + "): it is missing")));
  write(second, read(segment(0)));
  EXPECT_THAT(check().problems[0], HasSubstr("it is of segment 1"));
  write(second, bytes);
  EXPECT_EQ(check().problem_count, 0u);
  fs::remove(segment(2));
  EXPECT_THAT(check().problems, ElementsAre(HasSubstr("segment 3 ")));
}

TEST_F(CheckLog, SegmentWrittenAnewWithAnotherKeyIsFound) {
  write_segments(2);
  const std::string file = segment().filename().string(), heads = read(log / "heads.jsonl");
  const fs::path forged = root / "forged";
  {
    auto writer = SegmentWriter::open(forged, root / "other-state", {}, error);
    LogBatch other = batch(1, 9);
    other.lines.replace(other.lines.find("www.example.com"), 15, "xyz.example.com");
    ASSERT_EQ(writer->append(other, kNow), "");
    ASSERT_EQ(writer->close(kNow), "");
  }
  fs::copy_file(forged / file, log / file, fs::copy_options::overwrite_existing);
  EXPECT_THAT(check().problems[0], HasSubstr("another line than heads.jsonl has"));
  write(log / "heads.jsonl", read(forged / "heads.jsonl"));
  EXPECT_THAT(check().problems[0], HasSubstr("heads.jsonl: "));
}

TEST_F(CheckLog, MissingNumbersNeedALine) {
  {
    const auto writer = open();
    ASSERT_EQ(writer->append(batch(1, 3), kNow), "");
    LogBatch told = batch(6, 6);
    const std::string gap =
        R"({"@timestamp":"t","event":{"kind":"pipeline_error","reason":"log-full","id":"000000000000b007-0-4"},"sluice":{"lost":2,"worker":0,"from":"f","until":"u"}})"
        "\n";
    told.lines = gap + told.lines;
    ++told.records;
    ASSERT_EQ(writer->append(told, kNow), "");
  }
  LogFindings found = check();
  EXPECT_THAT(found.problems, ElementsAre());
  EXPECT_EQ(found.lost, 2u);
  EXPECT_THAT(found.gaps, ElementsAre(HasSubstr("2 records are missing between f and u: log-full")));
  {
    const auto writer = open();
    ASSERT_EQ(writer->append(batch(8, 8), kNow), "");
    ASSERT_EQ(writer->append(batch(8, 8), kNow), "");
    ASSERT_EQ(writer->close(kNow), "");
    ASSERT_EQ(writer->append(batch(12, 12), kNow), "");
  }
  EXPECT_THAT(check().problems, ElementsAre(HasSubstr("records 7 to 7 of worker 0 are missing"),
                                            HasSubstr("record 8 of worker 0 stands here for the second time"),
                                            HasSubstr("goes on with record 12")));
}

TEST_F(CheckLog, DamageThatTheGatewayFoundStaysAProblem) {
  write_segments(1, false);
  std::string broken = read(segment());
  broken[starts(segment())[1] + 20] ^= 1;
  write(segment(), broken);
  {
    const auto writer = open();
    ASSERT_EQ(writer->append(batch(10, 12), kNow), "");
  }
  EXPECT_THAT(check().problems, ElementsAre(HasSubstr("by the gateway itself"), HasSubstr("frame 1, byte ")));
}

TEST_F(CheckLog, WhatTheWitnessHasIsHeldAgainstTheHeads) {
  write_segments(3);
  const fs::path copy = root / "witness.jsonl";
  const std::string heads = read(log / "heads.jsonl");
  EXPECT_NE(check().unwitnessed_since, "");
  write(copy, heads.substr(0, heads.find('\n', heads.find('\n') + 1) + 1));  // two of three
  LogFindings found = check({.since = {}, .until = {}, .witness = copy});
  EXPECT_THAT(found.problems, ElementsAre());
  EXPECT_EQ(found.compared, 2u);
  // All of it written anew with the same key: nothing in it shows that.
  fs::remove_all(log);
  {
    const auto writer = open();
    ASSERT_EQ(writer->append(batch(1, 5), kNow), "");
    ASSERT_EQ(writer->close(kNow), "");
  }
  EXPECT_THAT(check().problems, ElementsAre());
  found = check({.since = {}, .until = {}, .witness = copy});
  EXPECT_THAT(found.problems, ElementsAre(HasSubstr("line 1 is another one than the witness has"),
                                          HasSubstr("line 2, which the witness has, is missing")));
}

TEST_F(CheckLog, AcknowledgedLineMustStillBeThere) {
  write_segments(2);
  ASSERT_EQ(write_acknowledged(log, {1, std::string(64, 'a'), "then"}), "");
  EXPECT_THAT(check().problems,
              ElementsAre(HasSubstr("line 1 is another one than the witness took at then")));
  ASSERT_EQ(write_acknowledged(log, {3, std::string(64, 'a'), "then"}), "");
  EXPECT_THAT(check().problems, ElementsAre(HasSubstr("the witness took line 3, and the last one is 2")));
  const std::string heads = read(log / "heads.jsonl");
  ASSERT_EQ(write_acknowledged(log, {1, sha256_hex(heads.substr(0, heads.find('\n'))), "then"}), "");
  const LogFindings found = check();
  EXPECT_THAT(found.problems, ElementsAre());
  EXPECT_EQ(found.acknowledged, 1u);
  EXPECT_NE(found.unwitnessed_since, "");
}

TEST_F(CheckLog, PeriodLeavesOutWhatIsNotOfIt) {
  write_segments(3);
  std::string broken = read(segment(0));
  broken[200] ^= 1;
  write(segment(0), broken);
  EXPECT_EQ(check({.since = "2026-11-23T04:05:20.000000Z", .until = {}, .witness = {}}).problem_count, 0u);
  EXPECT_EQ(check({.since = "2026-11-23T04:05:20.000000Z", .until = {}, .witness = {}}).segments, 2u);
  EXPECT_NE(check({.since = {}, .until = "2026-11-23T04:05:20.000000Z", .witness = {}}).problem_count, 0u);
}

}  // namespace
}  // namespace sluice::control
