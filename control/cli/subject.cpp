// control/cli: sluicectl subject.
#include "control/report/subject.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/utc.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/period.h"
#include "control/cli/reports.h"
#include "control/cli/table.h"
#include "control/cli/usage_view.h"
#include "control/policy/prefix.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kNamesShown = 15;
constexpr uint64_t kOneDay = 86'400;

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void print_row(const char* label, const std::string& text) {
  constexpr size_t kTextColumn = 13;
  std::string head(label);
  head.resize(kTextColumn, ' ');
  std::cout << head << wrapped(printable(text), output_width(), kTextColumn) << "\n";
}

void print_subject(const SubjectFound& found) {
  const TimeZone& zone = found.policy.zone;
  std::cout << coloured(Colour::Bold, printable(found.who)) << "\n";
  for (const std::string& each : found.addresses) {
    print_row("address", each);
  }
  print_row("accesses", found.days.empty()
                            ? "none in that time"
                            : accesses_text(found.all.accesses) + ", " + grouped(found.all.blocked) +
                                  " blocked, on " + counted(found.days.size(), "day") + ", " +
                                  local_minute(found.all.first_ns, zone) + " to " +
                                  local_minute(found.all.last_ns, zone));
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < std::min(found.names.rows.size(), kNamesShown); ++i) {
    const UsageRow& row = found.names.rows[i];
    rows.push_back({grouped(row.count.accesses), grouped(row.count.blocked),
                    bytes_text(row.count.bytes_up + row.count.bytes_down), printable(row.key)});
  }
  if (!rows.empty()) {
    std::cout << table_text({{"accesses"}, {"blocked", 1}, {"bytes", 2}, {"name"}}, rows, output_width());
  }
  for (const Incident& each : found.incidents) {
    print_row("violation",
              each.id + " " + each.rule + ": " + std::string(word_for(found.reviews.word_on(each.id))));
  }
  for (const HeldLine& each : found.holds) {
    print_row("held", each.name + ", since " + each.period.time + " by " + each.period.user);
  }
  for (const DisclosureLine& each : found.disclosures) {
    print_row("disclosed",
              each.name + ", " + each.time + " by " + each.user + "; perhaps lines of this person");
  }
  for (const ReadingLine& each : found.readings) {
    print_row("read", each.time + " by " + each.user + ": " + each.what);
  }
  for (const LogCopySource& each : found.policy.source.log.copies) {
    print_row("copied to", each.copy.recipient + " in " + each.copy.country);
  }
  print_row("kept for", counted(found.policy.source.log.said.keep_s / kOneDay, "day"));
  for (const std::string& each : found.unknown) {
    print_row("not known", each);
  }
  print_row("", "-o FILE writes all of it as a page; --json has every line");
}

/// The lines as they come, then what they add up to: however many there are, none is kept.
std::string write_json(std::ostream& out, const SubjectScope& scope, SubjectFound& found) {
  bool first = true;
  out << "{\"lines\":[";
  std::string error = find_subject(
      scope, [&](std::string_view line) { out << (std::exchange(first, false) ? "\n" : ",\n") << line; },
      found);
  out << "\n]" << (error.empty() ? "," + dumped(subject_json(found)).substr(1) : "}") << "\n" << std::flush;
  return error.empty() && !out ? "cannot write all of it" : error;
}

/// Into a file of its own first, so that what is not whole never bears the name.
std::string write_json_file(const std::string& file, const SubjectScope& scope, SubjectFound& found) {
  const std::string temporary = file + "." + std::to_string(::getpid()) + ".new";
  constexpr auto kOwnAndGroup = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write |
                                std::filesystem::perms::group_read;
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  std::error_code failure;
  std::filesystem::permissions(temporary, kOwnAndGroup, failure);
  std::string error = out ? write_json(out, scope, found) : "cannot write " + temporary;
  out.close();
  if (error.empty()) {
    std::filesystem::rename(temporary, file, failure);
    error = failure ? "cannot write " + file + ": " + failure.message() : "";
  }
  if (!error.empty()) {
    std::filesystem::remove(temporary, failure);
  }
  return error;
}

}  // namespace

int run_subject(const std::string& socket, const SubjectCommand& command) {
  LogReadingLine progress("log");
  SubjectScope scope{.log = command.log,
                     .policy = command.policy,
                     .who = command.who,
                     .since = {},
                     .until = {},
                     .progress = [&](uint64_t done, uint64_t all) { progress(done, all); }};
  if (command.who.empty()) {
    return cannot_do("an empty text is no user");
  }
  if (Prefix prefix; parse_prefix(command.who, prefix) == PrefixError::None && prefix.length != 128) {
    return cannot_do(command.who + " is a whole prefix; write a user, or one address");
  }
  if (!read_bound(command.since, false, scope.since) || !read_bound(command.until, true, scope.until)) {
    return kCannot;
  }
  note_reading(
      socket, "subject",
      {{"from", command.who}, {"since", command.since}, {"until", command.until}, {"log", command.log}});
  SubjectFound found;
  std::string error;
  if (command.json) {
    error = command.output.empty() ? write_json(std::cout, scope, found)
                                   : write_json_file(command.output, scope, found);
  } else {
    error = find_subject(scope, {}, found);
  }
  progress.clear();
  if (!finish_reading(error, found.findings)) {
    return kCannot;
  }
  if (command.json) {
    return kDone;
  }
  if (!command.output.empty()) {
    return put_out(command.output, subject_page(found, *language_of(command.language), utc_now_ns()));
  }
  print_subject(found);
  return kDone;
}

}  // namespace sluice::control
