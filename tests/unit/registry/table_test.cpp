// registry tests: the table that somebody keeps by hand.
#include "control/registry/table.h"

#include <gmock/gmock.h>

#include "control/base/utc.h"

namespace sluice::control {
namespace {

using testing::ElementsAre;
constexpr int64_t kUnsaid = 5;

TEST(Table, SaysWhoHasAnAddressOrAMachine) {
  const TableFile table = read_table(
      "\xef\xbb\xbf"
      "address,user,machine,from,until\r\n# people\r\n\r\n"
      "10.20.1.7,li.wei,pc-7\r\n02-00-00-00-00-01, wang.min ,\"pc \"\"8\"\", new\",2026-11-01,2026-11-30\r\n"
      "fd12::7,,printer,2026-11-01T08:00,2026-11-01T00:00:01.000000Z",
      *TimeZone::find("Asia/Shanghai"), kUnsaid);
  EXPECT_THAT(table.problems.said, ElementsAre("line 6: has an `until` that is no time"));
  ASSERT_EQ(table.said.size(), 2u);
  EXPECT_EQ(table.said[0].holding.user, "li.wei");
  EXPECT_EQ(table.said[0].holding.machine, "pc-7");
  EXPECT_FALSE(table.said[0].from_said);
  EXPECT_EQ(table.said[0].holding.from_ns, kUnsaid);
  EXPECT_EQ(table.said[0].holding.until_ns, Holding::kOpen);
  EXPECT_EQ(table.said[1].key.mac, 0x020000000001u);
  EXPECT_EQ(table.said[1].holding.user, "wang.min");
  EXPECT_EQ(table.said[1].holding.machine, "pc \"8\", new");
  EXPECT_EQ(utc_text(table.said[1].holding.from_ns), "2026-10-31T16:00:00.000000Z");
  EXPECT_EQ(utc_text(table.said[1].holding.until_ns), "2026-11-30T16:00:00.000000Z");
}

TEST(Table, WrongRowsAreSaidAndTheOthersKept) {
  const TableFile table = read_table(
      "10.20.1.0/"
      "24,li.wei,\n,li.wei\n10.20.1.7\n10.20.1.8,a,b,never\n10.20.1.9,a,b,,,x\n10.20.1.10,ok\n\"10.20.1.11,a",
      TimeZone(), kUnsaid);
  EXPECT_THAT(
      table.problems.said,
      ElementsAre("line 1: begins with neither an address nor a hardware address",
                  "line 2: begins with neither an address nor a hardware address",
                  "line 3: names neither a user nor a machine", "line 4: has a `from` that is no time",
                  "line 5: has more than five fields", "line 7: has a quote that does not end"));
  ASSERT_EQ(table.said.size(), 1u);
  EXPECT_EQ(table.said[0].holding.user, "ok");
}

TEST(Table, CutAnywhereNothingBreaks) {
  const std::string text = "10.20.1.7,\"li \"\"wei\"\"\",pc,2026-11-01,2026-11-30\n10.20.1.8,a,b\n";
  for (size_t size = 0; size <= text.size(); ++size)
    EXPECT_LE(read_table(text.substr(0, size), TimeZone(), kUnsaid).said.size(), 2u);
}

}  // namespace
}  // namespace sluice::control
