// control/usage: what was blocked of one client, and which page it belongs to.
#include "control/usage/blocks.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <tuple>

#include "control/base/utc.h"

namespace sluice::control {
namespace {

constexpr int64_t kWithinNs = std::chrono::nanoseconds(kLoadsWithin).count();

struct AllowedName {
  int64_t time_ns = 0;
  std::string name;
  bool essential = false;
};

struct BlockedMoment {
  int64_t time_ns = 0;
  uint64_t count = 0;
  size_t group = 0;
};

class BlockFinder {
 public:
  BlockFinder(int64_t since_ns, int64_t until_ns, ClientUsage& out)
      : since_ns_(since_ns), until_ns_(until_ns), out_(out) {}

  void take(const UsageLine& line) {
    const AccessFields& fields = line.fields;
    if (line.is_end()) {
      return;
    }
    if (fields.action == "allowed" && !fields.domain.empty()) {
      keep(allowed_, {line.time_ns, field_text(fields.domain), is_essential(fields)});
    }
    // A line of repeats lies in a period that its first or its last one is in.
    const int64_t last_ns = fields.end.empty() ? line.time_ns : parse_utc(fields.end).value_or(line.time_ns);
    if (last_ns < since_ns_ || line.time_ns > until_ns_) {
      return;
    }
    count(line);
    if (fields.action == "blocked") {
      keep(moments_, {line.time_ns, fields.count, group_of(line, last_ns)});
    }
  }

  void finish() {
    std::stable_sort(allowed_.begin(), allowed_.end(),
                     [](const AllowedName& a, const AllowedName& b) { return a.time_ns < b.time_ns; });
    for (const BlockedMoment& each : moments_) {
      BlockedGroup& group = out_.blocks[each.group];
      const std::string page = page_of(each.time_ns, group.asked);
      if (!page.empty() && (group.pages.contains(page) || group.pages.size() < ClientUsage::kMaxPages)) {
        group.pages[page] += each.count;
      }
    }
    std::stable_sort(out_.blocks.begin(), out_.blocks.end(),
                     [](const BlockedGroup& a, const BlockedGroup& b) { return a.last_ns > b.last_ns; });
  }

 private:
  template <typename Kept>
  void keep(std::deque<Kept>& all, Kept next) {
    if (all.size() >= ClientUsage::kMaxKept) {
      all.pop_front();
      out_.left_out = true;
    }
    all.push_back(std::move(next));
  }

  void count(const UsageLine& line) {
    const AccessFields& fields = line.fields;
    out_.accesses += fields.count;
    out_.blocked += fields.action == "blocked" ? fields.count : 0;
    out_.observed += fields.action == "observed" ? fields.count : 0;
    if (out_.addresses.size() < ClientUsage::kMaxPages) {
      out_.addresses.emplace(fields.source_ip);
    }
    if (line.time_ns >= out_.last_ns) {
      out_.last_ns = line.time_ns;
      out_.last_asked = field_text(line.asked());
      out_.last_action = fields.action;
    }
  }

  /// Names of one group beyond the bound share the last one.
  size_t group_of(const UsageLine& line, int64_t last_ns) {
    const AccessFields& fields = line.fields;
    const auto key =
        std::tuple(field_text(line.asked()), std::string(fields.rule), std::string(fields.reason));
    auto found = groups_.find(key);
    if (found == groups_.end()) {
      if (out_.blocks.size() >= ClientUsage::kMaxKept) {
        out_.left_out = true;
        return out_.blocks.size() - 1;
      }
      found = groups_.emplace(key, out_.blocks.size()).first;
      out_.blocks.push_back({.asked = std::get<0>(key),
                             .named = !fields.domain.empty(),
                             .reason = std::string(fields.reason),
                             .rule = field_text(fields.rule),
                             .first_ns = line.time_ns});
    }
    BlockedGroup& group = out_.blocks[found->second];
    group.line = line.text;
    group.address = fields.destination_ip;
    group.protocol = fields.protocol;
    group.list = field_text(fields.list);
    group.network = field_text(fields.network);
    group.port = fields.destination_port;
    group.count += fields.count;
    group.first_ns = std::min(group.first_ns, line.time_ns);
    group.last_ns = std::max(group.last_ns, last_ns);
    if (group.clients.size() < ClientUsage::kMaxPages) {
      group.clients.emplace(fields.source_ip);
    }
    return found->second;
  }

  /// The name that a block belongs to: the last essential one before it, else the first essential one after
  /// it; where there is none, the first allowed one before it, for a page's own name comes before all that
  /// it loads.
  std::string page_of(int64_t time_ns, const std::string& blocked) const {
    const AllowedName *first = nullptr, *before = nullptr, *after = nullptr;
    auto each = std::lower_bound(allowed_.begin(), allowed_.end(), time_ns - kWithinNs,
                                 [](const AllowedName& one, int64_t wanted) { return one.time_ns < wanted; });
    for (; each != allowed_.end() && each->time_ns <= time_ns + kWithinNs; ++each) {
      if (each->name == blocked) {
        continue;
      }
      const bool earlier = each->time_ns <= time_ns;
      first = first == nullptr && earlier ? &*each : first;
      before = each->essential && earlier ? &*each : before;
      after = each->essential && !earlier && after == nullptr ? &*each : after;
    }
    const AllowedName* const page = before != nullptr ? before : after != nullptr ? after : first;
    return page == nullptr ? std::string() : page->name;
  }

  const int64_t since_ns_, until_ns_;
  ClientUsage& out_;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> groups_;
  std::deque<AllowedName> allowed_;
  std::deque<BlockedMoment> moments_;
};

/// text moved by so much; empty stays so.
std::string moved(const std::string& text, int64_t by_ns) {
  const auto time = parse_utc(text);
  return time ? utc_text(std::max<int64_t>(0, *time + by_ns)) : text;
}

}  // namespace

std::string find_blocks(const UsageScope& scope, ClientUsage& found) {
  const QueryOptions& wanted = scope.query;
  BlockFinder finder(parse_utc(wanted.since).value_or(std::numeric_limits<int64_t>::min()),
                     parse_utc(wanted.until).value_or(std::numeric_limits<int64_t>::max()), found);
  UsageScope wider = scope;
  wider.query.since = moved(wanted.since, -kWithinNs);
  wider.query.until = moved(wanted.until, kWithinNs);
  const auto take = [&](const UsageLine& line) {
    finder.take(line);
    return true;
  };
  std::string error = read_usage(wider, take, found.findings);
  finder.finish();
  return error;
}

}  // namespace sluice::control
