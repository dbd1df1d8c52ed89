// segment tests: what is written is read back, whenever the writer ended and whatever became of the file.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using Step = SegmentReader::Step;

TEST_F(Segments, LinesComeBackWithWhatTheirHeadersSay) {
  write_frames(3, true);
  const auto reader = SegmentReader::open(segment(), error);
  ASSERT_NE(reader, nullptr) << error;
  std::string previous(64, '0');
  for (uint64_t frame = 0; frame < 3; ++frame) {
    ASSERT_EQ(reader->next(), Step::Frame) << reader->why();
    EXPECT_EQ(reader->lines(), batch(3 * frame + 1, 3 * frame + 3).lines);
    const FrameHeader& header = reader->header();
    EXPECT_EQ(header.segment, 1u);
    EXPECT_EQ(header.frame, frame);
    EXPECT_EQ(header.records, 3u);
    EXPECT_EQ(header.previous, previous);
    EXPECT_EQ(header.first_ns, kNow + static_cast<int64_t>(3 * frame + 1) * kSecond);
    EXPECT_EQ(header.last_ns, kNow + static_cast<int64_t>(3 * frame + 3) * kSecond);
    EXPECT_EQ(header.numbers, (WorkerNumbers{{kBoot, 0, 3 * frame + 3}}));
    previous = reader->header_sha256();
  }
  ASSERT_EQ(reader->next(), Step::End) << reader->why();
  const auto head = nlohmann::json::parse(reader->head_line());
  EXPECT_EQ(head["header"], previous);
  EXPECT_EQ(head["records"], 9);
  EXPECT_NE(read(log / "heads.jsonl").find(reader->head_line() + "\n"), std::string::npos);
}

TEST_F(Segments, ZstdAloneReadsTheLines) {
  write_frames(3, true);
  const fs::path out = root / "lines";
  ASSERT_EQ(std::system(("zstdcat " + segment().string() + " > " + out.string()).c_str()), 0);
  EXPECT_EQ(read(out), lines_to(9));
}

TEST_F(Segments, SeekTableNamesEveryFrameOfTheFile) {
  write_frames(2, true);
  const std::string bytes = read(segment());
  const std::string_view all = bytes;
  ASSERT_EQ(number_of(all.substr(all.size() - 4)), kSeekTableEndMagic);
  const uint32_t count = number_of(all.substr(all.size() - 9));
  ASSERT_EQ(count, 7u);  // three for each frame, one for the head
  uint64_t file = 0, text = 0;
  const std::string_view entries = all.substr(all.size() - 9 - 8 * count);
  for (uint32_t i = 0; i < count; ++i) {
    file += number_of(entries.substr(8 * i));
    text += number_of(entries.substr(8 * i + 4));
  }
  EXPECT_EQ(file + kSkippableStart + 8 * count + 9, bytes.size());
  EXPECT_EQ(text, lines_to(6).size());
}

TEST_F(Segments, WriterThatWasKilledGoesOnInTheSameSegment) {
  write_frames(2, false);
  const auto writer = open();
  EXPECT_EQ(writer->last_number(kBoot, 0), 6u);
  EXPECT_EQ(writer->last_number(kBoot, 1), 0u);
  EXPECT_TRUE(writer->knows(kBoot));
  EXPECT_FALSE(writer->knows(kBoot + 1));
  EXPECT_EQ(writer->broken_off_ns(), kNow + 6 * kSecond);
  ASSERT_EQ(writer->append(batch(7, 9), kNow), "");
  EXPECT_EQ(list_segments(log, error).size(), 1u);
  EXPECT_EQ(lines(), lines_to(9));
}

TEST_F(Segments, ClosedSegmentIsFollowedByTheNext) {
  write_frames(2, true);
  const auto writer = open();
  EXPECT_EQ(writer->last_number(kBoot, 0), 6u);
  EXPECT_EQ(writer->broken_off_ns(), 0);
  ASSERT_EQ(writer->append(batch(1, 1, 3), kNow), "");
  const auto before = SegmentReader::open(segment(0), error), after = SegmentReader::open(segment(1), error);
  while (before->next() == Step::Frame) {
  }
  ASSERT_EQ(after->next(), Step::Frame);
  EXPECT_EQ(after->header().segment, 2u);
  EXPECT_EQ(after->header().previous, before->header_sha256());
  EXPECT_EQ(after->header().numbers, (WorkerNumbers{{kBoot, 0, 6}, {kBoot, 3, 1}}));  // all that are known
}

