// reload tests: what passes between control and its compiler, cut and changed anywhere.
#include "control/reload/compile_messages.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::control {
namespace {

const std::string kSum(64, 'a');

CompileOutcome some_outcome() {
  CompileOutcome out;
  out.diagnostics.push_back({"a.yaml", 3, 4, Severity::Error, "wrong", "right"});
  out.diagnostics.push_back({"b.yaml", 0, 0, Severity::Warning, "odd \xff bytes", ""});
  out.facts =
      PolicyFacts{"site", true, 1, 2, 3, 4, 5, 6, {FeedSpec{"ads", {}, {"https://feeds.example/ads"}}}, {}};
  out.facts->log.keep_s = 2 * kMinKeepS;
  out.facts->terms = {{{"iplc-sg", 200'000'000, 1'900'000'000, true}},
                      {{"audit", "li.wei", "IT-1", 1'800'000'000}}};
  out.facts->registers = {{"Example", "", "Li Wei", ""},
                          "Asia/Shanghai",
                          1,
                          2,
                          {{.name = "iplc-sg", .papers = {{"c.pdf", kSum, 7}}}}};
  out.facts->alarms = {.webhook = "https://alarms.example/",
                       .mail = {"smtps://mail.example", "a@b.example", {"c@d.example"}},
                       .ca = "/ca.pem",
                       .repeat_s = 7200,
                       .rules = {{"many", AlarmKind::Blocks, 50, 3600}}};
  out.sources = {{SourceFile::Kind::Policy, "a.yaml", kSum, 7}, {SourceFile::Kind::Feed, "f", kSum, 8}};
  out.digest = "digest";
  out.failure = "failure";
  return out;
}

TEST(CompileMessages, OutcomeSurvivesTheWay) {
  CompileOutcome got;
  ASSERT_TRUE(read_outcome(text_of(some_outcome()), got));
  ASSERT_EQ(got.diagnostics.size(), 2u);
  EXPECT_EQ(to_string(got.diagnostics[0]), to_string(some_outcome().diagnostics[0]));
  EXPECT_EQ(got.diagnostics[1].severity, Severity::Warning);
  EXPECT_EQ(got.facts->site, "site");
  EXPECT_TRUE(got.facts->reload_on_save);
  EXPECT_EQ(got.facts->patterns, 6u);
  EXPECT_EQ(got.facts->feeds, some_outcome().facts->feeds);
  EXPECT_EQ(got.facts->log, some_outcome().facts->log);
  EXPECT_EQ(got.facts->terms, some_outcome().facts->terms);
  EXPECT_EQ(got.facts->registers, some_outcome().facts->registers);
  EXPECT_EQ(got.facts->alarms, some_outcome().facts->alarms);
  ASSERT_EQ(got.sources.size(), 2u);
  EXPECT_EQ(got.sources[1].kind, SourceFile::Kind::Feed);
  EXPECT_EQ(got.sources[1].size, 8u);
  EXPECT_EQ(got.digest + got.failure, "digestfailure");
}

TEST(CompileMessages, TermBelowTheLawsIsRefused) {
  CompileOutcome outcome = some_outcome(), got;
  outcome.facts->log.keep_s = kMinKeepS - 1;
  EXPECT_FALSE(read_outcome(text_of(outcome), got));
}

TEST(CompileMessages, JobSurvivesTheWay) {
  CompileJob job{"/etc/policies", 7, some_outcome().sources, "d", "w", true}, got;
  ASSERT_TRUE(read_job(text_of(job), got));
  EXPECT_EQ(got.directory, job.directory);
  EXPECT_EQ(got.generation, 7u);
  ASSERT_TRUE(got.kept.has_value());
  EXPECT_EQ(got.kept->size(), 2u);
  EXPECT_EQ(got.unless_digest + got.unless_written, "dw");
  EXPECT_TRUE(got.image_wanted);
  job.kept.reset();
  CompileJob other;
  ASSERT_TRUE(read_job(text_of(job), other));
  EXPECT_FALSE(other.kept.has_value());
}

TEST(CompileMessages, OutcomeCutAnywhereIsRefused) {
  const std::string whole = text_of(some_outcome());
  for (size_t size = 0; size < whole.size(); ++size) {
    CompileOutcome got;
    EXPECT_FALSE(read_outcome(whole.substr(0, size), got)) << size;
  }
}

TEST(CompileMessages, OutcomeWithAnyByteChangedIsReadOrRefused) {
  const std::string whole = text_of(some_outcome());
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '"', '[', '{', '9', '-', '\xff'}) {
      std::string changed = whole;
      changed[at] = byte;
      CompileOutcome got;
      [[maybe_unused]] const bool read = read_outcome(changed, got);  // the sanitizers judge
    }
  }
}

TEST(CompileMessages, WrongTypesAreRefused) {
  for (const char* text :
       {"", "null", "[]", "{}", R"({"diagnostics":1,"facts":null,"sources":[],"digest":"","failure":""})",
        R"({"diagnostics":[],"facts":[],"sources":[],"digest":"","failure":""})",
        R"({"diagnostics":[],"facts":null,"sources":[{}],"digest":"","failure":""})",
        R"({"diagnostics":[],"facts":null,"sources":[],"digest":7,"failure":""})"}) {
    CompileOutcome got;
    EXPECT_FALSE(read_outcome(text, got)) << text;
  }
}

struct ParcelTest : testing::Test {
  int pair[2] = {-1, -1};
  ParcelTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0); }
  ~ParcelTest() override {
    ::close(pair[0]);
    ::close(pair[1]);
  }
};

TEST_F(ParcelTest, TextAndImageArrive) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(send_parcel(pair[0], "hello", pipe[0]), "");
  Parcel parcel;
  ASSERT_EQ(receive_parcel(pair[1], parcel), ReceiveResult::Got);
  EXPECT_EQ(parcel.text, "hello");
  EXPECT_TRUE(parcel.image);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(ParcelTest, WithoutADescriptorItIsWrong) {
  const ParcelHeader header{kParcelMagic, 0};
  ASSERT_EQ(::send(pair[0], &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
  Parcel parcel;
  EXPECT_EQ(receive_parcel(pair[1], parcel), ReceiveResult::Wrong);
}

TEST_F(ParcelTest, OtherBytesAreWrong) {
  for (const size_t size : {1, 7, 9, 100}) {
    const std::string bytes(size, 'x');
    ASSERT_EQ(::send(pair[0], bytes.data(), size, 0), static_cast<ssize_t>(size));
    Parcel parcel;
    EXPECT_EQ(receive_parcel(pair[1], parcel), ReceiveResult::Wrong) << size;
  }
}

TEST_F(ParcelTest, TooLongATextIsNotSent) {
  EXPECT_NE(send_parcel(pair[0], std::string(kMaxParcelBytes + 1, 'x'), -1), "");
}

TEST_F(ParcelTest, ClosedEndEnds) {
  ::shutdown(pair[0], SHUT_RDWR);
  Parcel parcel;
  EXPECT_EQ(receive_parcel(pair[1], parcel), ReceiveResult::Ended);
}

}  // namespace
}  // namespace sluice::control
