// control/cli: sluicectl status.
#include <iostream>

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

using nlohmann::json;

uint64_t number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A member that is an object, or an empty one: another version may leave it out.
json member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

void show_problems(const json& problems) {
  for (const json& each : problems.value("diagnostics", json::array())) {
    std::cout << "             " << text(each, "text") << "\n";
  }
}

void show_policy(const json& status) {
  const json policy = member(status, "policy");
  if (policy.empty()) {
    std::cout << "policy       " << coloured(Colour::Red, "none") << "\n";
  } else {
    std::cout << "policy       generation " << number(policy, "generation") << " of " << text(policy, "site")
              << ", "
              << (policy.value("enforced", false) ? coloured(Colour::Green, "in force")
                                                  : coloured(Colour::Yellow, "not yet in force"))
              << " since " << text(policy, "since") << "\n"
              << "             by " << text(policy, "author") << ": " << text(policy, "reason") << "\n";
    if (policy.contains("rules")) {
      std::cout << "             " << counted(number(policy, "networks"), "network") << ", "
                << counted(number(policy, "rules"), "rule") << ", "
                << counted(number(policy, "names"), "name") << ", "
                << counted(number(policy, "patterns"), "pattern") << ", "
                << (policy.value("reload_on_save", false) ? "enforced on saving" : "enforced on apply")
                << "\n";
    }
  }
  const json altered = member(status, "history").value("altered", json::array());
  for (const json& each : altered) {
    std::cout << "history      " << coloured(Colour::Red, each.is_string() ? each.get<std::string>() : "")
              << "\n";
  }
  const json pending = member(status, "pending"), error = member(status, "error");
  if (!pending.empty() && pending.value("valid", false)) {
    std::cout << "pending      " << coloured(Colour::Yellow, "a saved change waits for sluicectl apply")
              << ", since " << text(pending, "since") << "\n";
  }
  if (!error.empty()) {
    std::cout << "error        " << coloured(Colour::Red, text(error, "what")) << ", since "
              << text(error, "since") << "\n";
    show_problems(error);
  } else if (!pending.empty()) {
    show_problems(pending);
  }
}

void show_data_plane(const json& plane) {
  std::cout << "data plane   "
            << (plane.value("up", false) ? coloured(Colour::Green, "up")
                                         : coloured(Colour::Red, "not connected"));
  if (plane.value("up", false)) {
    std::cout << ", enforces generation " << number(plane, "generation");
  }
  std::cout << "\n";
  const json accesses = member(plane, "accesses");
  if (!accesses.empty()) {
    std::cout << "accesses     " << grouped(number(accesses, "allowed")) << " allowed, "
              << grouped(number(accesses, "blocked")) << " blocked, " << grouped(number(accesses, "observed"))
              << " observed\n";
  }
  for (const json& line : plane.value("lines", json::array())) {
    const json lan = member(line, "lan"), away = member(line, "line");
    std::cout << "line         " << text(line, "name") << ": from the LAN "
              << grouped(number(lan, "rx_packets")) << " packets, to the line "
              << grouped(number(away, "tx_packets")) << "; from the line "
              << grouped(number(away, "rx_packets")) << ", to the LAN " << grouped(number(lan, "tx_packets"))
              << "\n";
  }
  size_t index = 0;
  for (const json& worker : plane.value("workers", json::array())) {
    std::cout << "worker       " << index++ << ": generation " << number(worker, "generation") << ", "
              << grouped(number(worker, "flows")) << " of "
              << counted(number(worker, "flow_capacity"), "flow") << ", ring "
              << grouped(number(worker, "ring_used")) << " of "
              << counted(number(worker, "ring_slots"), "slot");
    if (number(worker, "records_lost") != 0) {
      std::cout << ", " << coloured(Colour::Red, counted(number(worker, "records_lost"), "record") + " lost");
    }
    std::cout << "\n";
  }
}

/// One line; what is wrong with which feed, sluicectl feeds says.
void show_feeds(const json& feeds) {
  if (feeds.empty()) {
    return;
  }
  std::cout << "feeds        " << counted(feeds.size(), "fetched list");
  for (const auto& [state, colour] :
       {std::pair("held", Colour::Yellow), std::pair("stale", Colour::Red),
        std::pair("failing", Colour::Yellow), std::pair("waiting", Colour::Yellow)}) {
    std::string lists;
    for (const json& feed : feeds) {
      if (text(feed, "state") == state) {
        lists += (lists.empty() ? " " : ", ") + text(feed, "list");
      }
    }
    if (!lists.empty()) {
      std::cout << "; " << coloured(colour, state) << ":" << lists;
    }
  }
  std::cout << "\n";
}

void show_log(const json& log) {
  std::cout << "access log   " << counted(number(log, "records"), "record") << " written to "
            << text(log, "directory");
  for (const char* key : {"errors", "malformed", "lost"}) {
    if (number(log, key) != 0) {
      std::cout << ", " << coloured(Colour::Red, grouped(number(log, key)) + " " + key);
    }
  }
  std::cout << "\n";
}

}  // namespace

int run_status(const std::string& socket, bool json_output) {
  const std::optional<json> answer = ask(socket, {{"command", "status"}});
  if (!answer) {
    return kCannot;
  }
  if (json_output) {
    std::cout << answer->dump(2) << "\n";
    return kDone;
  }
  show_policy(*answer);
  show_data_plane(member(*answer, "dataplane"));
  show_feeds(answer->value("feeds", json::array()));
  show_log(member(*answer, "log"));
  return kDone;
}

}  // namespace sluice::control
