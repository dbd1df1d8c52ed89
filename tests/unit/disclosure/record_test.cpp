// disclosure tests: who disclosed what stands in the log's signed lines.
#include <gmock/gmock.h>

#include "control/segment/check.h"
#include "tests/unit/disclosure/disclosures.h"

namespace sluice::control {
namespace {

using nlohmann::json;

struct DisclosureRecord : DisclosureTest {
  json request{{"case", "2026-7"},       {"lines", 2U},
               {"segments", 1U},         {"first", utc_text(kNow)},
               {"last", utc_text(kNow)}, {"sha256", std::string(64, 'a')}};
  json record(const json& asked, const std::string& fails = {}) {
    return record_disclosure(asked, 1000, "li.wei", kNow, [&](const json& line, std::string& written) {
      return fails.empty() ? writer->heads().append(line, &written) : fails;
    });
  }
  LogFindings check() {
    LogFindings out;
    EXPECT_EQ(check_log(log, *key, {}, {}, out), "");
    return out;
  }
};

TEST_F(DisclosureRecord, SaysWhoWhenForWhatAndOfWhichBytes) {
  add_closed(1, 3);
  const json answer = record(request);
  const json line = json::parse(answer["signed"].get<std::string>());
  EXPECT_EQ(line["kind"], "disclosure");
  EXPECT_EQ(line["case"], "2026-7");
  EXPECT_EQ(line["user"], "li.wei");
  EXPECT_EQ(line["uid"], 1000);
  EXPECT_EQ(line["time"], utc_text(kNow));
  EXPECT_EQ(line["lines"], 2);
  EXPECT_EQ(line["sha256"], std::string(64, 'a'));
  EXPECT_THAT(read(log / "heads.jsonl"), testing::HasSubstr(answer["signed"].get<std::string>() + "\n"));
  const LogFindings found_in_log = check();
  EXPECT_EQ(found_in_log.problem_count, 0u);
  EXPECT_EQ(found_in_log.disclosures, 1u);
}

TEST_F(DisclosureRecord, NamesNobodyWhoseLinesTheyAre) {
  add_closed(1, 6);
  disclose();
  EXPECT_THAT(read(log / "heads.jsonl"), testing::Not(testing::HasSubstr("10.20.1.")));
}

TEST_F(DisclosureRecord, WrongOrdersAreRefusedAndLeaveNoLine) {
  const auto with = [&](const char* member, const json& value) {
    json out = request;
    out[member] = value;
    return out;
  };
  const json wrong[] = {
      json::object(),    with("case", ""),      with("case", "../x"), with("case", std::string(65, 'a')),
      with("lines", 0U), with("lines", -1),     with("lines", "2"),   with("segments", 0U),
      with("first", ""), with("last", "today"), with("sha256", ""),   with("sha256", std::string(64, 'A')),
      with("sha256", 7)};
  for (const json& each : wrong) {
    EXPECT_TRUE(record(each).contains("error")) << each;
  }
  EXPECT_EQ(read(log / "heads.jsonl"), "");
}

TEST_F(DisclosureRecord, LineThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(record(request, "the disk is full"), (json{{"error", "the disk is full"}}));
}

}  // namespace
}  // namespace sluice::control
