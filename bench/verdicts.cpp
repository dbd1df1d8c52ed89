// bench: nanoseconds for a whole verdict, by the number of rules, of lists and of networks.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/meter.h"
#include "bench/site.h"

using namespace sluice;

namespace {

constexpr size_t kCounts[] = {10, 100, 1'000, 10'000};
constexpr size_t kSubjects = 4096;
constexpr size_t kRounds = 50;
constexpr size_t kNames = 10;  ///< that the last rule blocks

using bench::fail;

/// In one of site_text's networks, the first of which, the others' parent, is left out.
Address client_in(size_t network, size_t number) {
  const uint8_t bytes[] = {10, static_cast<uint8_t>(20 + (network >> 13)), static_cast<uint8_t>(network >> 5),
                           static_cast<uint8_t>((network & 31) * 8 + 1 + number % 6)};
  return Address::from_v4(bytes);
}
Address server(size_t number) {
  const uint8_t bytes[] = {198, 18, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  return Address::from_v4(bytes);
}

struct Figures {
  double blocked_ns, allowed_ns;
  size_t image_kb;
};

double time_all(const Policy& policy, Scratch& scratch, const std::vector<Subject>& subjects, Action wanted) {
  for (const Subject& subject : subjects)
    if (policy.judge(subject, scratch).action != wanted)
      fail("a wrong verdict on " + std::string(subject.name));
  double best = 1e18;
  for (int turn = 0; turn < 3; ++turn) {
    const auto begun = std::chrono::steady_clock::now();
    for (size_t round = 0; round < kRounds; ++round)
      for (const Subject& subject : subjects)
        if (policy.judge(subject, scratch).action != wanted) fail("a verdict changed");
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
    best = std::min(best, took.count() / static_cast<double>(kRounds * subjects.size()));
  }
  return best;
}

Figures measure(size_t rules, size_t networks) {
  const auto site = bench::open_site({.names = kNames, .rules = rules, .networks = networks});
  std::vector<std::string> names;
  for (size_t i = 0; i < kSubjects; ++i)
    names.push_back("www.rule" + std::to_string(i * 7919 % (rules - 1)) + ".example");
  std::vector<Subject> blocked, allowed;
  for (size_t i = 0; i < kSubjects; ++i) {
    Subject subject{.transport = 6, .service_port = 443, .protocol = Protocol::Tls, .seen = Seen::Sni};
    subject.local = client_in(i * 104'729 % (networks - 1), i);
    subject.remote = server(i);
    subject.name = names[i];
    blocked.push_back(subject);
    subject.name.remove_suffix(1);  // a name that no rule knows
    allowed.push_back(subject);
  }
  return {time_all(*site->policy, site->scratch, blocked, Action::Blocked),
          time_all(*site->policy, site->scratch, allowed, Action::Allowed),
          site->compiled.image().size() >> 10};
}

}  // namespace

int main() {
  std::printf("   rules  networks | blocked ns  allowed ns  image KiB\n");
  const auto show = [](size_t rules, size_t networks) {
    const Figures got = measure(rules, networks);
    std::printf("%8zu  %8zu | %10.0f  %10.0f  %9zu\n", rules, networks, got.blocked_ns, got.allowed_ns,
                got.image_kb);
    std::fflush(stdout);
  };
  for (const size_t rules : kCounts) show(rules, 10);
  for (const size_t networks : kCounts) show(10, networks);
}
