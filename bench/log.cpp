// bench: the access log from the rings to the disk: records a second with sync, bytes a record, and none
// lost.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "bench/name_maker.h"
#include "control/accesslog/access_log.h"
#include "control/policy/log_policy.h"
#include "control/segment/check.h"
#include "dataplane/contract/reasons.h"
#include "dataplane/log/event_ring.h"
#include "tests/unit/accesslog/image_maker.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::bench {
namespace {

using namespace control;
using Clock = std::chrono::steady_clock;
constexpr uint64_t kSlots = uint64_t{1} << 22;  // what a gateway of one worker has: 512 MB
constexpr size_t kNames = 20'000, kClients = 5'000;
constexpr std::string_view kOnce = "once.among.all.example";  ///< a name that one record has
constexpr uint64_t kStep = 64;  ///< records that are pushed between two looks at the clock

/// An office's records: half of them accesses, half of them flows' ends; few names have most of them.
class Records {
 public:
  Records() {
    NameMaker maker(7);
    for (std::string& name : names_) {
      maker.append(name);
    }
  }
  const std::string& next(Record& out) {
    const bool end = below(2) == 0;
    const uint64_t name = below(kNames) * below(kNames) / kNames * below(kNames) / kNames;
    const auto client = static_cast<uint32_t>(below(kClients));
    out = {};
    out.time_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
    out.slots = slots_for(names_[name].size(), end ? Ended::Fin : Ended::No);
    out.action = static_cast<uint8_t>(below(20) == 0 ? Action::Blocked : Action::Allowed);
    out.reason = static_cast<uint8_t>(Reason::Rule);
    out.transport = 6;
    out.protocol = static_cast<uint8_t>(Protocol::Tls);
    out.seen = static_cast<uint8_t>(Seen::Sni);
    out.ended = end ? Ended::Fin : Ended::No;
    for (uint8_t& byte : out.mac) {
      byte = static_cast<uint8_t>(client * 41);
    }
    out.vlan = kNoVlan;
    out.source = v4(0x0a140000 + client);
    out.destination = v4(0xcb007100 + static_cast<uint32_t>(name * 2654435761U >> 8));
    out.source_port = static_cast<uint16_t>(1024 + below(60'000));
    out.destination_port = 443;
    out.generation = 1;
    out.rule = out.list = out.network = 0;
    out.name_size = static_cast<uint8_t>(names_[name].size());
    if (end) {
      out.source_bytes = below(4'000);
      out.destination_bytes = below(400'000);
      out.end.source_packets = 12;
      out.end.destination_packets = 30;
      out.end.duration_ms = static_cast<uint32_t>(below(90'000));
    }
    return names_[name];
  }

 private:
  static Address v4(uint32_t host_order) {
    const uint8_t bytes[] = {static_cast<uint8_t>(host_order >> 24), static_cast<uint8_t>(host_order >> 16),
                             static_cast<uint8_t>(host_order >> 8), static_cast<uint8_t>(host_order)};
    return Address::from_v4(bytes);
  }
  uint64_t below(uint64_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 32) * limit >> 32;
  }
  uint64_t state_ = 88'172'645'463'325'252;
  std::vector<std::string> names_ = std::vector<std::string>(kNames);
};

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

int run(double rate, double seconds, uint64_t fold_s, const std::filesystem::path& directory) {
  std::string error;
  FakeShared shared(1, kSlots);
  EventRing ring(shared.ring());
  Records records;
  auto writer = SegmentWriter::open(directory / "log", directory / "state", {}, error);
  const auto region = SharedRegion::map(shared.fd.get(), error);
  if (!writer || !region) {
    std::fprintf(stderr, "bench-log: %s\n", error.c_str());
    return 1;
  }
  AccessLog log(std::move(writer), [](uint32_t generation) {
    return std::make_shared<const ImageNames>(*ImageNames::read(make_image(generation, "site")));
  });
  log.set_fold(std::chrono::seconds(fold_s));
  log.add_region(region);
  const auto began = Clock::now();
  const double producer_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID),
               all_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  Record record{};
  uint64_t pushed = 0;
  bool asked_once = false;
  for (double now = 0; now < seconds; now = seconds_since(began)) {
    const bool late = rate == 0 ? kSlots - ring_used(region->ring(0)) > kSlots / 2
                                : static_cast<double>(pushed) < now * rate;
    if (!late) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    for (uint64_t i = 0; i < kStep; ++i, ++pushed) {
      const std::string& name = records.next(record);
      ring.push(record, name);
    }
    if (now > seconds / 2 && !std::exchange(asked_once, true)) {
      records.next(record);
      record.ended = Ended::No;
      record.name_size = kOnce.size();
      record.slots = slots_for(kOnce.size());
      ring.push(record, kOnce);
      ++pushed;
    }
  }
  const double producer = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - producer_before;
  while (log.counts().records + log.counts().lost + ring.lost() < pushed &&
         seconds_since(began) < seconds + 60) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const double wall = seconds_since(began),
               cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - all_before - producer;
  log.stop();
  const AccessLog::Counts& counts = log.counts();
  const auto key = SigningKey::open_public(directory / "log/log.pub", error);
  LogFindings found;
  const auto check_began = Clock::now();
  if (!key || !(error = check_log(directory / "log", *key, {}, {}, found)).empty() ||
      found.problem_count != 0 || found.records + found.folded != pushed - ring.lost() + found.gap_count) {
    std::fprintf(stderr, "bench-log: the log is not what was written: %s\n",
                 error.empty() ? found.problems.empty() ? "records are missing" : found.problems[0].c_str()
                               : error.c_str());
    return 1;
  }
  const auto written = static_cast<double>(counts.records.load());
  const double on_disk = static_cast<double>(counts.bytes.load()) / written;
  std::printf(
      "{\"rate\": %.0f, \"seconds\": %.2f, \"records\": %.0f, \"folded\": %lu, \"lost\": %lu, \"syncs\": "
      "%lu, "
      "\"records_s\": %.0f, "
      "\"records_s_core\": %.0f, \"text_bytes_a_record\": %.1f, \"disk_bytes_a_record\": %.2f, "
      "\"days_in_1_tb_at_1000_s\": %.0f, \"check_records_s\": %.0f}\n",
      rate, wall, written, counts.folded.load(), ring.lost(), counts.syncs.load(), written / wall,
      written / cpu, static_cast<double>(counts.text_bytes.load()) / written, on_disk,
      1e12 / (1000 * 86'400 * on_disk), written / seconds_since(check_began));
  return ring.lost() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  CLI::App app{
      "Records of a made-up office through a ring to the log on disk, synced; then the log is checked. One "
      "JSON object.\n"
      "Exit status: 0; 1 where a record was lost or the log is not what was written."};
  double rate = 0, seconds = 10;
  uint64_t fold_s = 0;
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("sluice-bench-log-" + std::to_string(::getpid()));
  app.add_option("--rate", rate, "records a second; 0: as many as there is room for")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", seconds, "for so long")->check(CLI::Range(0.1, 86'400.0));
  app.add_option("--fold", fold_s, "seconds within which repeats of one access become one line; 0: none do")
      ->check(CLI::Range(0U, sluice::control::kMaxFoldS));
  app.add_option("--dir", directory, "where the log is made; removed at the end");
  bool keep = false;
  app.add_flag("--keep", keep, "leave the log there, to search it");
  CLI11_PARSE(app, argc, argv);
  const int code = sluice::bench::run(rate, seconds, fold_s, directory);
  if (!keep) {
    std::filesystem::remove_all(directory);
  }
  return code;
}
