// accesslog tests: what repeats what, and what its line then says.
#include "control/accesslog/fold.h"

#include <gmock/gmock.h>

#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "control/segment/form.h"
#include "tests/unit/accesslog/image_maker.h"

namespace sluice::control {
namespace {

constexpr int64_t kTime = 1'795'406'706'000'000'000, kSecond = 1'000'000'000;
constexpr int64_t kWithin = 10 * kSecond;

RingItem item(uint64_t number, const std::string& name = "www.example.com") {
  RingItem out;
  const uint8_t client[4] = {10, 20, 1, 7}, server[4] = {198, 51, 100, 9};
  out.record.number = number;
  out.record.time_ns = kTime + static_cast<int64_t>(number) * kSecond / 1000;
  out.record.action = static_cast<uint8_t>(Action::Observed);
  out.record.transport = 6;
  out.record.source = Address::from_v4(client);
  out.record.destination = Address::from_v4(server);
  out.record.source_port = static_cast<uint16_t>(40'000 + number);
  out.record.destination_port = 443;
  out.record.generation = 17;
  out.record.source_bytes = 100 * number;
  out.record.destination_bytes = number;
  out.record.rule = out.record.list = out.record.network = 0;
  out.record.name_size = static_cast<uint8_t>(name.size());
  std::memcpy(out.name_bytes, name.data(), name.size());
  return out;
}

struct FoldTest : testing::Test {
  Fold fold;
  Who who;
  std::string lines;
  std::shared_ptr<const ImageNames> names =
      std::make_shared<const ImageNames>(*ImageNames::read(make_image(17, "site")));

  std::string line(const Fold::Line& of) const {
    std::string out;
    append_record(out, of.record, of.name,
                  {*of.names, "iplc-sg", event_id(1, of.worker, of.record.number), {}, &of.folded});
    return out;
  }
  std::string own_line(const RingItem& of, uint32_t worker = 0) const {
    std::string out;
    append_record(out, of.record, of.name(),
                  {*names, "iplc-sg", event_id(1, worker, of.record.number), {}, nullptr});
    return out;
  }
  /// As the log does it. Returns whether it was folded.
  bool take(const RingItem& of, uint32_t worker = 0) {
    if (fold.add(worker, of, who, kWithin)) {
      return true;
    }
    const size_t begin = lines.size();
    lines += own_line(of, worker);
    fold.note(worker, of, who, names, begin, lines.size());
    return false;
  }
  void finish() {
    const size_t most = lines.size() + fold.growth();
    fold.finish(lines, [&](std::string& out, const Fold::Line& of) { out += line(of); });
    EXPECT_LE(lines.size(), most);
    EXPECT_EQ(fold.growth(), 0u);
  }
};

TEST_F(FoldTest, RepeatsBecomeOneLineWithCountSumsLastTimeAndNumbers) {
  const RingItem other = item(4, "other.example");
  for (const uint64_t number : {1, 2, 3, 5, 7, 8}) {
    EXPECT_EQ(take(item(number)), number != 1);
    if (number == 3) {
      EXPECT_FALSE(take(other));
    }
  }
  finish();
  const size_t first = lines.find('\n') + 1;
  const auto line = nlohmann::json::parse(lines.substr(0, first));
  EXPECT_EQ(line["@timestamp"], "2026-11-23T04:05:06.001000Z");
  EXPECT_EQ(line["event"]["id"], "0000000000000001-0-1");
  EXPECT_EQ(line["event"]["count"], 6);
  EXPECT_EQ(line["event"]["end"], "2026-11-23T04:05:06.008000Z");
  EXPECT_EQ(line["source"]["port"], 40'001);
  EXPECT_EQ(line["source"]["bytes"], 2600);
  EXPECT_EQ(line["destination"]["bytes"], 26);
  EXPECT_EQ(line["sluice"]["folded"], "2-3,5,7-8");
  EXPECT_EQ(lines.substr(first), own_line(other)) << "a line without repeats is to stay as it is";
}

TEST_F(FoldTest, WithoutRepeatsNoByteChanges) {
  std::string wanted;
  for (uint64_t number = 1; number < 20; ++number) {
    const RingItem of = item(number, "host-" + std::to_string(number) + ".example");
    EXPECT_FALSE(take(of));
    wanted += own_line(of);
  }
  finish();
  EXPECT_EQ(lines, wanted);
}

TEST_F(FoldTest, AnyFieldThatTheLineTellsKeepsApart) {
  const std::pair<const char*, std::function<void(Record&)>> changes[] = {
      {"client", [](Record& r) { r.source.bytes[15] ^= 1; }},
      {"destination", [](Record& r) { r.destination.bytes[15] ^= 1; }},
      {"port", [](Record& r) { ++r.destination_port; }},
      {"rule", [](Record& r) { r.rule = kNone16; }},
      {"list", [](Record& r) { r.list = kNone16; }},
      {"network", [](Record& r) { r.network = kNone16; }},
      {"action", [](Record& r) { r.action = static_cast<uint8_t>(Action::Blocked); }},
      {"would", [](Record& r) { r.would = static_cast<uint8_t>(Action::Blocked); }},
      {"ttl", [](Record& r) { ++r.ttl; }},
      {"reason", [](Record& r) { ++r.reason; }},
      {"transport", [](Record& r) { r.transport = 17; }},
      {"protocol", [](Record& r) { ++r.protocol; }},
      {"seen", [](Record& r) { ++r.seen; }},
      {"direction", [](Record& r) { r.direction = Direction::Inbound; }},
      {"mac", [](Record& r) { r.mac[5] ^= 1; }},
      {"vlan", [](Record& r) { ++r.vlan; }},
      {"line", [](Record& r) { ++r.line; }},
      {"generation", [](Record& r) { ++r.generation; }},
  };
  EXPECT_FALSE(take(item(1)));
  uint64_t number = 2;
  for (const auto& [field, change] : changes) {
    RingItem other = item(number++);
    change(other.record);
    EXPECT_FALSE(take(other)) << field;
  }
  EXPECT_FALSE(take(item(number++, "ww.example.com")));
  EXPECT_FALSE(take(item(number++, "www.example.comm")));
  EXPECT_FALSE(take(item(number++, "")));
  EXPECT_FALSE(take(item(number), 1)) << "another worker's";
  EXPECT_TRUE(take(item(number)));
}

TEST_F(FoldTest, BeyondItsTimeAnAccessBeginsALineThatTakesTheNextRepeats) {
  RingItem of = item(1);
  const int64_t began = of.record.time_ns;
  const auto at = [&](uint64_t number, int64_t time_ns) {
    of = item(number);
    of.record.time_ns = time_ns;
    return take(of);
  };
  EXPECT_FALSE(at(1, began));
  EXPECT_TRUE(at(2, began + kWithin));
  EXPECT_FALSE(at(3, began + kWithin + 1));
  EXPECT_TRUE(at(4, began + kWithin + 2));
  EXPECT_FALSE(at(5, began)) << "a clock that was set back";
  EXPECT_FALSE(at(6, INT64_MIN));
  EXPECT_FALSE(at(7, INT64_MAX));
  finish();
  EXPECT_THAT(lines, testing::HasSubstr(R"("folded":"2")"));
  EXPECT_THAT(lines, testing::HasSubstr(R"("folded":"4")"));
}

TEST_F(FoldTest, EndsNeverFold) {
  for (uint64_t number = 1; number < 5; ++number) {
    RingItem end = item(number);
    end.record.ended = Ended::Fin;
    end.record.end = {};
    EXPECT_FALSE(take(end));
  }
  EXPECT_EQ(fold.growth(), 0u);
}

TEST_F(FoldTest, LineBearsNoMoreNumbersThanItMay) {
  uint64_t number = 1;
  take(item(number));
  for (size_t i = 0; i < kMaxFoldedRanges; ++i) {
    number += 2;
    ASSERT_TRUE(take(item(number)));
  }
  EXPECT_TRUE(take(item(number + 1))) << "what makes no further stretch has room";
  EXPECT_EQ(fold.full(), 0u);
  EXPECT_FALSE(take(item(number + 3)));
  EXPECT_EQ(fold.full(), 1u);
  EXPECT_TRUE(take(item(number + 5)));
  finish();
}

TEST_F(FoldTest, LongestLinesOfRepeatsFitAFrameAsSaid) {
  RingItem of = item(1);
  uint64_t number = UINT64_MAX - 2 * (kMaxFoldedRanges + 2);
  of.record.source_bytes = of.record.destination_bytes = 0;
  for (size_t i = 0; i <= kMaxFoldedRanges; ++i, number += 2) {
    of.record.number = number;
    of.record.time_ns = INT64_MIN;
    take(of);
    of.record.source_bytes = of.record.destination_bytes = UINT64_MAX / (kMaxFoldedRanges + 1);
  }
  finish();
  EXPECT_LT(lines.size(), kMaxLogLine);
}

TEST_F(FoldTest, SumsThatOverflowDoNotFold) {
  RingItem of = item(1);
  of.record.source_bytes = UINT64_MAX;
  EXPECT_FALSE(take(of));
  EXPECT_FALSE(take(item(2)));
  of = item(3);
  of.record.destination_bytes = UINT64_MAX;
  EXPECT_FALSE(take(of));
}

TEST_F(FoldTest, AnotherUserOrMachineIsNoRepeat) {
  who.user = "li.wei";
  EXPECT_FALSE(take(item(1)));
  EXPECT_TRUE(take(item(2)));
  who.user = "wang.min";
  EXPECT_FALSE(take(item(3)));
  who.machine = "pc-7";
  EXPECT_FALSE(take(item(4)));
  who.user = "wang.minpc";
  who.machine = "-7";
  EXPECT_FALSE(take(item(5)));
  who.user = "li.wei";
  who.machine = "";
  EXPECT_TRUE(take(item(6)));
}

}  // namespace
}  // namespace sluice::control
