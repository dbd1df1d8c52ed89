// bench: the access log from the rings to the disk: records a second with sync, bytes a record, and none
// lost.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/name_maker.h"
#include "control/accesslog/access_log.h"
#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/utc.h"
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
constexpr std::string_view kNever = "never.asked.for.example";
constexpr uint32_t kAskedClient = 7;
constexpr int64_t kStepNs = 1'000'000, kMinuteNs = 60'000'000'000;  ///< a record a millisecond
constexpr uint64_t kStep = 64;  ///< records that are pushed between two looks at the clock

/// An office's records: half of them accesses, half of them flows' ends; few names have most of them.
class Records {
 public:
  /// first_ns: the first record's time, the others follow by kStepNs; 0: each has that of the clock.
  explicit Records(int64_t first_ns) : time_ns_(first_ns) {
    NameMaker maker(7);
    for (std::string& name : names_) {
      maker.append(name);
    }
  }
  const std::vector<std::string>& names() const { return names_; }
  const std::string& next(Record& out) {
    const bool end = below(2) == 0;
    const uint64_t name = below(kNames) * below(kNames) / kNames * below(kNames) / kNames;
    const auto client = static_cast<uint32_t>(below(kClients));
    out = {};
    out.time_ns = time_ns_ == 0 ? utc_now_ns() : time_ns_ += kStepNs;
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
    out.ttl = end ? 0 : client % 3 == 0 ? 64 : 128;
    out.source = client_address(client);
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
  static Address client_address(uint32_t client) { return v4(0x0a140000 + client); }

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
  int64_t time_ns_;
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

/// What a search of the log must find, for whoever asks.
class Questions {
 public:
  /// first_ns: as for Records; count: of all records.
  Questions(const std::vector<std::string>& names, int64_t first_ns, uint64_t count)
      : records_(count), since_ns_(first_ns + static_cast<int64_t>(count / 2) * kStepNs) {
    // A domain that has others below it.
    for (size_t i = 0; suffix_.empty() && i < names.size(); ++i) {
      const std::string& name = names[i];
      const size_t dot = std::ranges::count(name, '.') > 1 ? name.find('.') : std::string::npos;
      suffix_ = dot == std::string::npos ? "" : name.substr(dot + 1);
    }
  }
  void note(const Record& record, std::string_view name) {
    once_ += name == kOnce;
    client_ += record.source == Records::client_address(kAskedClient);
    below_ += name.ends_with(suffix_) &&
              (name.size() == suffix_.size() || name[name.size() - suffix_.size() - 1] == '.');
    minute_ += record.time_ns >= since_ns_ && record.time_ns < since_ns_ + kMinuteNs &&
               record.action == static_cast<uint8_t>(Action::Blocked);
  }
  nlohmann::json told() const {
    const auto of = [](const char* what, std::vector<std::string> options, uint64_t lines) {
      return nlohmann::json{{"what", what}, {"options", std::move(options)}, {"lines", lines}};
    };
    const auto client = "10.20.0." + std::to_string(kAskedClient);
    return {{"records", records_},
            {"queries",
             {of("a name that one record has", {"--to", std::string(kOnce)}, once_),
              of("a name that none has", {"--to", std::string(kNever)}, 0),
              of("one client of 5,000", {"--from", client}, client_),
              of("all below a domain", {"--to", suffix_}, below_),
              of("a rule's blocks in one minute",
                 {"--rule", "no-malware", "--action", "blocked", "--since", utc_text(since_ns_), "--until",
                  utc_text(since_ns_ + kMinuteNs - 1000)},
                 minute_)}}};
  }

 private:
  const uint64_t records_;
  const int64_t since_ns_;
  std::string suffix_;
  uint64_t once_ = 0, client_ = 0, below_ = 0, minute_ = 0;
};

/// What is to be written.
struct Amount {
  double rate = 0;       ///< records a second; 0: as many as there is room for
  double seconds = 10;   ///< for so long
  uint64_t records = 0;  ///< so many, whatever it takes; 0: it is the seconds that count
  uint64_t fold_s = 0;   ///< repeats within so long become one line; 0: none do
};

/// One line a tenth, of what takes minutes.
void tell(uint64_t pushed, uint64_t all, uint64_t& told) {
  if (all != 0 && pushed * 10 / all > told) {
    told = pushed * 10 / all;
    std::fprintf(stderr, "bench-log: %lu0 %% of %lu records\n", told, all);
  }
}

/// Pushes records for so long, or so many. Returns how many.
uint64_t push_records(const Amount& amount, EventRing& ring, const SharedRegion& region, Records& records,
                      Questions& questions) {
  const auto began = Clock::now();
  Record record{};
  uint64_t pushed = 0, told = 0;
  bool asked_once = false;
  const auto push = [&](std::string_view name) {
    questions.note(record, name);
    ring.push(record, name);
    ++pushed;
  };
  double now = 0;
  const auto done = [&](double share) {
    return amount.records != 0 ? static_cast<double>(pushed) >= share * static_cast<double>(amount.records)
                               : now >= share * amount.seconds;
  };
  for (; !done(1); now = seconds_since(began)) {
    const bool late = amount.rate == 0 ? kSlots - ring_used(region.ring(0)) > kSlots / 2
                                       : static_cast<double>(pushed) < now * amount.rate;
    if (!late) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    for (uint64_t i = 0; i < kStep && (amount.records == 0 || pushed < amount.records); ++i) {
      push(records.next(record));
    }
    if (done(0.5) && !done(1) && !std::exchange(asked_once, true)) {
      records.next(record);
      record.ended = Ended::No;
      record.name_size = kOnce.size();
      record.slots = slots_for(kOnce.size());
      push(kOnce);
    }
    tell(pushed, amount.records, told);
  }
  return pushed;
}

/// Returns why the log is not what was written; empty: it is.
std::string check(const std::filesystem::path& directory, uint64_t records) {
  std::string error;
  const auto key = SigningKey::open_public(directory / "log/log.pub", error);
  LogFindings found;
  if (!key || !(error = check_log(directory / "log", *key, {}, {}, found)).empty()) {
    return error;
  }
  if (found.problem_count != 0) {
    return found.problems[0];
  }
  return found.records + found.folded == records + found.gap_count ? std::string() : "records are missing";
}

int run(const Amount& amount, const std::filesystem::path& directory) {
  std::string error;
  FakeShared shared(1, kSlots);
  EventRing ring(shared.ring());
  const int64_t first_ns = amount.records == 0 ? 0 : utc_now_ns();
  Records records(first_ns);
  Questions questions(records.names(), first_ns, amount.records);
  auto writer = SegmentWriter::open(directory / "log", directory / "state", {}, error);
  const auto region = SharedRegion::map(shared.fd.get(), error);
  if (!writer || !region) {
    std::fprintf(stderr, "bench-log: %s\n", error.c_str());
    return 1;
  }
  AccessLog log(std::move(writer), [](uint32_t generation) {
    return std::make_shared<const ImageNames>(*ImageNames::read(make_image(generation, "site")));
  });
  log.set_fold(std::chrono::seconds(amount.fold_s));
  log.add_region(region);
  const auto began = Clock::now();
  const double producer_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID),
               all_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const uint64_t pushed = push_records(amount, ring, *region, records, questions);
  const double producer = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - producer_before;
  for (const auto end = Clock::now();
       log.counts().records + log.counts().lost + ring.lost() < pushed && seconds_since(end) < 60;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const double wall = seconds_since(began),
               cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - all_before - producer;
  log.stop();
  const AccessLog::Counts& counts = log.counts();
  const auto check_began = Clock::now();
  error = check(directory, pushed - ring.lost());
  if (error.empty() && amount.records != 0) {
    const std::string told = questions.told().dump(2) + "\n";
    error = replace_file(directory / "questions.json", std::as_bytes(std::span(told)));
  }
  if (!error.empty()) {
    std::fprintf(stderr, "bench-log: the log is not what was written: %s\n", error.c_str());
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
      amount.rate, wall, written, counts.folded.load(), ring.lost(), counts.syncs.load(), written / wall,
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
  sluice::bench::Amount amount;
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("sluice-bench-log-" + std::to_string(::getpid()));
  app.add_option("--rate", amount.rate, "records a second; 0: as many as there is room for")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", amount.seconds, "for so long")->check(CLI::Range(0.1, 86'400.0));
  app.add_option(
      "--records", amount.records,
      "so many instead, one a millisecond by their own times; questions.json beside the log says what "
      "a search must find");
  app.add_option("--fold", amount.fold_s,
                 "seconds within which repeats of one access become one line; 0: none do")
      ->check(CLI::Range(0U, sluice::control::kMaxFoldS));
  app.add_option("--dir", directory, "where the log is made; removed at the end");
  bool keep = false;
  app.add_flag("--keep", keep, "leave the log there, to search it");
  CLI11_PARSE(app, argc, argv);
  const int code = sluice::bench::run(amount, directory);
  if (!keep) {
    std::filesystem::remove_all(directory);
  }
  return code;
}
