// control/cli: sluicectl top.
#include "control/usage/top.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/cli/asks.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/pseudonym_hint.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

const char* others_head(TopBy by) {
  return by == TopBy::Clients ? "names" : "clients";
}

void print_top_json(const UsageScope& scope, TopBy by, const TopFound& found) {
  json out{{"by", kTopWords[static_cast<size_t>(by)]},
           {"accesses", found.all.accesses},
           {"blocked", found.all.blocked},
           {"observed", found.all.observed},
           {"bytes_up", found.all.bytes_up},
           {"bytes_down", found.all.bytes_down},
           {"distinct", found.keys},
           {"accesses_low_by", found.low_by},
           {others_head(by) + std::string("_low"), found.others_low},
           {"rows", json::array()}};
  for (const UsageRow& row : found.rows) {
    out["rows"].push_back({{"name", row.key},
                           {"accesses", row.count.accesses},
                           {"blocked", row.count.blocked},
                           {"observed", row.count.observed},
                           {others_head(by), row.count.others},
                           {"bytes_up", row.count.bytes_up},
                           {"bytes_down", row.count.bytes_down},
                           {"first", utc_text(row.count.first_ns)},
                           {"last", utc_text(row.count.last_ns)}});
  }
  add_period(out, scope, found.findings);
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

void print_top(const UsageScope& scope, TopBy by, const TopFound& found) {
  const size_t width = output_width();
  const std::string_view word = kTopWords[static_cast<size_t>(by)];
  if (found.keys == 0) {
    std::cout << wrapped("nothing was recorded that fits, " + period_text(scope), width, 0) << "\n";
    return;
  }
  std::cout << wrapped(accesses_text(found.all.accesses) + ", " + grouped(found.all.blocked) + " blocked, " +
                           period_text(scope) + "; " + (found.low_by == 0 ? "" : "more than ") +
                           grouped(found.keys) + " " + std::string(word),
                       width, 0)
            << "\n";
  std::vector<std::vector<std::string>> rows;
  for (const UsageRow& row : found.rows) {
    rows.push_back({grouped(row.count.accesses), grouped(row.count.blocked), grouped(row.count.others),
                    bytes_text(row.count.bytes_up), bytes_text(row.count.bytes_down), printable(row.key)});
  }
  std::cout << table_text({{"accesses"},
                           {"blocked", 2},
                           {others_head(by), 1},
                           {"up", 4},
                           {"down", 3},
                           {std::string(word.substr(0, word.size() - 1))}},
                          rows, width);
  if (found.low_by != 0) {
    std::cout << wrapped("more than " + grouped(Tally::kMaxKeys) + " of them came: accesses may be " +
                             grouped(found.low_by) + " more than it says, for each",
                         width, 0)
              << "\n";
  }
  if (found.others_low) {
    std::cout << wrapped("more than " + grouped(Tally::kMaxPairs) + " pairs came: " + others_head(by) +
                             " may be more than it says",
                         width, 0)
              << "\n";
  }
}

}  // namespace

int run_top(const std::string& socket, const TopCommand& command) {
  UsageScope scope;
  if (!read_period(command.period, scope)) {
    return kCannot;
  }
  scope.query.from = command.from;
  scope.query.action = command.action;
  const auto by = static_cast<TopBy>(std::find(std::begin(kTopWords), std::end(kTopWords), command.by) -
                                     std::begin(kTopWords));
  if (command.domains && by != TopBy::Names) {
    return cannot_do("--domains is for names");
  }
  hint_at_pseudonyms(command.period.log, command.from);
  note_reading(socket, "top",
               {{"by", command.by},
                {"from", command.from},
                {"action", command.action},
                {"since", command.period.since},
                {"until", command.period.until},
                {"log", command.period.log}});
  TopFound found;
  const std::string error =
      find_top(scope, {.by = by, .domains = command.domains, .limit = command.limit}, found);
  if (!finish_reading(error, found.findings)) {
    return kCannot;
  }
  command.json ? print_top_json(scope, by, found) : print_top(scope, by, found);
  return kDone;
}

}  // namespace sluice::control
