// control/cli: sluicectl's command line.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <optional>

#include "control/cli/asks.h"
#include "control/cli/audit.h"
#include "control/cli/change.h"
#include "control/cli/commands.h"
#include "control/cli/completion.h"
#include "control/cli/diff.h"
#include "control/cli/disclose.h"
#include "control/cli/holds.h"
#include "control/cli/logs.h"
#include "control/cli/period.h"
#include "control/cli/readings.h"
#include "control/cli/reports.h"
#include "control/cli/reveal.h"
#include "dataplane/contract/reasons.h"

namespace {

using namespace sluice::control;

constexpr const char* kFeedsHelp =
    "Directory with the copies of fetched lists, as /var/lib/sluice/control/feeds; without it: none are at "
    "hand";

CLI::App* add_explain(CLI::App& app, ExplainOptions& options) {
  CLI::App* explain = app.add_subcommand(
      "explain",
      "Say what becomes of an access, by which rule and which line of a list, and why the rules before it "
      "did "
      "not match.\n"
      "Judged by the code that enforces: the policy in force, or a directory, for which no daemon is "
      "needed.");
  explain->add_option("--policy", options.policy, "Directory of a policy; without it: the policy in force");
  explain->add_option(
      "--questions", options.questions,
      "File of questions, - for standard input: a line of JSON each, with the options as keys, "
      "as {\"from\": \"10.20.1.7\", \"host\": \"www.example.com\"}; answers are lines of JSON");
  explain->add_option("--feeds", options.feeds, kFeedsHelp);
  explain->add_option("--from", options.from, "Address of who opens the connection");
  explain->add_option("--host", options.host,
                      "Name that is asked for, or an address; without it: no name is to be seen");
  explain->add_option("--to", options.to, "Address that is asked for");
  explain->add_option("--vlan", options.vlan, "VLAN id of the client; without it: untagged")
      ->check(CLI::Range(1, 4094));
  explain->add_option("--protocol", options.protocol, "What is spoken")
      ->check(CLI::IsMember(
          std::vector<std::string>(std::begin(sluice::kProtocolWords), std::end(sluice::kProtocolWords))))
      ->capture_default_str();
  explain->add_option("--port", options.port, "Port that is asked for; without it: the protocol's own");
  explain->add_option("--transport", options.transport, "tcp or udp; without it: the protocol's own")
      ->check(CLI::IsMember({"tcp", "udp"}));
  explain->add_option("--line", options.line, "Line by which it would go; without it: the network's own");
  explain
      ->add_option_function<std::string>(
          "--direction", [&options](const std::string& word) { options.inbound = word == "inbound"; },
          "outbound: opened from the LAN; inbound: from the line")
      ->check(CLI::IsMember({"outbound", "inbound"}));
  explain->add_option(
      "--at", options.at,
      "Time at which it is asked: 2026-11-23T09:00 in the site's time zone, or as in RFC 3339; "
      "without it: now");
  explain->add_flag("--json", options.json,
                    "Print JSON: action, reason, rule, list, where they stand, trace");
  explain->add_flag("--exit-code", options.exit_code, "Exit with 1 where the access is blocked");
  return explain;
}

CLI::App* add_diff(CLI::App& app, DiffOptions& options) {
  CLI::App* diff = app.add_subcommand(
      "diff",
      "Say what changes between two policies, and for whom; with --replay-log also which recorded accesses "
      "would be decided otherwise.\n"
      "Either of them may be `running`: the policy in force.");
  diff->add_option("BEFORE", options.before, "Directory of a policy, or running")->required();
  diff->add_option("AFTER", options.after, "Directory of a policy, or running")->required();
  diff->add_option("--feeds", options.feeds, kFeedsHelp);
  diff->add_flag("--replay-log", options.replay_log, "Ask both about each access of the log");
  diff->add_option("--log", options.log, "Directory of the access log")->capture_default_str();
  diff->add_option("--since", options.since, kTimeHelp)->capture_default_str();
  diff->add_option("--until", options.until, "The same; without it: now");
  diff->add_option("--limit", options.limit, "Show so many groups of accesses; 0: all")
      ->capture_default_str();
  diff->add_flag("--json", options.json, "Print JSON");
  return diff;
}

struct HistoryOptions {
  std::string state = "/var/lib/sluice/control", fingerprint;
  bool json = false;
  const CLI::App* list = nullptr;
  const CLI::App* verify = nullptr;
};

void add_history(CLI::App& app, HistoryOptions& options) {
  CLI::App* list =
      app.add_subcommand("history", "List the policies that were applied and can be gone back to.");
  list->add_flag("--json", options.json, "Print JSON");
  CLI::App* verify = list->add_subcommand("verify",
                                          "Say whether the history was altered, and where. Needs no daemon.\n"
                                          "Whoever holds the key, root or control itself, can write another "
                                          "history: note the key's fingerprint, and\n"
                                          "the last line, somewhere else.");
  verify->add_option("--state", options.state, "Directory of control's state")->capture_default_str();
  verify->add_option("--fingerprint", options.fingerprint,
                     "Of the key, as it was noted; another key is refused");
  options.list = list;
  options.verify = verify;
}

struct LogsOptions {
  LogsSearchOptions search;
  LogsVerifyOptions verify;
  LogsDiscloseOptions disclose;
  LogsProveOptions prove;
  const CLI::App* logs = nullptr;
  const CLI::App* verifies = nullptr;
  const CLI::App* indexes = nullptr;
  const CLI::App* discloses = nullptr;
  const CLI::App* proves = nullptr;
};

void add_query(CLI::App& command, QueryOptions& query) {
  command.add_option("--from", query.from, "A client's address or prefix, or a user");
  command.add_option("--to", query.to, "A name, which stands for all below it too, or an address or prefix");
  command.add_option("--action", query.action, "allowed, blocked or observed");
  command.add_option("--rule", query.rule, "Name of a rule");
  command.add_option("--since", query.since, kTimeHelp);
  command.add_option("--until", query.until, "The same");
}

void add_logs_search(CLI::App& logs, LogsSearchOptions& options) {
  logs.add_option("--log", options.log, "Directory of the access log")->capture_default_str();
  add_query(logs, options.query);
  logs.add_option("--limit", options.limit, "Stop after so many lines");
  logs.add_flag("-f,--follow", options.follow, "Go on with what is written");
  logs.add_flag("--json", options.json, "Print the lines as they stand in the log");
  logs.add_flag("--stats", options.stats, "Say at the end how much was read");
}

void add_disclosures(CLI::App& logs, LogsOptions& out) {
  LogsDiscloseOptions& options = out.disclose;
  CLI::App* disclose = logs.add_subcommand(
      "disclose",
      "Write the lines that fit into a file that proves by itself, with `logs prove`, that they stood in the "
      "log;\n"
      "nothing of other lines is in it. The log's signed lines say who did so, and how many lines.");
  disclose->add_option("--log", options.log, "Directory of the access log")->capture_default_str();
  add_query(*disclose, options.query);
  disclose->add_option("--case", options.name, "Name of the case for which it is done")->required();
  disclose->add_option("--out", options.out, "File that is made; it must not be there yet")->required();
  disclose->add_flag("--json", options.json, "Print JSON");
  CLI::App* prove =
      logs.add_subcommand("prove",
                          "Say whether the lines of a disclosure stood in the log, and what is wrong where. "
                          "Needs the file alone.\n"
                          "Whoever has another key can write another log: compare the key's fingerprint.");
  prove->add_option("FILE", out.prove.file, "What `logs disclose` wrote")->required();
  prove->add_option("--fingerprint", out.prove.fingerprint,
                    "Of the log's key, as it was noted; another key is a fault");
  prove->add_option("--witness", out.prove.witness, "File with what the witness was given, to be compared");
  prove->add_flag("--json", out.prove.json, "Print JSON");
  out.discloses = disclose;
  out.proves = prove;
}

void add_logs(CLI::App& app, LogsOptions& out) {
  CLI::App* logs =
      app.add_subcommand("logs", "Find accesses in the log. Needs no daemon; one may be writing.");
  logs->require_subcommand(0, 1);
  add_logs_search(*logs, out.search);
  CLI::App* index =
      logs->add_subcommand("index", "Build the indexes that are missing, so that a search reads less.");
  index->add_option("--log", out.search.log, "Directory of the access log")->capture_default_str();
  LogsVerifyOptions& options = out.verify;
  CLI::App* verify = logs->add_subcommand(
      "verify",
      "Say whether the access log is as it was written, what is wrong where, and where records are missing.\n"
      "Whoever holds the key, root or control itself, can write another log: note the key's fingerprint, and "
      "the "
      "last line\n"
      "of heads.jsonl, somewhere else.");
  verify->add_option("--log", options.log, "Directory of the access log")->capture_default_str();
  verify->add_option("--since", options.since,
                     "Leave out segments that end before: 2026-11-23, or as in RFC 3339");
  verify->add_option("--until", options.until, "Leave out segments that begin later");
  verify->add_option("--witness", options.witness, "File with what the witness was given, to be compared");
  verify->add_option("--fingerprint", options.fingerprint,
                     "Of the key, as it was noted; another key is refused");
  verify->add_flag("--json", options.json, "Print JSON");
  add_disclosures(*logs, out);
  out.logs = logs;
  out.verifies = verify;
  out.indexes = index;
}

struct HoldCommands {
  HoldOptions options;
  bool json = false;
  const CLI::App* hold = nullptr;
  const CLI::App* release = nullptr;
  const CLI::App* holds = nullptr;
};

void add_holds(CLI::App& app, HoldCommands& commands) {
  HoldOptions& options = commands.options;
  CLI::App* hold = app.add_subcommand(
      "hold", "Keep a part of the access log beyond its term, until two persons release it.");
  hold->add_option("CASE", options.name, "Name of the case")->required();
  hold->add_option("--since", options.since, "First day or moment, as 2026-11-23 or in RFC 3339; UTC");
  hold->add_option("--until", options.until, "Last day or moment; without it: what is still to come, too");
  hold->add_option("--reason", options.reason, "Why; stands in the log's signed lines with your name")
      ->required();
  CLI::App* release = app.add_subcommand(
      "release", "Ask that a case be held no longer. It is released when a second person asks, too.");
  release->add_option("CASE", options.name, "Name of the case")->required();
  CLI::App* holds = app.add_subcommand("holds", "List what is held, by whom, and why.");
  for (CLI::App* each : {hold, release, holds}) {
    each->add_flag("--json", commands.json, "Print JSON");
  }
  commands.hold = hold;
  commands.release = release;
  commands.holds = holds;
}

int run(int argc, char** argv) {
  CLI::App app("Checks, explains, enforces and shows the policy of a Sluice gateway.", "sluicectl");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", SLUICE_VERSION);
  app.footer(
      "Exit status: 0 done; 1 blocked, with explain --exit-code, or altered, with history verify, logs "
      "verify, readings or logs prove; 2 it "
      "cannot be done, or the policy is "
      "invalid.");
  std::string socket = "/run/sluice/control.sock";
  app.add_option("--socket", socket, "Socket of sluice-control")->capture_default_str();

  std::string directory, feeds, reason;
  bool json = false;
  CLI::App* check = app.add_subcommand("check", "Check a policy directory and print every problem of it.");
  check->add_option("DIR", directory, "Directory of the policy")->required();
  check->add_option("--feeds", feeds, kFeedsHelp);
  check->add_flag("--json", json, "Print JSON");
  ExplainOptions options;
  const CLI::App* explain = add_explain(app, options);
  DiffOptions diff_options;
  const CLI::App* diff = add_diff(app, diff_options);
  ChangeCommands changes;
  add_changes(app, changes);
  std::string list;
  CLI::App* feeds_command = app.add_subcommand(
      "feeds", "Show the lists that are fetched: their entries, age and state, and what went wrong.");
  feeds_command->require_subcommand(0, 1);
  feeds_command->add_flag("--json", json, "Print JSON");
  CLI::App* refresh = feeds_command->add_subcommand("refresh", "Fetch a list, or all, before it is due.");
  refresh->add_option("LIST", list, "Name of the list; without it: all");
  refresh->add_flag("--json", json, "Print JSON");
  CLI::App* accept = feeds_command->add_subcommand(
      "accept", "Bring into force what was held back because it changed more than `max-change` allows.");
  accept->add_option("LIST", list, "Name of the list")->required();
  accept->add_option("--reason", reason, "Why it is right; stands in the history with your name")->required();
  accept->add_flag("--json", json, "Print JSON");
  HistoryOptions history;
  add_history(app, history);
  HoldCommands holds;
  add_holds(app, holds);
  LogsOptions logs;
  add_logs(app, logs);
  CLI::App* status = app.add_subcommand(
      "status",
      "Is it us? Says of each line whether the gateway, the line, the LAN or DNS is at fault, and why; then "
      "what is in force, what waits, what ends soon, what is wrong.");
  status->footer(
      "  sluicectl status\n"
      "  iplc-sg      line: 22 of 25 new connections had no answer\n"
      "               in 60 s: load 3.1 of 200 Mbit/s, SYNs 88% unanswered, line 24/80 ms, LAN 0.4/2.0 ms, "
      "…\n"
      "\n"
      "SYNs are new connections over the line. `24/80 ms`: half of the answers took no longer than the "
      "first,\n"
      "99 of 100 no longer than the second; `line` is the server's answer, `LAN` the client's to that. The\n"
      "second row is of five minutes. A line that hardly anybody used says `no traffic`.\n"
      "\n"
      "Example: sluicectl status");
  status->add_flag("--json", json, "Print JSON");
  AskCommands asks;
  asks.add_to(app);
  AuditCommands audits;
  audits.add_to(app);
  ReportCommands reports;
  reports.add_to(app);
  ReadingsCommands readings;
  readings.add_to(app);
  RevealCommands reveals;
  reveals.add_to(app);
  std::string shell;
  CLI::App* completion = app.add_subcommand("completion", "Print a script with which a shell completes.");
  completion->add_option("SHELL", shell, "Which shell")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh"}));
  add_examples(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kCannot;
  }
  if (*completion) {
    std::cout << completion_script(app, shell == "zsh");
    return kDone;
  }
  if (int exit_status = kDone; asks.run(socket, exit_status) || audits.run(socket, exit_status) ||
                               reports.run(socket, exit_status) || readings.run(exit_status) ||
                               reveals.run(socket, exit_status)) {
    return exit_status;
  }
  if (*check) {
    return run_check(directory, feeds, json);
  }
  if (*explain) {
    options.socket = socket;
    return run_explain(options);
  }
  if (*diff) {
    diff_options.socket = socket;
    return run_diff(diff_options);
  }
  if (*feeds_command) {
    return *refresh  ? run_feeds_refresh(socket, list, json)
           : *accept ? run_feeds_accept(socket, list, reason, json)
                     : run_feeds(socket, json);
  }
  if (*holds.hold) {
    return run_hold(socket, holds.options, holds.json);
  }
  if (*holds.release) {
    return run_release(socket, holds.options.name, holds.json);
  }
  if (*holds.holds) {
    return run_holds(socket, holds.json);
  }
  if (*logs.logs) {
    return *logs.verifies    ? run_logs_verify(logs.verify)
           : *logs.indexes   ? run_logs_index(logs.search.log)
           : *logs.discloses ? run_logs_disclose(socket, logs.disclose)
           : *logs.proves    ? run_logs_prove(logs.prove)
                             : run_logs_search(socket, logs.search);
  }
  if (*history.verify) {
    return run_history_verify(history.state, history.fingerprint, history.json);
  }
  if (*history.list) {
    return run_history(socket, history.json);
  }
  if (const std::optional<int> changed = run_changes(socket, changes)) {
    return *changed;
  }
  return run_status(socket, json);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& exception) {
    std::cerr << "sluicectl: " << exception.what() << "\n";
    return sluice::control::kCannot;
  }
}
