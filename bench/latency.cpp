// bench: how long packets of decided flows are in the gateway's hands, and how long its loop's turns are,
// undisturbed and while something else goes on; in turns with a bare loop on the same core.
//
// Prints an object for each window, with what was counted in it; bench/latency.py compares them.
#include <prometheus/text_serializer.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <thread>

#include "bench/attacks.h"
#include "bench/ring_gateway.h"
#include "bench/site.h"
#include "control/metrics/metrics.h"

namespace sluice::bench {
namespace {

constexpr double kPacketsPerSecond = 1e6;
constexpr double kSettleSeconds = 0.02;  ///< before a window, until the gateway is where it is after a while
constexpr unsigned kAtOnce = 32, kQuestions = 8, kQuestionBuffers = 4095;
constexpr size_t kNames = 1'000'000;
constexpr uint32_t kLogMb = 1;  ///< so that it is full soon after nobody reads it

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
  /// Pairs of a bound in nanoseconds and how many were within it, but not within the one before.
  void print(const char* name) const {
    std::printf(",\"%s\":[", name);
    const char* between = "";
    for (size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
      if (counts_[bucket] == 0) continue;
      std::printf("%s[%llu,%llu]", between, static_cast<unsigned long long>(Histogram::bound_of(bucket)),
                  static_cast<unsigned long long>(counts_[bucket]));
      between = ",";
    }
    std::printf("]");
  }

 private:
  std::array<uint64_t, Histogram::kBuckets> counts_{};
};

/// A loop that does nothing but count how long its turns take, in the worker's own thread: in place of a look
/// at a port, for as long as it is wanted.
class BareLoop {
 public:
  BareLoop() {
    if (rte_eth_add_rx_callback(0, 0, look, this) == nullptr) fail("the port takes no callback");
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  void begin() { switch_to(true); }
  void end() { switch_to(false); }
  const Histogram& turns() const { return turns_; }

 private:
  void switch_to(bool wanted) {
    wanted_ = wanted;
    while (runs_ != wanted) rte_pause();
  }
  static uint16_t look(uint16_t, uint16_t, rte_mbuf**, uint16_t count, uint16_t, void* opaque) {
    auto& self = *static_cast<BareLoop*>(opaque);
    if (self.wanted_.load(std::memory_order_relaxed)) self.run();
    return count;
  }
  void run() {
    const double ns_per_tick = 1e9 / static_cast<double>(rte_get_tsc_hz());
    runs_ = true;
    for (uint64_t last = rte_rdtsc(); wanted_.load(std::memory_order_relaxed);) {
      const uint64_t now = rte_rdtsc();
      turns_.add(static_cast<uint64_t>(static_cast<double>(now - last) * ns_per_tick));
      last = now;
    }
    runs_ = false;
  }

  Histogram turns_;
  std::atomic<bool> wanted_ = false, runs_ = false;
};

/// A policy of so many names, compiled anew each time.
std::unique_ptr<Generation> many_names(const std::string& names, uint32_t number) {
  return build_generation(
      site_text({.names = kNames}), number,
      [&](const std::string&, std::string& text, std::string&) { return text = names, true; });
}

/// What goes on while is measured.
struct Scene {
  const char* name;
  bool questions =
      false;  ///< new names are asked for with each burst of the LAN's, so that records are written
  bool read_log = true;  ///< as control does
  /// On a processor that is not the worker's, again and again. gateway: it runs, and is not the bare loop.
  std::function<void(bool gateway)> disturb;
};

/// Does what disturbs as long as it lives.
class Disturbance {
 public:
  Disturbance(const Scene& scene, bool gateway) {
    if (scene.disturb == nullptr) return;
    thread_ = std::thread([this, &scene, gateway] {
      for (; !stop_; ++times_) scene.disturb(gateway);
    });
  }
  ~Disturbance() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  Disturbance(const Disturbance&) = delete;
  Disturbance& operator=(const Disturbance&) = delete;
  /// It happened, or nothing is to happen.
  bool happened() const { return !thread_.joinable() || times_ != 0; }
  unsigned times() const { return times_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<unsigned> times_ = 0;
  std::thread thread_;
};

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

  /// A window in which packets come, of so many seconds or until what disturbs has happened once.
  void run_gateway(const Scene& scene) {
    const WorkerStats& stats = gateway_.stats();
    const Disturbance disturbance(scene, true);
    const uint64_t counted = stats.turns.count();
    // The turn that the bare loop lasted is counted when it ends, and is not of this window.
    send_while(scene, [&](double since) { return since < kSettleSeconds || stats.turns.count() == counted; });
    const Times packets = Times::now(stats.forwarding), turns = Times::now(stats.turns);
    const double took = send_while(scene, lasting(disturbance));
    show(scene, "gateway", took, disturbance.times(), Times::now(stats.turns) - turns,
         Times::now(stats.forwarding) - packets);
    const double last = seconds_now();
    while (seconds_now() - last < kSettleSeconds) drain();
  }

  /// A window in which the worker's thread does nothing.
  void run_bare(const Scene& scene) {
    bare_.begin();
    {
      const Disturbance disturbance(scene, false);
      const Times turns = Times::now(bare_.turns());
      const double begun = seconds_now();
      for (const auto more = lasting(disturbance); more(seconds_now() - begun);) rte_pause();
      const double took = seconds_now() - begun;
      show(scene, "bare", took, disturbance.times(), Times::now(bare_.turns()) - turns, {});
    }
    bare_.end();
  }

