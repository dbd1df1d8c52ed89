// tests: a disclosure that was edited in any way, or is none. Whoever proves it survives, and finds out.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "control/disclosure/proof.h"
#include "control/disclosure/record.h"
#include "control/segment/writer.h"
#include "tests/fuzz/edits.h"

namespace {

using namespace sluice::control;
namespace fs = std::filesystem;

/// A disclosure of a log of two segments.
std::string disclosed() {
  const fs::path root = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                        ("sluice-disclosure-" + std::to_string(getpid()));
  std::string error, out;
  DisclosureFindings found;
  {
    const auto writer = SegmentWriter::open(root / "log", root / "state", {}, error);
    const auto key = SigningKey::open_public(root / "log/log.pub", error);
    if (!writer || !key) std::abort();
    for (uint64_t i = 0; i < 4; ++i) {
      LogBatch batch;
      for (uint64_t number = 4 * i; number < 4 * i + 4; ++number) {
        batch.lines += R"({"@timestamp":"2026-11-23T04:05:06.000000Z","source":{"ip":"10.20.1.)" +
                       std::to_string(number % 2) + "\"}}\n";
        batch.note(static_cast<int64_t>(number), {1, 0, number + 1});
      }
      if (!writer->append(batch, 0).empty() || (i % 2 == 1 && !writer->close(0).empty())) std::abort();
    }
    const auto query = Query::parse({.from = "10.20.1.1"}, error);
    out = start_entry({"fuzz", "now", {.from = "10.20.1.1"}, key->public_text(), {}});
    error = disclose_log(
        root / "log", *query, *key, {}, [&](std::string_view entry) { return out += entry, true; }, found);
    const auto answer = record_disclosure(record_request("fuzz", found, sha256_hex(out)), 0, "root", 0,
                                          [&](const nlohmann::json& line, std::string& written) {
                                            return writer->heads().append(line, &written);
                                          });
    if (!error.empty() || found.lines != 8 || !answer.contains("signed")) std::abort();
    out += record_entry(answer["signed"].get<std::string>());
  }
  fs::remove_all(root);
  return out;
}

/// Whether text is a disclosure in which nothing is wrong.
bool holds(const std::string& text) {
  const ProofOptions options;
  ProofFindings found;
  DisclosureProof proof(options, found);
  size_t at = 0;
  for (size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    if (!proof.take(std::string_view(text).substr(at, end - at))) return false;
  }
  proof.finish(at != text.size());
  if (found.proven > found.lines) std::abort();
  return found.problem_count == 0 && found.entries != 0;
}

}  // namespace

/// data: an odd first byte and edits (see edited), or a whole file behind an even one.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string good = disclosed();
  static const bool good_holds = holds(good);
  if (size == 0) return 0;
  const bool edit = data[0] % 2 == 1;
  const std::string text = edit ? sluice::test::edited(good, data + 1, size - 1)
                                : std::string(reinterpret_cast<const char*>(data + 1), size - 1);
  if (!good_holds || holds(text) != (text == good)) std::abort();
  return 0;
}
