// control/readings: holds the readings against what heads.jsonl says of them.
#include "control/readings/check.h"

#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/base/sha256.h"
#include "control/readings/readings.h"

namespace sluice::control {
namespace {

using nlohmann::json;

void add_problem(SealedFindings& found, std::string what) {
  ++found.problem_count;
  if (found.problems.size() < SealedFindings::kMaxProblems) {
    found.problems.push_back(std::move(what));
  }
}

/// The SHA-256 of the lines that heads.jsonl names, by their numbers.
std::string read_told(const std::filesystem::path& log, const SigningKey& key,
                      std::map<uint64_t, std::string>& told, SealedFindings& heads) {
  const TakeLine take = [&](std::string_view line) {
    const json said = json::parse(line, nullptr, false);
    if (said.is_object() && text_at(said, "kind") == "readings") {
      told[number_at(said, "last")] = text_at(said, "sha256");
    }
  };
  return read_sealed({log / "heads.jsonl", log / "heads.head", {}, log / "log.pub"}, key, take, heads);
}

}  // namespace

std::string check_readings(const std::filesystem::path& log, const SigningKey& key, const TakeLine& take,
                           ReadingsFindings& findings) {
  findings = {};
  // heads.jsonl first: what it names stands in the readings by then.
  std::map<uint64_t, std::string> told;
  SealedFindings heads;
  if (std::string why = read_told(log, key, told, heads); !why.empty()) {
    return why;
  }
  findings.told = told.empty() ? 0 : told.rbegin()->first;
  const SealedPaths paths = readings_paths(log, {});
  std::error_code error;
  if (!std::filesystem::exists(paths.lines, error) && !error) {
    findings.none = told.empty();
    if (!findings.none) {
      add_problem(findings.file,
                  "readings.jsonl is missing: heads.jsonl names its line " + std::to_string(findings.told));
    }
    return {};
  }
  std::vector<std::string> others;
  const TakeLine hold = [&](std::string_view line) {
    const json said = json::parse(line, nullptr, false);
    const auto found = said.is_object() ? told.find(number_at(said, "line")) : told.end();
    if (found != told.end()) {
      if (found->second != sha256_hex(line)) {
        others.push_back("line " + std::to_string(found->first) + " is another one than heads.jsonl names");
      }
      told.erase(found);
    }
    if (take) {
      take(line);
    }
  };
  if (std::string why = read_sealed(paths, key, hold, findings.file); !why.empty()) {
    return why;
  }
  for (std::string& each : others) {
    add_problem(findings.file, std::move(each));
  }
  for (const auto& [number, sha256] : told) {
    add_problem(findings.file,
                "cut: line " + std::to_string(number) + ", which heads.jsonl names, is missing");
  }
  if (heads.problem_count != 0) {
    add_problem(findings.file,
                "heads.jsonl, which names lines of it, was altered: see `sluicectl logs verify`");
  }
  return {};
}

}  // namespace sluice::control
