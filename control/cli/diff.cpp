// control/cli: sluicectl diff: what changes between two policies, and for which recorded accesses.
#include "control/cli/diff.h"

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/period.h"
#include "control/cli/policies.h"
#include "control/cli/stop_signals.h"
#include "control/cli/terminal.h"
#include "control/judge/diff.h"
#include "control/judge/replayed.h"
#include "control/judge/verdict_diff.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr uint64_t kLookEvery = 0xfff;  ///< lines
constexpr int64_t kNsOfSecond = 1'000'000'000;

std::string second_text(int64_t utc_s) {
  return utc_text(utc_s * kNsOfSecond).substr(0, sizeof "2026-11-23T04:05:06" - 1) + "Z";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return printable(out);
}

json to_json(const Change& change) {
  json fields = json::array();
  for (const FieldChange& each : change.fields) {
    json field{{"field", each.field}};
    if (each.added_count + each.removed_count != 0) {
      field["added"] = each.added;
      field["removed"] = each.removed;
      field["added_count"] = each.added_count;
      field["removed_count"] = each.removed_count;
    } else {
      field["before"] = each.before.empty() ? json(nullptr) : json(each.before);
      field["after"] = each.after.empty() ? json(nullptr) : json(each.after);
    }
    fields.push_back(std::move(field));
  }
  return {{"section", change.section},
          {"name", change.name},
          {"change", word_of(change.kind)},
          {"for", change.whom},
          {"fields", std::move(fields)}};
}

json to_json(const ShortVerdict& verdict) {
  return {{"action", verdict.action}, {"rule", verdict.rule}};
}

json to_json(const VerdictGroup& group) {
  json clients = json::array();
  for (const Address& each : group.clients) {
    if (clients.size() == kMaxEntriesNamed) break;
    clients.push_back(to_string(Prefix{each, 128}));
  }
  return {{"network", group.network},         {"name", group.name},
          {"before", to_json(group.before)},  {"after", to_json(group.after)},
          {"accesses", group.accesses},       {"client_count", group.clients.size()},
          {"clients", std::move(clients)},    {"first", second_text(group.first_s)},
          {"last", second_text(group.last_s)}};
}

void print_field(const FieldChange& field) {
  std::cout << "      " << (field.field.empty() ? "" : printable(field.field) + ": ");
  if (field.added_count + field.removed_count == 0) {
    const auto or_none = [](const std::string& text) { return text.empty() ? "(none)" : printable(text); };
    std::cout << or_none(field.before) << " -> " << or_none(field.after) << "\n";
    return;
  }
  std::cout << grouped(field.added_count) << " added, " << grouped(field.removed_count) << " removed\n";
  for (const std::string& each : field.added)
    std::cout << "        " << coloured(Colour::Green, "+ " + printable(each)) << "\n";
  for (const std::string& each : field.removed)
    std::cout << "        " << coloured(Colour::Red, "- " + printable(each)) << "\n";
  const uint64_t named = field.added.size() + field.removed.size();
  if (const uint64_t more = field.added_count + field.removed_count - named; more != 0)
    std::cout << "        and " << grouped(more) << " more\n";
}

void print_changes(const std::vector<Change>& changes) {
  if (changes.empty()) std::cout << "nothing is written differently\n";
  std::string_view section;
  for (const Change& change : changes) {
    if (change.section != section) std::cout << coloured(Colour::Bold, change.section) << "\n";
    section = change.section;
    const Colour colour = change.kind == ChangeKind::Added     ? Colour::Green
                          : change.kind == ChangeKind::Removed ? Colour::Red
                                                               : Colour::Yellow;
    std::cout << "  " << coloured(colour, word_of(change.kind)) << " " << printable(change.name);
    if (!change.whom.empty()) std::cout << ", for " << joined(change.whom);
    std::cout << "\n";
    for (const FieldChange& field : change.fields) {
      if (change.kind == ChangeKind::Changed) {
        print_field(field);
      } else if (change.kind != ChangeKind::Moved) {
        std::cout << "      " << (field.field.empty() ? "" : printable(field.field) + ": ")
                  << printable(change.kind == ChangeKind::Added ? field.after : field.before) << "\n";
      }
    }
  }
}

