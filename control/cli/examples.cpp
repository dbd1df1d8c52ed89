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
    {"evidence", "evidence --since 2026-11-01 --until 2026-11-30 -o evidence-2026-11.tar.zst"},
    {"top", "top names --domains --action blocked --since 24h"},
    {"why", "why 10.20.1.7 --last 15m"},
    {"who", "who 10.20.1.7 --at 2026-11-23T09:00"},
    {"readings", "readings --of 10.20.1.7 --since 30d"},
    {"readings verify", "readings verify"},
    {"reveal",
     "reveal p-0123456789abcdef0123456789abcdef --key li.wei.pem --key zhang.min.pem --case 2026-7 --reason "
     "\"letter of 2026-11-09\""},
    {"keeper", "keeper new li.wei -o li.wei.pem"},
    {"keeper new", "keeper new li.wei -o li.wei.pem"},
    {"rules", "rules --policy /etc/sluice/policies"},
    {"suggest", "suggest --network finance --since 14d > suggested.yaml"},
    {"hosts", "hosts --since 7d"},
    {"report", "report --month 2026-11 --lang zh -o report-2026-11.html"},
    {"violations", "violations --month 2026-11"},
    {"violations confirm",
     "violations confirm 20261123T040506Z-3f2a9c1d0b --by \"Wang Fang\" --finding \"placed bets, says so "
     "herself\""},
    {"violations dismiss",
     "violations dismiss 20261123T040506Z-3f2a9c1d0b --by \"Wang Fang\" --finding \"an advertisement in a "
     "page\""},
    {"review", "review --month 2026-11 --by \"Wang Fang\" --finding \"nothing beyond the report\""},
    {"subject", "subject li.wei --since 2026-11-01 -o li.wei.html"},
    {"manual", "manual --lang zh -o manual.html"},
    {"notice", "notice --lang zh -o notice.html"},
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
