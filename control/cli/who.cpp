// control/cli: sluicectl who.
#include <iostream>

#include "control/base/json_fields.h"
#include "control/cli/asks.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// `2026-11-23 04:05:06` of an instant as the daemon writes it.
std::string shown_instant(const std::string& text, const char* otherwise) {
  constexpr size_t kDay = 10, kSecond = 19;
  return text.size() < kSecond ? otherwise
                               : text.substr(0, kDay) + " " + text.substr(kDay + 1, kSecond - kDay - 1);
}

std::string verdict_text(const json& verdict) {
  const std::string user = text_at(verdict, "user"), machine = text_at(verdict, "machine"),
                    why = text_at(verdict, "why");
  const std::string at_machine = machine.empty() ? "" : ", at " + printable(machine);
  if (!user.empty()) {
    return coloured(Colour::Green, printable(user)) + at_machine;
  }
  return coloured(Colour::Yellow,
                  why == "ambiguous" ? "not sure: what is known is at odds" : "nobody is known") +
         at_machine;
}

void show_bindings(const json& bindings) {
  std::vector<std::vector<std::string>> rows;
  for (const json& each : bindings) {
    const std::string address = text_at(each, "address"), mac = text_at(each, "mac"),
                      file = text_at(each, "file");
    rows.push_back({printable(text_at(each, "user")), printable(text_at(each, "machine")),
                    address.empty() ? "any" : address, mac, shown_instant(text_at(each, "from"), "always"),
                    shown_instant(text_at(each, "until"), "open"), each.value("holds", false) ? "yes" : "no",
                    text_at(each, "source") + (file.empty() ? "" : " " + file)});
  }
  std::cout << table_text({{"user"},
                           {"machine", 2},
                           {"address"},
                           {"mac", 1},
                           {"from", 4},
                           {"until", 5},
                           {"holds", 3},
                           {"known from"}},
                          rows, output_width());
}

}  // namespace

int run_who(const std::string& socket, const WhoCommand& command) {
  json request{{"command", "who"}, {"who", command.who}};
  std::string at;
  if (!read_bound(command.at, false, at)) {
    return kCannot;
  }
  request["at"] = at;
  int status = kCannot;
  const auto answer = order(socket, request, command.json, status);
  if (!answer) {
    return status;
  }
  if (const json verdict = object_at(*answer, "verdict"); !verdict.empty()) {
    std::cout << verdict_text(verdict)
              << (at.empty() ? "" : ", at " + shown_instant(text_at(*answer, "at"), "")) << "\n";
  }
  if (answer->value("router", false)) {
    std::cout << coloured(Colour::Yellow, "a router's: many addresses are behind it, and it names nobody")
              << "\n";
  }
  const json bindings = answer->value("bindings", json::array());
  if (bindings.empty()) {
    std::cout << "nothing is known of it\n";
  } else {
    show_bindings(bindings);
  }
  if (answer->value("cut", false)) {
    std::cout << "there are more\n";
  }
  return kDone;
}

}  // namespace sluice::control
