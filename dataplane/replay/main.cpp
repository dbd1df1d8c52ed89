// replay: sluice-replay, captures through the very same pipeline.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "dataplane/extract/quic_keys.h"
#include "dataplane/replay/session.h"

namespace sluice::replay {
namespace {

constexpr int kSucceeded = 0, kFailed = 2;
constexpr const char* kProgram = "sluice-replay";
constexpr uint32_t kGeneration = 1;

struct Arguments {
  std::string policy, feeds;
  std::vector<LanPrefix> lan;
  std::vector<std::string> files;
  bool checksums = false, ends = false;
};

/// Returns the exit status where the program ends here.
std::optional<int> parse(int argc, char** argv, Arguments& out) {
  CLI::App app("Replays captures through the gateway's pipeline; access records go to standard output.",
               kProgram);
  std::vector<std::string> lan;
  app.add_option("--policy", out.policy, "directory of the policy's YAML files")
      ->required()
      ->type_name("DIR");
  app.add_option("--feeds", out.feeds,
                 "directory with the copies of fetched lists; without it: none are at hand")
      ->type_name("DIR");
  app.add_option("--lan", lan, "addresses of the LAN; without it whoever opens a flow is the client")
      ->type_name("PREFIX")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--checksums", out.checksums, "drop packets with wrong checksums, as the live gateway does");
  app.add_flag("--ends", out.ends, "records of flows' ends too");
  app.add_option("files", out.files, "pcap or pcapng, also gzipped")->required()->type_name("FILE");
  app.set_version_flag("--version", SLUICE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kSucceeded : kFailed;
  }
  for (const std::string& text : lan) {
    const auto prefix = parse_lan(text);
    if (!prefix) {
      std::fprintf(stderr, "%s: --lan %s: not an address or a prefix\n", kProgram, text.c_str());
      return kFailed;
    }
    out.lan.push_back(*prefix);
  }
  return {};
}

void print_summary(const Totals& totals) {
  std::fprintf(stderr, "files %llu, not read to their end %llu, packets %llu",
               static_cast<unsigned long long>(totals.files),
               static_cast<unsigned long long>(totals.failed_files),
               static_cast<unsigned long long>(totals.packets));
  const std::pair<const char*, uint64_t> rare[] = {
      {"captured in part", totals.cut_short}, {"left out", totals.left_out}, {"no buffer", totals.no_buffer}};
  for (const auto& [what, count] : rare) {
    if (count != 0) std::fprintf(stderr, ", %s %llu", what, static_cast<unsigned long long>(count));
  }
  std::fprintf(stderr, "\nrecords:");
  for (size_t action = 0; action < kActionCount; ++action) {
    const auto count = static_cast<unsigned long long>(totals.records[action]);
    std::fprintf(stderr, "%s %s %llu", action == 0 ? "" : ",", std::string(kActionWords[action]).c_str(),
                 count);
  }
  std::fprintf(stderr, "\ndropped:");
  bool any = false;
  for (size_t reason = 0; reason < kReasonCount; ++reason) {
    const auto count = static_cast<unsigned long long>(totals.dropped[reason]);
    if (count == 0) continue;
    std::fprintf(stderr, "%s %s %llu", any ? "," : "", std::string(kReasonWords[reason]).c_str(), count);
    any = true;
  }
  std::fprintf(stderr, "%s\n", any ? "" : " none");
}

int replay_all(const Arguments& arguments, const control::CompiledPolicy& compiled) {
  const auto names = control::ImageNames::read(compiled.image());
  ImageError image_error;
  const auto policy = Policy::open(compiled.image(), image_error);
  if (policy == nullptr || !names) {
    const std::string why(policy == nullptr ? text_of(image_error) : "its names do not fit");
    std::fprintf(stderr, "%s: the compiled policy is refused: %s\n", kProgram, why.c_str());
    return kFailed;
  }
  Scratch scratch;
  rte_mempool* pool = make_frame_pool();
  if (pool == nullptr || !policy->make_scratch(scratch)) {
    std::fprintf(stderr, "%s: no memory\n", kProgram);
    return kFailed;
  }
  Session session({*policy, scratch, *names, pool, arguments.lan, arguments.checksums, arguments.ends});
  bool all = true;
  for (const std::string& file : arguments.files) all &= session.replay(file);
  const bool written = std::fflush(stdout) == 0 && !std::ferror(stdout);
  if (!written) std::fprintf(stderr, "%s: standard output: cannot be written\n", kProgram);
  print_summary(session.totals());
  return all && written ? kSucceeded : kFailed;
}

int run(int argc, char** argv) {
  Arguments arguments;
  if (const auto status = parse(argc, argv, arguments)) return *status;
  const control::Compiled compiled =
      control::compile_policy(arguments.policy, kGeneration, {arguments.feeds});
  for (const control::Diagnostic& diagnostic : compiled.diagnostics) {
    std::fprintf(stderr, "%s\n", control::to_string(diagnostic).c_str());
  }
  if (!compiled.policy) return kFailed;
  if (const char* missing = missing_instructions(); missing != nullptr) {
    std::fprintf(stderr, "%s: this processor has no `%s`, without which QUIC cannot be read\n", kProgram,
                 missing);
    return kFailed;
  }
  if (!start_quiet_eal(kProgram)) return kFailed;
  const int status = replay_all(arguments, *compiled.policy);
  stop_quiet_eal();
  return status;
}

}  // namespace
}  // namespace sluice::replay

int main(int argc, char** argv) {
  return sluice::replay::run(argc, argv);
}
