// copies tests: a cursor reads every line once, wherever it begins, and says what it cannot read.
#include "control/copies/cursor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using Kind = CursorNews::Kind;
using Step = Cursor::Step;
using testing::ElementsAre;
using testing::IsEmpty;

/// Something happens just before the log is listed.
struct LateList : SegmentList {
  using SegmentList::SegmentList;
  std::function<void()> before;
  const std::vector<SegmentFile>& files() override {
    if (const auto now = std::exchange(before, nullptr)) {
      now();
    }
    return SegmentList::files();
  }
};

struct CursorTest : Segments {
  std::vector<CursorNews> news;
  LateList list{log};
  Cursor cursor{list, [this](const CursorNews& each) { news.push_back(each); }};

  /// What it reads until nothing more is there.
  std::string read() {
    std::string out;
    Step step = cursor.next(true);
    for (; step == Step::Frame; step = cursor.next(true)) {
      out += cursor.lines();
    }
    EXPECT_EQ(step, Step::Idle) << cursor.error();
    return out;
  }
  std::vector<Kind> kinds() const {
    std::vector<Kind> out;
    for (const CursorNews& each : news) {
      out.push_back(each.kind);
    }
    return out;
  }
  static std::string lines(uint64_t first, uint64_t last) { return batch(first, last).lines; }
  /// count segments of one frame with three lines each.
  void write_segments(uint64_t count, uint64_t before = 0) {
    const auto writer = open();
    for (uint64_t i = before; i < before + count; ++i) {
      ASSERT_EQ(writer->append(batch(3 * i + 1, 3 * i + 3), kNow), "");
      ASSERT_EQ(writer->close(kNow), "");
    }
  }
};

TEST_F(CursorTest, NoLogYetIsIdle) {
  std::filesystem::create_directories(log);
  EXPECT_EQ(read(), "");
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, NoDirectoryIsAnError) {
  EXPECT_EQ(cursor.next(true), Step::Failed);
  EXPECT_NE(cursor.error(), "");
}

TEST_F(CursorTest, GoesThroughSegmentsAndTheOneBeingWritten) {
  const auto writer = open();
  std::string all;
  for (uint64_t i = 0; i < 9; ++i) {
    ASSERT_EQ(writer->append(batch(2 * i + 1, 2 * i + 2), kNow), "");
    if (i % 3 == 2) {
      ASSERT_EQ(writer->close(kNow), "");
    }
    if (i % 2 == 1) {
      all += read();
    }
  }
  EXPECT_EQ(all + read(), lines(1, 18));
  EXPECT_EQ(read(), "");
  EXPECT_EQ(cursor.place().records, 18u);
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, EveryPlaceIsOneToGoOnFrom) {
  write_frames(3, true);
  write_segments(2, 3);
  std::vector<LogPlace> places{{}};
  while (cursor.next(true) == Step::Frame) {
    places.push_back(cursor.place());
  }
  ASSERT_EQ(places.size(), 6u);
  for (size_t i = 0; i < places.size(); ++i) {
    cursor.seek(places[i]);
    EXPECT_EQ(read(), lines(3 * i + 1, 15)) << i;
    EXPECT_EQ(cursor.place(), places.back());
  }
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, TornTailWaitsUntilItIsWhole) {
  write_frames(2, false);
  const std::string whole = Segments::read(segment());
  const auto first = SegmentReader::open(segment(), error);
  ASSERT_EQ(first->next(), SegmentReader::Step::Frame);
  for (uint64_t size = first->next_offset(); size < whole.size(); size += 7) {
    cursor.seek({});
    write(segment(), whole.substr(0, size));
    EXPECT_EQ(read(), lines(1, 3)) << size;
    write(segment(), whole);
    EXPECT_EQ(read(), lines(4, 6)) << size;
  }
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, TornTailBeforeANewerSegmentIsPassedOver) {
  write_frames(2, false);
  const std::string whole = Segments::read(segment());
  write(segment(), whole.substr(0, whole.size() - 5));
  EXPECT_EQ(read(), lines(1, 3));
  {
    const auto writer = open();  // cuts it off
    ASSERT_EQ(writer->append(batch(4, 6), kNow), "");
    ASSERT_EQ(writer->close(kNow), "");
    ASSERT_EQ(writer->append(batch(7, 9), kNow), "");
  }
  EXPECT_EQ(read(), lines(4, 9));
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, DeletedSegmentsAreSaidWithTheirRecords) {
  write_segments(4);
  ASSERT_EQ(cursor.next(true), Step::Frame);
  const LogPlace place = cursor.place();
  std::filesystem::remove(segment(0));  // read to its end: nothing of it is missed
  std::filesystem::remove(segment(0));
  std::filesystem::remove(segment(0));
  cursor.seek(place);
  EXPECT_EQ(read(), lines(10, 12));
  ASSERT_THAT(kinds(), ElementsAre(Kind::Missed));
  EXPECT_EQ(news[0].segments, 2u);
  EXPECT_EQ(news[0].records, 6u);
}

TEST_F(CursorTest, SegmentDeletedWhileItIsReadIsReadToItsEnd) {
  write_frames(2, true);
  write_segments(1, 2);
  ASSERT_EQ(cursor.next(true), Step::Frame);
  std::filesystem::remove(segment(0));
  EXPECT_EQ(read(), lines(4, 9));
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, SegmentDeletedBeforeItsRestWasReadIsSaid) {
  write_frames(2, true);
  write_segments(1, 2);
  ASSERT_EQ(cursor.next(true), Step::Frame);
  const LogPlace place = cursor.place();
  std::filesystem::remove(segment(0));
  cursor.seek(place);
  EXPECT_EQ(read(), lines(7, 9));
  ASSERT_THAT(kinds(), ElementsAre(Kind::Missed));
  EXPECT_EQ(news[0].segments, 1u);
}

