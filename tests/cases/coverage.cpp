// tests: every reason, and every situation in each of its settings and in both answers, has a case that shows
// it.
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "dataplane/contract/reasons.h"

namespace {

namespace fs = std::filesystem;
using namespace sluice;

/// Reasons that no packet of a case can bring about, and the tests that show them.
const std::map<std::string, std::string> kElsewhere = {
    {"handover-full", "PollLoop.WhatAFullRingToAnotherWorkerDoesNotTakeIsDropped"},
    {"overload", "Overload.WhoFellBehindGivesUpOpeningsAndNothingOfDecidedFlows"},
    {"tx-full", "PollLoop.WhatAFullPortDoesNotTakeIsDropped"},
    {"no-buffer", "PollLoop.WithoutABufferThereIsNoAnswer"},
};

/// Settings in which a situation leaves no mark: what is to pass then passes for what it is. The last is
/// none.
const std::set<std::pair<std::string, std::string>> kUnseen = {
    {"log-full", "allow"},
    {"log-full", "observe"},
    {"name-mismatch", "allow"},
    {"name-mismatch", "by-address"},
};

struct Shown {
  std::set<std::string> passed, refused;
  std::set<std::pair<std::string, std::string>> settings;  ///< situation, setting in force
};

class CaseReader {
 public:
  CaseReader(const YAML::Node& root, Shown& shown) : shown_(shown) {
    take_settings(root);
    for (const auto& step : root["steps"]) read(step);
  }

 private:
  void take_settings(const YAML::Node& node) {
    if (!node["with"]) return;
    settings_.clear();
    for (const auto& entry : YAML::Load(node["with"].as<std::string>())["unidentified"])
      settings_[entry.first.as<std::string>()] = entry.second.as<std::string>();
  }

  void read(const YAML::Node& step) {
    if (step["policy"]) take_settings(step);
    if (step["open"]) shown_.passed.insert("undecided");
    for (const bool passes : {true, false}) {
      const YAML::Node said = step[passes ? "passes" : "drops"];
      if (said && said.IsScalar()) show(said.as<std::string>(), passes);
      if (said && said.IsMap())
        for (const auto& entry : said) show(entry.first.as<std::string>(), passes);
    }
    for (const auto& record : step["records"])
      if (record["reason"] && record["action"])
        show(record["reason"].as<std::string>(), record["action"].as<std::string>() != "blocked");
  }

  void show(const std::string& reason, bool passes) {
    (passes ? shown_.passed : shown_.refused).insert(reason);
    for (const auto& [situation, setting] : settings_)
      if (reason == situation || (reason == "by-address" && setting == reason))
        shown_.settings.insert({situation, setting});
  }

  Shown& shown_;
  std::map<std::string, std::string> settings_;
};

bool is_situation(size_t reason) {
  const auto first = static_cast<size_t>(reason_of(Situation{}));
  return reason >= first && reason < first + kSituationCount;
}

int missing(const std::string& what) {
  std::printf("not ok - no case shows %s\n", what.c_str());
  return 1;
}

int check_situation(const std::string& situation, const Shown& shown) {
  int failed = 0;
  if (!shown.passed.contains(situation)) failed += missing(situation + " that passes");
  if (!shown.refused.contains(situation)) failed += missing(situation + " that is refused");
  for (const std::string_view setting : kSettingWords) {
    const std::pair<std::string, std::string> cell{situation, setting};
    if (!kUnseen.contains(cell) && !shown.settings.contains(cell))
      failed += missing(situation + " set to " + std::string(setting));
  }
  return failed;
}

}  // namespace

/// usage: case-coverage CASES
int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: case-coverage CASES\n");
    return 2;
  }
  Shown shown;
  for (const auto& entry : fs::recursive_directory_iterator(argv[1])) {
    const fs::path& path = entry.path();
    if (path.extension() == ".yaml" && path.parent_path().filename() != "policies")
      CaseReader(YAML::LoadFile(path.string()), shown);
  }
  int failed = 0;
  for (size_t at = 0; at < kReasonCount; ++at) {
    const std::string reason(kReasonWords[at]);
    if (is_situation(at))
      failed += check_situation(reason, shown);
    else if (!shown.passed.contains(reason) && !shown.refused.contains(reason) &&
             !kElsewhere.contains(reason))
      failed += missing(reason);
  }
  if (failed == 0) std::printf("ok - every reason and every situation has its case\n");
  return failed == 0 ? 0 : 1;
}
