// accesslog tests: the files, and the thread from the rings to them.
#include "control/accesslog/access_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "control/accesslog/format.h"
#include "tests/unit/accesslog/image_maker.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kDay = 86'400'000'000'000, kNow = 1'795'406'706'000'000'000;

struct AccessLogTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-log-" + std::to_string(::getpid()));
  std::string error;

  AccessLogTest() { fs::remove_all(directory); }
  ~AccessLogTest() override { fs::remove_all(directory); }

  std::unique_ptr<LogWriter> writer() {
    auto out = LogWriter::open(directory, kNow, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// The event ids of all lines of all files, in the order of the files' names.
  std::vector<std::string> ids() const {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory)) {
      files.insert(entry.path());
    }
    std::vector<std::string> out;
    for (const fs::path& file : files) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) {
        out.push_back(nlohmann::json::parse(line)["event"]["id"].get<std::string>());
      }
    }
    return out;
  }
  static std::string line(uint64_t number) {
    Record record{};
    return format_record(record, "", ImageNames::only_site("s"), "l", event_id(0xb007, 0, number)) + "\n";
  }
  std::unique_ptr<AccessLog> start() {
    return std::make_unique<AccessLog>(LogWriter::open(directory, kNow, error), [](uint32_t generation) {
      return std::make_shared<const ImageNames>(*ImageNames::read(make_image(generation, "site")));
    });
  }
};

TEST_F(AccessLogTest, LinesGoToTheFileOfTheUtcDay) {
  const auto log = writer();
  EXPECT_EQ(log->append(line(1), kNow), "");
  EXPECT_EQ(log->append(line(2), kNow + kDay), "");
  EXPECT_EQ(read(directory / "access-20261123.jsonl"), line(1));
  EXPECT_EQ(read(directory / "access-20261124.jsonl"), line(2));
  struct stat status {};
  ASSERT_EQ(::stat((directory / "access-20261123.jsonl").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777 & 027, 0u);
}

TEST_F(AccessLogTest, LastNumbersAreReadBack) {
  (void)writer()->append(line(1) + line(7) + line(3), kNow);
  (void)writer()->append(line(5), kNow + kDay);
  EXPECT_EQ(writer()->last_number(0xb007, 0), 7u);
  EXPECT_EQ(writer()->last_number(0xb007, 1), 0u);
  EXPECT_EQ(writer()->last_number(0xb008, 0), 0u);
}

TEST_F(AccessLogTest, LineTornAnywhereIsCutOff) {
  const std::string whole = line(1), torn = line(2);
  for (size_t size = 0; size <= torn.size(); ++size) {
    fs::create_directories(directory);
    std::ofstream(directory / "access-20261123.jsonl", std::ios::trunc) << whole << torn.substr(0, size);
    const auto log = writer();
    const bool complete = size == torn.size();
    EXPECT_EQ(log->torn_bytes(), complete ? 0 : size);
    EXPECT_EQ(log->last_number(0xb007, 0), complete ? 2u : 1u);
    EXPECT_EQ(read(directory / "access-20261123.jsonl"), complete ? whole + torn : whole);
  }
}

TEST_F(AccessLogTest, GarbageInTheLogIsNoNumber) {
  fs::create_directories(directory);
  std::string garbage = line(4);
  for (size_t at = 0; at < garbage.size() - 1; ++at) {
    std::string broken = garbage;
    broken[at] = static_cast<char>(0xff);
    std::ofstream(directory / "access-20261123.jsonl", std::ios::trunc) << broken;
    EXPECT_LE(writer()->last_number(0xb007, 0), 4u);
  }
}

TEST_F(AccessLogTest, RefusedLinesAreNotInTheFileAndComeLater) {
  const auto log = writer();
  ASSERT_EQ(log->append(line(1), kNow), "");
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{}, tight{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  tight = before;
  tight.rlim_cur = line(1).size() + 10;
  ::setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_NE(log->append(line(2), kNow), "");
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(read(directory / "access-20261123.jsonl"), line(1));
  EXPECT_EQ(log->append(line(2), kNow), "");
  EXPECT_EQ(read(directory / "access-20261123.jsonl"), line(1) + line(2));
}

TEST_F(AccessLogTest, FileTakenAwayIsMadeAgain) {
  const auto log = writer();
  ASSERT_EQ(log->append(line(1), kNow), "");
  fs::remove(directory / "access-20261123.jsonl");
  ASSERT_EQ(log->append(line(2), kNow), "");
  EXPECT_EQ(read(directory / "access-20261123.jsonl"), line(2));
}

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
  FakeShared shared(1, 64);
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

}  // namespace
}  // namespace sluice::control
