// control/usage: addresses of the LAN that look like a server, a relay, or several machines.
#include "control/usage/hosts.h"

#include <xxhash.h>

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "control/base/utc.h"

namespace sluice::control {
namespace {

constexpr int64_t kBeforeNs = 1'000'000'000;  ///< times of two flows may differ by so much

/// A flow from its first packet to its last.
struct WholeFlow {
  int64_t start_ns = 0, end_ns = 0;
  uint64_t up = 0, down = 0;  ///< from who opened it, and back
  std::string far;            ///< the end on the line's side
};

struct LookedAt {
  HostFound told;
  bool takes = false;  ///< a flow from the line came to it
  uint8_t last_ttl = 0;
  std::deque<WholeFlow> in, out;  ///< that have no pair yet
  uint64_t number = 0;
};

/// Whether it is what a host's own packets bear: near below an initial TTL.
bool is_plausible(uint64_t ttl) {
  const uint64_t initial = ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
  return ttl != 0 && ttl <= initial && initial - ttl <= HostsFound::kMostHops;
}

bool is_alike(uint64_t a, uint64_t b) {
  const uint64_t apart = a > b ? a - b : b - a;
  return apart <= HostsFound::kRelayAdds + std::max(a, b) / HostsFound::kAlikeShare;
}

/// Sums of bytes come from a log that anybody may have written.
void add_to(uint64_t& sum, uint64_t more) {
  sum = sum + more < sum ? UINT64_MAX : sum + more;
}

/// What comes in at the host goes out of it, while it does.
bool is_relayed(const WholeFlow& in, const WholeFlow& out) {
  return in.far != out.far && out.start_ns >= in.start_ns - kBeforeNs && out.start_ns <= in.end_ns &&
         is_alike(in.up, out.up) && is_alike(in.down, out.down);
}

class HostFinder {
 public:
  HostFinder(const std::set<std::string>& shared, HostsFound& out) : shared_(shared), out_(out) {}

  void take(const UsageLine& line) {
    const AccessFields& fields = line.fields;
    ++out_.lines;
    // Who is in no network, or was refused, shows nothing but that somebody knocked.
    if (fields.network.empty() || fields.action == "blocked") {
      return;
    }
    const bool inbound = fields.direction == "inbound";
    if (line.is_end()) {
      return end(line, inbound);
    }
    if (inbound) {
      if (LookedAt* host = host_of(fields.destination_ip, fields)) {
        host->takes = true;
        note_rule(*host, fields);
      }
    } else if (is_plausible(fields.ttl) && (fields.transport == "tcp" || fields.transport == "udp")) {
      if (LookedAt* host = host_of(fields.source_ip, fields)) {
        note_ttl(*host, static_cast<uint8_t>(fields.ttl), fields.count);
      }
    }
  }

  void finish() {
    for (auto& [address, host] : hosts_) {
      HostFound& told = host.told;
      if (told.is_server_like() || told.is_relay_like() || told.is_several_machines()) {
        out_.hosts.push_back(std::move(told));
      }
    }
    std::sort(out_.hosts.begin(), out_.hosts.end(),
              [](const HostFound& a, const HostFound& b) { return a.address < b.address; });
    out_.looked_at = hosts_.size();
  }

 private:
  /// nullptr where there are too many.
  LookedAt* host_of(std::string_view address, const AccessFields& fields) {
    key_.assign(address);
    auto found = hosts_.find(key_);
    if (found == hosts_.end()) {
      if (hosts_.size() >= HostsFound::kMaxHosts) {
        out_.left_out = true;
        return nullptr;
      }
      found = hosts_.emplace(key_, LookedAt{}).first;
      HostFound& told = found->second.told;
      told.address = key_;
      told.network = field_text(fields.network);
      told.shared = shared_.contains(told.network);
      found->second.number = hosts_.size();
    }
    return &found->second;
  }

  static void note_rule(LookedAt& host, const AccessFields& fields) {
    std::set<std::string>& rules = host.told.served.rules;
    if (!fields.rule.empty() && rules.size() < HostsFound::kMaxRules) {
      rules.insert(field_text(fields.rule));
    }
  }

  static void note_ttl(LookedAt& host, uint8_t ttl, uint64_t count) {
    SeenTtls& ttls = host.told.ttls;
    ttls.values[ttl] += count;
    ttls.switches += host.last_ttl != 0 && host.last_ttl != ttl;
    host.last_ttl = ttl;
  }

  void end(const UsageLine& line, bool inbound) {
    const AccessFields& fields = line.fields;
    // Nearly all hosts take nothing from the line: what they open needs no pair.
    key_.assign(inbound ? fields.destination_ip : fields.source_ip);
    const auto known = hosts_.find(key_);
    if (!inbound && (known == hosts_.end() || !known->second.takes)) {
      return;
    }
    WholeFlow flow;
    if (!whole(line, flow)) {
      return;
    }
    flow.far = inbound ? fields.source_ip : fields.destination_ip;
    if (inbound && flow.down == 0) {
      return;  // nobody answered, or a reset did
    }
    LookedAt* const host = host_of(inbound ? fields.destination_ip : fields.source_ip, fields);
    if (host == nullptr) {
      return;
    }
    if (inbound) {
      host->takes = true;
      serve(*host, fields, flow);
    }
    if (flow.up + flow.down >= HostsFound::kLeastRelayed) {
      pair(*host, inbound, std::move(flow));
    }
  }

