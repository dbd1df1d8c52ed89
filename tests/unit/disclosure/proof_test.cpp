// disclosure tests: whatever is changed in a disclosure is found, and said where.
#include <gmock/gmock.h>

#include "control/base/hex.h"
#include "control/segment/merkle.h"
#include "tests/unit/disclosure/disclosures.h"

namespace sluice::control {
namespace {

using nlohmann::json;

struct Proof : DisclosureTest {
  /// Proves text without a file.
  bool holds(const std::string& text) {
    proven = {};
    const ProofOptions options;
    DisclosureProof proof(options, proven);
    size_t at = 0;
    for (size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      if (!proof.take(std::string_view(text).substr(at, end - at))) {
        return false;
      }
    }
    proof.finish(at != text.size());
    return proven.problem_count == 0;
  }
  /// Changes one entry, as JSON.
  template <typename Change>
  static std::string changed(const std::string& text, const std::string& wanted, size_t n, Change change) {
    auto all = entries(text);
    const size_t at = nth(all, wanted, n);
    json said = json::parse(all[at]);
    change(said);
    all[at] = said.dump() + "\n";
    return joined(all);
  }
};

TEST_F(Proof, FindsEveryByteThatIsFlipped) {
  add_closed(3, 4);
  const std::string text = disclose({.to = "secret-6.example"});
  ASSERT_TRUE(holds(text));
  for (const int bits : {0x01, 0x20}) {
    for (size_t i = 0; i < text.size(); ++i) {
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ bits);
      EXPECT_FALSE(holds(other)) << i << ": " << text.substr(i < 20 ? 0 : i - 20, 40);
    }
  }
}

TEST_F(Proof, FindsEveryCutAndEveryAddition) {
  add_closed(2, 3);
  const std::string text = disclose();
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(holds(text.substr(0, size))) << size;
  }
  for (const char* more : {"\n", "x", "{}\n", " "}) {
    EXPECT_FALSE(holds(text + more));
  }
  const auto all = entries(text);
  for (size_t i = 0; i < all.size(); ++i) {
    auto fewer = all, twice = all;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
    twice.insert(twice.begin() + static_cast<ptrdiff_t>(i), all[i]);
    EXPECT_FALSE(holds(joined(fewer))) << all[i];
    EXPECT_FALSE(holds(joined(twice))) << all[i];
  }
}

TEST_F(Proof, SaysOfAChangedLineWhichAndDoesNotCountIt) {
  add_closed(2, 6);
  const std::string text = disclose();
  EXPECT_FALSE(prove(changed(text, "line", 1, [](json& said) { said["line"] = text_of(2); })));
  EXPECT_EQ(proven.proven, 3u);
  EXPECT_EQ(proven.lines, 4u);
  EXPECT_TRUE(says("line 5 (segment 1, frame 0): its line was changed, or stands elsewhere"))
      << proven.problems[0];
  EXPECT_TRUE(says("what stands before the record is not what was recorded"));
}

TEST_F(Proof, FindsPathSaltOrPlaceOfAnotherLine) {
  add_closed(1, 12);
  const std::string text = disclose();
  const auto all = entries(text);
  const json other = json::parse(all[nth(all, "line", 1)]);
  for (const char* member : {"path", "salt", "index"}) {
    EXPECT_FALSE(prove(changed(text, "line", 0, [&](json& said) { said[member] = other[member]; })));
    EXPECT_TRUE(says("does not lead to the frame's root")) << member;
    EXPECT_EQ(proven.proven, 3u) << member;
  }
  EXPECT_FALSE(
      prove(changed(text, "line", 0, [](json& said) { std::swap(said["path"][0], said["path"][1]); })));
  EXPECT_EQ(proven.proven, 3u);
  EXPECT_FALSE(prove(changed(text, "line", 0, [](json& said) { said["path"].push_back(said["salt"]); })));
  EXPECT_EQ(proven.proven, 3u);
}

TEST_F(Proof, FindsLinesThatStandTwiceOrInAnotherOrder) {
  add_closed(1, 9);
  auto all = entries(disclose());
  const size_t first = nth(all, "line", 0);
  std::swap(all[first], all[first + 1]);
  EXPECT_FALSE(prove(joined(all)));
  EXPECT_TRUE(says("stands before the one before it, or is the same"));
  all[first] = all[first + 1];
  EXPECT_FALSE(prove(joined(all)));
  EXPECT_EQ(proven.proven, 2u);
}

