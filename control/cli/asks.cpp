// control/cli: the command line of what answers from the recorded accesses.
#include "control/cli/asks.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "control/cli/period.h"
#include "control/usage/top.h"

namespace sluice::control {
namespace {

constexpr const char* kFeeds =
    "Directory with the copies of fetched lists, as /var/lib/sluice/control/feeds; for --policy";

void add_usage_period(CLI::App& command, UsagePeriod& period) {
  command.add_option("--since", period.since, kTimeHelp)->capture_default_str();
  command.add_option("--until", period.until, "The same; without it: now");
  command.add_option("--log", period.log, "Directory of the access log")->capture_default_str();
}

CLI::App* add_top(CLI::App& app, TopCommand& command) {
  CLI::App* top = app.add_subcommand(
      "top",
      "Add up the access log: names, clients, rules or networks with the most accesses. Needs no daemon.");
  top->add_option("BY", command.by, "What is counted")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kTopWords), std::end(kTopWords))))
      ->capture_default_str();
  add_usage_period(*top, command.period);
  top->add_option("--from", command.from, "Of one client alone: its address or prefix, or a user");
  top->add_option("--action", command.action, "Of one kind alone")
      ->check(CLI::IsMember(std::vector<std::string>{"allowed", "blocked", "observed"}));
  top->add_option("--limit", command.limit, "Rows")
      ->check(CLI::Range(size_t{1}, TopOptions::kMaxLimit))
      ->capture_default_str();
  top->add_flag("--domains", command.domains, "Names by the domain that somebody registered");
  return top;
}

CLI::App* add_why(CLI::App& app, WhyCommand& command) {
  CLI::App* why = app.add_subcommand(
      "why",
      "Say what was blocked of one client, which page it belongs to, why, and what would open it. "
      "Needs no daemon.");
  why->add_option("WHO", command.who, "A client's address, or a user")->required();
  why->add_option("--last", command.last, "How far to look back, as 15m, 2h or 7d")->capture_default_str();
  why->add_option("--log", command.log, "Directory of the access log")->capture_default_str();
  why->add_option(
      "--policy", command.policy,
      "Directory of the policy that says where the rules and entries stand, and whose addresses a "
      "user has; without it: the policy in force, where the daemon runs");
  why->add_option("--feeds", command.feeds, kFeeds);
  return why;
}

CLI::App* add_who(CLI::App& app, WhoCommand& command) {
  CLI::App* who = app.add_subcommand(
      "who",
      "Say who has an address or a hardware address, or what a user has, since when, and where that is known "
      "from.\n"
      "What ended is remembered for a day.");
  who->add_option("WHO", command.who, "An address, a hardware address, or a user")->required();
  who->add_option("--at", command.at, kTimeHelp);
  return who;
}

CLI::App* add_rules(CLI::App& app, RulesCommand& command) {
  CLI::App* rules = app.add_subcommand(
      "rules",
      "Show how often each rule decided and since when, which are not used, which never decide as an earlier "
      "one covers them, and which exceptions end.");
  rules->add_option("--policy", command.policy,
                    "Directory of the policy; without it: the policy in force, or, where no daemon runs, "
                    "/etc/sluice/policies");
  rules->add_option("--feeds", command.feeds, kFeeds);
  rules->add_option("--log", command.log,
                    "Directory of an access log in which hits are counted; without it: what the daemon has "
                    "counted, over all its restarts");
  return rules;
}

CLI::App* add_suggest(CLI::App& app, SuggestCommand& command) {
  CLI::App* suggest = app.add_subcommand(
      "suggest",
      "Propose a list of what a network needs, from what it used while it was observed, as YAML to be looked "
      "through;\n"
      "and say who would still be blocked with it. Needs no daemon.");
  suggest->add_option("--network", command.network, "Name of the network")->required();
  add_usage_period(*suggest, command.period);
  suggest->add_option(
      "--policy", command.policy,
      "Directory of the policy by which accesses are judged; without it: the policy in force, or, where no "
      "daemon runs, what became of them counts");
  suggest->add_option("--feeds", command.feeds, kFeeds);
  return suggest;
}

CLI::App* add_hosts(CLI::App& app, HostsCommand& command) {
  CLI::App* hosts = app.add_subcommand(
      "hosts",
      "Name addresses of the LAN that look like a server, a relay, or several machines behind one address, "
      "from the access log.\nNothing is blocked for it. Needs no daemon.");
  add_usage_period(*hosts, command.period);
  hosts->add_option(
      "--policy", command.policy,
      "Directory of the policy that says which networks are `shared`; without it: the policy in "
      "force, where the daemon runs");
  return hosts;
}

}  // namespace

void AskCommands::add_to(CLI::App& app) {
  CLI::App* const top = add_top(app, top_);
  CLI::App* const why = add_why(app, why_);
  CLI::App* const who = add_who(app, who_);
  CLI::App* const rules = add_rules(app, rules_);
  CLI::App* const suggest = add_suggest(app, suggest_);
  CLI::App* const hosts = add_hosts(app, hosts_);
  hosts->add_flag("--json", hosts_.json, "Print JSON");
  top->add_flag("--json", top_.json, "Print JSON");
  why->add_flag("--json", why_.json, "Print JSON");
  who->add_flag("--json", who_.json, "Print JSON");
  rules->add_flag("--json", rules_.json, "Print JSON");
  suggest->add_flag("--json", suggest_.json, "Print JSON");
  asks_top_ = top;
  asks_why_ = why;
  asks_who_ = who;
  asks_rules_ = rules;
  asks_suggest_ = suggest;
  asks_hosts_ = hosts;
}

bool AskCommands::run(const std::string& socket, int& status) const {
  if (*asks_top_) {
    status = run_top(socket, top_);
  } else if (*asks_why_) {
    status = run_why(socket, why_);
  } else if (*asks_who_) {
    status = run_who(socket, who_);
  } else if (*asks_rules_) {
    status = run_rules(socket, rules_);
  } else if (*asks_suggest_) {
    status = run_suggest(socket, suggest_);
  } else if (*asks_hosts_) {
    status = run_hosts(socket, hosts_);
  } else {
    return false;
  }
  return true;
}

}  // namespace sluice::control
