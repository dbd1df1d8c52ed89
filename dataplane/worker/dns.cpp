// worker: DNS: every question judged, every answer's chain, and what answers teach.
#include <algorithm>
#include <cstring>

#include "dataplane/act/rewrite.h"
#include "dataplane/extract/svcb.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

constexpr size_t kMaxChain = 16;      // names of one answer; an address further along teaches nothing
constexpr size_t kMaxAddresses = 64;  // of one answer that teach; with more, any address fits the name

/// Names whose NXDOMAIN turns a client's own encrypted resolver off (Firefox; iCloud Private Relay).
constexpr std::string_view kCanaries[] = {"use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"};

/// The name asked for, and what CNAMEs make of it.
class Chain {
 public:
  explicit Chain(const HostName& asked) { names_[count_++] = asked; }
  bool has(const HostName& name) const {
    return std::ranges::any_of(names(), [&](const HostName& one) { return one.view() == name.view(); });
  }
  void add(const HostName& name) {
    if (count_ < kMaxChain && !has(name)) names_[count_++] = name;
  }
  std::span<const HostName> names() const { return std::span(names_).first(count_); }

 private:
  size_t count_ = 0;
  std::array<HostName, kMaxChain> names_;
};

bool is_address(uint16_t type) {
  return type == kDnsA || type == kDnsAaaa;
}

bool is_service(uint16_t type) {
  return type == kDnsSvcb || type == kDnsHttps;
}

/// The host that a question is about: `_8443._https.www.example` is about www.example (RFC 9460 2.3).
std::string_view host_of(std::string_view name) {
  while (name.starts_with('_') && name.find('.') != std::string_view::npos)
    name.remove_prefix(name.find('.') + 1);
  return name;
}

}  // namespace

/// A datagram of a flow that speaks DNS. On a port that is not DNS's own it may turn out to be something
/// else.
void WorkerPipeline::dns(Arrival& arrival, Flow& flow) {
  const auto payload = payload_of(arrival);
  DnsMessage message;
  const Extract found = parse_dns(payload, message);
  const bool opener = from_opener(arrival, flow);
  const bool fits = (found == Extract::Name || found == Extract::NoName) && message.is_response() != opener;
  const bool other = flow.key.remote_port != kDnsPort || (found == Extract::NotMine && opener);
  if (!fits && other) return open_unnamed(arrival, flow);
  if (!fits) return drop(arrival, Reason::MalformedDns);
  if (message.question_count == 0 && opener)
    return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Dns, Situation::NoName));
  DnsOutcome outcome;
  if (opener) {
    judge_questions(arrival, flow, message, outcome);
  } else {
    judge_answers(arrival, flow, payload, message, outcome);
  }
  switch (outcome.fate) {
    case DnsFate::Passes:
      return forward(arrival, Reason::Decided);
    case DnsFate::Changed:
      change_payload(arrival, outcome.changed);
      return forward(arrival, Reason::Decided);
    case DnsFate::Malformed:
      return drop(arrival, Reason::MalformedDns);
    case DnsFate::Refused:
      // This message is refused, not the flow: the next question on these ports may be for another name.
      return refuse_packet(arrival, flow, outcome.sighting(), outcome.verdict, outcome.number);
  }
}

/// Every question of the message must pass; each is an access of its own.
void WorkerPipeline::judge_questions(const Arrival& arrival, Flow& flow, const DnsMessage& message,
                                     DnsOutcome& outcome) {
  const auto questions = std::span(message.questions).first(message.question_count);
  const bool canaries = policy_->answers_canaries(policy_->network_of(flow.key.local, flow.key.vlan));
  for (const DnsQuestion& question : questions) {
    const bool canary = canaries && std::ranges::find(kCanaries, question.name.view()) != std::end(kCanaries);
    if (!judge_dns_name(arrival, flow, question.name, canary ? DnsName::Canary : DnsName::Asked, outcome))
      return;
  }
  for (const DnsQuestion& question : questions)
    questions_.ask(flow.key, message.id, question.name.view(), question.type, now_.ms);
  lines_.question(flow, now_);
}

