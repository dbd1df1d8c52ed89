// accesslog tests: a log whose repeats are folded holds what another one holds.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "control/segment/check.h"
#include "tests/unit/accesslog/access_logs.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::milliseconds, std::chrono::seconds;

/// What a log says, with every line taken for as many accesses as it stands for.
struct Held {
  std::vector<std::string> ids;              ///< sorted
  std::map<std::string, uint64_t> accesses;  ///< by what their lines say of all of them
  std::multiset<std::string> ends, gaps;     ///< as they stand
  uint64_t source_bytes = 0, destination_bytes = 0, packets = 0;
};

/// `3,5-9` behind the id of the line.
void add_ids(const json& line, std::vector<std::string>& out) {
  const std::string id = line["event"]["id"];
  out.push_back(id);
  std::istringstream ranges(line["sluice"].value("folded", ""));
  for (std::string range; std::getline(ranges, range, ',');) {
    const size_t dash = range.find('-');
    const uint64_t first = std::stoull(range),
                   last = dash == std::string::npos ? first : std::stoull(range.substr(dash + 1));
    for (uint64_t number = first; number <= last; ++number) {
      out.push_back(id.substr(0, id.rfind('-') + 1) + std::to_string(number));
    }
  }
}

Held held(const std::vector<json>& lines) {
  Held out;
  for (const json& line : lines) {
    if (line["event"].contains("kind")) {
      out.gaps.insert(line.dump());
      continue;
    }
    add_ids(line, out.ids);
    out.source_bytes += line["source"]["bytes"].get<uint64_t>();
    out.destination_bytes += line["destination"]["bytes"].get<uint64_t>();
    out.packets += line["source"].value("packets", 0) + line["destination"].value("packets", 0);
    if (line["sluice"].contains("ended")) {
      out.ends.insert(line.dump());
      continue;
    }
    json same = line;
    for (const auto& [object, key] : {std::pair{"event", "id"},
                                      {"event", "count"},
                                      {"event", "end"},
                                      {"source", "port"},
                                      {"source", "bytes"},
                                      {"destination", "bytes"},
                                      {"sluice", "folded"}}) {
      same[object].erase(key);
    }
    same.erase("@timestamp");
    out.accesses[same.dump()] += line["event"].value("count", 1);
  }
  std::sort(out.ids.begin(), out.ids.end());
  return out;
}

struct FoldedLogTest : AccessLogTest {
  std::mt19937 chance{11};

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(chance() % limit); }
  static Record access() {
    Record out{};
    out.generation = 1;
    out.vlan = kNoVlan;
    out.transport = 17;
    out.rule = out.list = out.network = kNone16;
    return out;
  }
  /// Few clients and few names, so that many repeat; an end now and then; numbers that never come; some
  /// seconds in all.
  void push_random(std::vector<FakeShared*> into, uint32_t worker, int number) {
    if (below(50) == 0) {
      const uint64_t lost = below(4);
      for (FakeShared* each : into) each->next_number[worker] += lost;
    }
    Record record = access();
    record.time_ns = 1'795'406'706'000'000'000 + int64_t{number} * 2'000'000;
    record.source.bytes[15] = static_cast<uint8_t>(below(3));
    record.source_port = static_cast<uint16_t>(chance());
    record.destination_port = below(2) == 0 ? 53 : 443;
    record.action = static_cast<uint8_t>(below(10) == 0 ? Action::Blocked : Action::Allowed);
    record.rule = below(5) == 0 ? 0 : kNone16;
    record.source_bytes = below(1000);
    record.destination_bytes = below(1000);
    if (below(4) == 0) {
      record.ended = Ended::Fin;
      record.end = {.access = 0,
                    .source_packets = below(9) + 1,
                    .destination_packets = below(9) + 1,
                    .duration_ms = below(900),
                    .idle_ms = 0,
                    .left_out = 0,
                    .reserved = 0};
    }
    const std::string name =
        below(3) == 0 ? "a.rather.long.name.of.no.use.but.its.length.example" : "a.example";
    for (FakeShared* each : into) ASSERT_TRUE(each->publish(record, name, worker));
  }
  LogFindings verify(const std::filesystem::path& log) {
    const auto key = SigningKey::open_public(log / "log.pub", error);
    LogFindings out;
    EXPECT_EQ(key ? check_log(log, *key, {}, {}, out) : error, "");
    return out;
  }
  static bool wait(const std::function<bool()>& until) {
    for (int i = 0; i < 1000 && !until(); ++i) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    return until();
  }
};

