// control/cli: sluicectl logs: finds lines in the access log and shows them.
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/base/json_fields.h"
#include "control/cli/commands.h"
#include "control/cli/logs.h"
#include "control/cli/note_reading.h"
#include "control/cli/period.h"
#include "control/cli/pseudonym_hint.h"
#include "control/cli/stop_signals.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"
#include "control/search/index.h"
#include "control/search/search.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr std::chrono::milliseconds kFollowEvery{300};

std::string padded(std::string text, size_t width) {
  text.append(text.size() < width ? width - text.size() : 1, ' ');
  return text;
}

/// Or the pseudonym that stands for it.
std::string address_of(const json& side) {
  const std::string ip = text_at(side, "ip");
  return ip.empty() ? text_at(side, "address") : ip;
}

std::string endpoint(const json& side) {
  const std::string name = text_at(side, "domain"), address = address_of(side);
  const uint64_t port = number_at(side, "port");
  return (name.empty() ? address : name) + (port == 0 ? "" : ":" + std::to_string(port));
}

/// One line for people: when, what became of it, who, where to, what it spoke, why.
std::string record_text(const json& line) {
  constexpr size_t kTime = sizeof "2026-11-23T04:05:06" - 1, kAction = 9, kClient = 22, kTo = 40,
                   kProtocol = 8;
  const json event = object_at(line, "event"), own = object_at(line, "sluice");
  const std::string action = text_at(event, "action");
  std::string out = text_at(line, "@timestamp").substr(0, kTime) + "  ";
  if (text_at(event, "kind") == "pipeline_error") {
    const uint64_t lost = number_at(own, "lost");
    return out +
           coloured(Colour::Red,
                    (lost == 0 ? "an unknown number of" : grouped(lost)) + " records are missing") +
           " since " + printable(text_at(own, "from")) + ": " + printable(text_at(event, "reason"));
  }
  const Colour colour = action == "blocked"    ? Colour::Red
                        : action == "observed" ? Colour::Yellow
                                               : Colour::Green;
  out += coloured(colour, padded(printable(action), kAction)) + " ";
  const json source = object_at(line, "source"), destination = object_at(line, "destination");
  const std::string user = text_at(object_at(line, "user"), "name");
  out += padded(printable(user.empty() ? address_of(source) : user), kClient) +
         padded(printable(endpoint(destination)), kTo) +
         padded(printable(text_at(object_at(line, "network"), "protocol")), kProtocol);
  const std::string rule = text_at(object_at(line, "rule"), "name");
  out += printable(rule.empty() ? text_at(event, "reason") : rule);
  if (const uint64_t count = number_at(event, "count"); count != 0) {
    out += "  " + grouped(count) + " times, until " + printable(text_at(event, "end").substr(0, kTime));
  }
  if (const std::string ended = text_at(own, "ended"); !ended.empty()) {
    out += "  ended (" + printable(ended) + "): " + grouped(number_at(source, "bytes")) + " bytes up, " +
           grouped(number_at(destination, "bytes")) + " down";
  }
  return out;
}

/// Prints lines until the limit is reached or nobody reads any more.
class Printer {
 public:
  Printer(bool json_lines, uint64_t limit, const StopSignals& stop)
      : json_lines_(json_lines), limit_(limit), stop_(stop) {}

  bool take(std::string_view lines) {
    while (!lines.empty() && printed_ < limit_ && !stop_.came() && std::cout) {
      const std::string_view line = lines.substr(0, lines.find('\n') + 1);
      lines.remove_prefix(line.size());
      if (json_lines_) {
        std::cout << line;
      } else {
        std::cout << record_text(json::parse(line, nullptr, false)) << "\n";
      }
      ++printed_;
    }
    std::cout << std::flush;
    return printed_ < limit_ && !stop_.came() && std::cout.good();
  }

 private:
  const bool json_lines_;
  const uint64_t limit_;
  const StopSignals& stop_;
  uint64_t printed_ = 0;
};

void show_stats(const SearchFindings& found, double seconds) {
  const double share =
      found.bytes == 0 ? 0 : 100.0 * static_cast<double>(found.bytes_read) / static_cast<double>(found.bytes);
  std::cerr << counted(found.lines, "line")
            << (found.records == found.lines ? "" : " of " + counted(found.records, "record")) << " in "
            << seconds << " s; read " << grouped(found.bytes_read) << " of " << grouped(found.bytes)
            << " bytes (" << share << " %), " << found.segments_read << " of "
            << counted(found.segments, "segment") << "\n";
}

void show_problems(const SearchFindings& found) {
  for (const std::string& each : found.problems) {
    std::cerr << "sluicectl: " << printable(each) << "\n";
  }
  if (found.problem_count > found.problems.size()) {
    std::cerr << "sluicectl: and " << grouped(found.problem_count - found.problems.size()) << " more\n";
  }
}

}  // namespace

int run_logs_search(const std::string& socket, const LogsSearchOptions& options) {
  QueryOptions wanted = options.query;
  if (!read_bound(options.query.since, false, wanted.since) ||
      !read_bound(options.query.until, true, wanted.until)) {
    return kCannot;
  }
  std::string error;
  const std::optional<Query> query = Query::parse(wanted, error);
  if (!query) {
    return cannot_do(error);
  }
  json asked = reading_query(options.query, options.log);
  if (options.follow) {
    asked["follow"] = true;
  }
  hint_at_pseudonyms(options.log, options.query.from);
  note_reading(socket, "logs", asked);
  SearchFindings found;
  const StopSignals stop;
  Printer printer(options.json, options.limit == 0 ? UINT64_MAX : options.limit, stop);
  LogPosition position;
  const auto began = std::chrono::steady_clock::now();
  bool more = true;
  const TakeFound take = [&](std::string_view lines) { return more = printer.take(lines); };
  std::signal(SIGPIPE, SIG_IGN);
  while (error.empty() && more) {
    error = search_log(options.log, *query, position, take, found);
    if (!options.follow || !more || stop.came()) {
      break;
    }
    std::this_thread::sleep_for(kFollowEvery);
    more = !stop.came();
  }
  if (!error.empty()) {
    return cannot_do(error);
  }
  show_problems(found);
  if (options.stats) {
    show_stats(found, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  return kDone;
}

int run_logs_index(const std::string& log) {
  std::string error;
  const std::vector<SegmentFile> files = list_segments(log, error);
  size_t built = 0, failed = 0;
  const StopSignals stop;
  for (const SegmentFile& file : files) {
    uint64_t ignored = 0;
    // What is not closed gets its index later.
    if (!ends_closed(file.path) || read_index(file.path, {}, ignored)) {
      continue;
    }
    if (stop.came()) {
      break;
    }
    if (const std::string why = build_index(file.path, stop.flag()); !why.empty()) {
      std::cerr << "sluicectl: " << why << "\n";
      ++failed;
    } else {
      ++built;
    }
  }
  if (!error.empty()) {
    return cannot_do(error);
  }
  std::cout << grouped(built) << (built == 1 ? " index" : " indexes") << " built\n";
  return failed == 0 ? kDone : kCannot;
}

}  // namespace sluice::control
