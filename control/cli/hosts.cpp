// control/cli: sluicectl hosts.
#include "control/usage/hosts.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/cli/asks.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/policies.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kHostsShown = 20, kPortsShown = 5;

std::string joined_ports(const ServedFlows& served) {
  std::vector<std::pair<std::string, uint64_t>> all(served.ports.begin(), served.ports.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out;
  for (size_t i = 0; i < std::min(kPortsShown, all.size()); ++i) {
    out += (i == 0 ? "" : ", ") + all[i].first + " (" + grouped(all[i].second) + ")";
  }
  return out + (all.size() > kPortsShown ? " and " + grouped(all.size() - kPortsShown) + " more" : "");
}

std::string server_text(const HostFound& host) {
  std::string rules;
  for (const std::string& rule : host.served.rules) {
    rules += (rules.empty() ? "; let in by " : ", ") + rule;
  }
  return "answered " + counted(host.served.answered, "connection") + " from the line, of " +
         counted(host.served.peers, "peer") + ", at " + joined_ports(host.served) + "; " +
         bytes_text(host.served.bytes_in) + " in, " + bytes_text(host.served.bytes_out) + " out, last " +
         minute_text(host.served.last_ns) + rules;
}

std::string relay_text(const HostFound& host) {
  return counted(host.relayed.pairs, "connection") + " in, each with one out at the same time that carried " +
         "the same, " + bytes_text(host.relayed.bytes) + "; the last from " + host.relayed.from + " to " +
         host.relayed.to + ", " + minute_text(host.relayed.last_ns);
}

std::string several_text(const HostFound& host) {
  std::string out;
  for (const auto& [ttl, count] : host.ttls.values) {
    out += (out.empty() ? "TTL " : ", ") + std::to_string(ttl) + " (" + grouped(count) + ")";
  }
  return out + ", by turns, " + grouped(host.ttls.switches) + " times";
}

json host_json(const HostFound& host) {
  json out{{"address", host.address}, {"network", host.network}, {"looks_like", json::array()}};
  if (host.is_server_like()) {
    out["looks_like"].push_back("server");
    out["server"] = {{"answered", host.served.answered},     {"peers", host.served.peers},
                     {"bytes_in", host.served.bytes_in},     {"bytes_out", host.served.bytes_out},
                     {"ports", host.served.ports},           {"rules", host.served.rules},
                     {"last", utc_text(host.served.last_ns)}};
  }
  if (host.is_relay_like()) {
    out["looks_like"].push_back("relay");
    out["relay"] = {{"pairs", host.relayed.pairs},
                    {"bytes", host.relayed.bytes},
                    {"from", host.relayed.from},
                    {"to", host.relayed.to},
                    {"last", utc_text(host.relayed.last_ns)}};
  }
  if (host.is_several_machines()) {
    json ttls = json::array();
    for (const auto& [ttl, count] : host.ttls.values) {
      ttls.push_back({{"ttl", ttl}, {"accesses", count}});
    }
    out["looks_like"].push_back("several-machines");
    out["several_machines"] = {{"ttls", std::move(ttls)}, {"switches", host.ttls.switches}};
  }
  return out;
}

void print_hosts_json(const UsageScope& scope, const std::string& policy, const HostsFound& found) {
  json out{{"policy", policy.empty() ? json() : json(policy)},
           {"looked_at", found.looked_at},
           {"left_out", found.left_out},
           {"hosts", json::array()}};
  for (const HostFound& host : found.hosts) {
    out["hosts"].push_back(host_json(host));
  }
  add_period(out, scope, found.findings);
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

using IsSo = bool (HostFound::*)() const;

void print_kind(const std::string& heading, const HostsFound& found, IsSo is_so,
                std::string (*text)(const HostFound& host)) {
  size_t shown = 0, all = 0;
  for (const HostFound& host : found.hosts) {
    if (!(host.*is_so)() || ++all > kHostsShown) {
      continue;
    }
    if (++shown == 1) {
      std::cout << "\n" << coloured(Colour::Bold, wrapped(heading, output_width(), 0)) << "\n";
    }
    std::cout << "  "
              << wrapped(printable(host.address + ", of " + host.network + ": " + text(host)), output_width(),
                         2)
              << "\n";
  }
  if (all > shown) {
    std::cout << "  " << wrapped("and " + grouped(all - shown) + " more; --json has all", output_width(), 2)
              << "\n";
  }
}

void print_hosts(const UsageScope& scope, bool knows_shared, const HostsFound& found) {
  const size_t width = output_width();
  if (found.lines == 0) {
    std::cout << wrapped("nothing was recorded " + period_text(scope), width, 0) << "\n";
    return;
  }
  std::cout << wrapped((found.hosts.empty() ? "none" : grouped(found.hosts.size())) + " of " +
                           grouped(found.looked_at) + (found.looked_at == 1 ? " address " : " addresses ") +
                           (found.hosts.size() > 1 ? "look" : "looks") +
                           " like something else than one machine that asks, " + period_text(scope) +
                           "; none is blocked for that",
                       width, 0)
            << "\n";
  print_kind("like a server", found, &HostFound::is_server_like, server_text);
  print_kind("like a relay", found, &HostFound::is_relay_like, relay_text);
  print_kind(
      std::string("like several machines behind one address") +
          (knows_shared ? "" : "; networks that are `shared` may be among them, as no policy is known"),
      found, &HostFound::is_several_machines, several_text);
  if (found.left_out) {
    std::cout << wrapped("more came than is kept: there may be more than this; ask for less time", width, 0)
              << "\n";
  }
}

}  // namespace

int run_hosts(const std::string& socket, const HostsCommand& command) {
  UsageScope scope;
  KnownPolicy policy;
  if (!read_period(command.period, scope) || !find_policy(command.policy, "", socket, "", policy)) {
    return kCannot;
  }
  HostsFound found;
  const std::set<std::string> shared(policy.facts.shared.begin(), policy.facts.shared.end());
  note_reading(socket, "hosts", {{"since", command.period.since}, {"log", command.period.log}});
  if (!finish_reading(find_hosts(scope, shared, found), found.findings)) {
    return kCannot;
  }
  command.json ? print_hosts_json(scope, policy.name, found)
               : print_hosts(scope, policy.written != nullptr, found);
  return kDone;
}

}  // namespace sluice::control
