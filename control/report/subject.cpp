// control/report: all that is held on one person.
#include "control/report/subject.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/segment/writer.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::set<std::string> addresses_of(const PolicySource& source, const std::string& who) {
  std::set<std::string> out;
  for (const UserSource& user : source.users) {
    if (user.name.text == who) {
      for (const PrefixSource& each : user.addresses) {
        out.insert(to_string(each.prefix));
      }
    }
  }
  return out;
}

/// Adds up the lines of one person.
class SubjectAdder {
 public:
  SubjectAdder(const FigureTerms& terms, SubjectFound& out)
      : out_(out), clock_(terms.zone), incidents_(terms.violation_rules) {}

  void add(const UsageLine& line) {
    out_.all.add(line);
    names_.add(field_text(line.asked()), line.fields.source_ip, line);
    Figures::Count& day = out_.days[clock_.at(line.time_ns).day];
    if (!line.is_end()) {
      day.accesses += line.fields.count;
      day.blocked += line.fields.action == "blocked" ? line.fields.count : 0;
    }
    incidents_.add(line);
  }

  void finish() {
    out_.names = {names_.top(SubjectFound::kMaxNames), names_.keys(), names_.low_by(), false};
    out_.incidents = incidents_.take(INT64_MIN, INT64_MAX);
  }

 private:
  SubjectFound& out_;
  LocalClock clock_;
  IncidentFinder incidents_;
  Tally names_;
};

/// Whether there are lines of the person on a day that a period touches.
bool meets(const SubjectFound& found, int64_t first_ns, int64_t last_ns) {
  return std::ranges::any_of(found.days, [&](const auto& each) {
    const auto moment = [&](std::chrono::local_days day) {
      return std::chrono::nanoseconds(found.policy.zone.to_utc(day).time_since_epoch()).count();
    };
    return moment(each.first) <= last_ns && moment(each.first + std::chrono::days{1}) > first_ns;
  });
}

std::string read_heads(const std::filesystem::path& log, SubjectFound& out) {
  const SealedPaths paths = heads_paths(log, {});
  std::string error;
  const auto key = SigningKey::open_public(paths.public_key, error);
  if (!key) {
    return error;
  }
  Holds holds;
  SealedFindings found;
  const TakeLine take = [&](std::string_view text) {
    const json line = json::parse(text, nullptr, false);
    const std::string kind = line.is_object() ? text_at(line, "kind") : "";
    if (kind == "hold" || kind == "release") {
      holds.take(line);
    }
    if (kind != "disclosure") {
      return;
    }
    DisclosureLine said{text_at(line, "case"),  text_at(line, "time"), text_at(line, "user"),
                        text_at(line, "first"), text_at(line, "last"), number_at(line, "lines")};
    if (!meets(out, parse_utc(said.first).value_or(INT64_MIN), parse_utc(said.last).value_or(INT64_MAX))) {
      return;
    }
    if (out.disclosures.size() < SubjectFound::kMaxTold) {
      out.disclosures.push_back(std::move(said));
    } else {
      ++out.told_out;
    }
  };
  error = read_sealed(paths, *key, take, found);
  for (const auto& [name, held] : holds.cases()) {
    for (const HeldPeriod& each : held.periods) {
      if (meets(out, each.since_ns, each.until_ns)) {
        out.holds.push_back({name, each});
      }
    }
  }
  return error;
}

/// Whether what a reading asked for is the person, one of their addresses, or a prefix around one.
bool asks_for(const SubjectFound& found, const std::string& from) {
  if (from == found.who || found.addresses.contains(from)) {
    return true;
  }
  Prefix prefix;
  if (parse_prefix(from, prefix) != PrefixError::None) {
    return false;
  }
  const auto inside = [&](const std::string& text) {
    Address address;
    return parse_address(text, address) && contains(prefix, address);
  };
  return inside(found.who) || std::ranges::any_of(found.addresses, inside);
}

void note_unknown(SubjectFound& out, const std::string& why) {
  if (!why.empty()) {
    out.unknown.push_back(why);
  }
}

/// Words on incidents that are about the person, whether the log still has them or not.
void keep_own_words(SubjectFound& out) {
  std::erase_if(out.reviews.incidents, [&](const auto& each) {
    const std::string& who = each.second.back().who;
    return who != out.who && !out.addresses.contains(who);
  });
  out.reviews.months.clear();
}

}  // namespace

std::string read_readings(const std::filesystem::path& log,
                          const std::function<void(const ReadingLine&)>& take) {
  const SealedPaths paths{log / "readings.jsonl", log / "readings.head", {}, log / "log.pub"};
  std::error_code failure;
  if (std::filesystem::symlink_status(paths.lines, failure).type() == std::filesystem::file_type::not_found) {
    return {};
  }
  std::string error;
  const auto key = SigningKey::open_public(paths.public_key, error);
  if (!key) {
    return error;
  }
  SealedFindings found;
  const TakeLine each = [&](std::string_view text) {
    const json line = json::parse(text, nullptr, false);
    const auto query = line.is_object() ? line.find("query") : line.end();
    if (query != line.end() && query->is_object()) {
      take({text_at(line, "time"), text_at(line, "user"), text_at(line, "what"), text_at(*query, "from")});
    }
  };
  error = read_sealed(paths, *key, each, found);
  return error.empty() && !found.problems.empty() ? "readings.jsonl was altered: " + found.problems.front()
                                                  : error;
}

std::string find_subject(const SubjectScope& scope, const std::function<void(std::string_view line)>& take,
                         SubjectFound& out) {
  out.who = scope.who;
  out.since = scope.since;
  out.until = scope.until;
  if (!read_source(scope.policy, out.policy)) {
    const Diagnostics problems = out.policy.report.finish();
    return problems.empty() ? "the policy cannot be read" : to_string(problems.front());
  }
  out.addresses = addresses_of(out.policy.source, scope.who);
  SubjectAdder adder(figure_terms_of(out.policy.source, out.policy.zone), out);
  std::vector<std::string> asked(out.addresses.begin(), out.addresses.end());
  asked.insert(asked.begin(), scope.who);
  for (const std::string& from : asked) {
    UsageScope usage{.log = scope.log, .query = {}, .progress = scope.progress};
    usage.query.from = from;
    usage.query.since = scope.since;
    usage.query.until = scope.until;
    const auto each = [&](const UsageLine& line) {
      // Of an address of theirs: a line that names a user is that user's, and their own came already.
      if (from == scope.who || line.fields.user.empty()) {
        adder.add(line);
        if (take) {
          take(line.text);
        }
      }
      return true;
    };
    if (std::string error = read_usage(usage, each, out.findings); !error.empty()) {
      return error;
    }
  }
  adder.finish();
  note_unknown(out, read_heads(scope.log, out));
  SealedFindings reviewed;
  note_unknown(out, read_reviews(scope.log, out.reviews, reviewed));
  keep_own_words(out);
  note_unknown(out, read_readings(scope.log, [&](const ReadingLine& line) {
                 if (line.from.empty()) {
                   ++out.general_readings;
                 } else if (asks_for(out, line.from)) {
                   out.readings.size() < SubjectFound::kMaxTold ? out.readings.push_back(line)
                                                                : static_cast<void>(++out.told_out);
                 }
               }));
  return {};
}

}  // namespace sluice::control
