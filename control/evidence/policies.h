// control/evidence: which policies were in force in a period, and when nothing was blocked.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "control/reload/source_list.h"

namespace sluice::control {

/// A policy, from when it was applied until the next one was.
struct PolicyOfPeriod {
  uint32_t generation = 0;
  int64_t from_ns = 0, until_ns = INT64_MAX;  ///< until_ns: INT64_MAX where it is in force still
  std::string time, author, reason;
  SourceList sources;
};

struct BypassOfPeriod {
  int64_t from_s = 0, until_s = 0;  ///< when it really ended
  std::string author, reason;
};

/// Takes the lines of a history, in their order.
class PoliciesOfPeriod {
 public:
  /// More policies than these are counted only, the oldest ones.
  static constexpr size_t kMaxPolicies = 2000, kMaxBypasses = 1000;

  PoliciesOfPeriod(int64_t since_ns, int64_t until_ns) : since_ns_(since_ns), until_ns_(until_ns) {}
  void take(std::string_view line);
  /// After the last line.
  void finish();

  const std::deque<PolicyOfPeriod>& policies() const { return policies_; }
  const std::deque<BypassOfPeriod>& bypasses() const { return bypasses_; }
  uint64_t left_out() const { return left_out_; }

 private:
  void drop_last();
  void end_bypass(int64_t at_ns);

  const int64_t since_ns_, until_ns_;
  std::deque<PolicyOfPeriod> policies_;
  std::deque<BypassOfPeriod> bypasses_;
  int64_t bypass_from_s_ = 0, bypass_until_s_ = 0;  ///< of the policy before
  uint64_t left_out_ = 0;
};

}  // namespace sluice::control