/// True where the name passes, and is recorded if it was asked for.
bool WorkerPipeline::judge_dns_name(const Arrival& arrival, Flow& flow, const HostName& name, DnsName role,
                                    DnsOutcome& outcome) {
  Sighting sighting = Sighting::named(Protocol::Dns, Seen::Question, name.view());
  sighting.resolver_question = policy_->is_resolver(flow.key.local);
  Verdict verdict = role == DnsName::InChain ? judge(flow, sighting) : judge_access(flow, sighting);
  if (role == DnsName::Canary) policy_->refuse_canary(verdict, *scratch_);
  // In an answer's chain a block rule may match any name; an allowed question allows the rest of it.
  const bool passes = verdict.passes() || (role == DnsName::InChain && verdict.reason != Reason::Rule);
  if (passes && role == DnsName::InChain) return true;
  outcome.number = record(&arrival, flow, sighting, verdict);
  if (passes) return true;
  outcome.fate = DnsFate::Refused;
  outcome.name = name;
  outcome.verdict = verdict;
  return false;
}

/// What leaves is what is judged: `ech` is taken out first, as a name might be written inside of it.
void WorkerPipeline::judge_answers(const Arrival& arrival, Flow& flow, std::span<const uint8_t> payload,
                                   DnsMessage& message, DnsOutcome& outcome) {
  outcome.fate = DnsFate::Malformed;
  const DnsQuestion& question = message.questions[0];
  // What stands inside a tunnel teaches nothing: its two ends could agree on any question and any answer.
  const bool asked = message.question_count > 0 &&
                     questions_.answer(flow.key, message.id, question.name.view(), question.type, now_.ms) &&
                     !arrival.inside;
  if (asked) lines_.question_answered(flow, now_);
  bool ech = false;
  if (!read_ech(flow, payload, message, asked, ech)) return;
  const bool strips =
      ech && policy_->strips_ech(policy_->network_of(flow.key.local, flow.key.vlan), *scratch_);
  if (strips) {
    const auto copy = std::span(dns_scratch_.get(), payload.size());
    std::ranges::copy(payload, copy.begin());
    if (strip_ech(copy, message) == kStripFailed) return;
    const Extract again = parse_dns(copy, message);
    if (again != Extract::Name && again != Extract::NoName) return;
    payload = outcome.changed = copy;
    stats_.ech_stripped.add();
  }
  DnsAnswers answers(payload, message);
  DnsAnswer answer;
  Extract next;
  while ((next = answers.next(answer)) == Extract::Name)
    if (!answer.target.empty() && !judge_dns_name(arrival, flow, answer.target, DnsName::InChain, outcome))
      return;
  if (next == Extract::Malformed) return;
  if (asked) learn_addresses(flow, payload, message);
  outcome.fate = strips ? DnsFate::Changed : DnsFate::Passes;
}

/// Finds `ech` in any section, and remembers the public names in it where the message answers a question.
/// Whoever sent it may teach them: that only leads to stricter judging. Returns false where a record is not
/// well-formed.
bool WorkerPipeline::read_ech(const Flow& flow, std::span<const uint8_t> payload, const DnsMessage& message,
                              bool asked, bool& found) {
  DnsNews news{};
  news.kind = policy_->is_resolver(flow.key.local) ? DnsNews::Kind::EchName : DnsNews::Kind::ClientsEchName;
  DnsAnswers records = DnsAnswers::of_all_sections(payload, message);
  DnsAnswer record;
  Extract next;
  while ((next = records.next(record)) == Extract::Name) {
    SvcParams params(record.params);
    SvcParam param;
    while (params.next(param) == Extract::Name) {
      if (param.key != kSvcEch) continue;
      found = true;
      EchConfigs configs(param.value);
      HostName name;
      Extract config;
      while ((config = configs.next(name)) == Extract::Name || config == Extract::NoName)
        if (config == Extract::Name && asked) learn(news, name.view());
    }
  }
  return next == Extract::Complete;
}

