// bench: nanoseconds for a whole verdict, by the number of rules, of lists and of networks.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/name_maker.h"
#include "control/policy/policy_compiler.h"
#include "dataplane/policy/policy.h"

using namespace sluice;

namespace {

constexpr size_t kCounts[] = {10, 100, 1'000, 10'000};
constexpr size_t kSubjects = 4096;
constexpr size_t kRounds = 50;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench-verdicts: %s\n", what.c_str());
  std::exit(1);
}

Address v4(size_t number) {
  const uint8_t bytes[] = {10, static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
                           static_cast<uint8_t>(number)};
  return Address::from_v4(bytes);
}

std::string name_of(size_t rule) {
  bench::NameMaker maker(rule + 1);
  std::string out;
  maker.append(out);
  return out + ".r" + std::to_string(rule) + ".example";
}

/// Each network is a /24; each rule blocks one name, which is a list of its own.
std::string policy_text(size_t rules, size_t networks) {
  std::string out =
      "site: bench\n"
      "lines: {l: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office,"
      " valid: {from: 2020-01-01, until: 2090-01-01}}}\nnetworks:\n";
  for (size_t i = 0; i < networks; ++i) {
    out += "  n" + std::to_string(i) + ": {prefixes: [10." + std::to_string(i >> 8) + '.' +
           std::to_string(i & 255) + ".0/24], line: l, default: allow}\n";
  }
  out += "rules:\n";
  for (size_t i = 0; i < rules; ++i)
    out += "  - {name: r" + std::to_string(i) + ", to: [" + name_of(i) + "], action: block}\n";
  return out;
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
  const control::SourceText text{"bench.yaml", policy_text(rules, networks)};
  const auto no_files = [](const std::string&, std::string&, std::string&) { return false; };
  const control::Compiled compiled = control::compile_texts({&text, 1}, ".", no_files, 1);
  if (!compiled.policy) fail("does not compile: " + to_string(compiled.diagnostics.at(0)));
  ImageError error = ImageError::None;
  const auto policy = Policy::open(compiled.policy->image(), error);
  Scratch scratch;
  if (!policy || !policy->make_scratch(scratch)) fail(std::string(text_of(error)));
  std::vector<std::string> names;
  for (size_t i = 0; i < kSubjects; ++i) names.push_back("www." + name_of(i * 7919 % rules));
  std::vector<Subject> blocked, allowed;
  for (size_t i = 0; i < kSubjects; ++i) {
    Subject subject{.transport = 6, .service_port = 443, .protocol = Protocol::Tls, .seen = Seen::Sni};
    subject.local = v4((i * 104'729 % networks) << 8 | (i % 250 + 1));
    subject.remote = v4(0xfe0000 + i);
    subject.name = names[i];
    blocked.push_back(subject);
    subject.name.remove_suffix(1);  // a name that no rule knows
    allowed.push_back(subject);
  }
  return {time_all(*policy, scratch, blocked, Action::Blocked),
          time_all(*policy, scratch, allowed, Action::Allowed), compiled.policy->image().size() >> 10};
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
