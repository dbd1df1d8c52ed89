// bench: what names cost: compiling them, handing them over, looking them up; 1,000 to 5,000,000 of them.
//
// Each number of names runs in a process of its own, so that its peak memory can be told. Answers are checked
// before they are timed: a wrong one ends the run. Hyperscan with the same names as literals runs beside it.
#include <fcntl.h>
#include <hs/hs.h>
#include <rte_rcu_qsbr.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "bench/meter.h"
#include "bench/site.h"
#include "control/link/sealed_image.h"
#include "control/policy/compile_cache.h"
#include "dataplane/agent/agent.h"

using namespace sluice;
namespace fs = std::filesystem;

namespace {

constexpr size_t kSizes[] = {1'000, 10'000, 100'000, 1'000'000, 5'000'000};
constexpr size_t kMostLiterals = 100'000;  ///< for Hyperscan
constexpr size_t kQueries = 1'000'000, kHot = 64, kBurst = 32;
constexpr std::string_view kMissTop = "notlisted";  ///< no name that is listed ends in it

using bench::fail;

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

void write_file(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  if (!file.write(text.data(), static_cast<std::streamsize>(text.size())).flush())
    fail("cannot write " + path.string());
}

/// Names in the order in which they are asked for, as a packet's name is: at hand, whatever the table costs.
struct Queries {
  std::string bytes;
  std::vector<std::string_view> names;

  explicit Queries(std::vector<std::string> some) {
    uint64_t state = 88172645463325252;
    for (size_t i = some.size(); i > 1; --i) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      std::swap(some[i - 1], some[state % i]);
    }
    for (const std::string& name : some) bytes += name;
    size_t at = 0;
    for (const std::string& name : some) {
      names.push_back(std::string_view(bytes).substr(at, name.size()));
      at += name.size();
    }
  }
  Queries(const Queries&) = delete;
};

/// A policy with one list of so many names, in a directory of its own.
class Site {
 public:
  explicit Site(size_t names) : names_(names) {
    std::string name = "/tmp/sluice-bench-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) fail("no directory in /tmp");
    path_ = name;
    write_list("");
    write_rules(2);
  }
  ~Site() { fs::remove_all(path_); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  const fs::path& path() const { return path_; }
  void write_rules(size_t rules) const {
    write_file(path_ / "site.yaml", bench::site_text({.names = names_, .rules = rules, .networks = 1}));
  }
  void write_list(std::string_view more) const {
    write_file(path_ / bench::kListFile, bench::listed_names(names_).append(more));
  }

  /// kQueries names of the list, each as likely, in no order; or names that are not in it. As many for each
  /// size, or the questions of a small one would lie in a nearer cache.
  Queries queries(bool listed) const {
    const size_t one_in = listed ? std::max<size_t>(names_ / kQueries, 1) : 1;
    bench::NameMaker maker(listed ? 1 : 2);
    std::vector<std::string> out;
    for (size_t i = 0; i < (listed ? names_ : kQueries) && out.size() < kQueries; ++i) {
      std::string name;
      maker.append(name, listed ? std::string_view() : kMissTop);
      if (i % one_in == 0) out.push_back(std::move(name));
    }
    for (size_t i = 0; out.size() < kQueries; ++i) out.push_back(std::string(out[i]));
    return Queries(std::move(out));
  }

 private:
  const size_t names_;
  fs::path path_;
};

/// A data plane's agent with one worker that is never online, and control's end of its socket.
class Plane {
 public:
  explicit Plane(const fs::path& directory) {
    config_.socket_path = directory / "dataplane.sock";
    config_.state_directory = directory;
    config_.peer = geteuid();
    config_.shared_fd = open("/dev/null", O_RDONLY);
    std::string why;
    agent_ = std::make_unique<Agent>(config_, generations_);
    if (!generations_.create(1) || !agent_->listen(why)) fail("agent: " + why);
    serving_ = std::thread([this] { agent_->serve(stop_); });
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config_.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (connect(client_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
  }
  ~Plane() {
    eventfd_write(stop_, 1);
    serving_.join();
    close(client_);
  }

  /// Hands an image over and waits until it is in force.
  void load(control::AlignedImage image, uint32_t generation) {
    std::string error;
    const auto sealed = control::SealedImage::seal(image.release(), generation, error);
    Message answer{};
    if (!sealed || !send_message(client_, make_message(MessageType::Load, generation), sealed->fd()) ||
        recv(client_, &answer, sizeof answer, 0) != sizeof answer || answer.accepted != 1)
      fail("not in force: " + error + answer.text);
  }
  const Policy& policy() { return generations_.current().load()->policy(); }

 private:
  AgentConfig config_;
  GenerationSwitch generations_;
  std::unique_ptr<Agent> agent_;
  std::thread serving_;
  const int stop_ = eventfd(0, EFD_CLOEXEC), client_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
};

size_t peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtoul(line.c_str() + 6, nullptr, 10) >> 10;
  return 0;
}

control::CompiledPolicy compile(const Site& site, uint32_t generation, control::CompileCache& cache) {
  control::Compiled compiled = control::compile_policy(site.path(), generation, {.cache = &cache});
  if (!compiled.policy) fail("does not compile: " + to_string(compiled.diagnostics.at(0)));
  return std::move(*compiled.policy);
}

double per_name(const std::vector<std::string_view>& names, size_t rounds, const auto& look_up) {
  double best = 1e18;
  for (int turn = 0; turn < 3; ++turn) {
    const auto begun = Clock::now();
    for (size_t round = 0; round < rounds; ++round) look_up(names);
    best = std::min(best, ms_since(begun) * 1e6 / static_cast<double>(names.size() * rounds));
  }
  return best;
}

struct Times {
  double hit, hot, miss;
};

Times time_look_ups(const Queries& hits, const Queries& misses, const auto& look_up) {
  const std::vector<std::string_view> hot(hits.names.begin(), hits.names.begin() + kHot);
  return {per_name(hits.names, 1, look_up), per_name(hot, kQueries / kHot, look_up),
          per_name(misses.names, 1, look_up)};
}

void check(const Policy& policy, const Queries& hits, const Queries& misses) {
  const uint32_t listed = policy.set_of(hits.names[0]);
  if (listed == 0) fail("a listed name is not found");
  for (const Queries* some : {&hits, &misses}) {
    std::vector<uint32_t> found(some->names.size());
    policy.sets_of(some->names, found);
    for (size_t i = 0; i < found.size(); ++i) {
      const uint32_t wanted = some == &hits ? listed : 0;
      if (found[i] != wanted || policy.set_of(some->names[i]) != wanted)
        fail("a wrong answer for " + std::string(some->names[i]));
    }
  }
}

/// The same names as Hyperscan's literals. Returns 0 where there would be too many.
double time_literals(const Queries& all, size_t names, double& compile_ms) {
  if (names > kMostLiterals) return 0;
  std::vector<std::string_view> distinct = all.names;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  std::vector<unsigned> flags, ids;
  for (const std::string_view name : distinct) {
    texts.push_back(name.data());
    sizes.push_back(name.size());
    flags.push_back(HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH);
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  hs_scratch_t* scratch = nullptr;
  const auto begun = Clock::now();
  if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                           static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database,
                           &error) != HS_SUCCESS ||
      hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
    fail("Hyperscan refuses the literals");
  compile_ms = ms_since(begun);
  size_t matches = 0;
  const auto scan = [&](const std::vector<std::string_view>& some) {
    for (const std::string_view name : some) {
      hs_scan(
          database, name.data(), static_cast<unsigned>(name.size()), 0, scratch,
          [](unsigned, unsigned long long, unsigned long long, unsigned, void* count) {
            ++*static_cast<size_t*>(count);
            return 0;
          },
          &matches);
    }
  };
  scan(all.names);
  if (matches < all.names.size()) fail("Hyperscan misses a literal");
  const double out = per_name(all.names, 1, scan);
  hs_free_scratch(scratch);
  hs_free_database(database);
  return out;
}

void run(size_t names) {
  const Site site(names);
  control::CompileCache cache;
  uint32_t generation = 1;
  auto begun = Clock::now();
  control::CompiledPolicy policy = compile(site, generation, cache);
  const double cold_ms = ms_since(begun);
  const size_t peak = peak_mb();
  const double bytes = static_cast<double>(policy.image().size());
  const size_t distinct = policy.names;
  Plane plane(site.path());
  plane.load(std::move(policy.memory), generation);

  // From the changed file on, as a control that is running does it.
  site.write_list("one.more.example\n");
  begun = Clock::now();
  policy = compile(site, ++generation, cache);
  plane.load(std::move(policy.memory), generation);
  const double list_ms = ms_since(begun);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(2200));  // until the list's time of change has settled
  (void)compile(site, generation, cache);
  site.write_rules(3);
  begun = Clock::now();
  policy = compile(site, ++generation, cache);
  const double rule_compile_ms = ms_since(begun);
  plane.load(std::move(policy.memory), generation);
  const double rule_ms = ms_since(begun);

