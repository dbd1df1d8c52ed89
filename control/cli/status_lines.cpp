// control/cli: the lines' verdicts, with the figures behind them.
#include "control/cli/status_lines.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "control/base/json_fields.h"
#include "control/cli/rows.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr double kMegabit = 1e6;

std::string row_label(std::string_view text) {
  std::string out(text);
  out.resize(std::max(out.size() + 1, kLabelColumns), ' ');
  return out;
}

json array_at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_array() ? *found : json::array();
}

double real_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

bool has_number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number();
}

std::string number_text(const char* format, double value) {
  char out[64];
  std::snprintf(out, sizeof out, format, value);
  return out;
}

std::string short_number(double value) {
  return number_text(value < 0.1 ? "%.2f" : value < 10 ? "%.1f" : "%.0f", value);
}

std::string verdict_text(const std::string& verdict) {
  const Colour colour = verdict == "ok"           ? Colour::Green
                        : verdict == "no traffic" ? Colour::Bold
                        : verdict == "DNS"        ? Colour::Yellow
                                                  : Colour::Red;
  return coloured(colour, verdict);
}

/// `24/80 ms`: half took no longer than the first, 99 of 100 than the second.
std::string times_text(const char* what, const json& asking) {
  if (!has_number(asking, "p50_ms")) {
    return "";
  }
  return std::string(", ") + what + " " + short_number(real_at(asking, "p50_ms")) + "/" +
         short_number(real_at(asking, "p99_ms")) + " ms";
}

std::string share_text(const char* what, const json& asking) {
  if (!has_number(asking, "unanswered_share")) {
    return "";
  }
  return std::string(", ") + what + number_text(" %.0f%%", real_at(asking, "unanswered_share") * 100) +
         " unanswered";
}

std::string figures_text(const json& line, const json& window) {
  const double most =
      std::max(real_at(window, "to_line_bits_per_second"), real_at(window, "from_line_bits_per_second"));
  const json syns = object_at(window, "line_handshakes"), acks = object_at(window, "lan_handshakes");
  const json questions = object_at(window, "dns");
  std::string out =
      "in " + number_text("%.0f s", real_at(window, "seconds")) + ": load " + short_number(most / kMegabit);
  if (has_number(line, "bandwidth_bits_per_second")) {
    out += " of " + short_number(real_at(line, "bandwidth_bits_per_second") / kMegabit);
  }
  out += " Mbit/s" + share_text("SYNs", syns) + times_text("line", syns) + times_text("LAN", acks);
  out += share_text("DNS", questions) + times_text("DNS", questions);
  const uint64_t repeated = number_at(syns, "repeated") + number_at(acks, "repeated") +
                            number_at(questions, "repeated") + number_at(window, "hellos_repeated");
  if (repeated != 0) {
    out += ", " + grouped(repeated) + " sent again";
  }
  if (const uint64_t ended = number_at(window, "flows_ended"); ended != 0) {
    out += ", " + grouped(number_at(window, "one_way_flows")) + " of " + grouped(ended) + " flows one-way";
  }
  return out;
}

void show_gateway(std::ostream& out, const json& gateway) {
  const json window = object_at(gateway, "last_five_minutes"), counts = object_at(window, "drops");
  std::string drops;
  for (const auto& [reason, count] : counts.items()) {
    drops += (drops.empty() ? "" : ", ") + reason + " " +
             grouped(count.is_number_unsigned() ? count.get<uint64_t>() : 0);
  }
  if (!drops.empty()) {
    out << row_label("own drops") << coloured(Colour::Yellow, drops)
        << number_text(" in %.0f s", real_at(window, "seconds")) << "\n";
  }
}

}  // namespace

void show_lines(std::ostream& out, const json& us) {
  const json lines = array_at(us, "lines");
  if (lines.empty()) {
    out << row_label("is it us?") << verdict_text(text_at(us, "verdict")) << ": " << text_at(us, "why")
        << "\n";
    return;
  }
  for (const json& line : lines) {
    if (!line.is_object()) {
      continue;
    }
    out << row_label(text_at(line, "name")) << verdict_text(text_at(line, "verdict")) << ": "
        << text_at(line, "why") << "\n";
    std::string links;
    for (const auto& [key, what] : {std::pair("lan_link", "LAN"), std::pair("line_link", "line")}) {
      if (text_at(line, key) == "down") {
        links += (links.empty() ? "" : ", ") + coloured(Colour::Red, std::string(what) + " link down");
      }
    }
    out << row_label("") << (links.empty() ? "" : links + "; ")
        << figures_text(line, object_at(line, "last_minute")) << "\n";
    out << row_label("") << figures_text(line, object_at(line, "last_five_minutes")) << "\n";
  }
  show_gateway(out, object_at(us, "gateway"));
}

void show_ending(std::ostream& out, const json& ending) {
  for (const json& each : ending) {
    if (!each.is_object()) {
      continue;
    }
    const bool over = each.value("ended", false);
    const std::string who = text_at(each, "owner");
    out << row_label("ending") << "the "
        << (text_at(each, "kind") == "line" ? "term of the line " : "exception ") << text_at(each, "name")
        << (who.empty() ? "" : " of " + who + " (" + text_at(each, "ticket") + ")")
        << coloured(over ? Colour::Red : Colour::Yellow,
                    (over ? " ended " : " ends ") + text_at(each, "ends"))
        << (over && each.value("refused_after", false) ? ", and it is refused" : "") << "\n";
  }
}

void show_alarms(std::ostream& out, const json& alarms) {
  constexpr size_t kOpenShown = 10;
  const json rules = array_at(alarms, "rules"), open = array_at(alarms, "open");
  if (rules.empty()) {
    return;
  }
  out << "alarms       " << counted(rules.size(), "alarm") << ", "
      << (open.empty() ? coloured(Colour::Green, "none is open")
                       : coloured(Colour::Red, grouped(open.size()) + " open"))
      << "\n";
  for (size_t i = 0; i < std::min(open.size(), kOpenShown); ++i) {
    const std::string network = text_at(open[i], "network");
    out << "             " << text_at(open[i], "alarm") << ": " << printable(text_at(open[i], "subject"))
        << (network.empty() ? "" : " of " + network) << ", " << grouped(number_at(open[i], "count"))
        << " since " << text_at(open[i], "since") << "\n";
  }
  if (open.size() > kOpenShown) {
    out << "             and " << grouped(open.size() - kOpenShown) << " more; --json has all\n";
  }
  if (const uint64_t unnamed = number_at(alarms, "not_named"); unnamed != 0) {
    out << "             " << coloured(Colour::Red, grouped(unnamed) + " counted only, as too many are open")
        << "\n";
  }
  for (const json& sink : array_at(alarms, "sinks")) {
    const uint64_t waiting = number_at(sink, "waiting");
    const std::string error = text_at(sink, "error");
    if (waiting != 0 && !error.empty()) {
      out << "             "
          << coloured(Colour::Red, "overdue: " + counted(waiting, "notice") + " by " + text_at(sink, "by") +
                                       " since " + text_at(sink, "waiting_since"))
          << ": " << printable(error) << "\n";
    }
  }
  if (const std::string error = text_at(alarms, "error"); !error.empty()) {
    out << "             " << coloured(Colour::Red, printable(error)) << "\n";
  }
}

}  // namespace sluice::control
