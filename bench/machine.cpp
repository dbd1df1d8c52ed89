// bench: what the machine itself allows, whatever runs on it: a second core beside the first, a line of cache
// from one to the other, and flows at random in memory. What the gateway is asked for is held against it.
#include <sys/mman.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstring>
#include <thread>

#include "bench/meter.h"

namespace sluice::bench {
namespace {

constexpr size_t kFrames = 256, kFrame = 64, kBurst = 32, kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;

/// Frames a second whose MAC addresses one core swaps, out of its first cache.
double swap_frames(unsigned core, double seconds) {
  keep_to_core(core);
  alignas(kCacheLine) static thread_local uint8_t frames[kFrames][kFrame];
  uint64_t done = 0;
  const double begun = seconds_now();
  double now = begun;
  for (; now < begun + seconds; now = seconds_now(), done += kFrames * 100)
    for (size_t turn = 0; turn < 100; ++turn)
      for (auto& frame : frames) {
        uint8_t address[6];
        std::memcpy(address, frame, sizeof address);
        std::memmove(frame, frame + sizeof address, sizeof address);
        std::memcpy(frame + sizeof address, address, sizeof address);
        asm volatile("" : : "r"(&frame) : "memory");
      }
  return static_cast<double>(done) / (now - begun);
}

/// Two cores' frames a second beside those of one.
double second_core(const std::vector<unsigned>& on, double seconds) {
  const double alone = swap_frames(on[0], seconds);
  double other = 0;
  std::thread beside([&] { other = swap_frames(on[1], seconds); });
  const double one = swap_frames(on[0], seconds);
  beside.join();
  return (one + other) / alone;
}

/// Nanoseconds from a store on one core until the other has read it.
double one_way_ns(const std::vector<unsigned>& on, double seconds) {
  alignas(kCacheLine) static std::atomic<uint64_t> line;
  line = 0;
  std::atomic<bool> over = false;
  std::thread other([&] {
    keep_to_core(on[1]);
    for (uint64_t odd = 1; !over; odd += 2) {
      while (line.load(std::memory_order_acquire) != odd && !over) {
      }
      line.store(odd + 1, std::memory_order_release);
    }
  });
  keep_to_core(on[0]);
  const double begun = seconds_now();
  uint64_t even = 0;
  for (; even % 2000 != 0 || seconds_now() < begun + seconds; even += 2) {
    line.store(even + 1, std::memory_order_release);
    while (line.load(std::memory_order_acquire) != even + 2) {
    }
  }
  const double taken = seconds_now() - begun;
  over = true;
  other.join();
  return taken / static_cast<double>(even) * 1e9;
}

/// Nanoseconds to read and write one of so many lines at random, fetched ahead in bursts, in huge pages.
double random_line_ns(size_t lines, double seconds) {
  const size_t bytes = (lines * kCacheLine + kHugePage - 1) / kHugePage * kHugePage;
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) fail("no memory");
  (void)madvise(at, bytes, MADV_HUGEPAGE);
  std::memset(at, 1, bytes);
  auto* const words = static_cast<uint64_t*>(at);
  constexpr size_t kWords = kCacheLine / sizeof(uint64_t);
  uint64_t state = 88172645463325252, done = 0;
  const double begun = seconds_now();
  double now = begun;
  for (; now < begun + seconds; now = seconds_now())
    for (size_t burst = 0; burst < 1000; ++burst, done += kBurst) {
      size_t places[kBurst];
      for (size_t& place : places) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        place = static_cast<size_t>((state >> 32) * lines >> 32) * kWords;
        __builtin_prefetch(words + place, 1);
      }
      for (const size_t place : places) ++words[place];
    }
  munmap(at, bytes);
  return (now - begun) / static_cast<double>(done) * 1e9;
}

template <class Measure>
void show(const char* what, const char* unit, size_t rounds, Measure measure) {
  std::vector<double> each;
  for (size_t round = 0; round < rounds; ++round) each.push_back(measure());
  const auto [least, most] = std::ranges::minmax(each);
  std::printf("%-58s %s%.1f (%.1f, %.1f)\n", what, unit, median(each), least, most);
  std::fflush(stdout);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  CLI::App app{"What the machine itself allows: medians (least, most)."};
  double seconds = 0.5;
  size_t rounds = 5;
  app.add_option("--seconds", seconds, "of each round")->check(CLI::Range(0.01, 100.0));
  app.add_option("--rounds", rounds, "of each measure")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  const std::vector<unsigned> on = usable_cores();
  if (on.size() < 2) fail("needs two processors");
  show("two cores swapping MAC addresses, beside one", "x ", rounds,
       [&] { return second_core(on, seconds); });
  show("a line's way from one core to the other", "ns ", rounds, [&] { return one_way_ns(on, seconds); });
  for (const size_t lines : {size_t{1'000}, size_t{1'000'000}, size_t{10'000'000}, size_t{20'000'000}})
    show(("one of " + std::to_string(lines) + " lines, at random").c_str(), "ns ", rounds,
         [&] { return random_line_ns(lines, seconds); });
}
