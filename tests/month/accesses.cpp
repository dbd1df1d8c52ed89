// month: makes records.
#include "tests/month/accesses.h"

#include <algorithm>
#include <cstring>

#include "bench/name_maker.h"

namespace sluice::month {
namespace {

constexpr std::string_view kEssentialNames[] = {"office.example", "sap.example",  "mail.example",
                                                "meet.example",   "bank.example", "customs.example"};
constexpr std::string_view kHosts[] = {"www", "login", "api", "files", "cdn", "eu1", "ap2"};
constexpr std::string_view kOfficeNames[] = {"erp.hq.example", "wiki.hq.example", "files.hq.example"};

Address v4_of(uint32_t number) {
  const uint8_t bytes[] = {static_cast<uint8_t>(number >> 24), static_cast<uint8_t>(number >> 16),
                           static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  return Address::from_v4(bytes);
}

uint32_t hash_of(std::string_view name) {
  uint32_t out = 2166136261;
  for (const char c : name) out = (out ^ static_cast<uint8_t>(c)) * 16777619;
  return out;
}

template <typename Of>
uint16_t index_of_name(const std::string& name, Of of) {
  for (uint16_t i = 0; i < 1000; ++i)
    if (of(i) == name) return i;
  return kNone16;
}

}  // namespace

Accesses::Accesses(const control::ImageNames& names, std::vector<std::string> lines, uint64_t seed)
    : names_(names), lines_(std::move(lines)), chance_(seed), others_(kOtherNames) {
  bench::NameMaker maker(seed);
  for (std::string& each : others_) maker.append(each);
}

uint16_t Accesses::rule(const std::string& name) const {
  return index_of_name(name, [&](uint16_t i) { return names_.rule(i); });
}

uint16_t Accesses::list(const std::string& name) const {
  return index_of_name(name, [&](uint16_t i) { return names_.list(i); });
}

void Accesses::set_name(Made& out, std::string name) const {
  out.name = std::move(name);
  out.record.destination = v4_of(0xcb007100 + hash_of(out.name) % 4096);
  out.record.seen = static_cast<uint8_t>(Seen::Sni);
}

/// Where it goes, and what becomes of it.
void Accesses::decide(const Person& person, Made& out) {
  Record& record = out.record;
  const bool opens_listed = person.kind == Kind::Fixed || person.kind == Kind::Visitor;  // default: block
  const auto by = [&](Action action, const char* rule_name, const char* list_name) {
    record.action = static_cast<uint8_t>(action);
    record.reason = static_cast<uint8_t>(Reason::Rule);
    record.rule = rule(rule_name);
    record.list = list(list_name);
  };
  size_t kind = chance_.below(100);
  const auto is = [&](size_t share) {
    const bool yes = kind < share;
    kind -= yes ? 0 : share;
    return yes;
  };
  record.action = static_cast<uint8_t>(opens_listed ? Action::Blocked : Action::Allowed);
  record.reason = static_cast<uint8_t>(Reason::NetworkDefault);
  if (is(kEssential)) {
    set_name(out, std::string(kHosts[chance_.below(std::size(kHosts))]) + '.' +
                      std::string(kEssentialNames[chance_.below(std::size(kEssentialNames))]));
    return by(Action::Allowed, "essential", "essential");
  }
  if (is(kOffice)) {
    set_name(out, std::string(kOfficeNames[chance_.below(std::size(kOfficeNames))]));
    record.destination = v4_of(0x0a400000 + static_cast<uint32_t>(chance_.below(200)));
    return by(Action::Allowed, "hq", "hq-sg");
  }
  if (is(kBetting))
    return set_name(out, "www.bet.example"), by(Action::Blocked, "no-betting-at-work", "betting");
  if (is(kMalware)) return set_name(out, "a.evil.example"), by(Action::Blocked, "no-malware", "malware");
  // Few names have most of the accesses.
  const size_t other = chance_.below(kOtherNames) * chance_.below(kOtherNames) / kOtherNames *
                       chance_.below(kOtherNames) / kOtherNames;
  if (is(kVideo)) {
    set_name(out, "www.video.example");
    by(Action::Observed, "watch-streaming", "video");
    record.would = static_cast<uint8_t>(Action::Allowed);
    return;
  }
  set_name(out, others_[other]);
  if (!is(kNameless)) return;
  out.name.clear();
  record.seen = static_cast<uint8_t>(Seen::Nothing);
  record.action = static_cast<uint8_t>(Action::Blocked);
  record.reason = static_cast<uint8_t>(Reason::ByAddress);
}

Made Accesses::make(const World& world, const Person& person, int64_t at_ns) {
  Made out;
  Record& record = out.record;
  out.person = world.index_of(person);
  record.number = ++number_;
  record.time_ns = at_ns;
  record.transport = 6;
  record.protocol = static_cast<uint8_t>(Protocol::Tls);
  record.vlan = kNoVlan;
  record.generation = 1;
  record.rule = record.list = kNone16;
  record.network = index_of_name(person.network, [&](uint16_t i) { return names_.network(i); });
  const bool other_line = person.kind == Kind::Fixed || person.kind == Kind::Branch;
  record.line = other_line ? 1 : 0;
  record.source = person.has_v6 && chance_.below(100) < kOverIpv6 ? person.v6 : person.v4;
  for (size_t i = 0; i < sizeof record.mac; ++i)
    record.mac[i] = static_cast<uint8_t>(person.frames >> (40 - 8 * i));
  record.source_port = static_cast<uint16_t>(1024 + chance_.below(60'000));
  record.destination_port = 443;
  decide(person, out);
  if ((person.kind == Kind::Fixed || person.kind == Kind::Desk) && chance_.below(200) < kInbound) {
    record.direction = Direction::Inbound;
    record.destination = person.v4;
    record.source = v4_of(0x0a400000 + static_cast<uint32_t>(chance_.below(200)));
    std::memset(record.mac, 0, sizeof record.mac);
    record.action = static_cast<uint8_t>(Action::Allowed);
    record.reason = static_cast<uint8_t>(Reason::Rule);
    record.rule = rule("hq-inbound");
    record.list = kNone16;
    out.name.clear();
  }
  const bool blocked = record.action == static_cast<uint8_t>(Action::Blocked);
  record.source_bytes = 300 + chance_.below(1200);
  record.name_size = static_cast<uint8_t>(out.name.size());
  if (!blocked && chance_.below(100) < kEnds) {
    Made end = out;
    Record& last = end.record;
    last.ended = chance_.one_in(4) ? Ended::Timeout : Ended::Fin;
    const uint64_t lasts_ms = chance_.below(kLongestFlow / 1'000'000) * chance_.below(1000) / 1000;
    last.end = {};
    last.end.access = record.number;
    last.end.duration_ms = static_cast<uint32_t>(lasts_ms);
    last.end.idle_ms = static_cast<uint32_t>(chance_.below(30'000));
    last.end.source_packets = 12;
    last.end.destination_packets = 30;
    last.time_ns += static_cast<int64_t>(last.end.duration_ms + last.end.idle_ms) * 1'000'000;
    last.source_bytes = 300 + chance_.below(20'000);
    last.destination_bytes = chance_.below(1'000) * chance_.below(2'000);
    last.number = 0;
    ends_.push(std::move(end));
  }
  return out;
}

bool Accesses::next_end(int64_t to_ns, Made& out) {
  if (ends_.empty() || ends_.top().record.time_ns > to_ns) return false;
  out = ends_.top();
  ends_.pop();
  out.record.number = ++number_;
  return true;
}

}  // namespace sluice::month