TEST_F(Proof, DoesNotTakeALineOfAnotherLog) {
  add_closed(2, 6);
  uint64_t last = 100;
  const auto other = SegmentWriter::open(root / "log2", root / "state2", {}, error);
  add(*other, last, 2, 6);
  ASSERT_EQ(other->close(kNow), "");
  const std::string text = disclose(), theirs = disclose({.from = client(0)}, root / "log2", *other);
  auto mixed = entries(text);
  const auto their_entries = entries(theirs);
  mixed[nth(mixed, "line", 0)] = their_entries[nth(their_entries, "line", 0)];
  EXPECT_FALSE(prove(joined(mixed)));
  EXPECT_EQ(proven.proven, 3u);
  // With its frame it is as wrong: the chain of headers is another one.
  mixed[nth(mixed, "frame", 0)] = their_entries[nth(their_entries, "frame", 0)];
  EXPECT_FALSE(prove(joined(mixed)));
  EXPECT_EQ(proven.proven, 2u);
  EXPECT_TRUE(says("its header does not follow the one before it"));
  // With all of its segment, the signature is another key's.
  auto whole = their_entries;
  whole[0] = entries(text)[0];
  EXPECT_FALSE(prove(joined(whole)));
  EXPECT_EQ(proven.proven, 0u);
  EXPECT_TRUE(says("another key signed it"));
}

TEST_F(Proof, ToldOfTheKeyItRefusesAnother) {
  add_closed(1, 6);
  const std::string text = disclose();
  EXPECT_TRUE(prove(text, {.fingerprint = writer->fingerprint(), .witnessed = {}}));
  EXPECT_FALSE(prove(text, {.fingerprint = std::string(64, '0'), .witnessed = {}}));
  EXPECT_TRUE(says("its key is another one than was noted: " + writer->fingerprint()));
}

TEST_F(Proof, FindsAHeaderOfAnotherSegmentAndAMissingOne) {
  add_closed(3, 6);
  add_closed(3, 6);
  const auto all = entries(disclose());
  const size_t first = nth(all, "frame", 0), third = nth(all, "frame", 2), fourth = nth(all, "frame", 3);
  auto foreign = all;
  foreign[first] = all[fourth];
  EXPECT_FALSE(prove(joined(foreign)));
  EXPECT_TRUE(says("its header is of segment 2"));
  EXPECT_EQ(proven.proven, 10u);
  auto missing = all;
  missing.erase(missing.begin() + static_cast<ptrdiff_t>(nth(all, "frame", 1)));
  EXPECT_FALSE(prove(joined(missing)));
  EXPECT_TRUE(says("its header does not follow the one before it"));
  auto endless = all;  // without the segment's last frame nothing leads to the signed line
  endless.erase(endless.begin() + static_cast<ptrdiff_t>(third),
                endless.begin() + static_cast<ptrdiff_t>(third + 3));
  EXPECT_FALSE(prove(joined(endless)));
  EXPECT_TRUE(says("do not lead to the signed line of segment 1"));
  EXPECT_EQ(proven.proven, 6u);
}

TEST_F(Proof, FrameThatSomebodyMadeUpDoesNotLeadToTheSignedLine) {
  add_closed(1, 3);
  auto all = entries(disclose());
  const size_t frame = nth(all, "frame", 0), line = nth(all, "line", 0);
  auto header = read_header_text(json::parse(all[frame])["header"].get<std::string>());
  ASSERT_TRUE(header);
  const Sha256Bytes salt{};
  header->records = 1;
  header->root = hex_text(merkle_leaf(salt, "made up"));
  all[frame] = frame_entry(*header);
  all[line] = line_entry(0, salt, {}, "made up");
  EXPECT_FALSE(prove(joined(all)));
  EXPECT_FALSE(says("does not lead to the frame's root"));
  EXPECT_TRUE(says("do not lead to the signed line of segment 1"));
  EXPECT_EQ(proven.proven, 0u);
}

TEST_F(Proof, SegmentsStandOnceAndInTheirOrder) {
  add_closed(1, 6);
  add_closed(1, 6);
  const auto all = entries(disclose());
  const auto at = [&](size_t n) { return all.begin() + static_cast<ptrdiff_t>(nth(all, "segment", n)); };
  std::vector<std::string> turned(all.begin(), at(0));
  turned.insert(turned.end(), at(1), all.end() - 1);
  turned.insert(turned.end(), at(0), at(1));
  turned.insert(turned.end(), at(1), all.end());
  EXPECT_FALSE(prove(joined(turned)));
  EXPECT_TRUE(says("does not come after the one before it"));
  EXPECT_EQ(proven.proven, 2u);
}

