// control/cli: sluicectl feeds.
#include <algorithm>
#include <array>
#include <iostream>
#include <vector>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

using nlohmann::json;

using Row = std::array<std::string, 8>;

/// `2026-11-23T04:05:06.123456Z` as `2026-11-23 04:05`.
std::string minute(const json& object, const char* key) {
  std::string out = text_at(object, key).substr(0, 16);
  std::ranges::replace(out, 'T', ' ');
  return out.empty() ? "never" : out;
}

Row row_of(const json& feed) {
  std::string problem = text_at(feed, "problem");
  if (text_at(feed, "state") == "held") {
    problem = grouped(number_at(feed, "held_entries")) + " entries wait for sluicectl feeds accept" +
              (problem.empty() ? "" : "; " + problem);
  }
  return {text_at(feed, "list"),
          text_at(feed, "format"),
          grouped(number_at(feed, "entries")),
          minute(feed, "checked"),
          minute(feed, "tried"),
          text_at(feed, "state"),
          text_at(feed, "url"),
          problem};
}

Colour colour_of(const std::string& state) {
  return state == "good" ? Colour::Green : state == "stale" ? Colour::Red : Colour::Yellow;
}

/// Columns as wide as their longest word; the last one has no width.
void print_table(const std::vector<Row>& rows) {
  std::array<size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  constexpr size_t kEntries = 2, kState = 5;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(i + 1 < row.size() ? widths[i] - row[i].size() : 0, ' ');
      const std::string word = &row == &rows.front() ? coloured(Colour::Bold, row[i])
                               : i == kState         ? coloured(colour_of(row[i]), row[i])
                                                     : row[i];
      std::cout << (i == kEntries ? blanks + word : word + blanks) << (i + 1 < row.size() ? "  " : "\n");
    }
  }
}

}  // namespace

int run_feeds(const std::string& socket, bool json_output) {
  int status = kCannot;
  const std::optional<json> answer = order(socket, {{"command", "feeds"}}, json_output, status);
  if (!answer) {
    return status;
  }
  const json feeds = answer->value("feeds", json::array());
  if (feeds.empty()) {
    std::cout << "the policy in force has no list that is fetched\n";
    return kDone;
  }
  std::vector<Row> rows{
      {"LIST", "FORMAT", "ENTRIES", "GOOD (UTC)", "TRIED (UTC)", "STATE", "URL", "PROBLEM"}};
  for (const json& feed : feeds) {
    rows.push_back(row_of(feed));
  }
  print_table(rows);
  return kDone;
}

int run_feeds_refresh(const std::string& socket, const std::string& list, bool json_output) {
  int status = kCannot;
  if (const auto answer =
          order(socket, {{"command", "feeds-refresh"}, {"list", list}}, json_output, status)) {
    std::cout << counted(number_at(*answer, "feeds"), "list")
              << " being fetched; sluicectl feeds shows what became of it\n";
  }
  return status;
}

int run_feeds_accept(const std::string& socket, const std::string& list, const std::string& reason,
                     bool json_output) {
  int status = kCannot;
  const json request{{"command", "feeds-accept"}, {"list", list}, {"reason", reason}};
  if (const auto answer = order(socket, request, json_output, status)) {
    std::cout << "list " << list << ": " << grouped(number_at(*answer, "entries"))
              << " entries come into force\n";
  }
  return status;
}

}  // namespace sluice::control
