// control/judge: one access, as a policy is asked about it.
#include "control/judge/question.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <span>

#include "control/base/utc.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr std::string_view kCanaries[] = {"use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"};
constexpr uint16_t kRdpPort = 3389;
constexpr int64_t kSecondNs = 1'000'000'000;

/// The place of a word in a list of words; nothing where it is not there.
std::optional<size_t> place_of(std::string_view word, std::span<const std::string_view> words) {
  const auto found = std::ranges::find(words, word);
  return found == words.end() ? std::nullopt : std::optional(static_cast<size_t>(found - words.begin()));
}

std::optional<uint8_t> transport_of(std::string_view word) {
  if (word == "tcp") return IPPROTO_TCP;
  if (word == "udp") return IPPROTO_UDP;
  if (word == "icmp") return IPPROTO_ICMP;
  if (word == "ipv6-icmp") return IPPROTO_ICMPV6;
  uint8_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == word.data() + word.size();
  return whole ? std::optional(number) : std::nullopt;
}

/// Why what this reason says was no policy's decision; empty where it was one.
std::string_view undecidable(Reason reason) {
  if (reason == Reason::LogFull) return "the event ring was full";
  if (reason > Reason::LogFull) return "it is of a packet, not of an access";
  return {};
}

/// Ends, and what is no access at all.
std::string_view other_kind(const AccessFields& line) {
  if (!line.kind.empty()) return "records are missing there";
  if (!line.ended.empty()) return "it is the end of a flow";
  return {};
}

/// Addresses, ports, protocol: what every line has.
bool read_ends(const AccessFields& line, Question& out) {
  Address source, destination;
  const auto transport = transport_of(line.transport);
  const auto protocol = place_of(line.protocol, kProtocolWords);
  const auto time = parse_utc(line.time);
  if (!parse_address(line.source_ip, source) || !parse_address(line.destination_ip, destination) ||
      !transport || !protocol || !time || line.destination_port > UINT16_MAX) {
    return false;
  }
  uint16_t vlan = kNoVlan;
  if (!line.vlan.empty()) {
    const char* const end = line.vlan.data() + line.vlan.size();
    const auto read = std::from_chars(line.vlan.data(), end, vlan);
    if (read.ec != std::errc() || read.ptr != end) return false;
  }
  const bool inbound = line.direction == "inbound";
  out.direction = inbound ? Direction::Inbound : Direction::Outbound;
  out.local = inbound ? destination : source;
  out.remote = inbound ? source : destination;
  out.vlan = vlan;
  out.transport = *transport;
  out.port = static_cast<uint16_t>(line.destination_port);
  out.protocol = static_cast<Protocol>(*protocol);
  out.at_s = *time / kSecondNs;
  return true;
}

/// What was seen of a name. An address that stood where a name should is left out of the log; it is the
/// server's own as good as always.
void read_name(const AccessFields& line, Seen seen, Question& out) {
  out.seen = seen;
  if (line.domain.find('\\') == std::string_view::npos) {
    out.name.assign(line.domain);
  } else {
    out.name = field_text(line.domain);
  }
  out.unidentified = seen == Seen::Nothing || seen == Seen::Binding;
  if (!out.name.empty() || out.unidentified) return;
  const bool v4 = line.destination_ip.find(':') == std::string_view::npos;
  out.name.append(v4 ? "" : "[").append(line.destination_ip).append(v4 ? "" : "]");
}

}  // namespace

Situation usual_situation(Protocol protocol) {
  const bool named = protocol >= Protocol::Tls && protocol <= Protocol::Dtls;
  return named ? Situation::NoName : Situation::UnknownProtocol;
}

bool is_canary(std::string_view name) {
  return std::ranges::find(kCanaries, name) != std::end(kCanaries);
}

std::string_view question_of(const AccessFields& line, Question& out) {
  if (const std::string_view other = other_kind(line); !other.empty()) return other;
  const auto reason_place = place_of(line.reason, kReasonWords);
  const auto seen = place_of(line.seen, kSeenWords);
  if (!reason_place || !seen || !read_ends(line, out)) return "it cannot be read";
  const auto reason = static_cast<Reason>(*reason_place);
  if (const std::string_view why = undecidable(reason); !why.empty()) return why;
  read_name(line, static_cast<Seen>(*seen), out);
  if (line.line.find('\\') == std::string_view::npos) {
    out.line.assign(line.line);
  } else {
    out.line = field_text(line.line);
  }
  const bool situation = reason >= Reason::NoName && reason <= Reason::LogFull;
  out.situation =
      situation && out.unidentified
          ? static_cast<Situation>(static_cast<uint8_t>(reason) - static_cast<uint8_t>(Reason::NoName))
          : usual_situation(out.protocol);
  out.mismatch = reason == Reason::NameMismatch;
  // Without the grace nothing passes as midstream: the address decides then.
  out.in_grace = reason == Reason::Midstream && line.action != word_of(Action::Blocked);
  out.rdp = out.protocol == Protocol::Tls && out.port == kRdpPort;
  out.canary = out.protocol == Protocol::Dns && is_canary(out.name);
  return {};
}

}  // namespace sluice::control