TEST_F(CursorTest, NewCopySaysWhatWasDeletedBeforeIt) {
  write_segments(3);
  std::filesystem::remove(segment(0));
  EXPECT_EQ(read(), lines(4, 9));
  ASSERT_THAT(kinds(), ElementsAre(Kind::Missed));
  EXPECT_EQ(news[0].segments, 1u);
  EXPECT_EQ(news[0].records, 3u);
}

TEST_F(CursorTest, DamagedFrameIsSaidAndTheNextOneRead) {
  write_frames(3, true);
  const auto reader = SegmentReader::open(segment(), error);
  ASSERT_EQ(reader->next(), SegmentReader::Step::Frame);
  std::string bytes = Segments::read(segment());
  bytes[reader->next_offset() + 30] ^= 1;
  write(segment(), bytes);
  EXPECT_EQ(read(), lines(1, 3) + lines(7, 9));
  EXPECT_THAT(kinds(), testing::Contains(Kind::Damaged));
}

TEST_F(CursorTest, FileThatBecameAnotherOneIsReadAnew) {
  write_frames(2, true);
  EXPECT_EQ(read(), lines(1, 6));
  const LogPlace place = cursor.place();
  const std::string name = segment().filename();
  std::filesystem::remove_all(root);
  write_frames(3, true);
  std::filesystem::rename(segment(), log / name);
  cursor.seek(place);
  EXPECT_EQ(read(), lines(1, 9));
  EXPECT_THAT(kinds(), ElementsAre(Kind::Again));
}

TEST_F(CursorTest, FileThatWasCutShortIsReadAnew) {
  write_frames(2, false);
  const std::string one = [&] {
    const auto reader = SegmentReader::open(segment(), error);
    EXPECT_EQ(reader->next(), SegmentReader::Step::Frame);
    return Segments::read(segment()).substr(0, reader->next_offset());
  }();
  EXPECT_EQ(read(), lines(1, 6));
  write(segment(), one);
  EXPECT_EQ(read(), lines(1, 3));
  EXPECT_THAT(kinds(), ElementsAre(Kind::Again));
}

TEST_F(CursorTest, LogThatBeganAnewIsReadFromItsBeginning) {
  write_segments(2);
  const std::string last = segment(1).filename();
  std::filesystem::remove_all(root);
  write_segments(1);
  std::string place_name = last;
  place_name.replace(place_name.find("0000000002"), 10, "0000000009");
  cursor.seek({place_name, 100, 0, std::string(64, 'a'), 6});
  EXPECT_EQ(read(), lines(1, 3));
  EXPECT_THAT(kinds(), ElementsAre(Kind::Again));
}

TEST_F(CursorTest, HeadersAloneCountTheSame) {
  write_frames(3, true);
  write_segments(2, 3);
  while (cursor.next(false) == Step::Frame) {
  }
  EXPECT_EQ(cursor.place().records, 15u);
  EXPECT_EQ(Cursor::bytes_behind(list, cursor.place()) > 0, true);  // the last segment's end
  const LogPlace end = cursor.place();
  EXPECT_EQ(Cursor::bytes_behind(list, {}), std::filesystem::file_size(segment(0)) +
                                                std::filesystem::file_size(segment(1)) +
                                                std::filesystem::file_size(segment(2)));
  EXPECT_LT(Cursor::bytes_behind(list, end), 1024u);
}

TEST_F(CursorTest, WhatCameBetweenReadingAndListingIsRead) {
  const auto writer = open();
  ASSERT_EQ(writer->append(batch(1, 3), kNow), "");
  EXPECT_EQ(read(), lines(1, 3));
  list.before = [&] {
    EXPECT_EQ(writer->append(batch(4, 6), kNow), "");
    EXPECT_EQ(writer->close(kNow), "");
    EXPECT_EQ(writer->append(batch(7, 9), kNow), "");
  };
  EXPECT_EQ(read(), lines(4, 9));
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, NothingIsMissedWhileTheWriterClosesSegmentAfterSegment) {
  constexpr uint64_t kSegments = 100;
  std::atomic<bool> done{false};
  const auto writer = open();
  std::thread writing([&] {
    for (uint64_t i = 0; i < kSegments; ++i) {
      for (uint64_t half : {0, 1}) {
        EXPECT_EQ(writer->append(batch(4 * i + 2 * half + 1, 4 * i + 2 * half + 2), kNow), "");
      }
      EXPECT_EQ(writer->close(kNow), "");
    }
    done = true;
  });
  std::string all;
  while (!done) {
    all += read();
  }
  writing.join();
  EXPECT_EQ(all + read(), lines(1, 4 * kSegments));
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(CursorTest, ListingIsKeptWhileTheDirectoryStaysAndNeverHidesANewSegment) {
  write_segments(2);
  EXPECT_EQ(list.files().size(), 2u);
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(log, old);
  EXPECT_EQ(list.files().size(), 2u);
  std::filesystem::remove(segment(1));
  std::filesystem::last_write_time(log, old);
  EXPECT_EQ(list.files().size(), 2u);  // nothing says that it changed
  write_segments(1, 2);
  EXPECT_EQ(list.files().size(), 2u);
  EXPECT_EQ(list.files().back().number, 3u);
  // A time so young may be that of a change that was not seen.
  const auto young = std::filesystem::file_time_type::clock::now();
  std::filesystem::last_write_time(log, young);
  EXPECT_EQ(list.files().size(), 2u);
  std::filesystem::remove(segment(1));
  std::filesystem::last_write_time(log, young);
  EXPECT_EQ(list.files().size(), 1u);
}

}  // namespace
}  // namespace sluice::control
