// tests: runs the cases of the folders it is given, and says of each whether it held.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "tests/cases/case.h"
#include "tests/support/eal.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cases_in(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(place)) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

/// usage: case-runner POLICIES (FOLDER | FILE)...
int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: case-runner POLICIES (FOLDER | FILE)...\n");
    return 2;
  }
  sluice::test::start_eal();
  rte_mempool* pool = sluice::test::test_pool();
  int failed = 0, run = 0;
  for (int at = 2; at < argc; ++at) {
    for (const fs::path& path : cases_in(argv[at])) {
      const std::string name = path.parent_path().filename().string() + "/" + path.stem().string();
      ++run;
      try {
        sluice::test::Case(path.string(), argv[1], pool).run();
        std::printf("ok - %s\n", name.c_str());
      } catch (const std::exception& problem) {
        ++failed;
        std::printf("not ok - %s\n    %s\n", name.c_str(), problem.what());
      }
    }
  }
  if (run == 0) std::fprintf(stderr, "case-runner: no cases\n");
  return failed == 0 && run > 0 ? 0 : 1;
}
