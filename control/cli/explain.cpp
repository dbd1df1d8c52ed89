// control/cli: sluicectl explain: judges one access with the very code that enforces.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/base/clock.h"
#include "control/cli/commands.h"
#include "control/cli/terminal.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/time_text.h"
#include "control/policy/written_name.h"
#include "dataplane/policy/policy.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr uint8_t kTcp = IPPROTO_TCP, kUdp = IPPROTO_UDP;

int cannot(const std::string& why) {
  std::cerr << "sluicectl: " << why << "\n";
  return kCannot;
}

bool parse_address(const std::string& text, Address& out) {
  uint8_t bytes[16];
  if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) {
    out = Address::from_v4(bytes);
    return true;
  }
  if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) {
    out = Address::from_v6(bytes);
    return true;
  }
  return false;
}

/// How a protocol is met when nothing else is said.
struct Spoken {
  Protocol protocol;
  Seen seen;
  uint8_t transport;
  uint16_t port;
};
constexpr Spoken kSpoken[] = {
    {Protocol::Unknown, Seen::Nothing, kTcp, 0},
    {Protocol::Tls, Seen::Sni, kTcp, 443},
    {Protocol::Quic, Seen::Sni, kUdp, 443},
    {Protocol::Http, Seen::Host, kTcp, 80},
    {Protocol::H2c, Seen::Authority, kTcp, 80},
    {Protocol::Dns, Seen::Question, kUdp, 53},
    {Protocol::Dot, Seen::Sni, kTcp, 853},
    {Protocol::Doh, Seen::Sni, kTcp, 443},
    {Protocol::Dtls, Seen::Sni, kUdp, 443},
    {Protocol::Stun, Seen::Nothing, kUdp, 3478},
    {Protocol::Ntp, Seen::Nothing, kUdp, 123},
    {Protocol::Ssh, Seen::Nothing, kTcp, 22},
    {Protocol::Rdp, Seen::Nothing, kTcp, 3389},
    {Protocol::Smb, Seen::Nothing, kTcp, 445},
    {Protocol::Sip, Seen::Nothing, kUdp, 5060},
    {Protocol::Socks, Seen::Nothing, kTcp, 1080},
    {Protocol::WireGuard, Seen::Nothing, kUdp, 51820},
    {Protocol::OpenVpn, Seen::Nothing, kUdp, 1194},
    {Protocol::IpSec, Seen::Nothing, kUdp, 500},
    {Protocol::L2tp, Seen::Nothing, kUdp, 1701},
    {Protocol::Pptp, Seen::Nothing, kTcp, 1723},
    {Protocol::Teredo, Seen::Nothing, kUdp, 3544},
    {Protocol::Geneve, Seen::Nothing, kUdp, 6081},
    {Protocol::Gtp, Seen::Nothing, kUdp, 2152},
    {Protocol::Gre, Seen::Nothing, IPPROTO_GRE, 0},
    {Protocol::IpIp, Seen::Nothing, IPPROTO_IPIP, 0},
    {Protocol::SixInFour, Seen::Nothing, IPPROTO_IPV6, 0},
    {Protocol::Vxlan, Seen::Nothing, kUdp, 4789},
};
static_assert(std::size(kSpoken) == kProtocolCount);

/// The line by which the access goes: the one named; else that of the client's network; for a client that has
/// none, the first one. Never any line: that is for captures, where an unregistered client counts as
/// registered.
uint8_t line_of(const std::string& name, const Policy& policy, const Subject& subject) {
  if (!name.empty()) {
    return policy.line_of(name);
  }
  const uint16_t network = policy.network_of(subject.local, subject.vlan);
  const uint16_t line = network == kNone16 ? kNone16 : policy.network_line(network);
  return line != kNone16 ? static_cast<uint8_t>(line) : policy.line_count() != 0 ? 0 : kUnknownLine;
}

