// policy: the verdict on one access.
#include <hs/hs_runtime.h>

#include <algorithm>
#include <bit>
#include <span>

#include "dataplane/policy/tables.h"

namespace sluice {
namespace {

constexpr uint16_t kDotPort = 853;
constexpr size_t kMaxWords = (kMaxRules + 63) / 64;

/// The rules that from, to and direction leave for one access, and which of them match in the end.
class Judgement {
 public:
  /// live: the row of the rules that hold at now_s.
  Judgement(const Policy::Tables& tables, const Subject& subject, const uint64_t* live, int64_t now_s)
      : t_(tables), s_(subject), words_(t_.site->rule_words), live_(live), now_s_(now_s) {}

  /// network: of the local side.
  void collect(const AddressClass& local, const AddressClass& remote, uint16_t network) {
    const bool outbound = s_.direction == Direction::Outbound;
    name_set_ = t_.set_for(s_.name);
    address_set_ = outbound ? remote.set : local.set;
    const AddressClass& opener = outbound ? local : remote;
    const uint64_t* direction = t_.row(outbound ? RuleRow::Outbound : RuleRow::Inbound);
    const uint64_t* any_from = t_.row(RuleRow::AnyFrom);
    const uint64_t* any_to = t_.row(RuleRow::AnyTo);
    const uint64_t* from_set = t_.row(row_from_set(opener.set));
    const uint64_t* to_address = t_.row(row_to_set(address_set_));
    const uint64_t* to_name = t_.row(row_to_set(name_set_));
    const uint64_t* local_network = t_.row_for_network(outbound, network);
    end_address_ = to_address;
    end_network_ = outbound ? nullptr : local_network;
    for (size_t w = 0; w < words_; ++w) {
      // A resolver asks for somebody else: only rules that hold for everybody can hold for its questions.
      const uint64_t by_opener = s_.resolver_question ? 0 : from_set[w] | (outbound ? local_network[w] : 0);
      const uint64_t from = any_from[w] | by_opener;
      to_[w] = any_to[w] | to_address[w] | to_name[w] | (outbound ? 0 : local_network[w]);
      from_[w] = from & direction[w];
    }
  }

  /// The first rule that decides: kNone16 where none does. Marks the first observing rule it passes.
  /// tunnels: look at the registered tunnels, and else at the rules.
  uint16_t decide(bool tunnels = false) {
    observed_ = decided_ = kNone16;
    for (size_t w = 0; w < words_; ++w) {
      for (uint64_t left = from_[w] & to_[w] & live_[w]; left != 0; left &= left - 1) {
        const auto rule = static_cast<uint16_t>(w * 64 + static_cast<size_t>(std::countr_zero(left)));
        if (is_tunnel_rule(rule) != tunnels || !protocol_fits(rule) || !port_fits(rule)) continue;
        if (tunnels && !end_fits(rule)) continue;
        if (asked_for_later(rule)) continue;
        if (static_cast<RuleAction>(t_.rules[rule].action) != RuleAction::Observe) return decided_ = rule;
        if (observed_ == kNone16) observed_ = rule;
      }
    }
    return kNone16;
  }

  /// The first rule that decides, with the name's patterns matched where that can matter.
  uint16_t decide_with_patterns(hs_scratch* scratch) {
    const uint16_t rule = decide();
    if (!pattern_may_come_before(rule)) return rule;
    scan(scratch);
    return decide();
  }

  /// True where a pattern could bring in a rule that stands before `decided`, so that the name must be
  /// scanned.
  bool pattern_may_come_before(uint16_t decided) const {
    if (t_.patterns == nullptr || s_.name.empty()) return false;
    for (size_t w = 0; w < words_ && w * 64 < decided; ++w) {
      const uint64_t pending = t_.pattern_rules[w] & from_[w] & live_[w] & ~to_[w];
      if (pending != 0 && w * 64 + static_cast<size_t>(std::countr_zero(pending)) < decided) return true;
    }
    return false;
  }