TEST_F(Segments, SizeAndAgeCloseASegment) {
  auto writer = open({.bytes = 1, .age = std::chrono::hours(1)});
  ASSERT_EQ(writer->append(batch(1, 1), kNow), "");
  ASSERT_EQ(writer->append(batch(2, 2), kNow), "");
  EXPECT_EQ(writer->counts().closed, 1u);
  writer = open();
  ASSERT_EQ(writer->tick(kNow + 3600 * kSecond), "");
  EXPECT_EQ(writer->counts().closed, 0u);
  ASSERT_EQ(writer->tick(kNow + 3602 * kSecond), "");
  EXPECT_EQ(writer->counts().closed, 1u);
  EXPECT_EQ(list_segments(log, error).size(), 2u);
  EXPECT_EQ(lines(), lines_to(2));
}

TEST_F(Segments, TornAtAnyByteKeepsWhatWasWhole) {
  write_frames(3, true);
  const fs::path path = segment();
  const std::string whole = read(path), heads = read(log / "heads.jsonl"), head = read(log / "heads.head");
  std::vector<uint64_t> ends;
  const auto reader = SegmentReader::open(path, error);
  while (reader->next() == Step::Frame) {
    ends.push_back(reader->next_offset());
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    const bool closing = size > ends.back();
    write(path, whole.substr(0, size));
    if (!closing) {  // the head's line is written before the end of the file is begun
      fs::remove(log / "heads.jsonl");
      fs::remove(log / "heads.head");
    }
    const auto frames = static_cast<uint64_t>(
        std::count_if(ends.begin(), ends.end(), [&](uint64_t end) { return end <= size; }));
    {
      const auto writer = open();
      ASSERT_EQ(writer->last_number(kBoot, 0), 3 * frames);
      ASSERT_EQ(writer->append(batch(3 * frames + 1, 3 * frames + 2), kNow), "");
    }
    ASSERT_EQ(lines(), lines_to(3 * frames + 2));
    ASSERT_EQ(read(log / "heads.jsonl").find("damage"), std::string::npos);
    for (const SegmentFile& file : list_segments(log, error)) {
      fs::remove(file.path);
    }
    write(log / "heads.jsonl", heads);
    write(log / "heads.head", head);
  }
}

TEST_F(Segments, BlocksOfZerosAfterAPowerCutAreCutOff) {
  write_frames(2, false);
  const std::string whole = read(segment());
  for (const std::string& rest : {std::string(1, '\0'), std::string(5000, '\0'),
                                  skippable_frame(kHeaderMagic, "{") + std::string(9000, '\0') + "x"}) {
    write(segment(), whole + rest);
    const auto writer = open();
    EXPECT_EQ(read(segment()), whole);
    EXPECT_EQ(writer->last_number(kBoot, 0), 6u);
  }
  EXPECT_EQ(read(log / "heads.jsonl").find("damage"), std::string::npos);
}

TEST_F(Segments, AnyByteFlippedIsFoundAtItsFrame) {
  write_frames(3, true);
  const fs::path path = segment();
  const std::string whole = read(path);
  std::vector<uint64_t> starts;
  {
    const auto reader = SegmentReader::open(path, error);
    while (reader->next() == Step::Frame) {
      starts.push_back(reader->offset());
    }
    starts.push_back(reader->offset());  // the end
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      SCOPED_TRACE(at);
      std::string broken = whole;
      broken[at] = static_cast<char>(broken[at] ^ flip);
      write(path, broken);
      const auto reader = SegmentReader::open(path, error);
      size_t frame = 0;
      Step step = reader->next();
      while (step == Step::Frame) {
        ++frame;
        step = reader->next();
      }
      const size_t hit =
          static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), at) - starts.begin()) - 1;
      if (step == Step::End) {  // the signed line itself is held against heads.jsonl by who verifies
        ASSERT_EQ(hit, 3u);
        ASSERT_EQ(read(log / "heads.jsonl").find(reader->head_line() + "\n"), std::string::npos);
        continue;
      }
      ASSERT_EQ(step, Step::Damaged);
      ASSERT_EQ(frame, hit);
      ASSERT_EQ(reader->offset(), starts[hit]);
      for (step = reader->next(); step == Step::Frame; step = reader->next()) {
        ++frame;
      }
      ASSERT_EQ(frame, hit == 3 ? 3u : 2u);  // the frames behind are found again
    }
  }
}

TEST_F(Segments, DamageIsKeptNotedAndWrittenBehind) {
  write_frames(3, false);
  std::string broken = read(segment());
  const auto reader = SegmentReader::open(segment(), error);
  ASSERT_EQ(reader->next(), Step::Frame);
  broken[reader->next_offset() + 100] ^= 1;  // in the second frame
  write(segment(), broken);
  const auto writer = open();
  EXPECT_EQ(writer->last_number(kBoot, 0), 9u);
  ASSERT_EQ(writer->append(batch(10, 10), kNow), "");
  EXPECT_EQ(read(segment(0)), broken);
  EXPECT_EQ(list_segments(log, error).size(), 2u);
  EXPECT_NE(read(log / "heads.jsonl").find("\"kind\":\"damage\""), std::string::npos);
  const auto after = SegmentReader::open(segment(1), error);
  ASSERT_EQ(after->next(), Step::Frame);
  EXPECT_EQ(after->header().segment, 2u);
}