TEST_F(FoldedLogTest, HoldsTheSameAccessesAndTotalsAndVerifies) {
  FakeShared plain(2, 8192), folded(2, 8192);
  for (int i = 0; i < 3000; ++i) {
    push_random({&plain, &folded}, below(2), i);
  }
  auto log = start();
  log->add_region(SharedRegion::map(plain.fd.get(), error));
  log->stop();
  const Held wanted = held(lines());
  const uint64_t written = log->counts().records, gaps = log->counts().gaps;
  EXPECT_EQ(written, 3000u);
  EXPECT_EQ(log->counts().folded, 0u);
  EXPECT_EQ(wanted.ids.size(), 3000u);
  std::filesystem::remove_all(directory);

  auto other = start();
  other->set_fold(seconds(1));
  other->add_region(SharedRegion::map(folded.fd.get(), error));
  other->stop();
  const auto found_lines = lines();
  const Held found = held(found_lines);
  EXPECT_EQ(found.ids, wanted.ids);
  EXPECT_EQ(found.accesses, wanted.accesses);
  EXPECT_EQ(found.ends, wanted.ends);
  EXPECT_EQ(found.gaps, wanted.gaps);
  EXPECT_EQ(found.source_bytes, wanted.source_bytes);
  EXPECT_EQ(found.destination_bytes, wanted.destination_bytes);
  EXPECT_EQ(found.packets, wanted.packets);
  EXPECT_EQ(other->counts().records, written);
  EXPECT_EQ(other->counts().gaps, gaps);
  EXPECT_EQ(other->counts().folded, written + gaps - found_lines.size());
  EXPECT_LT(found_lines.size(), 2000u);
  const LogFindings checked = verify(directory);
  EXPECT_THAT(checked.problems, testing::ElementsAre());
  EXPECT_EQ(checked.folded, other->counts().folded);
  EXPECT_EQ(checked.records, found_lines.size());
}

TEST_F(FoldedLogTest, AnyLineLeftOutIsFound) {
  FakeShared shared(1, 256);
  shared.push("first.example");
  for (int i = 0; i < 60; ++i) {
    push_random({&shared}, 0, i);
  }
  shared.push("last.example");
  auto log = start();
  log->set_fold(seconds(1));
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  log->stop();
  const auto all = lines();
  ASSERT_GT(log->counts().folded, 10u);
  const auto problems_without = [&](size_t left_out) {
    std::filesystem::remove_all(directory);
    const auto writer = SegmentWriter::open(directory, directory / "state", {}, error);
    LogBatch batch;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i != left_out) {
        // The check reads lines as they are written: the id, then the count.
        const json& line = all[i];
        batch.lines += R"({"event":{)";
        batch.lines += line["event"].contains("kind") ? R"("kind":"pipeline_error",)" : "";
        batch.lines += R"("id":)" + line["event"]["id"].dump();
        batch.lines += line["event"].contains("count") ? ",\"count\":" + line["event"]["count"].dump() : "";
        batch.lines += R"(},"a":0,"sluice":{"a":0)";
        for (const char* key : {"folded", "lost"}) {
          const json value = line["sluice"].value(key, json());
          batch.lines += value.is_null() ? "" : ",\"" + std::string(key) + "\":" + value.dump();
        }
        batch.lines += "}}\n";
        batch.note(0, {0xb007, 0, 1});
      }
    }
    EXPECT_EQ(writer->append(batch, 0), "");
    return verify(directory).problem_count;
  };
  EXPECT_EQ(problems_without(all.size()), 0u);
  for (size_t i = 1; i + 1 < all.size(); ++i) {
    EXPECT_NE(problems_without(i), 0u) << all[i];
  }
}

TEST_F(FoldedLogTest, LinesWaitAsLongAsThePolicySaysAndNoLongerWhenItChanges) {
  FakeShared shared(1, 64);
  auto log = start();
  log->set_fold(seconds(60));
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  shared.push("a.example");
  std::this_thread::sleep_for(milliseconds(1200));
  shared.push("a.example");
  EXPECT_EQ(log->counts().syncs, 0u);
  EXPECT_EQ(shared.ring().tail.load(), 0u) << "what is not on disk is to stay in the ring";
  EXPECT_EQ(log->oldest_needed(), 1u) << "what waits needs its names, also by another control";
  log->set_fold(seconds(1));
  ASSERT_TRUE(wait([&] { return shared.ring().tail == 2; }));
  log->stop();
  EXPECT_EQ(lines().size(), 1u);
}

