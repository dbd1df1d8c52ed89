// control/cli: an example at the end of each command's help.
#include <CLI/CLI.hpp>
#include <string>
#include <utility>

#include "control/cli/completion.h"

namespace sluice::control {
namespace {

/// By the words of the command.
constexpr std::pair<const char*, const char*> kExamples[] = {
    {"check", "check /etc/sluice/policies"},
    {"explain", "explain --from 10.20.1.7 --host www.example.com"},
    {"diff", "diff running new-policies --replay-log --since 7d"},
    {"apply", "apply --reason \"IT-4711: the new list of vendors\" --wait"},
    {"confirm", "confirm"},
    {"except", "except --from 10.20.9.7 --to vendor.example --for 4h --owner li.wei --ticket IT-4711"},
    {"bypass", "bypass --for 30m --reason \"IT-4711: the line is being tested\""},
    {"feeds", "feeds"},
    {"feeds refresh", "feeds refresh malware"},
    {"feeds accept", "feeds accept malware --reason \"the provider merged two lists\""},
    {"rollback", "rollback --reason \"the new rule blocks payroll\" --wait"},
    {"history", "history"},
    {"history verify", "history verify --state /var/lib/sluice/control"},
    {"hold", "hold case-2026-7 --since 2026-11-01 --until 2026-11-08 --reason \"letter of 2026-11-09\""},
    {"release", "release case-2026-7"},
    {"holds", "holds"},
    {"logs", "logs --to example.com --action blocked --since 2h"},
    {"logs index", "logs index --log /var/log/sluice"},
    {"logs verify", "logs verify --since 2026-11-01"},
    {"logs disclose", "logs disclose --from 10.20.1.7 --since 2026-11-01 --case 2026-7 --out case.jsonl"},
    {"logs prove", "logs prove case.jsonl"},
    {"lines", "lines"},
    {"top", "top names --domains --action blocked --since 24h"},
    {"why", "why 10.20.1.7 --last 15m"},
    {"rules", "rules --policy /etc/sluice/policies"},
    {"suggest", "suggest --network finance --since 14d > suggested.yaml"},
    {"hosts", "hosts --since 7d"},
    {"completion", "completion bash > /etc/bash_completion.d/sluicectl"},
};

void add_below(CLI::App& app, const std::string& path) {
  for (CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string below = path + (path.empty() ? "" : " ") + each->get_name();
    for (const auto& [words, example] : kExamples) {
      if (below == words) {
        each->footer("Example: sluicectl " + std::string(example));
      }
    }
    add_below(*each, below);
  }
}

}  // namespace

void add_examples(CLI::App& app) {
  add_below(app, "");
}

}  // namespace sluice::control