  /// Adds up a long flow's lines. Returns whether it has ended; out is all of it then.
  bool whole(const UsageLine& line, WholeFlow& out) {
    const AccessFields& fields = line.fields;
    const int64_t end_ns = parse_utc(fields.end).value_or(line.time_ns);
    const auto lasted = static_cast<int64_t>(std::min<uint64_t>(fields.duration_ns, INT64_MAX / 4));
    std::string& key = flow_key_;
    key.assign(fields.source_ip).append(1, ' ').append(fields.destination_ip).append(1, ' ');
    key.append(fields.transport).append(1, ' ').append(std::to_string(fields.source_port));
    key.append(1, ' ').append(std::to_string(fields.destination_port));
    const uint64_t hash = XXH3_64bits(key.data(), key.size());
    const auto before = open_.find(hash);
    WholeFlow flow = before == open_.end() ? WholeFlow{.start_ns = end_ns - lasted} : before->second;
    flow.end_ns = end_ns;
    add_to(flow.up, fields.source_bytes);
    add_to(flow.down, fields.destination_bytes);
    if (fields.ended != "continues") {
      if (before != open_.end()) {
        open_.erase(before);
      }
      out = std::move(flow);
      return true;
    }
    if (before != open_.end()) {
      before->second = std::move(flow);
    } else if (open_.size() < HostsFound::kMaxOpen) {
      open_.emplace(hash, std::move(flow));
    } else {
      out_.left_out = true;
    }
    return false;
  }

  void serve(LookedAt& host, const AccessFields& fields, const WholeFlow& flow) {
    ServedFlows& served = host.told.served;
    ++served.answered;
    add_to(served.bytes_in, flow.up);
    add_to(served.bytes_out, flow.down);
    served.last_ns = std::max(served.last_ns, flow.end_ns);
    const std::string port = std::string(fields.transport) + "/" + std::to_string(fields.destination_port);
    if (served.ports.contains(port) || served.ports.size() < HostsFound::kMaxPorts) {
      ++served.ports[port];
    }
    const uint64_t peer = XXH3_64bits_withSeed(flow.far.data(), flow.far.size(), host.number);
    if (peers_.size() < HostsFound::kMaxPeers) {
      served.peers += peers_.insert(peer).second;
    } else {
      out_.left_out = out_.left_out || !peers_.contains(peer);
    }
  }

  /// Finds the flow's other half among those that wait, or lets it wait.
  void pair(LookedAt& host, bool inbound, WholeFlow flow) {
    std::deque<WholeFlow>& others = inbound ? host.out : host.in;
    const auto other = std::find_if(others.rbegin(), others.rend(), [&](const WholeFlow& each) {
      return inbound ? is_relayed(flow, each) : is_relayed(each, flow);
    });
    if (other != others.rend()) {
      const WholeFlow& in = inbound ? flow : *other;
      RelayedFlows& relayed = host.told.relayed;
      ++relayed.pairs;
      add_to(relayed.bytes, in.up);
      add_to(relayed.bytes, in.down);
      relayed.from = in.far;
      relayed.to = inbound ? other->far : flow.far;
      relayed.last_ns = std::max(relayed.last_ns, in.end_ns);
      others.erase(std::next(other).base());
      --waiting_;
      return;
    }
    std::deque<WholeFlow>& own = inbound ? host.in : host.out;
    if (own.size() >= HostsFound::kMaxOfHost) {
      own.pop_front();  // it ended long ago
      --waiting_;
    }
    if (waiting_ >= HostsFound::kMaxFlows) {
      out_.left_out = true;
      return;
    }
    own.push_back(std::move(flow));
    ++waiting_;
  }

  const std::set<std::string>& shared_;
  HostsFound& out_;
  std::unordered_map<std::string, LookedAt> hosts_;
  std::unordered_set<uint64_t> peers_;            ///< hashes of a host's number and a peer
  std::unordered_map<uint64_t, WholeFlow> open_;  ///< long flows so far, by the hash of their ends
  size_t waiting_ = 0;                            ///< flows in all hosts' in and out
  std::string key_, flow_key_;
};

}  // namespace

bool HostFound::is_server_like() const {
  return served.answered >= HostsFound::kLeastAnswered;
}

bool HostFound::is_relay_like() const {
  return relayed.pairs >= HostsFound::kLeastPairs;
}

bool HostFound::is_several_machines() const {
  const auto often = std::count_if(ttls.values.begin(), ttls.values.end(),
                                   [](const auto& each) { return each.second >= HostsFound::kLeastOfTtl; });
  return !shared && often > 1 && ttls.switches >= HostsFound::kLeastSwitches;
}

std::string find_hosts(const UsageScope& scope, const std::set<std::string>& shared, HostsFound& found) {
  HostFinder finder(shared, found);
  const auto take = [&](const UsageLine& line) {
    finder.take(line);
    return true;
  };
  std::string error = read_usage(scope, take, found.findings);
  finder.finish();
  return error;
}

}  // namespace sluice::control
