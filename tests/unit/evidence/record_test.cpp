// evidence tests: the signed line that says who made an archive.
#include "control/evidence/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using nlohmann::json;

struct EvidenceRecord : Segments {
  std::unique_ptr<SegmentWriter> writer = open();
  std::unique_ptr<SigningKey> key = SigningKey::open_public(log / "log.pub", error);
  EvidenceMade made{
      "2026-11-01T00:00:00.000000Z", "2026-11-30T23:59:59.999999Z", std::string(64, 'a'), 12, 3, true};

  json answer(const json& request) {
    return record_evidence(request, 1000, "li.wei", kNow, [this](const json& line, std::string& written) {
      return writer->heads().append(line, &written);
    });
  }
};

TEST_F(EvidenceRecord, SaysWhoMadeWhatSigned) {
  const std::string line = answer(evidence_request(made)).value("signed", "");
  const json said = json::parse(line);
  EXPECT_EQ(said["kind"], "evidence");
  EXPECT_EQ(said["user"], "li.wei");
  EXPECT_EQ(said["uid"], 1000);
  EXPECT_EQ(said["since"], made.since);
  EXPECT_EQ(said["files"], 12);
  EXPECT_EQ(said["segments"], 3);
  EXPECT_EQ(said["pseudonyms"], true);
  EXPECT_TRUE(is_record_of(line, made, *key));
}

TEST_F(EvidenceRecord, OneOfAnotherManifestOrKeyIsNot) {
  std::string line = answer(evidence_request(made)).value("signed", "");
  EvidenceMade other = made;
  other.sha256 = std::string(64, 'b');
  EXPECT_FALSE(is_record_of(line, other, *key));
  EXPECT_FALSE(is_record_of("", made, *key));
  line.replace(line.find("li.wei"), 6, "no.one");
  EXPECT_FALSE(is_record_of(line, made, *key));
}

TEST_F(EvidenceRecord, WhatIsNoRequestIsRefusedAndNothingSigned) {
  for (const auto& [member, value] :
       std::vector<std::pair<std::string, json>>{{"since", ""},
                                                 {"since", 7},
                                                 {"until", "2026-11-30"},
                                                 {"sha256", "a"},
                                                 {"files", 0},
                                                 {"until", "2020-01-01T00:00:00.000000Z"}}) {
    json request = evidence_request(made);
    request[member] = value;
    EXPECT_TRUE(answer(request).contains("error")) << member << value;
  }
  EXPECT_EQ(read(log / "heads.jsonl"), "");
}

}  // namespace
}  // namespace sluice::control
