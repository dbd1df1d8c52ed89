// accesslog tests: the files, and the thread from the rings to them.
#include "control/accesslog/access_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "tests/unit/accesslog/access_logs.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

TEST_F(AccessLogTest, RecordsOfAllWorkersAreWrittenAndReleased) {
  FakeShared shared(3, 64);
  auto log = start();
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  for (int i = 0; i < 20; ++i) {
    for (uint32_t worker = 0; worker < 3; ++worker) {
      ASSERT_TRUE(shared.push("a.example", 1, worker));
    }
  }
  log->stop();
  EXPECT_EQ(ids().size(), 60u);
  EXPECT_EQ(log->counts().records, 60u);
  EXPECT_EQ(log->counts().unnamed, 0u);
  EXPECT_EQ(shared.ring(2).tail.load(), shared.ring(2).head.load());
  EXPECT_EQ(log->oldest_needed(), UINT32_MAX);
}

TEST_F(AccessLogTest, StopUnderTrafficWritesWhatCameBefore) {
  FakeShared shared(1, 64);
  auto log = start();
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  std::atomic<size_t> pushed = 0;
  std::jthread worker([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) pushed += shared.push("a.example");
  });
  while (pushed < 500) std::this_thread::yield();
  const size_t before = pushed;
  log->stop();
  worker.request_stop();
  worker.join();
  EXPECT_GE(log->counts().records, before);
}

TEST_F(AccessLogTest, RestartBetweenWriteAndReleaseWritesNothingTwice) {
  FakeShared shared(2, 64);
  for (int i = 0; i < 10; ++i) {
    shared.push("a.example", 1, 0);
    shared.push("b.example", 1, 1);
  }
  {
    auto log = start();
    log->add_region(SharedRegion::map(shared.fd.get(), error));
    log->stop();
  }
  shared.ring(0).tail = 0;  // as if it had been killed before the tails moved
  shared.ring(1).tail = 0;
  shared.push("c.example", 1, 0);
  auto log = start();
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  log->stop();
  const std::vector<std::string> found = ids();
  EXPECT_EQ(found.size(), 21u);
  EXPECT_EQ(std::set(found.begin(), found.end()).size(), 21u);
  EXPECT_EQ(log->counts().doubles, 20u);
  EXPECT_EQ(log->counts().lost, 0u);
}

TEST_F(AccessLogTest, OldDataPlaneIsReadToItsEndFirst) {
  FakeShared before(1, 64, 1), after(1, 64, 2);
  for (int i = 0; i < 30; ++i) {
    before.push("old.example");
    after.push("new.example");
  }
  auto log = start();
  log->add_region(SharedRegion::map(before.fd.get(), error));
  log->add_region(SharedRegion::map(after.fd.get(), error));
  log->stop();
  const std::vector<std::string> found = ids();
  ASSERT_EQ(found.size(), 60u);
  EXPECT_TRUE(found[29].starts_with("0000000000000001-"));
  EXPECT_TRUE(found[30].starts_with("0000000000000002-"));
}

TEST_F(AccessLogTest, RefusingDiskKeepsTheRingAndWritesAllLater) {
  FakeShared shared(1, 64);
  auto log = start();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{}, none{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  none = before;
  none.rlim_cur = 100;
  ::setrlimit(RLIMIT_FSIZE, &none);
  for (int i = 0; i < 10; ++i) {
    shared.push("a.example");
  }
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  for (int i = 0; i < 200 && log->counts().errors == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(log->counts().errors, 0u);
  EXPECT_EQ(shared.ring().tail.load(), 0u);
  ::setrlimit(RLIMIT_FSIZE, &before);
  log->stop();
  EXPECT_EQ(ids().size(), 10u);
  EXPECT_EQ(shared.ring().tail.load(), 10u);
}

TEST_F(AccessLogTest, ConcurrentProducerLosesNothing) {
  FakeShared shared(1, 512);
  auto log = start();
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  int written = 0;
  while (written < 2000) {
    if (shared.push("busy.example.with.a.rather.long.name")) {
      ++written;
    } else {
      --shared.next_number[0];
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  log->stop();
  EXPECT_EQ(ids().size(), 2000u);
  EXPECT_EQ(log->counts().lost + log->counts().malformed + log->counts().doubles, 0u);
}

TEST_F(AccessLogTest, LostRecordsLeaveALineThatSaysHowManyAndWhen) {
  FakeShared shared(1, 64);
  shared.push("a.example");
  shared.next_number[0] += 7;
  shared.push("b.example");
  auto log = start();
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  log->stop();
  const auto found = lines();
  ASSERT_EQ(found.size(), 3u);
  const nlohmann::json &before = found[0], &gap = found[1], &after = found[2];
  EXPECT_EQ(gap["event"]["reason"], "log-full");
  EXPECT_EQ(gap["sluice"]["lost"], 7);
  EXPECT_EQ(gap["sluice"]["worker"], 0);
  EXPECT_EQ(gap["sluice"]["from"], before["@timestamp"]);
  EXPECT_EQ(gap["sluice"]["until"], after["@timestamp"]);
  EXPECT_EQ(gap["observer"]["name"], "site");
  EXPECT_TRUE(gap["event"]["id"].get<std::string>().ends_with("-0-2")) << gap;
  EXPECT_EQ(log->counts().records, 2u);
  EXPECT_EQ(log->counts().gaps, 1u);
  EXPECT_EQ(log->counts().lost, 7u);
}

TEST_F(AccessLogTest, LogThatBrokeOffWithItsDataPlaneSaysSo) {
  FakeShared before(1, 64, 1), after(1, 64, 2);
  before.push("a.example");
  after.push("b.example");
  {
    auto writer = SegmentWriter::open(directory, directory / "state", {}, error);
    LogBatch batch;
    batch.lines = "{\"event\":{\"id\":\"0000000000000001-0-1\"}}\n";
    batch.note(1'795'406'706'000'000'000, {1, 0, 1});
    ASSERT_EQ(writer->append(batch, 1'795'406'706'000'000'000), "");  // and no close
  }
  auto log = start();
  log->add_region(SharedRegion::map(after.fd.get(), error));
  log->stop();
  const auto found = lines();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1]["event"]["reason"], "unclean-stop");
  EXPECT_FALSE(found[1]["sluice"].contains("lost"));
  EXPECT_EQ(found[1]["sluice"]["from"], "2026-11-23T04:05:06.000000Z");
  EXPECT_EQ(found[1]["event"]["id"], "0000000000000002-0-0");
  auto again = start();  // that one was closed: nothing is missing
  again->add_region(SharedRegion::map(before.fd.get(), error));
  again->stop();
  EXPECT_EQ(lines().size(), 3u);  // its one record was in the log
}

}  // namespace
}  // namespace sluice::control