  /// Every decided packet that found room came out. Questions are dropped where they cannot be recorded, and
  /// where they piled up while the worker was kept from its processor.
  void check() const {
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      const uint64_t dropped = gateway_.stats().dropped[reason].get();
      const auto why = static_cast<Reason>(reason);
      if (why != Reason::LogFull && why != Reason::Overload && dropped != 0)
        fail("a wrong verdict: packets were dropped: " + std::string(kReasonWords[reason]));
      if (why == Reason::LogFull && dropped == 0) fail("the log was never full");
    }
    if (passed_ + full_ != sent_) fail("packets of allowed flows did not come out");
  }

 private:
  std::function<bool(double)> lasting(const Disturbance& disturbance) const {
    return [&](double since) { return since < seconds_ || !disturbance.happened(); };
  }
  static void show(const Scene& scene, const char* loop, double seconds, unsigned times, const Times& turns,
                   const Times& packets) {
    std::printf(R"({"scene":"%s","loop":"%s","seconds":%.4f,"times":%u)", scene.name, loop, seconds, times);
    turns.print("turns");
    packets.print("packets");
    std::printf("}\n");
    std::fflush(stdout);
  }

  /// more(seconds since). Returns how long it took.
  template <class More>
  double send_while(const Scene& scene, const More& more) {
    const uint64_t begun = rte_rdtsc();
    const auto each =
        static_cast<uint64_t>(static_cast<double>(rte_get_tsc_hz()) * kAtOnce / kPacketsPerSecond);
    uint64_t now = begun;
    for (uint64_t due = begun; more(seconds_of(now - begun)); now = rte_rdtsc()) {
      drain();
      if (scene.read_log && now - read_ > rte_get_tsc_hz() / 1000) gateway_.forget_records(), read_ = now;
      if (now < due) continue;
      due = std::max(due + each, now);  // what could not be sent in time is not sent at once later
      send(scene.questions);
    }
    return seconds_of(now - begun);
  }
  void send(bool questions) {
    rte_mbuf* burst[kAtOnce];
    const size_t side = side_ ^= 1;
    unsigned count = flows_.arrive(side, std::span(burst).first(kAtOnce - kQuestions));
    sent_ += count;
    for (unsigned i = 0; questions && side == 0 && i < kQuestions; ++i) {
      rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
      if (mbuf == nullptr) fail("no buffers are left");
      auto* bytes =
          reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(question_.size())));
      std::ranges::copy(question_, bytes);
      vary_(bytes, chance_.next());
      burst[count++] = mbuf;
    }
    full_ += flows_.offer(side, std::span(burst).first(count)).decided;
  }
  void drain() { passed_ += flows_.drain().decided; }

  RingGateway& gateway_;
  DecidedFlows flows_;
  BareLoop bare_;
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
      control::SegmentWriter::open(directory_, directory_, {}, error_), [](uint32_t) {
        return std::make_shared<const control::ImageNames>(control::ImageNames::only_site(""));
      }};
  control::Witness witness_{directory_, {}};
  control::Copies copies_{{directory_, directory_}};
  control::HitsThread hits_{directory_, directory_};
  control::AlarmThread alarms_{directory_, directory_};
  control::Link::Counts link_;
  control::DnstapServer::Counts dnstap_;
  std::shared_ptr<control::Metrics> metrics_ =
      std::make_shared<control::Metrics>(log_, witness_, copies_, hits_, alarms_, link_, dnstap_,
                                         [] { return std::vector<control::FeedStatus>{}; });
};

void run(unsigned rounds, double seconds) {
  const std::string names = listed_names(kNames);
  uint32_t number = 1;
  RingGateway gateway({.policy = many_names(names, number), .ring_mb = kLogMb});
  gateway.start();
  Bench bench(gateway, seconds);
  const Scraper scraper(gateway);
  const auto reload = [&](bool runs) {
    auto generation = many_names(names, ++number);
    // A worker that is in the bare loop is not asked to let go of the old one: that would take until its end.
    if (runs) gateway.generations().publish(std::move(generation));
  };
  const Scene scenes[] = {
      {.name = "undisturbed", .disturb = nullptr},
      {.name = "new questions, logged", .questions = true, .disturb = nullptr},
      {.name = "the log stands still", .questions = true, .read_log = false, .disturb = nullptr},
      {.name = "1,000,000 names reloaded", .disturb = reload},
      {.name = "the metrics scraped", .disturb = [&](bool) { scraper.scrape(); }},
  };
  for (unsigned round = 0; round < rounds; ++round) {
    for (const Scene& scene : scenes) {
      // Each is as often first.
      if (round % 2 == 0) bench.run_gateway(scene);
      bench.run_bare(scene);
      if (round % 2 == 1) bench.run_gateway(scene);
    }
  }
  bench.check();
  gateway.stop();
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  CLI::App app{
      "How long packets of decided flows are in the gateway's hands, and how long a bare loop on the same "
      "core is "
      "kept from it; one JSON object for each window."};
  double seconds = 0.5;
  unsigned rounds = 16;
  app.add_option("--seconds", seconds, "how long a window is at least")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--rounds", rounds, "windows of each kind")->check(CLI::Range(1U, 10'000U));
  CLI11_PARSE(app, argc, argv);
  sluice::bench::run(rounds, seconds);
}
