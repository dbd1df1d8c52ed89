// control/cli: sluicectl suggest.
#include "control/usage/suggest.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/cli/asks.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/policies.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kLoadsShown = 3, kStillShown = 20, kAskedShown = 5;

std::string day_of(int64_t time_ns) {
  constexpr size_t kDay = sizeof "2026-11-23" - 1;
  return utc_text(time_ns).substr(0, kDay);
}

std::string remark_of(const SuggestedName& name) {
  std::string out = counted(name.clients, "client") + ", " + counted(name.days, "day") + ", " +
                    accesses_text(name.accesses) + ", " + bytes_text(name.bytes_up) + " up, " +
                    bytes_text(name.bytes_down) + " down, last " + day_of(name.last_ns);
  for (size_t i = 0; i < std::min(kLoadsShown, name.loads_with.size()); ++i) {
    out += (i == 0 ? ", loads with " : ", ") + name.loads_with[i].first;
  }
  return out + (name.why.empty() ? "" : "; the host alone, as " + name.why);
}

/// A comment in lines that fit; each begins with `# `.
std::string comment(const std::string& text, const std::string& before = "") {
  const std::string begin = before + "# ";
  std::string out = begin;
  for (const char c : wrapped(text,
                              output_width() == kNoWidth || output_width() < 2 * begin.size()
                                  ? output_width()
                                  : output_width() - begin.size(),
                              0)) {
    out += c;
    out += c == '\n' ? begin : "";
  }
  return out + "\n";
}

/// One entry, its remark beside it where there is room, else above it.
std::string entry(const SuggestedName& name) {
  const bool quote = name.name.find('.') == std::string::npos;
  const std::string line = std::string(name.rare ? "      # - " : "      - ") + (quote ? "\"" : "") +
                           printable(name.name) + (quote ? "\"" : "");
  const std::string remark = (name.rare ? "one client on one day alone; " : "") + printable(remark_of(name));
  const size_t width = output_width();
  if (width != kNoWidth && width_of(line) + 4 + width_of(remark) > width) {
    return comment(remark, "      ") + line + "\n";
  }
  return line + "    # " + remark + "\n";
}

