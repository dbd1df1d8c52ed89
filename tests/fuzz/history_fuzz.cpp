// tests: a history that was edited in any way. Whoever reads it survives, and finds out.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "control/sealed/sealed_file.h"
#include "tests/fuzz/edits.h"

namespace {

using namespace sluice::control;
namespace fs = std::filesystem;

/// A history of some lines, in memory's file system where there is one.
struct Written {
  fs::path directory = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                       ("sluice-history-" + std::to_string(getpid()));
  std::unique_ptr<SigningKey> key;
  std::string text;

  Written() {
    fs::create_directories(directory);
    std::string error;
    {
      const auto history = SealedFile::open(history_paths(directory), "history", {}, error);
      for (int line = 0; history && line < 4; ++line)
        error += history->append({{"generation", line}, {"reason", "because"}});
      if (!history || !error.empty()) std::abort();
    }
    key = SigningKey::open_or_make(directory / "history.key", directory / "history.pub", error);
    if (!key) std::abort();
    std::ifstream in(directory / "history.jsonl", std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  ~Written() { fs::remove_all(directory); }
};

}  // namespace

/// data: see edited.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Written written;
  const std::string text = sluice::test::edited(written.text, data, size);
  std::ofstream(written.directory / "history.jsonl", std::ios::binary | std::ios::trunc) << text;
  SealedFindings findings;
  if (!read_sealed(history_paths(written.directory), *written.key, {}, findings).empty()) return 0;
  // A last line without its end is one that a crash cut: the head never knew of it.
  const bool torn_only = text.starts_with(written.text) && text.find('\n', written.text.size()) == text.npos;
  if ((findings.problem_count == 0) != torn_only) std::abort();
  return 0;
}
