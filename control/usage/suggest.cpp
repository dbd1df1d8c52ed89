// control/usage: what a network that is only observed really needs.
#include "control/usage/suggest.h"

#include <xxhash.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace sluice::control {
namespace {

constexpr int64_t kWindowNs = std::chrono::nanoseconds(kLoadsWithin).count();
constexpr int64_t kDayNs = int64_t{86'400} * 1'000'000'000;
constexpr size_t kMaxRecent = 128;  ///< names of one client that are remembered, of the last ten seconds
/// What a rule that names it would decide otherwise.
constexpr std::string_view kOpenable[] = {"default", "by-address", "no-name", "midstream",
                                          "unknown-protocol"};

/// Counts pairs that were not there before, up to a bound.
class PairSet {
 public:
  /// Returns whether it is new; full: it was not kept.
  bool add(uint64_t seed, std::string_view text, bool& full) {
    const uint64_t pair = XXH3_64bits_withSeed(text.data(), text.size(), seed);
    if (pairs_.size() < Suggestion::kMaxPairs) {
      return pairs_.insert(pair).second;
    }
    full = full || !pairs_.contains(pair);
    return false;
  }

 private:
  std::unordered_set<uint64_t> pairs_;
};

struct UsedName {
  SuggestedName told;
  std::string first_client;
  std::unordered_map<std::string, uint64_t> loads_with;
};

/// What a client asked for in the last seconds: an essential name, or one of those that may be proposed.
struct RecentName {
  int64_t time_ns = 0;
  std::string name;
  UsedName* used = nullptr;  ///< nullptr: essential
};

class Suggester {
 public:
  explicit Suggester(Suggestion& out) : out_(out) {}

  void take(const UsageLine& line) {
    if (line.is_end()) {
      return add_bytes(line);
    }
    const AccessFields& fields = line.fields;
    out_.accesses += fields.count;
    out_.first_ns = out_.first_ns == 0 ? line.time_ns : std::min(out_.first_ns, line.time_ns);
    out_.last_ns = std::max(out_.last_ns, line.time_ns);
    out_.clients += pairs_.add(kClientSeed, line.client(), out_.left_out);
    const bool openable =
        std::find(std::begin(kOpenable), std::end(kOpenable), fields.reason) != std::end(kOpenable);
    if (fields.action == "allowed" && !openable) {
      out_.opened += fields.count;
      if (is_essential(fields)) {
        meet(line, field_text(fields.domain), nullptr);
      }
    } else if (openable && !fields.domain.empty()) {
      use(line);
    } else {
      (fields.rule.empty() ? out_.nameless : out_.forbidden) += fields.count;
      refuse(field_text(line.client()), field_text(line.asked()), fields.count);
    }
  }

  void finish() {
    for (auto& [key, used] : names_) {
      SuggestedName& name = used.told;
      name.rare = name.clients == 1 && name.days == 1;
      if (name.rare) {
        refuse(used.first_client, name.name, name.accesses);
      }
      name.loads_with.assign(used.loads_with.begin(), used.loads_with.end());
      std::sort(name.loads_with.begin(), name.loads_with.end(), [](const auto& a, const auto& b) {
        return std::tie(b.second, a.first) < std::tie(a.second, b.first);
      });
      out_.names.push_back(std::move(name));
    }
    std::sort(out_.names.begin(), out_.names.end(), [](const SuggestedName& a, const SuggestedName& b) {
      return std::tie(b.accesses, a.name) < std::tie(a.accesses, b.name);
    });
    for (auto& [client, still] : still_) {
      out_.still.push_back(std::move(still));
    }
    std::sort(out_.still.begin(), out_.still.end(), [](const StillBlocked& a, const StillBlocked& b) {
      return std::tie(b.accesses, a.client) < std::tie(a.accesses, b.client);
    });
  }

 private:
  static constexpr uint64_t kClientSeed = std::numeric_limits<uint64_t>::max();

  const Domains::Domain& domain_of(const std::string& host) {
    if (known_.size() >= Suggestion::kMaxNames) {
      known_.clear();
    }
    const auto [found, is_new] = known_.try_emplace(host);
    if (is_new) {
      found->second = domains_.to_allow(host);
    }
    return found->second;
  }

  void add_bytes(const UsageLine& line) {
    const auto found = line.fields.domain.empty()
                           ? names_.end()
                           : names_.find(domain_of(field_text(line.fields.domain)).name);
    if (found != names_.end()) {
      found->second.told.bytes_up += line.fields.source_bytes;
      found->second.told.bytes_down += line.fields.destination_bytes;
    }
  }

  void use(const UsageLine& line) {
    const Domains::Domain& domain = domain_of(field_text(line.fields.domain));
    auto found = names_.find(domain.name);
    if (found == names_.end()) {
      if (names_.size() >= Suggestion::kMaxNames) {
        out_.left_out = true;
        return refuse(field_text(line.client()), domain.name, line.fields.count);
      }
      found = names_.emplace(domain.name, UsedName{}).first;
      found->second.told.name = domain.name;
      found->second.told.why = domain.why;
      found->second.first_client = field_text(line.client());
    }
    UsedName& used = found->second;
    SuggestedName& name = used.told;
    const uint64_t seed = XXH3_64bits(name.name.data(), name.name.size());
    const int64_t day = line.time_ns / kDayNs;
    name.accesses += line.fields.count;
    name.clients += pairs_.add(seed, line.client(), out_.left_out);
    name.days += pairs_.add(seed, {reinterpret_cast<const char*>(&day), sizeof day}, out_.left_out);
    name.last_ns = std::max(name.last_ns, line.time_ns);
    meet(line, name.name, &used);
  }

  /// Holds it against what the client asked for within the last seconds, and remembers it.
  void meet(const UsageLine& line, std::string name, UsedName* used) {
    if (recent_.size() >= Suggestion::kMaxClients) {
      recent_.clear();  // what is lost are ten seconds
    }
    std::deque<RecentName>& recent = recent_[field_text(line.client())];
    while (!recent.empty() &&
           (line.time_ns - recent.front().time_ns > kWindowNs || recent.size() > kMaxRecent)) {
      recent.pop_front();
    }
    std::erase_if(recent, [&](const RecentName& each) { return each.used == used && each.name == name; });
    for (const RecentName& each : recent) {
      if ((each.used == nullptr) == (used == nullptr)) {
        continue;
      }
      auto& loads = (used == nullptr ? each.used : used)->loads_with;
      const std::string& essential = used == nullptr ? name : each.name;
      if (loads.contains(essential) || loads.size() < Suggestion::kMaxLoads) {
        loads[essential] += 1;
      }
    }
    recent.push_back({line.time_ns, std::move(name), used});
  }

  void refuse(const std::string& client, const std::string& asked, uint64_t count) {
    if (!still_.contains(client) && still_.size() >= Suggestion::kMaxClients) {
      out_.left_out = true;
      return;
    }
    StillBlocked& still = still_[client];
    still.client = client;
    still.accesses += count;
    if (still.asked.contains(asked) || still.asked.size() < Suggestion::kMaxAsked) {
      still.asked[asked] += count;
    } else {
      out_.left_out = true;
    }
  }

  const Domains domains_;
  Suggestion& out_;
  PairSet pairs_;
  std::unordered_map<std::string, Domains::Domain> known_;
  std::unordered_map<std::string, UsedName> names_;  ///< references stay valid
  std::unordered_map<std::string, std::deque<RecentName>> recent_;
  std::unordered_map<std::string, StillBlocked> still_;
};

}  // namespace

std::string find_suggestion(const UsageScope& scope, const Rejudge& rejudge, Suggestion& found) {
  Suggester suggester(found);
  const auto take = [&](const UsageLine& line) {
    if (!rejudge || line.is_end()) {
      suggester.take(line);
      return true;
    }
    UsageLine judged = line;
    rejudge(judged.fields);
    suggester.take(judged);
    return true;
  };
  std::string error = read_usage(scope, take, found.findings);
  suggester.finish();
  return error;
}

}  // namespace sluice::control