/// Fills the subject from the options. host: the canonical name, kept by the caller. Returns what is wrong
/// with them.
std::string make_subject(const ExplainOptions& options, std::string& host, const Policy& policy,
                         Subject& out) {
  const auto* spoken = std::find_if(std::begin(kSpoken), std::end(kSpoken), [&](const Spoken& each) {
    return options.protocol == word_of(each.protocol);
  });
  if (spoken == std::end(kSpoken)) {
    return "unknown protocol " + options.protocol;
  }
  Address from, to;
  if (!parse_address(options.from, from)) {
    return options.from + " is no IP address";
  }
  if (options.to.empty()) {
    static constexpr uint8_t kNowhere[16] = {};
    to = from.is_v4() ? Address::from_v4(kNowhere) : Address::from_v6(kNowhere);
  } else if (!parse_address(options.to, to)) {
    return options.to + " is no IP address";
  } else if (to.is_v4() != from.is_v4()) {
    return "--from and --to are of different families";
  }
  if (options.inbound && options.to.empty()) {
    return "an inbound access needs --to, an address of the LAN";
  }
  host = options.host;
  if (!host.empty()) {
    if (host.back() == '.') {
      host.pop_back();
    }
    const WrittenName written = read_bare_written_name(host, NameScope::Both);
    if (written.error != NameError::None || written.name.empty()) {
      return options.host + " is no host name: " +
             std::string(what_of(written.error != NameError::None ? written.error : NameError::Star));
    }
    host = written.name;
  }
  out.direction = options.inbound ? Direction::Inbound : Direction::Outbound;
  out.local = options.inbound ? to : from;
  out.remote = options.inbound ? from : to;
  out.vlan = options.vlan.value_or(0xffff);
  out.line = line_of(options.line, policy, out);
  out.transport = options.transport.empty() ? spoken->transport : options.transport == "udp" ? kUdp : kTcp;
  out.service_port = options.port.value_or(spoken->port);
  out.protocol = spoken->protocol;
  out.name = host;
  out.seen = host.empty() ? Seen::Nothing : spoken->seen;
  out.unidentified = host.empty();
  out.situation = spoken->seen == Seen::Nothing ? Situation::UnknownProtocol : Situation::NoName;
  out.resolver_question = spoken->protocol == Protocol::Dns && policy.is_resolver(out.local);
  return {};
}

/// Returns what is wrong with the time.
std::string set_time(const std::string& at, const CompiledPolicy& compiled, const Policy& policy,
                     Scratch& scratch) {
  const auto time = at.empty() ? utc_now() : parse_moment(at, compiled.timezone);
  if (!time) {
    return at + " is no time; write 2026-11-23T09:00, or 2026-11-23T09:00:00+08:00";
  }
  const int64_t utc_s = time->time_since_epoch().count();
  if (utc_s < policy.site().times_from || utc_s >= policy.site().times_until) {
    return at + " is too far away: schedules are known for a year back and two years ahead";
  }
  policy.advance(scratch, utc_s);
  return {};
}

std::string_view text_of(PassedOver why) {
  switch (why) {
    case PassedOver::Matched:
      return "matches";
    case PassedOver::From:
      return "from does not match";
    case PassedOver::To:
      return "to does not match";
    case PassedOver::Direction:
      return "is for the other direction";
    case PassedOver::Protocol:
      return "is for other protocols";
    case PassedOver::Port:
      return "is for other ports";
    case PassedOver::Schedule:
      return "does not hold at this time";
    case PassedOver::Expired:
      return "has expired";
  }
  return "?";
}

/// Who answers for an exception, and where it was agreed to.
void add_exception(const Policy& policy, uint16_t rule, json& out) {
  const std::string_view owner = policy.rule_text(rule, &RuleInfo::owner);
  if (owner.empty()) return;
  out["owner"] = owner;
  out["ticket"] = policy.rule_text(rule, &RuleInfo::ticket);
}

std::string exception_of(const Policy& policy, uint16_t rule) {
  const std::string_view owner = policy.rule_text(rule, &RuleInfo::owner);
  if (owner.empty()) return {};
  return " (exception of " + std::string(owner) + ", " +
         std::string(policy.rule_text(rule, &RuleInfo::ticket)) + ")";
}

