// segment tests: the check accounts for the numbers of lines that stand for repeats too.
#include <gmock/gmock.h>

#include "control/segment/check.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct CheckRepeats : Segments {
  LogFindings check() {
    const auto key = SigningKey::open_public(log / "log.pub", error);
    LogFindings out;
    EXPECT_EQ(key ? check_log(log, *key, {}, {}, out) : error, "");
    return out;
  }
  /// A line with the number of its access, of worker 0 unless another is said, and what it says of repeats.
  static std::string folded(uint64_t number, const std::string& count, const std::string& numbers,
                            uint32_t worker = 0) {
    return R"({"@timestamp":"2026-11-23T04:05:06.000000Z","event":{"id":"000000000000b007-)" +
           std::to_string(worker) + "-" + std::to_string(number) + R"(","count":)" + count +
           R"(,"end":"2026-11-23T04:05:09.000000Z"},"destination":{"domain":"\",\"folded\":\"99"},)" +
           R"("sluice":{"seen":"sni","folded":")" + numbers + "\"}}\n";
  }
  /// One frame a text; then what the check says. last: the greatest number in it.
  LogFindings check_frames(const std::vector<std::string>& frames, uint64_t last = 9) {
    std::filesystem::remove_all(root);
    const auto writer = open();
    for (const std::string& lines : frames) {
      LogBatch batch;
      batch.lines = lines;
      batch.note(kNow, {kBoot, 0, last});
      batch.records = static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
      EXPECT_EQ(writer->append(batch, kNow), "");
    }
    return check();
  }
};

TEST_F(CheckRepeats, NumbersOfRepeatsAreAccountedFor) {
  const LogFindings found =
      check_frames({line(1) + folded(2, "5", "3,5-7") + folded(1, "2", "3", 1) + line(4) +
                        folded(2, "2", "4", 1) + line(8),
                    folded(9, "2", "11") + line(10) + folded(5, "3", "6-7", 1) + line(12)});
  EXPECT_THAT(found.problems, ElementsAre());
  EXPECT_EQ(found.folded, 4u + 1 + 1 + 1 + 2);
  EXPECT_EQ(found.records, 10u);
}

TEST_F(CheckRepeats, NumberThatNoLineTellsOfIsFound) {
  EXPECT_THAT(check_frames({folded(1, "3", "3,5") + line(2) + line(6)}).problems,
              ElementsAre(HasSubstr("records 4 to 4 of worker 0 are missing, and no line says so")));
  EXPECT_THAT(check_frames({folded(1, "2", "4") + line(2)}).problems,
              ElementsAre(HasSubstr("records 3 to 3 of worker 0 are missing")))
      << "also before the last repeat of a frame";
  EXPECT_THAT(check_frames({folded(1, "3", "3-4") + line(2), line(6)}).problems,
              ElementsAre(HasSubstr("records 5 to 5 of worker 0 are missing")));
  EXPECT_THAT(check_frames({line(1) + line(3)}).problems, ElementsAre(HasSubstr("records 2 to 2")));
}

TEST_F(CheckRepeats, RepeatsOfAnotherFrameAreFound) {
  EXPECT_THAT(
      check_frames({folded(1, "2", "3"), line(2) + line(4)}).problems,
      ElementsAre(HasSubstr("frame 0, "), HasSubstr("record 2 of worker 0 stands here for the second"),
                  HasSubstr("records 3 to 3 of worker 0 are missing")));
}

TEST_F(CheckRepeats, NumberThatIsToldTwiceIsFound) {
  EXPECT_THAT(check_frames({folded(1, "3", "2-3") + line(3)}).problems,
              ElementsAre(HasSubstr("record 3 of worker 0 stands here for the second time")));
  EXPECT_THAT(check_frames({folded(1, "3", "3-4") + folded(2, "2", "4") + line(5)}).problems,
              ElementsAre(HasSubstr("record 4 of worker 0 stands here for the second time")));
}

TEST_F(CheckRepeats, ListThatIsNoListOfSoManyNumbersIsAProblem) {
  const std::pair<const char*, const char*> cases[] = {
      {"3", "2"},
      {"1", ""},
      {"2", ""},
      {"2", "x"},
      {"2", "1"},
      {"3", "3,2"},
      {"2", "2,"},
      {"3", "2-2-3"},
      {"2", "3-2"},
      {"2", "2 "},
      {"4", "2-3,3"},
      {"2", "18446744073709551616"},
      {"x", "2"},
      {"-2", "2"},
      {"2", "-2"},
      {"2", "+2"},
      {"18446744073709551615", "2-18446744073709551615"},
  };
  for (const auto& [count, numbers] : cases) {
    EXPECT_THAT(check_frames({folded(1, count, numbers)}).problems,
                ElementsAre(HasSubstr("the line of record 1 of worker 0 does not tell its repeats")))
        << count << ' ' << numbers;
  }
  const std::string whole = folded(1, "2", "2");
  const size_t cut = whole.find(",\"folded\"");
  EXPECT_THAT(check_frames({whole.substr(0, cut) + "}}\n"}).problems,
              ElementsAre(HasSubstr("does not tell its repeats")));
}

TEST_F(CheckRepeats, GapAmongRepeatsIsCountedOnce) {
  const std::string gap =
      R"({"@timestamp":"t","event":{"kind":"pipeline_error","reason":"log-full","id":"000000000000b007-0-2"},"sluice":{"lost":2,"worker":0,"from":"f","until":"u"}})"
      "\n";
  const LogFindings found = check_frames({folded(1, "3", "4,6") + gap + line(5)});
  EXPECT_THAT(found.problems, ElementsAre());
  EXPECT_EQ(found.lost, 2u);
}

}  // namespace
}  // namespace sluice::control
