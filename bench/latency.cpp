// bench: how long packets of decided flows are in the gateway's hands, undisturbed and while policies are
// reloaded, the log stands still, or the metrics are scraped; beside the gaps of a bare loop on that core.
#include <prometheus/text_serializer.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <thread>

#include "bench/attacks.h"
#include "bench/name_maker.h"
#include "bench/ring_gateway.h"
#include "control/metrics/metrics.h"
#include "tests/support/policy.h"

namespace sluice::bench {
namespace {

constexpr double kPacketsPerSecond = 1e6;
constexpr unsigned kAtOnce = 32, kQuestionBuffers = 4095;
constexpr size_t kNames = 1'000'000;
constexpr uint64_t kLongNs = 100'000, kGoalP99Ns = 10'000;
constexpr uint32_t kLogMb = 1;  ///< so that it is full soon after nobody reads it
constexpr const char* kManyNames =
    "lists: {many: {files: [many.names]}}\nrules: [{name: no-many, to: [many], action: block}]\n";

/// What a histogram has counted between two readings.
class Times {
 public:
  static Times now(const Histogram& histogram) {
    Times out;
    for (size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket)
      out.counts_[bucket] = histogram.in_bucket(bucket);
    return out;
  }
  Times operator-(const Times& before) const {
    Times out;
    for (size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket)
      out.counts_[bucket] = counts_[bucket] - before.counts_[bucket];
    return out;
  }
  /// A bound that so many of a million do not exceed.
  uint64_t bound_ns(uint64_t of_a_million) const {
    uint64_t all = 0, below = 0;
    for (const uint64_t count : counts_) all += count;
    for (size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
      below += counts_[bucket];
      if (below != 0 && below * 1e6 >= static_cast<double>(all) * static_cast<double>(of_a_million))
        return Histogram::bound_of(bucket);
    }
    return 0;
  }
  uint64_t longer_than(uint64_t ns) const {
    uint64_t out = 0;
    for (size_t bucket = Histogram::bucket_of(ns) + 1; bucket < Histogram::kBuckets; ++bucket)
      out += counts_[bucket];
    return out;
  }

