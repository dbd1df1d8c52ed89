// control/cli: sluicectl readings: who read the access log.
#include "control/cli/readings.h"

#include <CLI/CLI.hpp>
#include <deque>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/base/json_fields.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/sealed_view.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/prefix.h"
#include "control/policy/utf8.h"
#include "control/readings/check.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// What was read of whom: the query's `from`, or the pseudonym that was revealed.
std::string subject_of(const json& query) {
  const std::string from = text_at(query, "from");
  return from.empty() ? text_at(query, "pseudonym") : from;
}

/// Whether a reading of subject is one of wanted too: it is the same, or a prefix around it.
bool is_of(const std::string& subject, const std::string& wanted) {
  Prefix read, asked;
  if (parse_prefix(subject, read) != PrefixError::None || parse_prefix(wanted, asked) != PrefixError::None) {
    return subject == wanted;
  }
  return (read.length <= asked.length && contains(read, asked.address)) ||
         (asked.length <= read.length && contains(asked, read.address));
}

struct Found {
  std::deque<json> rows;
  uint64_t count = 0;      ///< with those that are not shown
  uint64_t everybody = 0;  ///< of no one alone, where somebody is asked for
};

void take_reading(const ReadingsCommand& command, const std::string& since, std::string_view line,
                  Found& out) {
  json said = json::parse(line, nullptr, false);
  if (!said.is_object() || text_at(said, "kind") != "reading" || text_at(said, "time") < since) {
    return;
  }
  const std::string subject = subject_of(object_at(said, "query"));
  if (!command.of.empty() && !is_of(subject, command.of)) {
    out.everybody += subject.empty();
    return;
  }
  ++out.count;
  out.rows.push_back(std::move(said));
  if (command.limit != 0 && out.rows.size() > command.limit) {
    out.rows.pop_front();
  }
}

/// The rest of the query: `to example.com, since 2h`.
std::string rest_of(const json& query) {
  std::string out;
  for (const auto& [key, value] : query.items()) {
    if (key != "from" && key != "pseudonym" && key != "log") {
      out += (out.empty() ? "" : ", ") + key + " " +
             (value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return out;
}

void print_readings(const ReadingsCommand& command, const Found& found) {
  std::vector<std::vector<std::string>> rows;
  for (const json& each : found.rows) {
    const json query = object_at(each, "query");
    const std::string subject = subject_of(query);
    const uint64_t repeats = number_at(each, "repeats");
    rows.push_back(
        {printable(text_at(each, "time").substr(0, sizeof "2026-11-23T04:05:06" - 1)),
         printable(text_at(each, "user")), printable(text_at(each, "what")),
         subject.empty() ? "everybody" : printable(subject),
         printable(rest_of(query)) +
             (repeats == 0 ? "" : " (again, " + grouped(repeats) + (repeats == 1 ? " time)" : " times)"))});
  }
  const size_t width = output_width();
  if (rows.empty()) {
    std::cout << "no reading is on record" << (command.of.empty() ? "" : " of " + printable(command.of))
              << "\n";
  } else {
    std::cout << table_text({{"when", 3}, {"who"}, {"what", 2}, {"of whom", 1}, {"asked for"}}, rows, width);
  }
  if (found.count > found.rows.size()) {
    std::cout << wrapped(
                     "and " + grouped(found.count - found.rows.size()) + " before them; --limit 0 shows all",
                     width, 0)
              << "\n";
  }
  if (found.everybody != 0) {
    std::cout << wrapped("besides, " + counted(found.everybody, "reading") + " of everybody", width, 0)
              << "\n";
  }
}

/// Reads the list. Returns false, and has said so, where that cannot be done.
bool read_list(const ReadingsCommand& command, const TakeLine& take, ReadingsFindings& found,
               std::unique_ptr<SigningKey>& key) {
  std::string error;
  key = SigningKey::open_public(std::filesystem::path(command.log) / "log.pub", error);
  if (key && !command.fingerprint.empty() && command.fingerprint != key->fingerprint()) {
    error = "the key that lies there is another one: " + key->fingerprint();
  } else if (key) {
    error = check_readings(command.log, *key, take, found);
  }
  if (!error.empty()) {
    cannot_do(error);
  }
  return error.empty();
}

}  // namespace

int run_readings(const ReadingsCommand& command) {
  std::string since;
  if (!read_bound(command.since, false, since)) {
    return kCannot;
  }
  Found found;
  ReadingsFindings checked;
  std::unique_ptr<SigningKey> key;
  if (!read_list(
          command, [&](std::string_view line) { take_reading(command, since, line, found); }, checked, key)) {
    return kCannot;
  }
  if (command.json) {
    std::cout << json{{"readings", found.rows},
                      {"count", found.count},
                      {"of_everybody", found.everybody},
                      {"altered", checked.file.problem_count != 0}}
                     .dump(2, ' ', false, json::error_handler_t::replace)
              << "\n";
  } else {
    print_readings(command, found);
  }
  if (checked.file.problem_count != 0) {
    std::cerr << "sluicectl: the list was altered; `sluicectl readings verify` says where\n";
  }
  return checked.file.problem_count == 0 ? kDone : kNo;
}

int run_readings_verify(const ReadingsCommand& command) {
  ReadingsFindings found;
  std::unique_ptr<SigningKey> key;
  if (!read_list(command, {}, found, key)) {
    return kCannot;
  }
  if (command.json) {
    json out = sealed_json(found.file, *key);
    out["told"] = found.told;
    std::cout << out.dump(2) << "\n";
  } else {
    show_sealed(found.file, *key);
  }
  return found.file.problem_count == 0 ? kDone : kNo;
}

void ReadingsCommands::add_to(CLI::App& app) {
  CLI::App* const list = app.add_subcommand(
      "readings", "List who read people's accesses in the log, when, and whose. Needs no daemon.");
  list->require_subcommand(0, 1);
  list->add_option("--of", command_.of, "A user, an address or a prefix whose accesses were read");
  list->add_option("--since", command_.since, kTimeHelp);
  list->add_option("--limit", command_.limit, "Show so many, the newest; 0: all")->capture_default_str();
  CLI::App* const verify = list->add_subcommand(
      "verify",
      "Say whether the list was altered, and where. Needs no daemon.\n"
      "Whoever holds the log's key, root or control itself, can write another list: note the key's "
      "fingerprint.");
  verify->add_option("--fingerprint", command_.fingerprint,
                     "Of the key, as it was noted; another key is refused");
  for (CLI::App* const each : {list, verify}) {
    each->add_option("--log", command_.log, "Directory of the access log")->capture_default_str();
    each->add_flag("--json", command_.json, "Print JSON");
  }
  list_ = list;
  verify_ = verify;
}

bool ReadingsCommands::run(int& status) const {
  if (*list_) {
    status = *verify_ ? run_readings_verify(command_) : run_readings(command_);
  }
  return static_cast<bool>(*list_);
}

}  // namespace sluice::control
