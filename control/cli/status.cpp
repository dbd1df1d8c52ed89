// control/cli: sluicectl status.
#include <algorithm>
#include <iostream>
#include <sstream>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/rows.h"
#include "control/cli/status_lines.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

void show_problems(std::ostream& out, const json& problems) {
  for (const json& each : problems.value("diagnostics", json::array())) {
    out << "             " << text_at(each, "text") << "\n";
  }
}

void show_policy(std::ostream& out, const json& status) {
  const json policy = object_at(status, "policy");
  if (policy.empty()) {
    out << "policy       " << coloured(Colour::Red, "none") << "\n";
  } else {
    out << "policy       generation " << number_at(policy, "generation") << " of " << text_at(policy, "site")
        << ", "
        << (policy.value("enforced", false) ? coloured(Colour::Green, "in force")
                                            : coloured(Colour::Yellow, "not yet in force"))
        << " since " << text_at(policy, "since") << "\n"
        << "             by " << text_at(policy, "author") << ": " << text_at(policy, "reason") << "\n";
    if (policy.contains("rules")) {
      out << "             " << counted(number_at(policy, "networks"), "network") << ", "
          << counted(number_at(policy, "rules"), "rule") << ", "
          << counted(number_at(policy, "names"), "name") << ", "
          << counted(number_at(policy, "patterns"), "pattern") << ", "
          << (policy.value("reload_on_save", false) ? "enforced on saving" : "enforced on apply") << "\n";
    }
  }
  if (const json bypass = object_at(status, "bypass"); !bypass.empty()) {
    out << "bypass       "
        << coloured(Colour::Red, "EVERYTHING PASSES, for " +
                                     duration_text(std::chrono::seconds(number_at(bypass, "seconds_left"))) +
                                     " more, until " + text_at(bypass, "until"))
        << "\n             sluicectl bypass --end ends it now\n";
  }
  if (const json confirm = object_at(status, "confirm"); !confirm.empty()) {
    out << "confirm      "
        << coloured(Colour::Yellow,
                    "goes back to generation " + std::to_string(number_at(confirm, "back_to")) + " in " +
                        duration_text(std::chrono::seconds(number_at(confirm, "seconds_left"))) +
                        ", unless sluicectl confirm")
        << "\n";
  }
  const json altered = object_at(status, "history").value("altered", json::array());
  for (const json& each : altered) {
    out << "history      " << coloured(Colour::Red, each.is_string() ? each.get<std::string>() : "") << "\n";
  }
  const json pending = object_at(status, "pending"), error = object_at(status, "error");
  if (!pending.empty() && pending.value("valid", false)) {
    out << "pending      " << coloured(Colour::Yellow, "a saved change waits for sluicectl apply")
        << ", since " << text_at(pending, "since") << "\n";
  }
  if (!error.empty()) {
    out << "error        " << coloured(Colour::Red, text_at(error, "what")) << ", since "
        << text_at(error, "since") << "\n";
    show_problems(out, error);
  } else if (!pending.empty()) {
    show_problems(out, pending);
  }
}

/// When each line was last without its gateway, and whether it was open then.
void show_without(std::ostream& out, const json& stretches) {
  for (const json& each : stretches) {
    const std::string until = text_at(each, "until");
    const bool open = each.value("open", false);
    const std::string said =
        printable(text_at(each, "line")) + (until.empty() ? " is " : " was ") +
        (open ? "OPEN, unjudged and not logged" : "closed") + ", without the gateway, " +
        (until.empty() ? "since " + printable(text_at(each, "since"))
                       : "from " + printable(text_at(each, "since")) + " to " + printable(until));
    out << "line         "
        << (open || until.empty() ? coloured(until.empty() ? Colour::Red : Colour::Yellow, said) : said)
        << "\n";
  }
}

void show_data_plane(std::ostream& out, const json& plane) {
  out << "data plane   "
      << (plane.value("up", false) ? coloured(Colour::Green, "up") : coloured(Colour::Red, "not connected"));
  if (plane.value("up", false)) {
    out << ", enforces generation " << number_at(plane, "generation");
  }
  out << "\n";
  const json accesses = object_at(plane, "accesses");
  if (!accesses.empty()) {
    out << "accesses     " << grouped(number_at(accesses, "allowed")) << " allowed, "
        << grouped(number_at(accesses, "blocked")) << " blocked, " << grouped(number_at(accesses, "observed"))
        << " observed\n";
  }
  for (const json& line : plane.value("lines", json::array())) {
    const json lan = object_at(line, "lan"), away = object_at(line, "line");
    out << "line         " << text_at(line, "name") << ": from the LAN "
        << grouped(number_at(lan, "rx_packets")) << " packets, to the line "
        << grouped(number_at(away, "tx_packets")) << "; from the line "
        << grouped(number_at(away, "rx_packets")) << ", to the LAN " << grouped(number_at(lan, "tx_packets"))
        << "\n";
  }
  size_t index = 0;
  for (const json& worker : plane.value("workers", json::array())) {
    out << "worker       " << index++ << ": generation " << number_at(worker, "generation") << ", "
        << grouped(number_at(worker, "flows")) << " of "
        << counted(number_at(worker, "flow_capacity"), "flow") << ", ring "
        << grouped(number_at(worker, "ring_used")) << " of "
        << counted(number_at(worker, "ring_slots"), "slot");
    if (number_at(worker, "records_lost") != 0) {
      out << ", " << coloured(Colour::Red, counted(number_at(worker, "records_lost"), "record") + " lost");
    }
    out << "\n";
  }
}