 private:
  std::array<uint64_t, Histogram::kBuckets> counts_{};
};

double us(uint64_t ns) {
  return static_cast<double>(ns) / 1e3;
}

void show_head() {
  std::printf("%-34s | %37s | %34s\n", "", "packets: p50, p99, p99.9, most, µs",
              "turns: most µs, over 100 µs a second");
}
void show(const std::string& what, const Times* packets, const Times& turns, double seconds) {
  if (packets != nullptr) {
    std::printf("%-34s | %8.2f %8.2f %8.2f %10.1f |", what.c_str(), us(packets->bound_ns(500'000)),
                us(packets->bound_ns(990'000)), us(packets->bound_ns(999'000)),
                us(packets->bound_ns(1'000'000)));
  } else {
    std::printf("%-34s | %37s |", what.c_str(), "");
  }
  std::printf(" %16.1f %17.2f\n", us(turns.bound_ns(1'000'000)),
              static_cast<double>(turns.longer_than(kLongNs)) / seconds);
  std::fflush(stdout);
}

/// A loop on core that does nothing but count how long its turns take.
Times spin(unsigned core, double seconds) {
  Histogram turns;
  std::thread([&] {
    keep_to_core(core);
    const double ns_per_tick = 1e9 / static_cast<double>(rte_get_tsc_hz());
    const uint64_t begun = rte_rdtsc();
    for (uint64_t last = begun; seconds_of(last - begun) < seconds;) {
      const uint64_t now = rte_rdtsc();
      turns.add(static_cast<uint64_t>(static_cast<double>(now - last) * ns_per_tick));
      last = now;
    }
  }).join();
  return Times::now(turns);
}

/// A policy of so many names, compiled anew each time.
std::unique_ptr<Generation> many_names(const std::string& names, uint32_t number) {
  return build_generation(
      test::kOffice + kManyNames, number,
      [&](const std::string&, std::string& text, std::string&) { return text = names, true; });
}

class Bench {
 public:
  Bench(RingGateway& gateway, double seconds) : gateway_(gateway), flows_(gateway), seconds_(seconds) {
    const auto dns = std::ranges::find(attacks(), "dns", &Attack::name);
    question_ = dns->frames().back();
    vary_ = dns->vary;
    pool_ = rte_pktmbuf_pool_create("questions", kQuestionBuffers, 256, 0, RTE_PKTMBUF_HEADROOM + 256,
                                    SOCKET_ID_ANY);
    if (pool_ == nullptr) fail("no memory for packet buffers");
  }

  /// Sends for so long, and shows what the gateway counted. questions: a new name is asked for with each
  /// burst, so that records are written. read_log: as control does.
  Times run(const std::string& what, bool questions, bool read_log) {
    const WorkerStats& stats = gateway_.stats();
    const Times packets = Times::now(stats.forwarding), turns = Times::now(stats.turns);
    const uint64_t begun = rte_rdtsc();
    const auto each =
        static_cast<uint64_t>(static_cast<double>(rte_get_tsc_hz()) * kAtOnce / kPacketsPerSecond);
    for (uint64_t due = begun; seconds_of(due - begun) < seconds_;) {
      drain();
      const uint64_t now = rte_rdtsc();
      if (read_log && now - read_ > rte_get_tsc_hz() / 1000) gateway_.forget_records(), read_ = now;
      if (now < due) continue;
      due = std::max(due + each, now);  // what could not be sent in time is not sent at once later
      send(questions);
    }
    const uint64_t last = rte_rdtsc();
    while (seconds_of(rte_rdtsc() - last) < 0.01) drain();
    const Times took = Times::now(stats.forwarding) - packets;
    show(what, &took, Times::now(stats.turns) - turns, seconds_);
    return took;
  }
  /// The same while something else goes on on another thread.
  void run_beside(const std::string& what, const std::function<void()>& disturb) {
    std::atomic<bool> stop = false;
    uint64_t times = 0;
    std::thread other([&] {
      for (; !stop; ++times) disturb();
    });
    (void)run(what, false, true);
    stop = true;
    other.join();
    std::printf("%-34s | %llu times\n", "", static_cast<unsigned long long>(times));
    if (times == 0) fail(what + ": it never happened");
  }

  /// Every decided packet that found room came out. Questions are dropped where they cannot be recorded, and
  /// where they piled up while the worker was kept from its processor.
  void check() const {
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      const bool may_be =
          static_cast<Reason>(reason) == Reason::LogFull || static_cast<Reason>(reason) == Reason::Overload;
      if (!may_be && gateway_.stats().dropped[reason].get() != 0)
        fail("a wrong verdict: packets were dropped: " + std::string(kReasonWords[reason]));
    }
    if (passed_ + full_ != sent_) fail("packets of allowed flows did not come out");
  }

 private:
  void send(bool question) {
    rte_mbuf* burst[kAtOnce];
    const size_t side = side_ ^= 1;
    unsigned count = flows_.arrive(side, std::span(burst).first(kAtOnce - 1));
    sent_ += count;
    if (question && side == 0) {
      rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
      if (mbuf == nullptr) fail("no buffers are left");
      auto* bytes =
          reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(question_.size())));
      std::ranges::copy(question_, bytes);
      vary_(bytes, chance_.next());
      burst[count++] = mbuf;
    }
    const unsigned taken =
        rte_ring_enqueue_burst(gateway_.receives(side), reinterpret_cast<void**>(burst), count, nullptr);
    for (rte_mbuf* mbuf : std::span(burst).first(count).subspan(taken)) give_back(side, mbuf, full_);
  }
  void drain() {
    for (size_t side = 0; side < 2; ++side) {
      rte_mbuf* burst[kAtOnce];
      const unsigned out =
          rte_ring_dequeue_burst(gateway_.sends(side), reinterpret_cast<void**>(burst), kAtOnce, nullptr);
      for (rte_mbuf* mbuf : std::span(burst).first(out)) give_back(1 - side, mbuf, passed_);
    }
  }
  void give_back(size_t side, rte_mbuf* mbuf, uint64_t& counter) {
    if (!flows_.owns(mbuf)) return rte_pktmbuf_free(mbuf);
    ++counter;
    (void)rte_ring_enqueue(flows_.waiting(side), mbuf);
  }