TEST_F(FoldedLogTest, ShareOfARingThatIsHeldEndsTheWait) {
  FakeShared shared(2, 64);
  auto log = start();
  log->set_fold(seconds(60));
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  for (int i = 0; i < 16; ++i) {
    shared.push("a.example", 1, 1);
  }
  ASSERT_TRUE(wait([&] { return shared.ring(1).tail == 16; }));
  log->stop();
  EXPECT_EQ(held(lines()).ids.size(), 16u);
}

TEST_F(FoldedLogTest, FullRingIsReadInShares) {
  FakeShared shared(1, 4096);
  for (int i = 0; i < 4096; ++i) {
    ASSERT_TRUE(shared.push("a.example"));
  }
  auto log = start();
  log->set_fold(seconds(60));
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  ASSERT_TRUE(wait([&] { return shared.ring().tail == 4096; }));
  log->stop();
  EXPECT_EQ(lines().size(), 4u);
  EXPECT_EQ(held(lines()).ids.size(), 4096u);
}

TEST_F(FoldedLogTest, FrameThatIsFullIsWrittenAtOnce) {
  constexpr int kNames = 20'000;  // far more lines than a frame takes, far less than a share of the ring
  FakeShared shared(1, 1 << 17);
  auto log = start();
  log->set_fold(seconds(60));
  log->add_region(SharedRegion::map(shared.fd.get(), error));
  for (int i = 0; i < kNames; ++i) {
    ASSERT_TRUE(shared.push("host-" + std::to_string(i) + ".example"));
  }
  ASSERT_TRUE(wait([&] { return log->counts().syncs > 0; }));
  log->stop();
  EXPECT_EQ(lines().size(), size_t{kNames});
  EXPECT_THAT(verify(directory).problems, testing::ElementsAre());
}

TEST_F(FoldedLogTest, RestartBetweenWriteAndReleaseWritesNothingTwice) {
  FakeShared shared(1, 64);
  const auto region = SharedRegion::map(shared.fd.get(), error);
  for (const char* name : {"a.example", "b.example", "a.example", "a.example", "b.example"}) {
    shared.push(name);
  }
  for (int i = 0; i < 2; ++i) {
    auto log = start();
    log->set_fold(seconds(10));
    log->add_region(SharedRegion::map(shared.fd.get(), error));
    log->stop();
    EXPECT_EQ(log->counts().doubles, i == 0 ? 0u : 5u);
    shared.ring().tail = 0;  // as if it had been killed before the tail moved
    shared.push("a.example");
  }
  EXPECT_EQ(lines().size(), 3u);
  EXPECT_EQ(held(lines()).ids.size(), 6u);
  EXPECT_THAT(verify(directory).problems, testing::ElementsAre());
}

TEST_F(FoldedLogTest, RefusingDiskGetsTheSameLinesLater) {
  FakeShared shared(1, 64);
  auto log = start();
  log->set_fold(seconds(1));
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
  EXPECT_TRUE(wait([&] { return log->counts().errors > 0; }));
  shared.push("a.example");  // these are not in the batch that is being written
  shared.push("a.example");
  EXPECT_EQ(shared.ring().tail.load(), 0u);
  ::setrlimit(RLIMIT_FSIZE, &before);
  log->stop();
  const auto found = lines();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]["event"]["count"], 10);
  EXPECT_EQ(found[0]["sluice"]["folded"], "2-10");
  EXPECT_EQ(found[1]["event"]["count"], 2);
}

TEST_F(FoldedLogTest, DataPlaneThatIsGoneIsNotWaitedFor) {
  FakeShared before(1, 64, 1), after(1, 64, 2);
  before.push("old.example");
  after.push("new.example");
  auto log = start();
  log->set_fold(seconds(60));
  log->add_region(SharedRegion::map(before.fd.get(), error));
  log->add_region(SharedRegion::map(after.fd.get(), error));
  EXPECT_TRUE(wait([&] { return before.ring().tail == 1; }));
  log->stop();
  EXPECT_THAT(ids(), testing::ElementsAre("0000000000000001-0-1", "0000000000000002-0-1"));
}

}  // namespace
}  // namespace sluice::control