  /// True where some allow rule, whoever it is for and whenever it holds, opens this very name.
  bool opened_for_somebody() const {
    const uint64_t* to_name = t_.row(row_to_set(name_set_));
    const uint64_t* outbound = t_.row(RuleRow::Outbound);
    for (size_t w = 0; w < words_; ++w) {
      uint64_t left = to_name[w];
      for (size_t i = 0; i < matched_count_; ++i) left |= t_.row_for_list(matched_[i])[w];
      for (left &= outbound[w]; left != 0; left &= left - 1) {
        const size_t rule = w * 64 + static_cast<size_t>(std::countr_zero(left));
        const RuleInfo& info = t_.rules[rule];
        const bool allows =
            static_cast<RuleAction>(info.action) == RuleAction::Allow && info.expires > now_s_;
        if (allows && !is_tunnel_rule(static_cast<uint16_t>(rule))) return true;
      }
    }
    return false;
  }

  void scan(hs_scratch* scratch) {
    hs_scan(t_.patterns, s_.name.data(), static_cast<unsigned>(s_.name.size()), 0, scratch,
            &Judgement::on_match, this);
  }

  /// The list by which `rule` matched: one that has the name before one that has the address before one whose
  /// pattern fits, and then the one declared first. kNone16 where its `to` is any, or a network.
  uint16_t list_of(uint16_t rule) const {
    for (uint32_t set : {is_tunnel_rule(rule) ? 0 : name_set_, address_set_}) {
      const SetInfo& info = t_.sets[set];
      for (uint16_t list : t_.set_lists.subspan(info.first_list, info.list_count))
        if (bit(t_.row_for_list(list), rule)) return list;
    }
    uint16_t first = kNone16;
    if (end_fits(rule)) return first;  // it needs no pattern, so the name may not have been scanned
    for (const uint16_t list : std::span(matched_, matched_count_))
      if (bit(t_.row_for_list(list), rule)) first = std::min(first, list);
    return first;
  }

  uint16_t observed() const { return observed_; }

  /// Writes down, for each rule up to the one that ended the search, why it was passed over.
  void explain(Trace& trace) const {
    const size_t end = decided_ == kNone16 ? t_.rules.size() : size_t{decided_} + 1;
    const uint64_t* direction =
        t_.row(s_.direction == Direction::Outbound ? RuleRow::Outbound : RuleRow::Inbound);
    for (uint16_t rule = 0; rule < end && trace.count < trace.steps.size(); ++rule) {
      PassedOver why = PassedOver::Matched;
      if (is_tunnel_rule(rule) && !(is_tunnel(s_.protocol) && bit(direction, rule))) continue;
      if (!bit(direction, rule)) {
        why = PassedOver::Direction;
      } else if (!bit(from_, rule)) {
        why = PassedOver::From;
      } else if (!bit(live_, rule) ||
                 asked_for_later(rule)) {  // before `to`: no name is scanned for its patterns
        why = t_.rules[rule].expires <= now_s_ ? PassedOver::Expired : PassedOver::Schedule;
      } else if (!bit(to_, rule) || (is_tunnel_rule(rule) && !end_fits(rule))) {
        why = PassedOver::To;
      } else if (!protocol_fits(rule)) {
        why = PassedOver::Protocol;
      } else if (!port_fits(rule)) {
        why = PassedOver::Port;
      }
      trace.steps[trace.count++] = {rule, why};
    }
  }

 private:
  static int on_match(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
    auto& self = *static_cast<Judgement*>(context);
    if (id >= self.t_.pattern_lists.size()) return 0;
    const uint16_t list = self.t_.pattern_lists[id];
    const uint64_t* row = self.t_.row_for_list(list);
    for (size_t w = 0; w < self.words_; ++w) self.to_[w] |= row[w];
    // Which list it was only serves the record; beyond the bound the rule still decides, and the list is left
    // out.
    if (self.matched_count_ < std::size(self.matched_)) self.matched_[self.matched_count_++] = list;
    return 0;
  }

  bool is_tunnel_rule(uint16_t rule) const {
    return static_cast<TunnelRule>(t_.rules[rule].tunnel) != TunnelRule::No;
  }