  RingGateway& gateway_;
  DecidedFlows flows_;
  const double seconds_;
  rte_mempool* pool_ = nullptr;
  std::vector<uint8_t> question_;
  void (*vary_)(uint8_t*, uint64_t) = nullptr;
  Chance chance_;
  size_t side_ = 0;
  uint64_t read_ = 0, sent_ = 0, passed_ = 0, full_ = 0;
};

/// Control's metrics over the gateway's shared memory, as a scrape makes them.
class Scraper {
 public:
  explicit Scraper(const RingGateway& gateway) {
    metrics_->set_data_plane(control::SharedRegion::map(gateway.shared().fd(), error_), true);
  }
  ~Scraper() { std::filesystem::remove_all(directory_); }
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;
  void scrape() const {
    if (prometheus::TextSerializer().Serialize(metrics_->Collect()).find("sluice_forwarding_seconds_count") ==
        std::string::npos)
      fail("the metrics do not show how long packets take");
  }

 private:
  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("sluice-latency-" + std::to_string(getpid()));
  std::string error_;
  control::AccessLog log_{
      control::LogWriter::open(directory_, 0, error_), [](uint32_t) {
        return std::make_shared<const control::ImageNames>(control::ImageNames::only_site(""));
      }};
  control::Link::Counts link_;
  control::DnstapServer::Counts dnstap_;
  std::shared_ptr<control::Metrics> metrics_ = std::make_shared<control::Metrics>(
      log_, link_, dnstap_, [] { return std::vector<control::FeedStatus>{}; });
};

void run(double seconds) {
  std::string names;
  NameMaker maker(1);
  for (size_t i = 0; i < kNames; ++i) maker.append(names), names += '\n';
  uint32_t number = 1;
  Times undisturbed;
  RingGateway gateway({.policy = many_names(names, number), .ring_mb = kLogMb});
  const unsigned core = gateway.worker_core();
  show_head();
  show("a bare loop on that core, before", nullptr, spin(core, seconds), seconds);
  gateway.start();
  Bench bench(gateway, seconds);
  undisturbed = bench.run("undisturbed", false, true);
  (void)bench.run("with new questions, logged", true, true);
  bench.run_beside("1,000,000 names reloaded",
                   [&] { gateway.generations().publish(many_names(names, ++number)); });
  (void)bench.run("the log stands still", true, false);
  const Scraper scraper(gateway);
  bench.run_beside("metrics scraped all the time", [&] { scraper.scrape(); });
  bench.check();
  gateway.stop();
  show("a bare loop on that core, after", nullptr, spin(core, seconds), seconds);
  const uint64_t p99_ns = undisturbed.bound_ns(990'000);
  std::printf("undisturbed, 99 %% of packets were in its hands for at most %.2f µs: goal of %.0f µs %s\n",
              us(p99_ns), us(kGoalP99Ns), p99_ns <= kGoalP99Ns ? "met" : "not met");
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  CLI::App app{"How long packets of decided flows are in the gateway's hands."};
  double seconds = 10;
  app.add_option("--seconds", seconds, "how long each row is measured")->check(CLI::Range(0.1, 3600.0));
  CLI11_PARSE(app, argc, argv);
  sluice::bench::run(seconds);
}
