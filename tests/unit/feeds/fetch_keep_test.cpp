// feeds tests: what becomes of a text that was fetched.
#include "control/feeds/fetch.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>

#include "control/base/sha256.h"
#include "tests/unit/feeds/fetch_helper.h"

namespace sluice::control::test {
namespace {

TEST_F(WithCopy, AShrunkFeedIsHeldBack) {
  server.serve(kWhole, names(4));
  expect(FetchResult::Held, "4 entries instead of 10");
  EXPECT_EQ(text(), names(10));
  EXPECT_EQ(text(CopyKind::Held), names(4));
}

TEST_F(WithCopy, AGrownFeedIsHeldBack) {
  server.serve(kWhole, names(16));
  expect(FetchResult::Held, "16 entries instead of 10");
}

TEST_F(WithCopy, AChangeWithinTheBoundIsNot) {
  server.serve(kWhole, names(5));
  EXPECT_EQ(fetch().result, FetchResult::New);
  spec.source.max_change_percent = 1000;
  server.serve(kWhole, names(55));
  EXPECT_EQ(fetch().result, FetchResult::New);
}

TEST_F(WithCopy, WhatIsHeldIsReplacedByTheNextOne) {
  server.serve(kWhole, names(1), "ETag: \"one\"\r\n");
  ASSERT_EQ(fetch().result, FetchResult::Held);
  server.serve("304 Not Modified", "");
  EXPECT_EQ(fetch().result, FetchResult::Unchanged);
  EXPECT_TRUE(asked(2, "If-None-Match: \"one\"")) << "it is not fetched again and again";
  EXPECT_EQ(text(CopyKind::Held), names(1));
  server.serve(kWhole, names(2));
  ASSERT_EQ(fetch().result, FetchResult::Held);
  EXPECT_EQ(text(CopyKind::Held), names(2));
  server.serve(kWhole, names(11));
  EXPECT_EQ(fetch().result, FetchResult::New);
  EXPECT_EQ(text(CopyKind::Held), "none");
  EXPECT_EQ(files(), 2u);
}

TEST_F(WithCopy, AServerThatComesToItsSensesEndsTheHold) {
  server.serve(kWhole, names(1));
  ASSERT_EQ(fetch().result, FetchResult::Held);
  server.serve(kWhole, names(10));
  EXPECT_EQ(fetch().result, FetchResult::Unchanged);
  EXPECT_EQ(text(CopyKind::Held), "none");
  EXPECT_EQ(files(), 2u);
}

TEST_F(WithCopy, WhatIsHeldComesIntoForceWhenAccepted) {
  EXPECT_EQ(store.accept(spec), "nothing is held back");
  server.serve(kWhole, names(1));
  ASSERT_EQ(fetch().result, FetchResult::Held);
  EXPECT_EQ(store.accept(spec), "");
  EXPECT_EQ(text(), names(1));
  EXPECT_EQ(text(CopyKind::Held), "none");
  EXPECT_EQ(files(), 2u);
}

TEST_F(WithCopy, AWrongChecksumIsRefused) {
  spec.source.checksum = std::string(64, 'a');
  server.serve(kWhole, names(9));
  expect(FetchResult::Refused, "its SHA-256 is not the one that was promised");
  spec.source.checksum = sha256_hex(names(9));
  EXPECT_EQ(fetch().result, FetchResult::New);
}

TEST_F(WithCopy, AFileOfChecksumsIsFetchedToo) {
  spec.source.checksum = server.url("/sums");
  std::string sums = sha256_hex("other") + "  a.names\n";
  server.serve([&](const std::string& head, const Connection& to) {
    to.answer(kWhole, head.starts_with("GET /sums ") ? sums : names(9));
  });
  expect(FetchResult::Refused, "its SHA-256 is not the one that was promised");
  sums = sha256_hex("other") + "  b.names\n" + sha256_hex(names(9)) + " *./lists/a.names\n";
  EXPECT_EQ(fetch().result, FetchResult::New);
}

TEST_F(WithCopy, ChecksumsThatCannotBeHadAreAFailure) {
  spec.source.checksum = server.url("/sums");
  std::string status = "404 Not Found", sums;
  server.serve([&](const std::string& head, const Connection& to) {
    head.starts_with("GET /sums ") ? to.answer(status, sums) : to.answer(kWhole, names(9));
  });
  expect(FetchResult::Failed, "its checksum: the server answered 404");
  status = kWhole;
  expect(FetchResult::Refused, "its checksum: the file does not say one of this feed");
  sums = std::string(100'000, 'x');
  expect(FetchResult::Failed, "its checksum: it is larger than 65536 bytes");
}

TEST_F(WithCopy, AFullDiskChangesNothing) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  server.serve(kWhole, names(1000));
  const FetchOutcome outcome = fetch();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(outcome.result, FetchResult::Failed);
  EXPECT_EQ(outcome.why, "cannot write " + store.temporary(spec).string() + ": File too large");
  EXPECT_EQ(text(), names(10));
  EXPECT_EQ(files(), 2u);
}

TEST_F(WithCopy, ADirectoryThatIsGoneIsAFailure) {
  fs::remove_all(directory);
  server.serve(kWhole, names(9));
  const FetchOutcome outcome = fetch();
  EXPECT_EQ(outcome.result, FetchResult::Failed);
  EXPECT_EQ(outcome.why, "cannot create " + store.temporary(spec).string() + ": No such file or directory");
}

TEST_F(WithCopy, APasswordIsSentAndNeverSaid) {
  spec.source.url = "http://user:secret@127.0.0.1:" + std::to_string(server.port()) + "/a?key=secret";
  for (const char* status : {"401 No", "302 Found"}) {
    server.serve(status, "", "Location: ftp://user:secret@x.example/\r\n");
    EXPECT_EQ(fetch().why.find("secret"), std::string::npos);
  }
  EXPECT_TRUE(asked(1, "Authorization: Basic dXNlcjpzZWNyZXQ="));
  server.serve(kWhole, names(2));
  ASSERT_EQ(fetch().result, FetchResult::New);
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream in(entry.path());
    const std::string all(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ((entry.path().string() + all).find("secret"), std::string::npos);
  }
}

TEST_F(WithCopy, SweepingLeavesWhatIsNeeded) {
  server.serve(kWhole, names(1));
  ASSERT_EQ(fetch().result, FetchResult::Held);
  FeedSpec other = spec;
  other.list = "b";
  std::swap(spec, other);
  server.serve(kWhole, names(3));
  ASSERT_EQ(fetch().result, FetchResult::New);
  std::swap(spec, other);
  std::ofstream(directory / "a-0-1.names") << "x";
  std::ofstream(directory / "a.part") << "x";
  EXPECT_EQ(files(), 8u);
  store.sweep({&spec, 1}, 0);
  EXPECT_EQ(files(), 6u) << "what nobody names is gone";
  store.sweep({&spec, 1}, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(files(), 4u) << "and b, which was not used for long";
  EXPECT_EQ(text(), names(10));
  EXPECT_EQ(text(CopyKind::Held), names(1));
}

}  // namespace
}  // namespace sluice::control::test