  /// A tunnel's ends are known by their addresses: no name that is told brings one in.
  bool end_fits(uint16_t rule) const {
    return bit(t_.row(RuleRow::AnyTo), rule) || bit(end_address_, rule) ||
           (end_network_ != nullptr && bit(end_network_, rule));
  }

  /// What a resolver learns is kept beyond the time at which it asked: no schedule counts for it.
  bool asked_for_later(uint16_t rule) const {
    return s_.resolver_question && t_.rules[rule].calendar != kNone16;
  }

  bool protocol_fits(uint16_t rule) const {
    if (t_.rules[rule].protocols == 0 || wants(rule, s_.protocol)) return true;
    return (wants(rule, Protocol::Dot) && is_dot()) || (wants(rule, Protocol::Doh) && is_doh()) ||
           (wants(rule, Protocol::Rdp) && s_.rdp);
  }

  bool wants(uint16_t rule, Protocol protocol) const {
    return t_.rules[rule].protocols >> static_cast<unsigned>(protocol) & 1;
  }

  /// RFC 7858 3.1 and RFC 9250 4.1.1: DNS over TLS and over QUIC are known by their port.
  bool is_dot() const {
    return s_.service_port == kDotPort && (s_.protocol == Protocol::Tls || s_.protocol == Protocol::Quic);
  }

  /// DNS over HTTPS looks like any other; only who serves it tells.
  bool is_doh() const {
    const bool web = s_.protocol == Protocol::Tls || s_.protocol == Protocol::Quic ||
                     s_.protocol == Protocol::Http || s_.protocol == Protocol::H2c;
    return web && (has_list(name_set_, t_.site->doh_list) || has_list(address_set_, t_.site->doh_list));
  }

  bool has_list(uint32_t set, uint16_t list) const {
    const SetInfo& info = t_.sets[set];
    const auto lists = t_.set_lists.subspan(info.first_list, info.list_count);
    return std::ranges::find(lists, list) != lists.end();
  }

  bool port_fits(uint16_t rule) const {
    const RuleInfo& info = t_.rules[rule];
    if (info.port_count == 0) return true;
    const auto ports = t_.ports.subspan(info.first_port, info.port_count);
    return std::any_of(ports.begin(), ports.end(), [this](const PortRange& range) {
      return range.transport == s_.transport && range.first <= s_.service_port &&
             s_.service_port <= range.last;
    });
  }