/// A registered resolver's answer binds its addresses to the name asked for, for the whole site. Anybody's
/// answer says which addresses fit a name, to those it was for.
void WorkerPipeline::learn_addresses(const Flow& flow, std::span<const uint8_t> payload,
                                     const DnsMessage& message) {
  using Kind = DnsNews::Kind;
  const DnsQuestion& question = message.questions[0];
  const std::string_view host = host_of(question.name.view());
  const bool site = policy_->is_resolver(flow.key.local);
  const bool shared = policy_->is_shared(flow.key.local);
  DnsNews news{};
  if (!site) news.whom = flow.key.local;
  const auto teach = [&](Kind kind, std::string_view name) {
    news.kind = kind;
    if (name.empty()) return;
    if (site || shared) return learn(news, name);
    take_in(flow.key.local, news, name);
  };
  Chain chain(question.name);
  DnsAnswers answers(payload, message);
  DnsAnswer answer;
  size_t addresses = 0;
  while (answers.next(answer) == Extract::Name) {
    if (!chain.has(answer.owner)) continue;
    news.ttl_s = answer.ttl_s;
    news.address = answer.address;
    if (answer.type == kDnsCname) chain.add(answer.target);
    if (is_address(answer.type)) {
      if (++addresses > kMaxAddresses) return teach(Kind::Any, host);
      teach(answer.type == question.type ? Kind::Address : Kind::Fits, host);
      for (const HostName& alias : chain.names().subspan(1)) teach(Kind::Fits, alias.view());
    }
    // Of a target elsewhere the client will ask the addresses, and go there under this name.
    if (is_service(answer.type) && !answer.target.empty()) teach(Kind::Any, host);
    SvcParams params(answer.params);
    SvcParam param;
    while (params.next(param) == Extract::Name) {
      if (param.key != kSvcIpv4Hint && param.key != kSvcIpv6Hint) continue;
      for (SvcHints hints(param); hints.next(news.address);) {
        if (++addresses > kMaxAddresses) return teach(Kind::Any, host);
        teach(Kind::Hint, host);
      }
    }
  }
}

/// For every worker: this one, and the others.
void WorkerPipeline::learn(DnsNews& news, std::string_view name) {
  take_in(news.whom, news, name);
  if (config_.workers == 1) return;
  if (out_->news_count == kMaxNews) return stats_.news_lost.add();
  news.name_size = static_cast<uint32_t>(name.size());
  std::memcpy(news.name, name.data(), name.size());
  out_->news[out_->news_count++] = news;
}

/// whom: who learnt it, Address{} for the whole site.
void WorkerPipeline::take_in(const Address& whom, const DnsNews& news, std::string_view name) {
  using Kind = DnsNews::Kind;
  const bool site = whom == Address{};
  NameAddresses& addresses = site ? site_addresses_ : own_addresses_;
  switch (news.kind) {
    case Kind::EchName:
    case Kind::ClientsEchName:
      return ech_names_.learn(name, news.kind == Kind::EchName, now_.ms);
    case Kind::Any:
      return addresses.learn_any(whom, name, news.ttl_s, now_.ms);
    case Kind::Address:
    case Kind::Hint:
      if (site) bindings_.bind(news.address, name, news.ttl_s, now_.ms);
      [[fallthrough]];
    case Kind::Fits:
      return addresses.learn(whom, name, news.address, news.kind == Kind::Address, news.ttl_s, now_.ms);
  }
}

void WorkerPipeline::hear(const DnsNews& news, Clock now) {
  now_ = now;
  take_in(news.whom, news, {news.name, std::min<size_t>(news.name_size, kMaxName)});
}

bool WorkerPipeline::hides_name(std::string_view outer) const {
  return ech_names_.knows(outer, now_.ms);
}

bool WorkerPipeline::mismatches(const Flow& flow, const Sighting& sighting) const {
  using Fit = NameAddresses::Fit;
  const bool from_client =
      sighting.seen == Seen::Sni || sighting.seen == Seen::Host || sighting.seen == Seen::Authority;
  if (!from_client || sighting.unidentified || flow.has(kFlowInbound)) return false;
  const uint64_t name = site_addresses_.hash(sighting.name);
  const Fit site = site_addresses_.fit(Address{}, name, flow.key.remote, now_.ms);
  const Fit own = own_addresses_.fit(flow.key.local, name, flow.key.remote, now_.ms);
  return site != Fit::Fits && own != Fit::Fits && (site == Fit::Contradicts || own == Fit::Contradicts);
}

}  // namespace sluice