  const Queries hits = site.queries(true), misses = site.queries(false);
  check(plane.policy(), hits, misses);
  uint32_t sum = 0;
  const auto one = [&](const std::vector<std::string_view>& some) {
    for (const std::string_view name : some) sum += plane.policy().set_of(name);
  };
  const auto many = [&](const std::vector<std::string_view>& some) {
    uint32_t found[kBurst];
    const std::span<const std::string_view> all(some);
    for (size_t at = 0; at < all.size(); at += kBurst) {
      plane.policy().sets_of(all.subspan(at, std::min(kBurst, all.size() - at)), found);
      sum += found[0];
    }
  };
  const Times single = time_look_ups(hits, misses, one), batched = time_look_ups(hits, misses, many);
  double literal_compile_ms = 0;
  const double literal = time_literals(hits, names, literal_compile_ms);
  std::printf(
      "%8zu %8zu | %8.1f %7.1f %6.1f %6zu | %8.1f %8.1f %8.1f | %5.0f %5.0f %5.0f | %5.0f %5.0f %5.0f |",
      names, distinct, cold_ms, bytes / 1e6, bytes / static_cast<double>(distinct), peak, list_ms, rule_ms,
      rule_compile_ms, single.hot, single.hit, single.miss, batched.hot, batched.hit, batched.miss);
  literal > 0 ? std::printf(" %6.0f %8.0f\n", literal, literal_compile_ms)
              : std::printf("      -        -\n");
  std::fflush(stdout);
}

}  // namespace

int main() {
  std::printf(
      "                  | compile: from nothing      | ms until enforced          | ns one by one     | ns "
      "in bursts      | Hyperscan\n"
      "   names distinct |       ms      MB B/name peakMB | new list new rule  compile | hot   hit   miss  | "
      "hot   hit   miss  |     ns  compile ms\n");
  for (const size_t names : kSizes) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      run(names);
      std::_Exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
}