TEST_F(Proof, SignedLineOfAnotherKindIsNoSegment) {
  add_closed(1, 6);
  std::string hold;
  ASSERT_EQ(writer->heads().append({{"kind", "hold"}, {"segment", 1}}, &hold), "");
  EXPECT_FALSE(prove(changed(disclose(), "segment", 0, [&](json& said) { said["signed"] = hold; })));
  EXPECT_TRUE(says("not that of a segment"));
  EXPECT_EQ(proven.proven, 0u);
  EXPECT_FALSE(prove(changed(disclose(), "record", 0, [&](json& said) { said["signed"] = hold; })));
  EXPECT_TRUE(says("not the record of a disclosure"));
  EXPECT_TRUE(proven.record.is_null());
}

TEST_F(Proof, RecordOfAnotherDisclosureDoesNotFit) {
  add_closed(1, 6);
  auto one = entries(disclose());
  one.back() = entries(disclose({.from = client(1)})).back();
  EXPECT_FALSE(prove(joined(one)));
  EXPECT_TRUE(says("is not what was recorded"));
  EXPECT_EQ(proven.proven, 2u);
}

TEST_F(Proof, IsHeldAgainstWhatTheWitnessHas) {
  add_closed(1, 6);
  add_closed(1, 6);
  ProofOptions options;
  ASSERT_EQ(read_witnessed(log / "heads.jsonl", options.witnessed), "");
  const std::string text = disclose();
  EXPECT_TRUE(prove(text, options));
  EXPECT_EQ(proven.compared, 2u);
  EXPECT_EQ(proven.unwitnessed, 1u);  // the record is newer
  options.witnessed[1] += " ";
  EXPECT_FALSE(prove(text, options));
  EXPECT_TRUE(says("line 1 of heads.jsonl, which is its signed line, is another one than the witness has"));
  options.witnessed.erase(1);
  EXPECT_FALSE(prove(text, options));
  EXPECT_TRUE(says("not among what the witness has"));
}

TEST_F(Proof, WhatTheWitnessTookIsHeldAgainstTheSignedLines) {
  add_closed(1, 6);
  std::string line = read(log / "heads.jsonl");
  line.pop_back();
  const auto with = [&](const std::string& sha256) {
    return changed(disclose(), "disclosure", 0, [&](json& said) {
      said["acknowledged"] = {{"line", 1}, {"sha256", sha256}, {"time", "T"}};
    });
  };
  prove(with(sha256_hex(line)));
  EXPECT_FALSE(says("than the gateway says the witness took"));
  EXPECT_EQ(proven.acknowledged.line, 1u);
  prove(with(std::string(64, '0')));
  EXPECT_TRUE(says("than the gateway says the witness took"));
  ProofOptions options;
  options.witnessed[1] = line;
  prove(with(std::string(64, '0')), options);
  EXPECT_TRUE(says("the witness has another line 1"));
}

TEST_F(Proof, OfWhatIsNoDisclosureNothingIsSaid) {
  const std::string none[] = {"",
                              "\n",
                              "{}\n",
                              "[]\n",
                              std::string(1, '\0'),
                              "{\"kind\":\"record\",\"signed\":\"\"}\n",
                              "{\"kind\":\"disclosure\",\"version\":1,\"key\":\"x\"}\n",
                              std::string(kMaxEntry + 1, 'x'),
                              std::string(kMaxEntry + 1, '[') + "\n"};
  for (const std::string& text : none) {
    write(root / "disclosure", text);
    EXPECT_NE(prove_disclosure(root / "disclosure", {}, {}, proven), "") << text.substr(0, 40);
  }
  EXPECT_NE(prove_disclosure(root / "missing", {}, {}, proven), "");
  EXPECT_NE(prove_disclosure(root, {}, {}, proven), "");
}

TEST_F(Proof, EntryThatIsTooLongEndsIt) {
  add_closed(1, 6);
  auto all = entries(disclose());
  all[2] = std::string(kMaxEntry + 1, '[') + "\n";
  EXPECT_FALSE(prove(joined(all)));
  EXPECT_TRUE(says("is cut, or too long"));
  all[2] = std::string(kMaxEntry - 1, '[') + "\n";
  EXPECT_FALSE(prove(joined(all)));
  EXPECT_TRUE(says("it is no entry of a disclosure"));
}

TEST_F(Proof, ValuesOfWrongTypesAreFoundAndDoNoHarm) {
  add_closed(2, 6);
  const std::string text = disclose();
  const json wrong[] = {nullptr,       true,           -1,          1.5, UINT64_MAX, "", "x",
                        json::array(), json::object(), {{"a", {1}}}};
  for (const char* each : {"disclosure", "segment", "frame", "line", "record"}) {
    const json members = json::parse(entries(text)[nth(entries(text), each, 0)]);
    for (const auto& member : members.items()) {
      for (const json& value : wrong) {
        if (value != member.value()) {
          EXPECT_FALSE(holds(changed(text, each, 0, [&](json& said) { said[member.key()] = value; })))
              << each << " " << member.key() << " " << value;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::control