/// One line; what is wrong with which feed, sluicectl feeds says.
void show_feeds(std::ostream& out, const json& feeds) {
  if (feeds.empty()) {
    return;
  }
  out << "feeds        " << counted(feeds.size(), "fetched list");
  for (const auto& [state, colour] :
       {std::pair("held", Colour::Yellow), std::pair("stale", Colour::Red),
        std::pair("failing", Colour::Yellow), std::pair("waiting", Colour::Yellow)}) {
    std::string lists;
    for (const json& feed : feeds) {
      if (text_at(feed, "state") == state) {
        lists += (lists.empty() ? " " : ", ") + text_at(feed, "list");
      }
    }
    if (!lists.empty()) {
      out << "; " << coloured(colour, state) << ":" << lists;
    }
  }
  out << "\n";
}

/// How long the log is kept, and whether its disk holds the term.
void show_keep(std::ostream& out, const json& keep) {
  constexpr uint64_t kDay = 86'400;
  if (keep.empty()) {
    return;
  }
  out << "             ";
  if (const uint64_t term_s = number_at(keep, "keep_seconds"); term_s != 0) {
    out << "kept for " << counted(term_s / kDay, "day");
  } else {
    out << coloured(Colour::Yellow, "kept: the policy's term is not known");
  }
  if (const std::string oldest = text_at(keep, "oldest"); !oldest.empty()) {
    out << ", begins at " << oldest;
  }
  out << ", " << grouped(number_at(keep, "free_bytes") >> 20) << " MiB free";
  if (number_at(keep, "holds") != 0) {
    out << ", held for " << counted(number_at(keep, "holds"), "case");
  }
  if (number_at(keep, "errors") != 0) {
    out << ", " << coloured(Colour::Red, counted(number_at(keep, "errors"), "error"));
  }
  out << "\n";
  if (const auto full = keep.find("full_seconds"); full != keep.end() && full->is_number()) {
    const auto days = static_cast<uint64_t>(std::clamp(full->get<double>() / kDay, 0.0, 1e9));
    const bool early = keep.value("full_before_term", false);
    const std::string said = "disk full in " + counted(days, "day");
    out << "             "
        << (early ? coloured(Colour::Red, said + ", before the term ends; nothing is deleted early")
                  : coloured(Colour::Yellow, said + ", for a hold without end"))
        << "\n";
  }
}

void show_log(std::ostream& out, const json& log) {
  out << "access log   " << counted(number_at(log, "records"), "record") << " written to "
      << text_at(log, "directory");
  if (const uint64_t folded = number_at(log, "folded"); folded != 0) {
    out << ", " << grouped(folded) << " of them folded";
  }
  for (const char* key : {"errors", "malformed", "lost"}) {
    if (number_at(log, key) != 0) {
      out << ", " << coloured(Colour::Red, grouped(number_at(log, key)) + " " + key);
    }
  }
  out << "\n             signed by the key " << text_at(log, "key");
  const json witness = object_at(log, "witness");
  if (const std::string since = text_at(witness, "unwitnessed_since"); !since.empty()) {
    out << "; " << coloured(Colour::Yellow, "unwitnessed since " + since);
    if (const std::string error = text_at(witness, "error"); !error.empty()) {
      out << ": " << error;
    }
  }
  out << "\n";
}

void show_overdue_reviews(std::ostream& out, const json& months) {
  for (const json& month : months) {
    const std::string text = month.is_string() ? month.get<std::string>() : "";
    out << "review       " << coloured(Colour::Yellow, "nobody has reviewed the log of " + text + " in time")
        << ": sluicectl review --month " << text << "\n";
  }
}