std::string still_text(const StillBlocked& still) {
  std::vector<std::pair<std::string, uint64_t>> asked(still.asked.begin(), still.asked.end());
  std::stable_sort(asked.begin(), asked.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out = printable(still.client) + ": " + accesses_text(still.accesses) + ": ";
  for (size_t i = 0; i < std::min(kAskedShown, asked.size()); ++i) {
    out += (i == 0 ? "" : ", ") + printable(asked[i].first) + " (" + grouped(asked[i].second) + ")";
  }
  return out + (asked.size() > kAskedShown ? " and " + grouped(asked.size() - kAskedShown) + " more" : "");
}

void print_yaml(const UsageScope& scope, const std::string& network, const Suggestion& found) {
  const std::string list = network + "-suggested";
  const auto wanted = static_cast<size_t>(std::ranges::count(found.names, false, &SuggestedName::rare));
  std::cout << comment("what " + network + " used " + period_text(scope) + ": " +
                       accesses_text(found.accesses) + " of " + counted(found.clients, "client") + "; " +
                       grouped(found.opened) + " of them a rule opens already")
            << comment(
                   "look through it, take out what is not needed, save it as a file of the policy, and set "
                   "`default: block` for " +
                   network + " when nothing is missing");
  const char* const off = wanted == 0 ? "# " : "";  // a list of nothing is none
  if (wanted == 0) {
    std::cout << comment("nothing is proposed as it stands");
  }
  std::cout << off << "lists:\n" << off << "  " << list << ":\n" << off << "    names:\n";
  for (const SuggestedName& name : found.names) {
    std::cout << entry(name);
  }
  std::cout << off << "rules:\n"
            << off << "  - name: " << list << "\n"
            << off << "    from: [" << network << "]\n"
            << off << "    to: [" << list << "]\n"
            << off << "    action: allow\n";
  std::cout << comment(found.still.empty()
                           ? "with it, and `default: block`, nothing recorded would be blocked"
                           : "with it, and `default: block`, there would still be blocked, of " +
                                 counted(found.still.size(), "client") + ":");
  for (size_t i = 0; i < std::min(kStillShown, found.still.size()); ++i) {
    std::cout << comment("  " + still_text(found.still[i]));
  }
  if (found.still.size() > kStillShown) {
    std::cout << comment("  and " + grouped(found.still.size() - kStillShown) + " more; --json has all");
  }
  if (found.forbidden != 0 || found.nameless != 0) {
    std::cout << comment("among them " + grouped(found.forbidden) + " that a rule blocks, and " +
                         grouped(found.nameless) + " that no list of names could open");
  }
  if (found.left_out) {
    std::cout << comment("more came than is kept: figures are too low; ask for less time");
  }
}

json name_json(const SuggestedName& name) {
  json out{{"name", name.name},
           {"clients", name.clients},
           {"days", name.days},
           {"accesses", name.accesses},
           {"bytes_up", name.bytes_up},
           {"bytes_down", name.bytes_down},
           {"last", utc_text(name.last_ns)},
           {"proposed", !name.rare},
           {"loads_with", json::array()}};
  if (!name.why.empty()) {
    out["host_as"] = name.why;
  }
  for (const auto& [essential, count] : name.loads_with) {
    out["loads_with"].push_back({{"name", essential}, {"count", count}});
  }
  return out;
}

void print_suggest_json(const UsageScope& scope, const std::string& network, const Suggestion& found) {
  json out{{"network", network},         {"accesses", found.accesses},   {"clients", found.clients},
           {"opened", found.opened},     {"forbidden", found.forbidden}, {"nameless", found.nameless},
           {"left_out", found.left_out}, {"names", json::array()},       {"still_blocked", json::array()}};
  for (const SuggestedName& name : found.names) {
    out["names"].push_back(name_json(name));
  }
  for (const StillBlocked& still : found.still) {
    out["still_blocked"].push_back(
        {{"client", still.client}, {"accesses", still.accesses}, {"asked", still.asked}});
  }
  add_period(out, scope, found.findings);
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

/// Whether the policy has the network, as far as that is known; says what it has where not.
bool is_network(const PolicyFactsRead& facts, const std::string& network) {
  if (facts.networks.empty() || std::ranges::find(facts.networks, network) != facts.networks.end()) {
    return true;
  }
  std::string all;
  for (const std::string& each : facts.networks) {
    all += (all.empty() ? "" : ", ") + each;
  }
  std::cerr << "sluicectl: the policy has no network " << network << "; it has " << all << "\n";
  return false;
}

/// By the policy as it is now: what was opened or forbidden since then counts.
Rejudge rejudge_by(Judge& judge) {
  return [&judge, question = Question()](AccessFields& fields) mutable {
    if (!question_of(fields, question).empty() || !judge.knows(question.at_s)) {
      return;
    }
    const Answer answer = judge.ask(question);
    fields.action = word_of(answer.action());
    fields.reason = word_of(answer.reason());
    fields.rule = answer.rule;
  };
}

}  // namespace

int run_suggest(const std::string& socket, const SuggestCommand& command) {
  UsageScope scope;
  if (command.network.empty()) {
    return cannot_do("--network is the name of a network");
  }
  KnownPolicy policy;
  if (!find_policy(command.policy, command.feeds, socket, "", policy) ||
      !is_network(policy.facts, command.network) || !read_period(command.period, scope)) {
    return kCannot;
  }
  scope.query.network = command.network;
  if (!command.policy.empty()) {
    Diagnostics problems;
    std::string error;
    policy.judge = Judge::of_directory(command.policy, command.feeds, problems, error);
    if (!policy.judge) {
      return refuse_policy(problems, error);
    }
  }
  note_reading(socket, "suggest",
               {{"network", command.network},
                {"since", command.period.since},
                {"until", command.period.until},
                {"log", command.period.log}});
  Suggestion found;
  const std::string error =
      find_suggestion(scope, policy.judge ? rejudge_by(*policy.judge) : Rejudge(), found);
  if (!finish_reading(error, found.findings)) {
    return kCannot;
  }
  if (command.json) {
    print_suggest_json(scope, command.network, found);
  } else if (found.accesses == 0) {
    std::cout << wrapped("# nothing of network " + printable(command.network) + " was recorded " +
                             period_text(scope),
                         output_width(), 0)
              << "\n";
  } else {
    print_yaml(scope, command.network, found);
  }
  return kDone;
}

}  // namespace sluice::control
