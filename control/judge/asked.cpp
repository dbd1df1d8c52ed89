// control/judge: a question as a person asks it.
#include "control/judge/asked.h"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/policy/prefix.h"
#include "control/policy/time_text.h"
#include "control/policy/written_name.h"

namespace sluice::control {
namespace {

constexpr uint8_t kTcp = IPPROTO_TCP, kUdp = IPPROTO_UDP;
constexpr uint16_t kMaxVlan = 4094;

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

/// Both ends, and which of them is the LAN's.
std::string read_addresses(const Asked& asked, const std::string& to_text, Question& out) {
  Address from, to;
  if (asked.from.empty()) {
    return "who asks? write --from 10.20.1.7";
  }
  if (!parse_address(asked.from, from)) {
    return asked.from + " is no IP address; write --from 10.20.1.7";
  }
  if (to_text.empty()) {
    static constexpr uint8_t kNowhere[16] = {};
    to = from.is_v4() ? Address::from_v4(kNowhere) : Address::from_v6(kNowhere);
  } else if (!parse_address(to_text, to)) {
    return to_text + " is no IP address; a name goes into --host";
  } else if (to.is_v4() != from.is_v4()) {
    return "--from and --to are of different families";
  }
  if (asked.inbound && to_text.empty()) {
    return "an inbound access needs --to, an address of the LAN";
  }
  out.direction = asked.inbound ? Direction::Inbound : Direction::Outbound;
  out.local = asked.inbound ? to : from;
  out.remote = asked.inbound ? from : to;
  return {};
}

std::string read_host(const std::string& host, Question& out) {
  out.name.clear();
  if (host.empty()) {
    return {};
  }
  const std::string bare = host.back() == '.' ? host.substr(0, host.size() - 1) : host;
  const WrittenName written = read_bare_written_name(bare, NameScope::Both);
  if (written.error != NameError::None || written.name.empty()) {
    return host + " is no host name: " +
           std::string(what_of(written.error != NameError::None ? written.error : NameError::Star));
  }
  out.name = written.name;
  return {};
}

std::string read_time(const std::string& at, const Judge& judge, Question& out) {
  const auto time = at.empty() ? std::optional(utc_now()) : parse_moment(at, judge.timezone());
  if (!time) {
    return at + " is no time; write 2026-11-23T09:00, or 2026-11-23T09:00:00+08:00";
  }
  out.at_s = time->time_since_epoch().count();
  return judge.knows(out.at_s)
             ? std::string()
             : at + " is too far away: schedules are known for a year back and two years ahead";
}

}  // namespace

std::string question_of(const Asked& asked, const Judge& judge, Question& out) {
  const auto* const spoken = std::find_if(std::begin(kSpoken), std::end(kSpoken), [&](const Spoken& each) {
    return asked.protocol == word_of(each.protocol);
  });
  if (spoken == std::end(kSpoken)) {
    return "unknown protocol " + asked.protocol;
  }
  if (!asked.line.empty() && judge.policy().line_of(asked.line) == kUnknownLine) {
    return "the policy has no line " + asked.line;
  }
  Address ignored;
  const bool is_address = asked.to.empty() && parse_address(asked.host, ignored);
  if (std::string why = read_addresses(asked, is_address ? asked.host : asked.to, out); !why.empty()) {
    return why;
  }
  if (std::string why = read_host(is_address ? std::string() : asked.host, out); !why.empty()) {
    return why;
  }
  out.line = asked.line;
  out.vlan = asked.vlan.value_or(kNoVlan);
  out.transport = asked.transport.empty() ? spoken->transport : asked.transport == "udp" ? kUdp : kTcp;
  out.port = asked.port.value_or(spoken->port);
  out.protocol = spoken->protocol;
  out.seen = out.name.empty() ? Seen::Nothing : spoken->seen == Seen::Nothing ? Seen::Binding : spoken->seen;
  out.unidentified = out.seen == Seen::Nothing || out.seen == Seen::Binding;
  out.situation = spoken->seen == Seen::Nothing ? Situation::UnknownProtocol : Situation::NoName;
  out.canary = out.protocol == Protocol::Dns && is_canary(out.name);
  return read_time(asked.at, judge, out);
}

std::string read_asked(const nlohmann::json& line, Asked& out) {
  if (!line.is_object()) {
    return "a question is one JSON object, as {\"from\": \"10.20.1.7\", \"host\": \"www.example.com\"}";
  }
  for (const auto& [key, value] : line.items()) {
    std::string* const text = key == "from"        ? &out.from
                              : key == "host"      ? &out.host
                              : key == "to"        ? &out.to
                              : key == "protocol"  ? &out.protocol
                              : key == "transport" ? &out.transport
                              : key == "line"      ? &out.line
                              : key == "at"        ? &out.at
                                                   : nullptr;
    std::optional<uint16_t>* const number = key == "port" ? &out.port : key == "vlan" ? &out.vlan : nullptr;
    const bool fits = number != nullptr && value.is_number_unsigned() &&
                      value.get<uint64_t>() <= (key == "vlan" ? kMaxVlan : UINT16_MAX);
    if (text != nullptr && value.is_string()) {
      *text = value.get<std::string>();
    } else if (fits) {
      *number = value.get<uint16_t>();
    } else if (key == "direction" && (value == "inbound" || value == "outbound")) {
      out.inbound = value == "inbound";
    } else {
      return "the key " + key + " is not known, or its value is not right";
    }
  }
  if (!out.transport.empty() && out.transport != "tcp" && out.transport != "udp") {
    return "transport is tcp or udp";
  }
  return out.from.empty() ? "a question needs a `from`" : "";
}

}  // namespace sluice::control