TEST_F(Segments, FileThatIsChangedOrRemovedWhileItIsWrittenIsNoticed) {
  const auto writer = open();
  ASSERT_EQ(writer->append(batch(1, 1), kNow), "");
  std::ofstream(segment(), std::ios::app) << "x";
  ASSERT_EQ(writer->append(batch(2, 2), kNow), "");
  EXPECT_EQ(list_segments(log, error).size(), 2u);
  fs::remove(segment(1));
  ASSERT_EQ(writer->append(batch(3, 3), kNow), "");
  const auto files = list_segments(log, error);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[1].number, 3u);
  const std::string heads = read(log / "heads.jsonl");
  EXPECT_NE(heads.find("somebody else wrote"), std::string::npos);
  EXPECT_NE(heads.find("somebody removed"), std::string::npos);
}

TEST_F(Segments, RefusedBatchIsNotInTheFileAndComesLater) {
  const auto writer = open();
  ASSERT_EQ(writer->append(batch(1, 3), kNow), "");
  const std::string before = read(segment());
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit wide{}, tight{};
  ::getrlimit(RLIMIT_FSIZE, &wide);
  tight = wide;
  tight.rlim_cur = before.size() + 10;
  ::setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_NE(writer->append(batch(4, 6), kNow), "");
  EXPECT_NE(writer->close(kNow), "");
  ::setrlimit(RLIMIT_FSIZE, &wide);
  EXPECT_EQ(read(segment()), before);
  EXPECT_EQ(writer->append(batch(4, 6), kNow), "");
  EXPECT_EQ(lines(), lines_to(6));
  EXPECT_EQ(writer->close(kNow), "");
}

TEST_F(Segments, SegmentWhoseFirstFrameWasNeverWrittenLeavesNoTrace) {
  write_frames(2, true);
  write(log / segment_name(2, kNow), "");
  const auto writer = open();
  EXPECT_EQ(writer->last_number(kBoot, 0), 6u);
  ASSERT_EQ(writer->append(batch(7, 7), kNow), "");
  ASSERT_EQ(list_segments(log, error).size(), 2u);
  EXPECT_EQ(lines(), lines_to(7));
}

TEST_F(Segments, WhatIsNoFileIsRefusedAtOnce) {
  write_frames(1, true);
  ASSERT_EQ(::mkfifo((log / segment_name(2, kNow)).c_str(), 0600), 0);
  EXPECT_EQ(SegmentWriter::open(log, state, {}, error), nullptr);
  EXPECT_NE(error.find("it is no file"), std::string::npos) << error;
}

TEST_F(Segments, RecordOfTheBeginningOfTimeClosesItsSegment) {
  const auto writer = open();
  LogBatch odd = batch(1, 1);
  odd.first_ns = INT64_MIN;
  ASSERT_EQ(writer->append(odd, kNow), "");
  ASSERT_EQ(writer->tick(kNow), "");
  EXPECT_EQ(writer->counts().closed, 1u);
}

TEST_F(Segments, NewestSegmentTakenAwayLeavesItsNumberTaken) {
  write_frames(2, true);
  fs::remove(segment());
  const auto writer = open();
  ASSERT_EQ(writer->append(batch(7, 7), kNow), "");
  EXPECT_EQ(list_segments(log, error)[0].number, 2u);
}

TEST_F(Segments, ReaderFollowsAWriter) {
  const auto writer = open();
  ASSERT_EQ(writer->append(batch(1, 1), kNow), "");
  const auto reader = SegmentReader::open(segment(), error);
  EXPECT_EQ(reader->next(), Step::Frame);
  EXPECT_EQ(reader->next(), Step::NotYet);
  EXPECT_EQ(reader->next(), Step::NotYet);
  ASSERT_EQ(writer->append(batch(2, 2), kNow), "");
  EXPECT_EQ(reader->next(), Step::Frame);
  EXPECT_EQ(reader->lines(), line(2));
  ASSERT_EQ(writer->close(kNow), "");
  EXPECT_EQ(reader->next(), Step::End);
}

TEST(SegmentNames, OnlyWhatSegmentNameWritesIsOne) {
  const std::string name = segment_name(17, kNow);
  EXPECT_EQ(name, "access-20261123T040506Z-0000000017.jsonl.zst");
  EXPECT_EQ(segment_number(name), 17u);
  for (size_t at = 0; at < name.size(); ++at) {
    std::string other = name;
    other[at] = '/';
    EXPECT_FALSE(segment_number(other)) << other;
  }
  EXPECT_FALSE(segment_number(segment_name(0, kNow)));
  EXPECT_FALSE(segment_number(name + "x"));
  EXPECT_FALSE(segment_number(""));
}

}  // namespace
}  // namespace sluice::control