/// One group in short lines: they fit a narrow terminal.
void print_group(const VerdictGroup& group) {
  const auto shown = [](const ShortVerdict& verdict) {
    return coloured(verdict.action == "blocked"   ? Colour::Red
                    : verdict.action == "allowed" ? Colour::Green
                                                  : Colour::Yellow,
                    verdict.action) +
           ", " + printable(verdict.rule);
  };
  std::cout << coloured(Colour::Bold, printable(group.name)) << "  "
            << (group.network.empty() ? "no network" : printable(group.network)) << "\n"
            << "  was  " << shown(group.before) << "\n  now  " << shown(group.after) << "\n  "
            << grouped(group.accesses) << (group.accesses == 1 ? " access" : " accesses") << " of "
            << counted(group.clients.size(), "client") << "\n  " << second_text(group.first_s) << "\n  to "
            << second_text(group.last_s) << "\n";
}

struct Replay {
  ReplayFindings found;
  std::string error;
};

Replay replay(const DiffOptions& options, VerdictDiff& verdicts) {
  Replay out;
  QueryOptions query;
  if (!read_bound(options.since, false, query.since) || !read_bound(options.until, true, query.until)) {
    out.error = "the period cannot be read";
    return out;
  }
  ProgressLine progress;
  uint64_t lines = 0;
  const StopSignals stop;
  out.error = replay_log(
      options.log, query,
      [&](const RecordedLine& line) {
        verdicts.take(line);
        if ((++lines & kLookEvery) == 0 && progress.is_due()) {
          progress.show(grouped(lines) + " lines, at " + std::string(line.fields.time.substr(0, 16)));
        }
        return !stop.came();
      },
      out.found);
  if (stop.came()) out.error = "interrupted";
  return out;
}

json replay_json(const DiffOptions& options, const Replay& done, const VerdictDiff& verdicts) {
  json out{{"accesses", verdicts.accesses()},
           {"changed", verdicts.changed()},
           {"other_rule", verdicts.other_rule()},
           {"ungrouped", verdicts.ungrouped()},
           {"first", done.found.first_time},
           {"last", done.found.last_time},
           {"unasked", done.found.unasked},
           {"problems", done.found.search.problems},
           {"groups", json::array()}};
  for (const VerdictGroup* group : verdicts.groups()) {
    if (options.limit != 0 && out["groups"].size() >= options.limit) break;
    out["groups"].push_back(to_json(*group));
  }
  return out;
}

void print_replay(const DiffOptions& options, const Replay& done, const VerdictDiff& verdicts) {
  std::cout << coloured(Colour::Bold, "recorded accesses") << "\n";
  if (done.found.questions == 0) {
    std::cout << "none in " << printable(options.log) << " since " << printable(options.since) << "\n";
    return;
  }
  std::cout << grouped(verdicts.changed()) << " of " << grouped(verdicts.accesses())
            << " would be decided otherwise\n";
  if (verdicts.other_rule() != 0)
    std::cout << grouped(verdicts.other_rule()) << " alike, but by another rule\n";
  uint64_t shown = 0;
  const std::vector<const VerdictGroup*> groups = verdicts.groups();
  for (const VerdictGroup* group : groups) {
    if (options.limit != 0 && shown == options.limit) break;
    print_group(*group);
    ++shown;
  }
  if (groups.size() > shown)
    std::cout << "and " << grouped(groups.size() - shown) << " more; --limit 0 shows all\n";
  if (verdicts.ungrouped() != 0) std::cout << grouped(verdicts.ungrouped()) << " accesses more\n";
}

}  // namespace

int run_diff(const DiffOptions& options) {
  std::optional<OpenedPolicy> before = open_policy(options.before, options.feeds, options.socket);
  std::optional<OpenedPolicy> after =
      before ? open_policy(options.after, options.feeds, options.socket) : std::nullopt;
  if (!before || !after) return kCannot;
  for (const OpenedPolicy* each : {&*before, &*after})
    if (!each->written)
      return cannot_do("the sources of " + each->name + " are not to be had: " + each->no_sources);
  const std::vector<Change> changes = diff_written(*before->written, *after->written);
  VerdictDiff verdicts(*before->judge, *after->judge);
  Replay done;
  if (options.replay_log) {
    note_reading(options.socket, "diff",
                 {{"since", options.since}, {"until", options.until}, {"log", options.log}});
    done = replay(options, verdicts);
  }
  if (!done.error.empty()) return cannot_do(done.error);
  for (const std::string& problem : done.found.search.problems)
    std::cerr << "sluicectl: " << printable(problem) << "\n";
  if (options.json) {
    json out{{"before", before->name}, {"after", after->name}, {"changes", json::array()}};
    for (const Change& change : changes) out["changes"].push_back(to_json(change));
    if (options.replay_log) out["replay"] = replay_json(options, done, verdicts);
    std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    return kDone;
  }
  print_changes(changes);
  if (options.replay_log) print_replay(options, done, verdicts);
  return kDone;
}

}  // namespace sluice::control
