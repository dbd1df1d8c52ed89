// worker: DNS over UDP: every question judged, answers of registered resolvers remembered.
#include <cstring>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

void WorkerPipeline::dns(Arrival& arrival, Flow& flow) {
  const auto payload = payload_of(arrival);
  DnsMessage message;
  const Extract found = parse_dns(payload, message);
  const bool opener = from_opener(arrival, flow);
  if (found == Extract::NotMine && opener) {
    flow.clear(kFlowDns);
    flow.protocol = Protocol::Unknown;
    return open_unnamed(arrival, flow);
  }
  const bool fits = (found == Extract::Name || found == Extract::NoName) && message.is_response() != opener;
  if (!fits) return drop(arrival.mbuf, Reason::MalformedDns);
  if (opener) return dns_question(arrival, flow, payload, message);
  dns_response(arrival, flow, payload, message);
}

/// Every question of the message must pass; each is an access of its own.
void WorkerPipeline::dns_question(Arrival& arrival, Flow& flow, std::span<const uint8_t> payload,
                                  const DnsMessage& message) {
  const auto questions = std::span(message.questions).first(message.question_count);
  const bool resolver = policy_->is_resolver(flow.key.local);
  if (questions.empty())
    return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Dns, Situation::NoName));
  for (const DnsQuestion& question : questions) {
    Sighting sighting = Sighting::named(Protocol::Dns, Seen::Question, question.name.view());
    sighting.resolver_question = resolver;
    const Verdict verdict = judge(flow, sighting);
    const uint64_t number = record(&arrival, flow, sighting, verdict);
    // The question is refused, not the flow: the next one on these ports may be for another name.
    if (!verdict.passes()) return refuse_packet(arrival, flow, sighting, verdict, number);
  }
  for (const DnsQuestion& question : questions)
    questions_.ask(flow.key, message.id, question.name.view(), question.type, now_.ms);
  forward(arrival, Reason::Decided);
}

/// A block rule may match any name of the answer chain; an allowed question allows the rest of it. Addresses
/// are bound to the name asked for, and only where a registered resolver had asked.
void WorkerPipeline::dns_response(Arrival& arrival, Flow& flow, std::span<const uint8_t> payload,
                                  const DnsMessage& message) {
  if (message.question_count == 0) return forward(arrival, Reason::Decided);
  const DnsQuestion& question = message.questions[0];
  const bool asked = questions_.answer(flow.key, message.id, question.name.view(), question.type, now_.ms);
  const bool binds = asked && policy_->is_resolver(flow.key.local);
  DnsAnswers answers(payload, message);
  DnsAnswer answer;
  Extract next;
  while ((next = answers.next(answer)) == Extract::Name) {
    if (answer.type != kDnsCname) continue;
    Sighting sighting = Sighting::named(Protocol::Dns, Seen::Question, answer.target.view());
    sighting.resolver_question = policy_->is_resolver(flow.key.local);
    const Verdict verdict = judge(flow, sighting);
    if (verdict.passes() || verdict.reason != Reason::Rule) continue;
    const uint64_t number = record(&arrival, flow, sighting, verdict);
    return refuse_packet(arrival, flow, sighting, verdict, number);
  }
  if (next == Extract::Malformed) return drop(arrival.mbuf, Reason::MalformedDns);
  if (binds) {
    answers = DnsAnswers(payload, message);
    while (answers.next(answer) == Extract::Name)
      if (answer.type == kDnsA || answer.type == kDnsAaaa)
        learn(answer.address, question.name.view(), answer.ttl_s);
  }
  forward(arrival, Reason::Decided);
}

void WorkerPipeline::learn(const Address& address, std::string_view name, uint32_t ttl_s) {
  bindings_.bind(address, name, ttl_s, now_.ms);
  if (config_.workers == 1 || name.empty()) return;
  if (out_->news_count == kMaxNews) return stats_.news_lost.add();
  BindingNews& news = out_->news[out_->news_count++];
  news.address = address;
  news.ttl_s = ttl_s;
  news.name_size = static_cast<uint32_t>(name.size());
  std::memcpy(news.name, name.data(), name.size());
}

void WorkerPipeline::bind(const BindingNews& news, Clock now) {
  bindings_.bind(news.address, {news.name, std::min<size_t>(news.name_size, kMaxName)}, news.ttl_s, now.ms);
}

}  // namespace sluice
