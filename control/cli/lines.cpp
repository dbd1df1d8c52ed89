// control/cli: sluicectl lines.
#include "control/lines/lines_json.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/base/unix_socket.h"
#include "control/cli/audit.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/policies.h"
#include "control/cli/rows.h"
#include "control/cli/terminal.h"
#include "control/lines/term_watch.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string labelled(std::string_view label) {
  std::string out(label);
  out.resize(std::max(out.size() + 1, kLabelColumns), ' ');
  return out;
}

std::string said(const json& object, const char* key) {
  const std::string text = text_at(object, key);
  return text.empty() ? "not said" : printable(text);
}

std::string joined(const json& list) {
  std::string out;
  for (const json& each : list) {
    out += (out.empty() ? "" : ", ") + (each.is_string() ? printable(each.get<std::string>()) : "?");
  }
  return out.empty() ? "none" : out;
}

json list_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : json::array();
}

std::string term_text(const json& line) {
  const auto left = line.find("days_left");
  const std::string then =
      text_at(line, "on_expiry") == "block" ? "then it is refused" : "then control only warns";
  if (left == line.end() || !left->is_number_integer()) {
    return coloured(Colour::Yellow, "not said");
  }
  const std::string term = said(line, "valid_from") + " to " + said(line, "valid_until") + ", ";
  const auto days = left->get<int64_t>();
  if (days < 0) {
    return term + coloured(Colour::Red, "over for " + counted(static_cast<uint64_t>(-days), "day")) + "; " +
           (text_at(line, "on_expiry") == "block" ? "it is refused" : "control only warns");
  }
  const std::string text =
      days == 0 ? "today is its last day" : counted(static_cast<uint64_t>(days), "day") + " left";
  return term + (days * kDayS <= kTermWarnS ? coloured(Colour::Yellow, text) : text) + "; " + then;
}

std::string state_text(const json& line) {
  const std::string verdict = text_at(line, "verdict");
  if (verdict.empty()) {
    return "not known: no gateway runs on it";
  }
  const Colour colour = verdict == "ok"           ? Colour::Green
                        : verdict == "no traffic" ? Colour::Bold
                                                  : Colour::Red;
  std::string out = coloured(colour, verdict);
  for (const auto& [key, what] : {std::pair("lan_link", "LAN"), std::pair("line_link", "line")}) {
    if (text_at(line, key) == "down") {
      out += ", " + coloured(Colour::Red, std::string(what) + " link down");
    }
  }
  return out + ": " + printable(text_at(line, "why"));
}

void show_line(std::ostream& out, const json& line) {
  constexpr double kMegabit = 1e6;
  out << labelled(printable(text_at(line, "name"))) << state_text(line) << "\n";
  out << labelled("  operator") << said(line, "operator") << ", licence " << said(line, "licence") << "\n";
  out << labelled("  contract") << said(line, "contract") << ", filing " << said(line, "filing") << "\n";
  out << labelled("  purpose") << said(line, "purpose");
  if (const uint64_t bandwidth = number_at(line, "bandwidth_bits_per_second"); bandwidth != 0) {
    char text[64];
    std::snprintf(text, sizeof text, ", %g Mbit/s", static_cast<double>(bandwidth) / kMegabit);
    out << text;
  }
  out << "\n";
  out << labelled("  term") << term_text(line) << "\n";
  out << labelled("  networks") << joined(list_at(line, "networks")) << "\n";
  const json papers = list_at(line, "papers");
  if (papers.empty()) {
    out << labelled("  papers") << "none\n";
  }
  for (const json& paper : papers) {
    out << labelled("  paper") << said(paper, "file") << ", SHA-256 " << said(paper, "sha256") << "\n";
  }
}

/// A directory's register, with how the lines of the gateway are, where one runs.
std::optional<json> register_of_directory(const std::string& socket, const std::string& directory) {
  const Compiled compiled = compile_policy(directory, 1);
  if (!compiled.policy) {
    refuse_policy(compiled.diagnostics, directory + " is invalid");
    return std::nullopt;
  }
  json out = lines_register(compiled.policy->registers, compiled.policy->terms,
                            utc_now().time_since_epoch().count());
  std::string ignored;
  const auto status = connect_unix(socket, ignored) ? ask(socket, {{"command", "status"}}) : std::nullopt;
  add_line_states(out, status ? object_at(*status, "us") : json::object());
  return out;
}

}  // namespace

int run_lines(const std::string& socket, const LinesCommand& command) {
  const std::optional<json> answer = command.policy.empty() ? ask(socket, {{"command", "lines"}})
                                                            : register_of_directory(socket, command.policy);
  if (!answer) {
    return kCannot;
  }
  if (answer->contains("error")) {
    return cannot_do(printable(text_at(*answer, "error")));
  }
  if (command.json) {
    std::cout << answer->dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    return kDone;
  }
  std::ostringstream text;
  const json company = object_at(*answer, "company");
  if (!text_at(company, "name").empty()) {
    text << labelled("company") << said(company, "name") << ", " << said(company, "registration")
         << "; responsible: " << said(company, "responsible") << ", " << said(company, "contact") << "\n";
  }
  const json lines = list_at(*answer, "lines");
  for (const json& line : lines) {
    show_line(text, line);
  }
  if (lines.empty()) {
    text << "the policy registers no line\n";
  }
  std::cout << fitted_rows(text.str(), output_width());
  return kDone;
}

}  // namespace sluice::control
