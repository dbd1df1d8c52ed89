// copies tests: a recipient gets every line, whatever fails and whoever is stopped, and only what it took
// counts.
#include "control/copies/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "control/copies/copies.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;

/// A far side that fails as it is told to.
struct FarSide {
  std::mutex mutex;
  std::string taken;         ///< all that was sent and answered, in order
  int failures = 0;          ///< sends that will fail
  bool take_failed = false;  ///< it takes what it then says it has not
  bool broken = false;       ///< alive() fails once, and what came since the last settled batch is lost
  std::chrono::milliseconds settle{0};
  size_t kept = 0;  ///< of taken, what cannot be lost any more

  std::string text() {
    const std::lock_guard lock(mutex);
    return taken;
  }
};

class FakeSender : public Sender {
 public:
  explicit FakeSender(FarSide& far) : far_(far) {}
  SendResult send(const CopyBatch& batch) override {
    const std::lock_guard lock(far_.mutex);
    if (far_.failures > 0) {
      --far_.failures;
      far_.taken += far_.take_failed ? batch.lines : "";
      return {CopyFailure::Timeout, "told to fail"};
    }
    far_.taken += batch.lines;
    return {};
  }
  std::chrono::milliseconds settle() const override { return far_.settle; }
  SendResult alive() override {
    const std::lock_guard lock(far_.mutex);
    if (!far_.broken) {
      return {};
    }
    far_.broken = false;
    far_.taken.resize(far_.kept);
    return {CopyFailure::Closed, "told to break"};
  }

 private:
  FarSide& far_;
};

struct CopyTest : Segments {
  FarSide far;
  CopyLimits limits{.every = 5ms, .first_retry = 5ms, .most_retry = 20ms};
  CopyPlan plan{
      {.name = "siem", .host = "siem.example", .port = 6514, .recipient = "Example SOC", .country = "CN"},
      false,
      "gw1"};

  CopyTest() { std::filesystem::create_directories(log); }

  std::unique_ptr<CopyThread> start(std::unique_ptr<CopyThread> before = nullptr) {
    return std::make_unique<CopyThread>(CopyPaths{log, state}, plan, limits, std::move(before),
                                        [this](const CopyPlan&, const SendLimits&, const std::atomic<bool>&) {
                                          return std::make_unique<FakeSender>(far);
                                        });
  }
  template <typename Done>
  static bool wait_for(Done done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      std::this_thread::sleep_for(10ms);
    }
    return done();
  }
  bool has(const std::string& text) {
    return wait_for([&] { return far.text() == text; });
  }
  bool saved(uint64_t records) {
    return wait_for([&] {
      std::string ignored;
      return read_checkpoint(state / "copies/siem.json", ignored).place.records == records;
    });
  }
  static std::string lines(uint64_t first, uint64_t last) { return batch(first, last).lines; }
};

TEST_F(CopyTest, EveryLineOnceOverRestarts) {
  write_frames(2, true);
  {
    const auto copy = start();
    EXPECT_TRUE(has(lines(1, 6)));
    EXPECT_TRUE(saved(6));
  }
  const auto writer = open();
  ASSERT_EQ(writer->append(batch(7, 9), kNow), "");
  const auto copy = start();
  EXPECT_TRUE(has(lines(1, 9)));
  EXPECT_TRUE(saved(9));
  EXPECT_TRUE(wait_for([&] { return copy->status().behind_records == 0 && copy->status().records == 3; }));
  EXPECT_EQ(copy->status().behind_since_ns, 0);
  EXPECT_GT(copy->status().taken_ns, 0);
}

TEST_F(CopyTest, WhatIsNotTakenComesAgainAndTheCheckpointWaits) {
  write_frames(2, true);
  far.failures = 1000;
  const auto copy = start();
  ASSERT_TRUE(
      wait_for([&] { return copy->status().failures[static_cast<size_t>(CopyFailure::Timeout)] >= 3; }));
  const CopyStatus status = copy->status();
  EXPECT_EQ(status.error, "told to fail");
  EXPECT_EQ(status.behind_records, 6u);
  EXPECT_GT(status.behind_bytes, 0u);
  EXPECT_EQ(status.behind_since_ns, kNow + kSecond);
  EXPECT_TRUE(saved(0));
  {
    const std::lock_guard lock(far.mutex);
    far.failures = 0;
  }
  EXPECT_TRUE(has(lines(1, 6)));
  EXPECT_TRUE(wait_for([&] { return copy->status().error.empty(); }));
}

TEST_F(CopyTest, AnswerThatIsLostDoublesAndLosesNothing) {
  write_frames(1, true);
  far.failures = 1;
  far.take_failed = true;
  const auto copy = start();
  EXPECT_TRUE(has(lines(1, 3) + lines(1, 3)));
}

TEST_F(CopyTest, ConnectionThatBreaksBeforeItSettledSendsAgain) {
  write_frames(2, true);
  far.settle = 1h;
  const auto copy = start();
  ASSERT_TRUE(has(lines(1, 6)));
  EXPECT_TRUE(saved(0));
  {
    const std::lock_guard lock(far.mutex);
    far.broken = true;
  }
  EXPECT_TRUE(wait_for([&] { return copy->status().resent == 6; }));
  EXPECT_TRUE(has(lines(1, 6)));
  EXPECT_EQ(copy->status().records, 0u);
}

TEST_F(CopyTest, ConnectionThatStaysWholeSettles) {
  write_frames(1, true);
  far.settle = 30ms;
  const auto copy = start();
  EXPECT_TRUE(saved(3));
  EXPECT_TRUE(has(lines(1, 3)));
}