  const Policy::Tables& t_;
  const Subject& s_;
  const size_t words_;
  const uint64_t* const live_;
  const int64_t now_s_;
  uint32_t name_set_ = 0, address_set_ = 0;
  const uint64_t *end_address_ = nullptr, *end_network_ = nullptr;  ///< rows: which `to` takes the other end
  uint16_t observed_ = kNone16, decided_ = kNone16;
  uint16_t matched_[16];
  size_t matched_count_ = 0;
  uint64_t from_[kMaxWords], to_[kMaxWords];
};

/// What holds when no rule decided. setting: of the subject's situation, if it has one.
void fall_back(const Policy::Tables& t, const NetworkInfo& network, const Subject& subject,
               Verdict& verdict) {
  Setting setting = static_cast<Setting>(network.fallback);
  verdict.reason = Reason::NetworkDefault;
  if (subject.direction == Direction::Inbound) {
    setting = Setting::Block;
    verdict.reason = Reason::InboundRefused;
  } else if (subject.unidentified) {
    setting = static_cast<Setting>(network.unidentified[static_cast<size_t>(subject.situation)]);
    verdict.reason = reason_of(subject.situation);
    if (subject.situation == Situation::Midstream && !subject.in_grace) setting = Setting::ByAddress;
    if (setting == Setting::ByAddress) {
      // A bound name that no rule knows is judged as any other name: by the network's default.
      setting = subject.name.empty() ? Setting::Block : static_cast<Setting>(network.fallback);
      if (!subject.name.empty()) verdict.reason = Reason::ByAddress;
    }
    const bool marks_only = static_cast<Setting>(network.fallback) == Setting::Observe;
    if (marks_only && setting == Setting::Block) setting = Setting::Observe;
  }
  verdict.action = setting == Setting::Allow     ? Action::Allowed
                   : setting == Setting::Observe ? Action::Observed
                                                 : Action::Blocked;
  verdict.would = Action::Blocked;
}

/// A registered resolver's own question: refused only where it is refused to everybody, and opened to nobody.
Verdict judge_resolver(const Policy::Tables& t, const Subject& subject, hs_scratch* hs, Judgement& judgement,
                       uint16_t network) {
  if (t.patterns != nullptr && !subject.name.empty()) judgement.scan(hs);
  Verdict verdict;
  verdict.network = network;
  const uint16_t rule = judgement.decide();
  const bool blocked = rule != kNone16 && static_cast<RuleAction>(t.rules[rule].action) == RuleAction::Block;
  if (blocked && !judgement.opened_for_somebody()) {
    verdict.reason = Reason::Rule;
    verdict.rule = rule;
    verdict.list = judgement.list_of(rule);
    verdict.silent = t.rules[rule].silent != 0;
    return verdict;
  }
  verdict.action = Action::Allowed;
  verdict.reason = Reason::Resolver;
  return verdict;
}

Verdict judge_registered(const Policy::Tables& t, const Subject& subject, hs_scratch* hs,
                         Judgement& judgement, uint16_t network) {
  Verdict verdict;
  verdict.network = network;
  const uint16_t rule = judgement.decide_with_patterns(hs);
  if (rule != kNone16) {
    const RuleInfo& info = t.rules[rule];
    verdict.reason = Reason::Rule;
    verdict.action =
        static_cast<RuleAction>(info.action) == RuleAction::Allow ? Action::Allowed : Action::Blocked;
    verdict.silent = info.silent != 0;
    verdict.rule = rule;
  } else {
    fall_back(t, t.networks[network], subject, verdict);
  }
  if (verdict.action == Action::Allowed && judgement.observed() != kNone16) {
    verdict.action = Action::Observed;
    verdict.would = Action::Allowed;
    verdict.reason = Reason::Rule;
    verdict.rule = judgement.observed();
  }
  if (verdict.rule != kNone16) verdict.list = judgement.list_of(verdict.rule);
  return verdict;
}

/// A tunnel passes where the policy registers it, and nothing else opens it; a rule may say how it is
/// refused. A registered proxy that is told a name leads there: that is judged as any name.
Verdict judge_tunnel(const Policy::Tables& t, const Subject& subject, hs_scratch* hs, Judgement& judgement,
                     uint16_t network) {
  Verdict verdict;
  verdict.network = network;
  verdict.rule = judgement.decide(true);
  if (verdict.rule != kNone16) {
    if (subject.seen == Seen::Authority) return judge_registered(t, subject, hs, judgement, network);
    verdict.action = Action::Allowed;
    verdict.reason = Reason::TunnelRegistered;
    verdict.opens = static_cast<TunnelRule>(t.rules[verdict.rule].tunnel) == TunnelRule::Opened;
    verdict.list = judgement.list_of(verdict.rule);
    return verdict;
  }
  const uint16_t rule = judgement.decide_with_patterns(hs);
  if (rule != kNone16 && static_cast<RuleAction>(t.rules[rule].action) == RuleAction::Block) {
    verdict.reason = Reason::Rule;
    verdict.rule = rule;
    verdict.list = judgement.list_of(rule);
    verdict.silent = t.rules[rule].silent != 0;
    return verdict;
  }
  verdict.reason = Reason::Tunnel;
  const bool marks_only = static_cast<Setting>(t.networks[network].fallback) == Setting::Observe;
  if (marks_only && subject.direction == Direction::Outbound) verdict.action = Action::Observed;
  return verdict;
}

/// The name passed, but goes where DNS never sent it: whatever opened it opened the name, not this address.
void apply_mismatch(const NetworkInfo& network, Verdict& verdict) {
  const auto situation = static_cast<size_t>(Situation::NameMismatch);
  const auto setting = static_cast<Setting>(network.unidentified[situation]);
  if (setting == Setting::Allow) return;
  const bool marks_only = static_cast<Setting>(network.fallback) == Setting::Observe;
  verdict.action = setting == Setting::Observe || marks_only ? Action::Observed : Action::Blocked;
  verdict.would = Action::Blocked;
  verdict.reason = Reason::NameMismatch;
}

void only_observe(Verdict& verdict) {
  if (verdict.action != Action::Blocked) return;
  verdict.action = Action::Observed;
  verdict.would = Action::Blocked;
}

/// Whose LAN-side address is on no register: is it traffic of two outsiders, which only crosses the company?
/// Where the line opened it, to no office's business; where the LAN side did, from an address that no LAN
/// has.
bool is_transit(const Policy::Tables& t, const Subject& subject, const AddressClass& local) {
  const AddressClass& remote = t.class_for(subject.remote);
  if (local.group != 0 || remote.office != 0 || remote.link != 0) return false;
  return subject.direction == Direction::Inbound || local.internal == 0;
}

}  // namespace

uint16_t Policy::Tables::admit(const Subject& subject, const AddressClass& local, const uint64_t* open_lines,
                               Verdict& refusal) const {
  uint16_t network = network_for(local, subject.vlan);
  const bool any_line = subject.line == kAnyLine;
  if (network == kNone16 && any_line && !networks.empty()) network = 0;
  const uint16_t line = network == kNone16 ? kNone16 : networks[network].line;
  const bool right_line = network != kNone16 && (any_line || line == subject.line);
  const bool open = line == kNone16 || bit(open_lines, line);
  if (right_line && open) return network;
  refusal = Verdict{};
  refusal.network = network;
  refusal.reason = network == kNone16
                       ? (is_transit(*this, subject, local) ? Reason::Transit : Reason::UnregisteredSource)
                   : right_line ? Reason::LineExpired
                                : Reason::WrongLine;
  return kNone16;
}

bool Policy::admits(const Subject& subject, const Scratch& scratch, Verdict& refusal) const {
  const uint64_t* open_lines = scratch.live_.get() + tables_->site->rule_words;
  if (tables_->admit(subject, tables_->class_for(subject.local), open_lines, refusal) != kNone16) return true;
  if (scratch.observing_) only_observe(refusal);
  return false;
}

Verdict Policy::judge(const Subject& subject, Scratch& scratch, Trace* trace) const {
  const Tables& t = *tables_;
  const AddressClass& local = t.class_for(subject.local);
  Verdict verdict;
  const uint16_t network = t.admit(subject, local, scratch.live_.get() + t.site->rule_words, verdict);
  if (network == kNone16) {
    if (scratch.observing_) only_observe(verdict);
    return verdict;
  }
  Judgement judgement(t, subject, scratch.live_.get(), scratch.since_s_);
  judgement.collect(local, t.class_for(subject.remote), network);
  const auto way = is_tunnel(subject.protocol) ? judge_tunnel
                   : subject.resolver_question ? judge_resolver
                                               : judge_registered;
  verdict = way(t, subject, scratch.hs_, judgement, network);
  if (trace != nullptr) judgement.explain(*trace);
  if (subject.mismatch && verdict.passes()) apply_mismatch(t.networks[network], verdict);
  if (scratch.observing_) only_observe(verdict);
  // A tunnel that passes because nothing is blocked shows what it carries, as far as it can.
  const auto kind = kProtocolKinds[static_cast<size_t>(subject.protocol)];
  if (verdict.action == Action::Observed && kind == ProtocolKind::OpenableTunnel) verdict.opens = true;
  return verdict;
}

void Policy::refuse_unlogged(Verdict& verdict, const Scratch& scratch) const {
  const uint16_t number = verdict.network;
  if (number == kNone16 || setting_of(number, Situation::LogFull) != Setting::Block) return;
  const bool marks_only = static_cast<Setting>(tables_->networks[number].fallback) == Setting::Observe;
  verdict = {.reason = Reason::LogFull, .network = number};
  if (scratch.observing_ || marks_only) only_observe(verdict);
}

void Policy::refuse_canary(Verdict& verdict, const Scratch& scratch) const {
  const uint16_t network = verdict.network;
  verdict = {.reason = Reason::Canary, .network = network};
  if (scratch.observing_) only_observe(verdict);
}

}  // namespace sluice
