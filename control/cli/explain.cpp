// control/cli: sluicectl explain: judges accesses with the very code that enforces.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/base/utc.h"
#include "control/cli/commands.h"
#include "control/cli/policies.h"
#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr size_t kMaxQuestionBytes = 65536;  ///< of one line of a file of questions; a longer one is refused
constexpr int64_t kSecondNs = 1'000'000'000;

/// An answer, and all that is known of how it came about.
struct Explained {
  Question question;
  Answer answer;
  std::vector<PassedRule> passed;
  std::optional<Place> rule, entry;
};

std::string day_and_time(int64_t utc_s) {
  return utc_text(utc_s * kSecondNs).substr(0, sizeof "2026-11-23T04:05:06" - 1) + "Z";
}

Explained explained(const OpenedPolicy& policy, const Question& question) {
  Explained out;
  out.question = question;
  out.answer = policy.judge->explain(question, out.passed);
  if (!policy.written || out.answer.rule.empty()) return out;
  out.rule = policy.written->rule(out.answer.rule);
  if (!out.answer.list.empty()) out.entry = policy.written->entry(out.answer.list, out.answer.rule, question);
  return out;
}

/// Who answers for an exception, where it was agreed to, and until when it holds.
void add_exception(std::string_view owner, std::string_view ticket, int64_t expires_s, json& out) {
  if (owner.empty()) return;
  out["owner"] = owner;
  out["ticket"] = ticket;
  if (expires_s != kNever) out["expires"] = day_and_time(expires_s);
}

std::string exception_of(std::string_view owner, std::string_view ticket) {
  return owner.empty() ? "" : " (exception of " + std::string(owner) + ", " + std::string(ticket) + ")";
}

json text_or_null(std::string_view text) {
  return text.empty() ? json(nullptr) : json(text);
}

json to_json(const OpenedPolicy& policy, const Explained& explained) {
  const Answer& answer = explained.answer;
  json out{{"action", word_of(answer.action())},
           {"reason", word_of(answer.reason())},
           {"rule", text_or_null(answer.rule)},
           {"list", text_or_null(answer.list)},
           {"network", text_or_null(answer.network)},
           {"line", text_or_null(policy.judge->line_of(explained.question))},
           {"host", explained.question.name},
           {"at", day_and_time(explained.question.at_s)},
           {"policy", policy.name},
           {"rule_place", place_json(explained.rule)},
           {"list_place", place_json(explained.entry)},
           {"trace", json::array()}};
  if (policy.generation != 0) out["generation"] = policy.generation;
  if (answer.action() == Action::Observed) out["would"] = word_of(answer.verdict.would);
  add_exception(answer.owner, answer.ticket, answer.expires_s, out);
  for (const PassedRule& each : explained.passed) {
    json entry{{"rule", each.rule}, {"matched", each.why == PassedOver::Matched}, {"why", text_of(each.why)}};
    if (policy.written) entry["place"] = place_json(policy.written->rule(each.rule));
    add_exception(each.owner, each.ticket, each.expires_s, entry);
    out["trace"].push_back(std::move(entry));
  }
  return out;
}

void print_verdict(const Answer& answer) {
  const Colour colour = answer.action() == Action::Blocked   ? Colour::Red
                        : answer.action() == Action::Allowed ? Colour::Green
                                                             : Colour::Yellow;
  std::cout << coloured(colour, word_of(answer.action()));
  if (answer.action() == Action::Observed) std::cout << " (would be " << word_of(answer.verdict.would) << ")";
  if (!answer.rule.empty()) {
    std::cout << " by rule " << coloured(Colour::Bold, answer.rule)
              << exception_of(answer.owner, answer.ticket);
  }
  if (!answer.list.empty()) std::cout << ", list " << answer.list;
  const auto reason = static_cast<size_t>(answer.reason());
  if (answer.reason() != Reason::Rule && reason < kReasonCount) {
    std::cout << " as " << word_of(answer.reason()) << ": " << kReasonHelp[reason];
  }
  std::cout << "\n";
}

void print_text(const OpenedPolicy& policy, const Explained& explained) {
  const Answer& answer = explained.answer;
  const auto or_none = [](std::string_view text, std::string_view none) {
    return text.empty() ? none : text;
  };
  print_verdict(answer);
  if (explained.rule) std::cout << "rule at  " << to_string(*explained.rule) << "\n";
  if (explained.entry) {
    std::cout << "entry    " << explained.entry->entry << "\n"
              << "entry at " << to_string(*explained.entry) << "\n";
  }
  if (!answer.owner.empty() && answer.expires_s != kNever)
    std::cout << "expires  " << day_and_time(answer.expires_s) << "\n";
  std::cout << "network  " << or_none(answer.network, "none") << "\n"
            << "line     " << or_none(policy.judge->line_of(explained.question), "none") << "\n"
            << "host     " << or_none(explained.question.name, "none to be seen") << "\n"
            << "at       " << day_and_time(explained.question.at_s) << "\n";
  if (policy.generation != 0) std::cout << "policy   generation " << policy.generation << ", in force\n";
  for (const PassedRule& each : explained.passed) {
    std::cout << "rule     " << each.rule << exception_of(each.owner, each.ticket) << ": "
              << text_of(each.why);
    if (const auto place = policy.written ? policy.written->rule(each.rule) : std::nullopt; place)
      std::cout << " [" << std::filesystem::path(place->file).filename().string() << ":" << place->line
                << "]";
    std::cout << "\n";
  }
}

/// One question a line, one answer a line.
int answer_file(const std::string& path, const OpenedPolicy& policy) {
  std::ifstream file;
  if (path != "-") file.open(path);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return cannot_do("cannot read " + path);
  bool blocked = false;
  std::string text;
  for (size_t number = 1; std::getline(in, text); ++number) {
    if (text.empty()) continue;
    Asked asked;
    Question question;
    std::string why = text.size() > kMaxQuestionBytes ? "a question is too long"
                                                      : read_asked(json::parse(text, nullptr, false), asked);
    if (why.empty()) why = question_of(asked, *policy.judge, question);
    if (!why.empty()) {
      return cannot_do(
          std::string(path).append(", line ").append(std::to_string(number)).append(": ").append(why));
    }
    const Explained one = explained(policy, question);
    blocked |= one.answer.action() == Action::Blocked;
    std::cout << to_json(policy, one).dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
  }
  std::cout << std::flush;
  return blocked ? kNo : kDone;
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  std::optional<OpenedPolicy> policy = open_policy(
      options.policy.empty() ? std::string(kRunning) : options.policy, options.feeds, options.socket);
  if (!policy) return kCannot;
  if (!policy->enforced) std::cerr << "sluicectl: the data plane does not have this policy yet\n";
  if (!policy->no_sources.empty())
    std::cerr << "sluicectl: no files and lines are shown: " << policy->no_sources << "\n";
  if (!options.questions.empty()) {
    const int status = answer_file(options.questions, *policy);
    return status == kNo && !options.exit_code ? kDone : status;
  }
  Question question;
  if (const std::string why = question_of(options, *policy->judge, question); !why.empty()) {
    return cannot_do(why);
  }
  const Explained one = explained(*policy, question);
  if (options.json) {
    std::cout << to_json(*policy, one).dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else {
    print_text(*policy, one);
  }
  return options.exit_code && one.answer.action() == Action::Blocked ? kNo : kDone;
}

}  // namespace sluice::control
