// control/usage: who and what uses the line most.
#include "control/usage/top.h"

namespace sluice::control {
namespace {

/// Registrable domains by host, as the same hosts come again and again.
class DomainCache {
 public:
  const std::string& of(std::string_view host) {
    constexpr size_t kMost = size_t{1} << 16;
    if (known_.size() >= kMost) {
      known_.clear();
    }
    const auto [found, is_new] = known_.try_emplace(std::string(host));
    if (is_new) {
      found->second = domains_.registrable(host);
    }
    return found->second;
  }

 private:
  const Domains domains_;
  std::unordered_map<std::string, std::string> known_;
};

std::string in_brackets(std::string_view reason) {
  return "(" + std::string(reason) + ")";
}

}  // namespace

std::string find_top(const UsageScope& scope, const TopOptions& options, TopFound& found) {
  Tally tally;
  DomainCache domains;
  const auto key_of_line = [&](const UsageLine& line) {
    const AccessFields& fields = line.fields;
    switch (options.by) {
      case TopBy::Names:
        return options.domains && !fields.domain.empty() ? domains.of(fields.domain)
                                                         : field_text(line.asked());
      case TopBy::Clients:
        return field_text(line.client());
      case TopBy::Rules:
        return fields.rule.empty() ? in_brackets(fields.reason) : field_text(fields.rule);
      case TopBy::Networks:
        return fields.network.empty() ? in_brackets("none") : field_text(fields.network);
    }
    return std::string();
  };
  const auto take = [&](const UsageLine& line) {
    const std::string_view other = options.by == TopBy::Clients ? line.asked() : line.client();
    tally.add(key_of_line(line), other, line);
    found.all.add(line);
    return true;
  };
  std::string error = read_usage(scope, take, found.findings);
  found.rows = tally.top(options.limit);
  found.keys = tally.keys();
  found.low_by = tally.low_by();
  found.others_low = tally.others_low();
  return error;
}

}  // namespace sluice::control