void print_json(const Policy& policy, const Subject& subject, const Verdict& verdict, const Trace& trace) {
  json out{{"action", word_of(verdict.action)},
           {"reason", word_of(verdict.reason)},
           {"rule", nullptr},
           {"list", nullptr},
           {"network", nullptr},
           {"host", subject.name},
           {"trace", json::array()}};
  if (verdict.action == Action::Observed) {
    out["would"] = word_of(verdict.would);
  }
  if (verdict.rule != kNone16) {
    out["rule"] = policy.rule_name(verdict.rule);
  }
  if (verdict.list != kNone16) {
    out["list"] = policy.list_name(verdict.list);
  }
  if (verdict.network != kNone16) {
    out["network"] = policy.network_name(verdict.network);
  }
  add_exception(policy, verdict.rule, out);
  for (const TraceStep& step : trace.steps.first(trace.count)) {
    json entry{{"rule", policy.rule_name(step.rule)},
               {"matched", step.why == PassedOver::Matched},
               {"why", text_of(step.why)}};
    add_exception(policy, step.rule, entry);
    out["trace"].push_back(std::move(entry));
  }
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

void print_text(const Policy& policy, const Subject& subject, const Verdict& verdict, const Trace& trace) {
  const Colour colour = verdict.action == Action::Blocked   ? Colour::Red
                        : verdict.action == Action::Allowed ? Colour::Green
                                                            : Colour::Yellow;
  std::cout << coloured(colour, word_of(verdict.action));
  if (verdict.action == Action::Observed) {
    std::cout << " (would be " << word_of(verdict.would) << ")";
  }
  if (verdict.rule != kNone16) {
    std::cout << " by rule " << coloured(Colour::Bold, policy.rule_name(verdict.rule))
              << exception_of(policy, verdict.rule);
  }
  if (verdict.list != kNone16) {
    std::cout << ", list " << policy.list_name(verdict.list);
  }
  const auto reason = static_cast<size_t>(verdict.reason);
  if (verdict.reason != Reason::Rule && reason < kReasonCount) {
    std::cout << " as " << word_of(verdict.reason) << ": " << kReasonHelp[reason];
  }
  std::cout << "\nnetwork  "
            << (verdict.network != kNone16 ? policy.network_name(verdict.network) : std::string_view("none"))
            << "\nhost     " << (subject.name.empty() ? std::string_view("none to be seen") : subject.name)
            << "\n";
  for (const TraceStep& step : trace.steps.first(trace.count)) {
    std::cout << "rule     " << policy.rule_name(step.rule) << exception_of(policy, step.rule) << ": "
              << text_of(step.why) << "\n";
  }
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  const Compiled compiled = compile_policy(options.policy, 1, {options.feeds});
  if (!compiled.policy) {
    for (const Diagnostic& each : compiled.diagnostics) {
      std::cerr << to_string(each) << "\n";
    }
    return cannot(options.policy + " is invalid");
  }
  ImageError error = ImageError::None;
  const std::unique_ptr<Policy> policy = Policy::open(compiled.policy->image(), error);
  if (!policy) {
    return cannot("the compiled image is refused: " + std::string(sluice::text_of(error)));
  }
  Scratch scratch;
  if (!policy->make_scratch(scratch)) {
    return cannot("no memory");
  }
  if (const std::string why = set_time(options.at, *compiled.policy, *policy, scratch); !why.empty()) {
    return cannot(why);
  }
  std::string host;
  Subject subject;
  if (!options.line.empty() && policy->line_of(options.line) == kUnknownLine) {
    return cannot("the policy has no line " + options.line);
  }
  if (const std::string why = make_subject(options, host, *policy, subject); !why.empty()) {
    return cannot(why);
  }
  std::vector<TraceStep> steps(policy->rule_count());
  Trace trace{steps};
  const Verdict verdict = policy->judge(subject, scratch, &trace);
  if (options.json) {
    print_json(*policy, subject, verdict, trace);
  } else {
    print_text(*policy, subject, verdict, trace);
  }
  return options.exit_code && verdict.action == Action::Blocked ? kNo : kDone;
}

}  // namespace sluice::control
