// control/cli: the commands that answer from what was recorded or heard of: top, why, who, rules, suggest,
// hosts. Each returns the exit status.
#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <string>

#include "control/cli/usage_view.h"

namespace sluice::control {

struct TopCommand {
  UsagePeriod period{.since = "24h"};
  std::string by = "names", from, action;
  size_t limit = 10;
  bool domains = false, json = false;
};
struct WhyCommand {
  std::string who, last = "15m", log = "/var/log/sluice", policy, feeds;
  bool json = false;
};
struct RulesCommand {
  std::string policy, feeds, log;  ///< log: empty where the daemon is asked
  bool json = false;
};
struct WhoCommand {
  std::string who, at;
  bool json = false;
};
struct SuggestCommand {
  UsagePeriod period{.since = "14d"};
  std::string network, policy, feeds;
  bool json = false;
};
struct HostsCommand {
  UsagePeriod period{.since = "1d"};
  std::string policy;
  bool json = false;
};

/// Names, clients, rules or networks with the most accesses.
int run_top(const std::string& socket, const TopCommand& command);
/// A client's blocks, beside the page that each belongs to, and what would open it.
int run_why(const std::string& socket, const WhyCommand& command);
/// How often each rule decided, which are not used or never decide, and which exceptions end.
int run_rules(const std::string& socket, const RulesCommand& command);
/// What an observed network needs, as YAML to be looked through.
int run_suggest(const std::string& socket, const SuggestCommand& command);
/// Addresses of the LAN that look like a server, a relay, or several machines.
int run_hosts(const std::string& socket, const HostsCommand& command);
/// Who had an address, what a user or a machine had, and how that is known.
int run_who(const std::string& socket, const WhoCommand& command);

/// All of them on sluicectl's command line.
class AskCommands {
 public:
  void add_to(CLI::App& app);
  /// Whether one of them was asked for; status: what it returned.
  [[nodiscard]] bool run(const std::string& socket, int& status) const;

 private:
  TopCommand top_;
  WhyCommand why_;
  RulesCommand rules_;
  SuggestCommand suggest_;
  WhoCommand who_;
  HostsCommand hosts_;
  const CLI::App *asks_top_ = nullptr, *asks_who_ = nullptr, *asks_why_ = nullptr, *asks_rules_ = nullptr,
                 *asks_suggest_ = nullptr, *asks_hosts_ = nullptr;
};

}  // namespace sluice::control