/// How many records bear a user, who else has none and why, and what is wrong with where people are known
/// from.
void show_identity(std::ostream& out, const json& identity) {
  const json records = object_at(identity, "records"), held = object_at(identity, "held");
  if (records.empty()) {
    return;
  }
  uint64_t all = 0, bindings = 0;
  for (const json& each : records) {
    all += each.is_number_unsigned() ? each.get<uint64_t>() : 0;
  }
  for (const json& each : held) {
    bindings += each.is_number_unsigned() ? each.get<uint64_t>() : 0;
  }
  out << "who          " << grouped(number_at(records, "known")) << " of " << counted(all, "record")
      << " with a user; without: " << grouped(number_at(records, "none")) << " nobody known, "
      << grouped(number_at(records, "ambiguous")) << " not sure, " << grouped(number_at(records, "shared"))
      << " shared; " << counted(bindings, "binding") << " held\n";
  for (const json& file : identity.value("files", json::array())) {
    if (const uint64_t problems = number_at(file, "problems"); problems != 0) {
      out << "             "
          << coloured(Colour::Yellow, text_at(file, "name") + ": " + counted(problems, "problem") + " in " +
                                          printable(text_at(file, "path")) + ", first " +
                                          printable(text_at(file, "first")))
          << "\n";
    }
  }
  if (const json radius = object_at(identity, "radius"); number_at(radius, "wrong_secret") != 0) {
    out << "             "
        << coloured(Colour::Yellow,
                    counted(number_at(radius, "wrong_secret"), "RADIUS packet") + " with a wrong secret")
        << "\n";
  }
}

/// Who keeps the identities, where the log has pseudonyms.
void show_keepers(std::ostream& out, const json& keepers) {
  if (keepers.empty()) {
    return;
  }
  out << "             has pseudonyms; two of these can undo them:";
  for (const json& each : keepers) {
    out << (&each == &keepers.front() ? " " : ", ") << (each.is_string() ? each.get<std::string>() : "?");
  }
  out << "\n";
}

/// Who gets a copy, and how far it has come.
void show_copies(std::ostream& out, const json& copies) {
  for (const json& copy : copies) {
    const std::string basis = text_at(copy, "basis");
    out << "copy         " << text_at(copy, "name") << ": " << text_at(copy, "kind") << " at "
        << text_at(copy, "address") << ", to " << text_at(copy, "recipient") << " in "
        << text_at(copy, "country")
        << (copy.value("pseudonyms", false) ? std::string(", with pseudonyms")
                                            : ", with people" + (basis.empty() ? "" : " (" + basis + ")"))
        << "\n             ";
    if (const std::string since = text_at(copy, "behind_since"); since.empty()) {
      out << coloured(Colour::Green, "has all");
    } else {
      out << coloured(Colour::Yellow, counted(number_at(copy, "behind_records"), "record") + ", " +
                                          grouped(number_at(copy, "behind_bytes") >> 10) +
                                          " KiB to come, since " + since);
    }
    if (const std::string last = text_at(copy, "last_success"); !last.empty()) {
      out << ", took something last at " << last;
    }
    if (const std::string error = text_at(copy, "error"); !error.empty()) {
      out << "; " << coloured(Colour::Red, error);
    }
    out << "\n";
    for (const auto& [key, what] : {std::pair("missed_segments", "segment"),
                                    std::pair("damaged", "damaged place"), std::pair("withheld", "line")}) {
      if (const uint64_t count = number_at(copy, key); count != 0) {
        out << "             "
            << coloured(Colour::Red, counted(count, what) + (key == std::string_view("missed_segments")
                                                                 ? " deleted before being copied"
                                                                 : " not copied"))
            << "\n";
      }
    }
  }
}

}  // namespace

int run_status(const std::string& socket, bool json_output) {
  const std::optional<json> answer = ask(socket, {{"command", "status"}});
  if (!answer) {
    if (!json_output) {
      std::cout << fitted_rows("is it us?    " + coloured(Colour::Red, "gateway") +
                                   ": control does not answer, so what the data plane does is not known\n",
                               output_width());
    }
    return kCannot;
  }
  if (json_output) {
    std::cout << answer->dump(2) << "\n";
    return kDone;
  }
  std::ostringstream text;
  show_lines(text, object_at(*answer, "us"));
  show_without(text, answer->value("without_gateway", json::array()));
  show_policy(text, *answer);
  show_ending(text, answer->value("ending", json::array()));
  show_alarms(text, object_at(*answer, "alarms"));
  show_data_plane(text, object_at(*answer, "dataplane"));
  show_feeds(text, answer->value("feeds", json::array()));
  show_log(text, object_at(*answer, "log"));
  show_keepers(text, object_at(*answer, "log").value("keepers", json::array()));
  show_keep(text, object_at(object_at(*answer, "log"), "keep"));
  show_overdue_reviews(text, answer->value("overdue_reviews", json::array()));
  show_identity(text, object_at(*answer, "identity"));
  show_copies(text, object_at(*answer, "log").value("copies", json::array()));
  std::cout << fitted_rows(text.str(), output_width());
  return kDone;
}

}  // namespace sluice::control