TEST_F(CopyTest, StoppedBeforeItSettledComesAgain) {
  write_frames(1, true);
  far.settle = 1h;
  {
    const auto copy = start();
    ASSERT_TRUE(has(lines(1, 3)));
  }
  const auto copy = start();
  EXPECT_TRUE(has(lines(1, 3) + lines(1, 3)));
}

TEST_F(CopyTest, BatchesAreBounded) {
  const auto writer = open();
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_EQ(writer->append(batch(3 * i + 1, 3 * i + 3), kNow), "");
  }
  limits.batch_bytes = 1;
  limits.every = 1h;  // more to come does not wait
  const auto copy = start();
  EXPECT_TRUE(has(lines(1, 60)));
}

TEST_F(CopyTest, UnreadableCheckpointBeginsAnew) {
  write_frames(1, true);
  std::filesystem::create_directories(state / "copies");
  std::ofstream(state / "copies/siem.json") << R"({"target":)";
  const auto copy = start();
  EXPECT_TRUE(has(lines(1, 3)));
  EXPECT_TRUE(saved(3));
}

TEST_F(CopyTest, AnotherTargetBeginsAnew) {
  write_frames(1, true);
  auto copy = start();
  EXPECT_TRUE(saved(3));
  plan.copy.recipient = "renamed";  // no other target
  copy = start(std::move(copy));
  EXPECT_TRUE(wait_for([&] { return copy->status().taken_ns != 0; }));
  EXPECT_EQ(far.text(), lines(1, 3));
  EXPECT_EQ(copy->status().records, 3u);
  plan.copy.host = "other.example";
  copy = start(std::move(copy));
  EXPECT_TRUE(has(lines(1, 3) + lines(1, 3)));
}

TEST_F(CopyTest, DeletedSegmentsAreCountedAndRemembered) {
  write_frames(1, true);
  write_frames(1, true);
  std::filesystem::remove(segment(0));
  {
    const auto copy = start();
    EXPECT_TRUE(wait_for([&] { return copy->status().missed_segments == 1; }));
    EXPECT_EQ(copy->status().missed_records, 3u);
    EXPECT_TRUE(saved(3));
  }
  const auto copy = start();
  EXPECT_TRUE(wait_for([&] { return copy->status().missed_segments == 1; }));
}

TEST_F(CopyTest, DirectoryThatTakesNoCheckpointIsSaidAndNothingSentTwice) {
  write_frames(1, true);
  std::filesystem::create_directories(state);
  std::ofstream(state / "copies") << "a file";
  const auto copy = start();
  EXPECT_TRUE(
      wait_for([&] { return copy->status().failures[static_cast<size_t>(CopyFailure::Local)] >= 2; }));
  EXPECT_EQ(far.text(), "");
  std::filesystem::remove(state / "copies");
  EXPECT_TRUE(has(lines(1, 3)));
}

TEST_F(CopyTest, NoKeyNoLineAbroad) {
  write_frames(1, true);
  plan.pseudonyms = true;
  std::ofstream(state / "copies.key") << "spoilt";
  const auto copy = start();
  EXPECT_TRUE(
      wait_for([&] { return copy->status().failures[static_cast<size_t>(CopyFailure::Local)] >= 2; }));
  EXPECT_EQ(far.text(), "");
  std::filesystem::remove(state / "copies.key");
  EXPECT_TRUE(wait_for([&] { return far.text().find("pseudonyms") != std::string::npos; }));
}

TEST_F(CopyTest, LinesThatCannotBeReadAreWithheldAbroad) {
  LogBatch odd;
  odd.lines = "10.20.1.7 is no JSON\n";
  odd.note(kNow, {kBoot, 0, 1});
  const auto writer = open();
  ASSERT_EQ(writer->append(odd, kNow), "");
  plan.pseudonyms = true;
  const auto copy = start();
  EXPECT_TRUE(saved(1));
  EXPECT_EQ(copy->status().withheld, 1u);
  EXPECT_EQ(far.text(), "");
  ASSERT_EQ(writer->append(batch(2, 4), kNow), "");
  EXPECT_TRUE(saved(4));
  EXPECT_TRUE(wait_for([&] { return copy->status().records == 3; }));
}

TEST_F(CopyTest, NameThatIsNoFileNameIsRefused) {
  write_frames(1, true);
  plan.copy.name = "../siem";
  const auto copy = start();
  EXPECT_TRUE(wait_for([&] { return copy->status().error == "a copy cannot have this name"; }));
}

TEST_F(CopyTest, PolicyBeginsChangesAndEndsCopies) {
  write_frames(1, true);
  Copies copies({log, state}, limits);
  LogPolicy policy;
  LogCopy copy = plan.copy;
  copy.host = "127.0.0.1";
  copy.port = 1;  // nobody listens
  policy.copies = {copy};
  copies.set(policy);
  ASSERT_EQ(copies.status().size(), 1u);
  EXPECT_TRUE(wait_for(
      [&] { return copies.status()[0].failures[static_cast<size_t>(CopyFailure::Unreachable)] != 0; }));
  EXPECT_FALSE(copies.status()[0].plan.pseudonyms);
  policy.copies[0].country = "SG";
  copies.set(policy);
  EXPECT_TRUE(copies.status()[0].plan.pseudonyms);
  policy.copies[0].basis = "standard contract";
  copies.set(policy);
  EXPECT_FALSE(copies.status()[0].plan.pseudonyms);
  // What one thread has counted, the next one of the same copy goes on with.
  EXPECT_TRUE(wait_for(
      [&] { return copies.status()[0].failures[static_cast<size_t>(CopyFailure::Unreachable)] != 0; }));
  policy.copies.clear();
  copies.set(policy);
  EXPECT_TRUE(copies.status().empty());
}

}  // namespace
}  // namespace sluice::control
