// control/report: what was done to the policy in a time.
#include "control/report/changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kSecondNs = 1'000'000'000;

int64_t second_at(const json& object, const char* key) {
  const uint64_t second = number_at(object, key);
  return second <= static_cast<uint64_t>(INT64_MAX / kSecondNs) ? static_cast<int64_t>(second) * kSecondNs
                                                                : 0;
}

class HistoryReader {
 public:
  HistoryReader(int64_t begin_ns, int64_t end_ns, PolicyChanges& out)
      : begin_ns_(begin_ns), end_ns_(end_ns), out_(out) {}

  void take(std::string_view text) {
    const json line = json::parse(text, nullptr, false);
    const auto generation = static_cast<uint32_t>(line.is_object() ? number_at(line, "generation") : 0);
    if (generation == 0 || line.contains("confirmed")) {
      return;
    }
    if (line.contains("refused")) {
      return refuse(generation);
    }
    const auto time_ns = static_cast<int64_t>(number_at(line, "time_ns"));
    take_bypass(line, time_ns);
    if (time_ns < begin_ns_ || time_ns >= end_ns_) {
      return;
    }
    if (out_.changes.size() >= PolicyChanges::kMaxChanges) {
      ++out_.left_out;
      return;
    }
    out_.changes.push_back({.generation = generation,
                            .time_ns = time_ns,
                            .author = text_at(line, "author"),
                            .reason = text_at(line, "reason"),
                            .sha256 = text_at(line, "sha256"),
                            .rollback_to = static_cast<uint32_t>(number_at(line, "rollback_to"))});
  }

  void finish() {
    std::erase_if(out_.bypasses, [&](const BypassTime& each) {
      return each.until_ns <= begin_ns_ || each.from_ns >= end_ns_ || each.until_ns <= each.from_ns;
    });
  }

 private:
  void refuse(uint32_t generation) {
    const auto found = std::find_if(out_.changes.rbegin(), out_.changes.rend(),
                                    [&](const PolicyChange& each) { return each.generation == generation; });
    if (found != out_.changes.rend()) {
      found->refused = true;
    }
  }

  /// Each line has the bypass that its policy bears; one that bears another, or none, ends the one before.
  void take_bypass(const json& line, int64_t time_ns) {
    const json said = object_at(line, "bypass");
    const int64_t from_ns = second_at(said, "from_s"), until_ns = second_at(said, "until_s");
    if (!out_.bypasses.empty()) {
      BypassTime& last = out_.bypasses.back();
      if (last.from_ns == from_ns && last.until_ns == until_ns) {
        return;
      }
      if (time_ns < last.until_ns) {
        last.until_ns = std::max(time_ns, last.from_ns);
        last.ended_early = from_ns == 0;
      }
    }
    if (from_ns != 0 && from_ns < until_ns) {
      if (out_.bypasses.size() >= PolicyChanges::kMaxChanges) {
        finish();  // of a long history those of other times go first
      }
      if (out_.bypasses.size() < PolicyChanges::kMaxChanges) {
        out_.bypasses.push_back({from_ns, until_ns, false, text_at(line, "author"), text_at(line, "reason")});
      } else {
        ++out_.left_out;
      }
    }
  }

  const int64_t begin_ns_, end_ns_;
  PolicyChanges& out_;
};

}  // namespace

std::string read_changes(const std::filesystem::path& state, int64_t begin_ns, int64_t end_ns,
                         PolicyChanges& out) {
  const SealedPaths paths = history_paths(state);
  std::string error;
  const auto key = SigningKey::open_public(paths.public_key, error);
  if (!key) {
    return error;
  }
  HistoryReader reader(begin_ns, end_ns, out);
  error = read_sealed(
      paths, *key, [&](std::string_view line) { reader.take(line); }, out.findings);
  reader.finish();
  return error;
}

}  // namespace sluice::control
