// evidence tests: an archive of a log, of a history and of a register; and what its sheet says of hostile
// texts.
#include "control/evidence/evidence.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <map>

#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/evidence/sheet.h"
#include "control/policy/line_register.h"
#include "control/reload/blob_store.h"
#include "tests/unit/evidence/unpacked.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Evidence : Segments {
  std::unique_ptr<SegmentWriter> writer = open();
  std::unique_ptr<SigningKey> key = SigningKey::open_public(log / "log.pub", error);
  std::unique_ptr<SealedFile> history;
  EvidenceFindings found;
  std::map<std::string, std::string> files;
  std::vector<std::string> order;
  EvidenceOptions options{.log = log,
                          .state = state,
                          .since = utc_text(kNow),
                          .until = utc_text(kNow + 3600 * kSecond),
                          .site = "<b>office</b>",
                          .near = root,
                          .now_ns = kNow + 7200 * kSecond};

  Evidence() {
    history = SealedFile::open(history_paths(state), "history", {}, error);
    std::filesystem::create_directories(state / "blobs");
    const BlobStore blobs(state / "blobs");
    EXPECT_EQ(blobs.put(sha256_hex("site: office"), "site: office"), "");
    EXPECT_EQ(blobs.put(sha256_hex("scan"), "scan"), "");
    const auto source = [](const char* kind, const char* path, const char* text) {
      return json{{"kind", kind}, {"path", path}, {"sha256", sha256_hex(text)}, {"size", std::strlen(text)}};
    };
    EXPECT_EQ(history->append({{"generation", 1},
                               {"time", utc_text(kNow)},
                               {"time_ns", kNow},
                               {"author", "li.wei"},
                               {"reason", "<script>"},
                               {"sources",
                                {source("policy", "/etc/p/site.yaml", "site: office"),
                                 source("list", "/etc/p/scan.pdf", "scan"),
                                 source("list", "/etc/p/lost", "lost"), source("feed", "/f", "feed")}}}),
              "");
    options.registers =
        register_json({{"A & B", "", "", ""},
                       "Asia/Shanghai",
                       3,
                       2,
                       {{.name = "iplc-sg", .papers = {{"papers/scan.pdf", sha256_hex("scan"), 4}}}}});
    options.registers["lines"][0]["days_left"] = -1;
    options.registers["lines"][0]["over"] = true;
    write_frames(3);
  }
  void write_frames(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      ASSERT_EQ(writer->append(batch(3 * i + 1, 3 * i + 3), kNow), "");
    }
    ASSERT_EQ(writer->close(kNow), "");
  }
  std::string make(SegmentWriter* signs = nullptr, const EvidenceProgress& progress = {}) {
    const auto file = root / "out.tar.zst";
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    const auto out = ArchiveWriter::open(fd.get(), "e", 0, error);
    std::string why = make_evidence(
        options, *key, progress,
        [&](const EvidenceMade& made, std::string& line) {
          const json answer = record_evidence(
              evidence_request(made), 0, "root", kNow, [&](const json& what, std::string& written) {
                return (signs ? signs : writer.get())->heads().append(what, &written);
              });
          line = answer.value("signed", "");
          return answer.value("error", "");
        },
        *out, found);
    if (why.empty()) {
      for (auto& [path, content] : unpacked(file)) {
        order.push_back(path.substr(2));
        files[path.substr(2)] = content;
      }
    }
    return why;
  }
};

TEST_F(Evidence, HoldsLogPoliciesAndPapersAndTheSheetFirst) {
  ASSERT_EQ(make(), "");
  EXPECT_EQ(order.front(), "00-sheet.html");
  EXPECT_EQ(files["log/" + segment().filename().string()], read(segment()));
  EXPECT_EQ(files["log/log.pub"], read(log / "log.pub"));
  EXPECT_EQ(files["policy/history.jsonl"], read(state / "history.jsonl"));
  EXPECT_EQ(files["policy/sources/" + sha256_hex("site: office").substr(0, 16) + "-site.yaml"],
            "site: office");
  EXPECT_EQ(files["papers/" + sha256_hex("scan").substr(0, 16) + "-scan.pdf"], "scan");
  EXPECT_THAT(files["verify.py"], HasSubstr("#!/usr/bin/env python3"));
  EXPECT_EQ(found.missing.size(), 1u) << "of the source that is not kept";
  EXPECT_EQ(found.problems, 0u);
  EXPECT_EQ(found.made.segments, 1u);
}

TEST_F(Evidence, ManifestNamesEveryFileAndIsSigned) {
  ASSERT_EQ(make(), "");
  const json manifest = json::parse(files["MANIFEST.json"]);
  EXPECT_EQ(manifest["files"].size() + 2, files.size());
  for (const json& each : manifest["files"]) {
    EXPECT_EQ(each["sha256"], sha256_hex(files[each["path"]])) << each["path"];
    EXPECT_EQ(each["bytes"], files[each["path"]].size());
  }
  EXPECT_EQ(json::parse(files["MANIFEST.signed"])["sha256"], sha256_hex(files["MANIFEST.json"]));
}

TEST_F(Evidence, TextsFromOutsideAreEscapedOnTheSheet) {
  ASSERT_EQ(make(), "");
  EXPECT_THAT(files["00-sheet.html"], HasSubstr("A &amp; B"));
  EXPECT_THAT(files["00-sheet.html"], HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(files["00-sheet.html"], Not(HasSubstr("<script")));
  EXPECT_THAT(files["00-sheet.html"], Not(HasSubstr("<b>office")));
}

TEST_F(Evidence, WithPseudonymsNeitherSegmentsNorSourcesAreInIt) {
  options.pseudonyms = true;
  ASSERT_EQ(make(), "");
  for (const auto& [path, content] : files) {
    EXPECT_FALSE(path.starts_with("policy/sources/")) << path;
    EXPECT_FALSE(path.starts_with("log/access-") && path.ends_with("Z-0000000001.jsonl.zst")) << path;
  }
  EXPECT_THAT(files["README.txt"], HasSubstr("PSEUDONYMS"));
}

TEST_F(Evidence, AnotherLogsSignatureIsNone) {
  const auto other = SegmentWriter::open(root / "other", root / "other-state", {}, error);
  EXPECT_THAT(make(other.get()), HasSubstr("another log"));
}

TEST_F(Evidence, WhatIsNoRegisterEndsIt) {
  options.registers["lines"][0] = 7;
  EXPECT_THAT(make(), HasSubstr("no line register"));
}

TEST_F(Evidence, StopsWhereItIsTold) {
  EXPECT_THAT(make(nullptr, [](const char*, uint64_t, uint64_t) { return false; }), HasSubstr("stopped"));
}

TEST_F(Evidence, AReportThatIsNotThereEndsIt) {
  options.reports = {root / "report-2026-11.html"};
  EXPECT_THAT(make(), HasSubstr("cannot read"));
  write(root / "report-2026-11.html", "<html>");
  files.clear();
  ASSERT_EQ(make(), "");
  EXPECT_EQ(files["reports/report-2026-11.html"], "<html>");
}

TEST_F(Evidence, AnAlteredLogIsPackedAndSaid) {
  std::string bytes = read(segment());
  bytes[bytes.size() / 2] ^= 1;
  write(segment(), bytes);
  ASSERT_EQ(make(), "");
  EXPECT_NE(found.problems, 0u);
  EXPECT_THAT(files["00-sheet.html"], HasSubstr("ALTERED"));
}

}  // namespace
}  // namespace sluice::control
