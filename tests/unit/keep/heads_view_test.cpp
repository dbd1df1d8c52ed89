// keep tests: heads.jsonl as somebody may have changed it.
#include "control/keep/heads_view.h"

#include "control/sealed/sealed_form.h"
#include "tests/unit/keep/keep_test.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct HeadsViewTest : KeepTest {
  const fs::path lines = log / "heads.jsonl";

  HeadsViewTest() {
    add(kNow - 300 * kDay);
    add(kNow - 290 * kDay);
    add(kNow);
  }
  std::unique_ptr<HeadsView> view() {
    auto out = std::make_unique<HeadsView>(lines, SigningKey::open_public(log / "log.pub", error));
    EXPECT_EQ(out->refresh(), "");
    return out;
  }
  void append_text(const std::string& text) { write(lines, read(lines) + text); }
  std::string last_line() {
    const std::string text = read(lines);
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
  }
  void say(const json& line) { ASSERT_EQ(writer->heads().append(line), ""); }
};

TEST_F(HeadsViewTest, KnowsWhatEnded) {
  const auto heads = view();
  ASSERT_EQ(heads->ended().size(), 3u);
  const EndedSegment& first = heads->ended().at(1);
  EXPECT_EQ(first.file, segment(0).filename());
  EXPECT_EQ(first.first_ns / 1000, (kNow - 300 * kDay - kSecond) / 1000);
  EXPECT_EQ(first.last_ns / 1000, (kNow - 300 * kDay + kSecond) / 1000);
  EXPECT_EQ(first.ended_ns / 1000, (kNow - 300 * kDay + kMinute) / 1000);
  EXPECT_EQ(first.header.size(), 64u);
  EXPECT_GT(first.bytes, 100u);
  EXPECT_EQ(heads->newest_record_ns() / 1000, (kNow + kSecond) / 1000);
}

TEST_F(HeadsViewTest, ByteByByteIsReadAsAtOnce) {
  say({{"kind", "hold"}, {"case", "a"}});
  say({{"kind", "hold"}, {"case", "b"}});
  say({{"kind", "release"}, {"case", "a"}, {"step", 1}, {"uid", 1}});
  say({{"kind", "release"}, {"case", "a"}, {"step", 2}, {"uid", 2}});
  say({{"kind", "deletion"}, {"segment", 2}});
  const std::string whole = read(lines);
  write(lines, "");
  const auto heads = view();
  for (size_t size = 1; size <= whole.size(); ++size) {
    write(lines, whole.substr(0, size));
    ASSERT_EQ(heads->refresh(), "");
  }
  EXPECT_EQ(heads->ended().size(), 3u);
  EXPECT_TRUE(heads->ended().at(2).deleted);
  ASSERT_EQ(heads->holds().cases().size(), 1u);
  EXPECT_TRUE(heads->holds().cases().contains("b"));
}

TEST_F(HeadsViewTest, ShorterFileIsAnErrorAndTheHoldsStand) {
  say({{"kind", "hold"}, {"case", "a"}});
  const auto heads = view();
  write(lines, "{}\n");
  EXPECT_NE(heads->refresh(), "");
  EXPECT_EQ(heads->holds().cases().size(), 1u);
  fs::remove(lines);
  EXPECT_NE(heads->refresh(), "");
  fs::create_directory(lines);
  EXPECT_NE(heads->refresh(), "");
}

TEST_F(HeadsViewTest, DeletionThatIsNotOursDeletesNothing) {
  append_text(R"({"kind":"deletion","segment":1})"
              "\n");
  EXPECT_FALSE(view()->ended().at(1).deleted);
  std::string whatever;
  const auto other = SigningKey::open_or_make(root / "other.key", root / "other.pub", whatever);
  const std::string body = R"({"kind":"deletion","line":99,"segment":1})";
  append_text(with_signature(body, other->sign(body)) + "\n");
  EXPECT_FALSE(view()->ended().at(1).deleted);
  const auto ours = SigningKey::open_or_make(state / "log.key", log / "log.pub", whatever);
  append_text(with_signature(body, ours->sign(body)) + "\n");
  EXPECT_TRUE(view()->ended().at(1).deleted);  // so that the two above were refused for their signatures
}

TEST_F(HeadsViewTest, ReleaseThatWasCopiedReleasesNothing) {
  say({{"kind", "hold"}, {"case", "a"}});
  say({{"kind", "release"}, {"case", "a"}, {"step", 1}, {"uid", 1}});
  const std::string first = last_line();
  say({{"kind", "release"}, {"case", "a"}, {"step", 2}, {"uid", 2}});
  const std::string second = last_line();
  EXPECT_TRUE(view()->holds().cases().empty());
  say({{"kind", "hold"}, {"case", "a"}});
  append_text(first + second);
  EXPECT_EQ(view()->holds().cases().size(), 1u);
}

TEST_F(HeadsViewTest, HoldWithoutASignatureHolds) {
  append_text(R"({"kind":"hold","case":"a","since":"never"})"
              "\n");
  EXPECT_TRUE(view()->holds().keep(kNow, kNow));
}

TEST_F(HeadsViewTest, ReleaseOfOnePersonTwiceReleasesNothingThoughSigned) {
  say({{"kind", "hold"}, {"case", "a"}});
  say({{"kind", "release"}, {"case", "a"}, {"step", 2}, {"uid", 2}});
  EXPECT_EQ(view()->holds().cases().size(), 1u);
  say({{"kind", "release"}, {"case", "a"}, {"step", 1}, {"uid", 1}});
  say({{"kind", "release"}, {"case", "a"}, {"step", 2}, {"uid", 1}});
  say({{"kind", "release"}, {"case", "a"}, {"step", 2}, {"uid", "2"}});
  EXPECT_EQ(view()->holds().cases().size(), 1u);
  say({{"kind", "release"}, {"case", "a"}, {"step", 2}, {"uid", 2}});
  EXPECT_TRUE(view()->holds().cases().empty());
}

TEST_F(HeadsViewTest, AnyByteChangedDeletesNothingThatIsNotDue) {
  say({{"kind", "hold"}, {"case", "a"}, {"until", utc_text(kNow - 295 * kDay)}});
  const std::string whole = read(lines);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    write(lines, changed);
    const auto heads = view();
    for (const auto& [number, each] : heads->ended()) {
      ASSERT_FALSE(each.deleted) << at;
    }
  }
}

TEST_F(HeadsViewTest, SegmentsThatAreGoneAreForgotten) {
  const auto heads = view();
  fs::remove(segment(1));
  heads->keep_only(list_segments(log, error));
  EXPECT_EQ(heads->ended().size(), 2u);
  EXPECT_FALSE(heads->ended().contains(2));
  heads->keep_only({});
  EXPECT_TRUE(heads->ended().empty());
}

}  // namespace
}  // namespace sluice::control
