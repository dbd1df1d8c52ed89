// tests: a log of real segments, and a keeper whose clocks and disk the test sets.
#pragma once

#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/keep/keeper.h"
#include "control/segment/check.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {

inline constexpr int64_t kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
inline constexpr uint32_t kTerm = 185 * 86'400;

struct KeepTest : Segments {
  std::unique_ptr<SegmentWriter> writer = open();
  std::unique_ptr<Keeper> keeper;
  KeepMoment now{kNow, 17 * kHour};
  uint64_t records = 0;
  std::optional<uint64_t> free_bytes = uint64_t{1} << 40;
  std::string append_fails;

  /// A closed segment with records of that time and of a second before and after it.
  void add(int64_t time_ns) {
    add_open(time_ns);
    ASSERT_EQ(writer->close(time_ns + kMinute), "");
  }
  void add_open(int64_t time_ns) {
    LogBatch batch;
    for (const int64_t each : {time_ns, time_ns + kSecond, time_ns - kSecond}) {
      batch.lines += line(++records);
      batch.note(each, {kBoot, 0, records});
    }
    ASSERT_EQ(writer->append(batch, time_ns), "");
  }
  void start() {
    keeper = Keeper::open(log,
                          {[this](const nlohmann::json& said) {
                             return append_fails.empty() ? writer->heads().append(said) : append_fails;
                           },
                           [this](const std::filesystem::path&) { return free_bytes; }},
                          error);
    ASSERT_NE(keeper, nullptr) << error;
  }
  void run(std::optional<uint32_t> keep_s = kTerm) { keeper->run(now, keep_s); }
  void pass(int64_t time_ns) {
    now.utc_ns += time_ns;
    now.steady_ns += time_ns;
  }
  /// Starts, and is past the wait that follows.
  void start_and_wait() {
    start();
    run();
    pass(25 * kHour);
  }
  std::vector<uint64_t> numbers() {
    std::vector<uint64_t> out;
    for (const SegmentFile& each : list_segments(log, error)) {
      out.push_back(each.number);
    }
    return out;
  }
  /// The lines of a kind in heads.jsonl.
  std::vector<nlohmann::json> heads(const std::string& kind) {
    std::vector<nlohmann::json> out;
    std::istringstream in(read(log / "heads.jsonl"));
    for (std::string text; std::getline(in, text);) {
      const auto said = nlohmann::json::parse(text);
      if (said.value("kind", "") == kind) {
        out.push_back(said);
      }
    }
    return out;
  }
  nlohmann::json ask(const std::string& command, const nlohmann::json& request, uid_t uid = 1000) {
    return keeper->answer(command, request, uid, "user" + std::to_string(uid), now.utc_ns);
  }
  LogFindings check() {
    LogFindings out;
    const auto key = SigningKey::open_public(log / "log.pub", error);
    EXPECT_EQ(check_log(log, *key, {}, {}, out), "");
    return out;
  }
};

using Numbers = std::vector<uint64_t>;

}  // namespace sluice::control
