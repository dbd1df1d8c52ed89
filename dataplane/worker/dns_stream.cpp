// worker: DNS over TCP: whole messages put together on both sides, and judged like datagrams.
#include <algorithm>

#include "dataplane/act/rewrite.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

constexpr size_t kLengthPrefix = 2;  // RFC 1035 4.2.2

/// True where a question waits for its answer, or an answer may still be on its way to the client.
bool is_answer_outstanding(const Context& context, const Packet& packet) {
  return context.dns.questions > context.dns.answered ||
         (context.remote_spoke && packet.tcp_ack != context.remote_end);
}

}  // namespace

/// The next whole message, without its length; empty where it is not all there, or too long (then broken).
std::span<const uint8_t> WorkerPipeline::next_message(const ByteStream& stream, bool& broken) {
  uint8_t prefix[kLengthPrefix];
  if (stream.peek(contexts_.blocks(), prefix) < kLengthPrefix) return {};
  const size_t size = kLengthPrefix + (size_t{prefix[0]} << 8 | prefix[1]);
  broken = size < kLengthPrefix + kDnsHeaderBytes || size > kStreamWindow;
  if (broken) return {};
  const auto whole = std::span(message_scratch_.get(), size);
  if (stream.peek(contexts_.blocks(), whole) < size) return {};
  return whole.subspan(kLengthPrefix);
}

void WorkerPipeline::begin_dns_stream(const Arrival& arrival, Flow& flow, Context& context) {
  context.kind = ReaderKind::DnsStream;
  flow.cold().protocol = Protocol::Dns;
  context.dns.questions = context.dns.answered = 0;
  context.dns.changed = false;
  // The server goes on where its client waits for it; one that sent data in its SYN does not know yet.
  context.dns.begun = (arrival.packet.tcp_flags & kAck) != 0;
  context.dns.answers.begin(arrival.packet.tcp_ack);
}

/// Every question is judged before its last byte leaves. What is no question ends the reading.
WorkerPipeline::Step WorkerPipeline::read_dns(Arrival& arrival, Flow& flow, Context& context) {
  bool broken = false;
  const auto bytes = next_message(context.stream, broken);
  if (bytes.empty() && !broken) return Step::NeedMore;
  DnsMessage message;
  if (broken || parse_dns(bytes, message) != Extract::Name || message.is_response()) {
    judge_unreadable(arrival, flow);
    return Step::Decided;
  }
  DnsOutcome outcome;
  judge_questions(arrival, flow, message, outcome);
  if (outcome.fate == DnsFate::Refused) {
    Sighting sighting = outcome.sighting();
    sighting.response_outstanding = is_answer_outstanding(context, arrival.packet);
    sighting.message = bytes;
    refuse_dns_stream(arrival, flow, sighting, outcome);
    return Step::Decided;
  }
  ++context.dns.questions;
  context.stream.consume(static_cast<uint32_t>(kLengthPrefix + bytes.size()));
  flow.state = FlowState::Allowed;
  flow.set(kFlowDns);
  return Step::GoOn;
}

/// What could not be read is an unknown protocol, but for what a resolver may have read or go on to read.
void WorkerPipeline::judge_unreadable(Arrival& arrival, Flow& flow) {
  if (flow.key.remote_port != kDnsPort && !flow.has(kFlowDns))
    return judge_and_decide(arrival, flow,
                            Sighting::without_name(Protocol::Unknown, Situation::UnknownProtocol));
  const Sighting sighting{.protocol = Protocol::Dns, .response_outstanding = true};
  const Verdict refusal{.reason = Reason::MalformedDns,
                        .network = policy_->network_of(flow.key.local, flow.key.vlan)};
  remember(flow, sighting);
  decide(arrival, flow, sighting, refusal);
}

/// The access has its record; the connection ends with it.
void WorkerPipeline::refuse_dns_stream(Arrival& arrival, Flow& flow, const Sighting& sighting,
                                       const DnsOutcome& outcome) {
  remember(flow, sighting);
  refuse_packet(arrival, flow, sighting, outcome.verdict, outcome.number);
  settle(flow, outcome.verdict);
}

/// A segment of the server's: it passes, and the one that makes an answer whole is judged.
void WorkerPipeline::dns_answer_segment(Arrival& arrival, Flow& flow, Context& context) {
  DnsTcp& dns = context.dns;
  const Packet& packet = arrival.packet;
  if ((packet.tcp_flags & kUrg) && !(arrival.changeable() && clear_urgent(*arrival.mbuf, packet)))
    return drop(arrival, Reason::MalformedTcp);
  if (!dns.begun) dns.answers.begin(packet.tcp_seq);
  dns.begun = true;
  context.remote_spoke = true;
  context.remote_end = packet.tcp_seq + packet.payload_size;
  const auto bytes = payload_of(arrival);
  switch (dns.answers.offer(contexts_.blocks(), packet.tcp_seq, bytes)) {
    case ByteStream::Offer::Taken:
      return read_answers(arrival, flow, context);
    case ByteStream::Offer::Old:
      return forward(arrival, Reason::Decided);
    case ByteStream::Offer::Differs:
      if (!dns.changed) return drop(arrival, Reason::Overlap);
      return send_as_kept(arrival, dns.answers);  // sent again as it was before `ech` was taken out
    case ByteStream::Offer::TooFar:
      return drop(arrival, Reason::TcpGap);
    case ByteStream::Offer::NoMemory:
      return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Dns, Situation::TableFull));
  }
}

void WorkerPipeline::read_answers(Arrival& arrival, Flow& flow, Context& context) {
  DnsTcp& dns = context.dns;
  bool changed = false;
  for (;;) {
    bool broken = false;
    const auto bytes = next_message(dns.answers, broken);
    if (bytes.empty() && !broken) break;
    DnsMessage message;
    const Extract found = broken ? Extract::Malformed : parse_dns(bytes, message);
    const bool fits = (found == Extract::Name || found == Extract::NoName) && message.is_response();
    DnsOutcome outcome;
    if (fits) judge_answers(arrival, flow, bytes, message, outcome);
    if (!fits || outcome.fate == DnsFate::Malformed) return judge_unreadable(arrival, flow);
    const uint32_t at = dns.answers.read_place() + kLengthPrefix;
    if (outcome.fate == DnsFate::Changed && !lies_in(arrival.packet, at, bytes, outcome.changed))
      refuse_ech(arrival, flow, message, outcome);
    if (outcome.fate == DnsFate::Refused) {
      Sighting sighting = outcome.sighting();
      if (at == arrival.packet.tcp_seq + kLengthPrefix) sighting.message = bytes;
      return refuse_dns_stream(arrival, flow, sighting, outcome);
    }
    if (outcome.fate == DnsFate::Changed) dns.answers.amend(contexts_.blocks(), at, outcome.changed);
    changed |= outcome.fate == DnsFate::Changed;
    ++dns.answered;
    dns.answers.consume(static_cast<uint32_t>(kLengthPrefix + bytes.size()));
  }
  if (!changed) return forward(arrival, Reason::Decided);
  dns.changed = true;
  send_as_kept(arrival, dns.answers);
}

/// True where all that is changed of the message whose first byte has number at leaves with this packet.
bool WorkerPipeline::lies_in(const Packet& packet, uint32_t at, std::span<const uint8_t> before,
                             std::span<const uint8_t> after) {
  for (size_t i = 0; i < before.size(); ++i) {
    const uint32_t place = at + static_cast<uint32_t>(i) - packet.tcp_seq;
    if (before[i] != after[i] && place >= packet.payload_size) return false;
  }
  return true;
}

/// Part of `ech` has passed already: the client must not get the rest.
void WorkerPipeline::refuse_ech(const Arrival& arrival, Flow& flow, const DnsMessage& message,
                                DnsOutcome& outcome) {
  outcome.fate = DnsFate::Refused;
  outcome.verdict = {.reason = Reason::Ech, .network = policy_->network_of(flow.key.local, flow.key.vlan)};
  if (message.question_count > 0) outcome.name = message.questions[0].name;
  outcome.number = record(&arrival, flow, outcome.sighting(), outcome.verdict);
}

void WorkerPipeline::send_as_kept(Arrival& arrival, const ByteStream& stream) {
  const auto bytes = payload_of(arrival);
  const auto copy = std::span(dns_scratch_.get(), bytes.size());
  std::ranges::copy(bytes, copy.begin());
  stream.restore(contexts_.blocks(), arrival.packet.tcp_seq, copy);
  change_payload(arrival, copy);
  forward(arrival, Reason::Decided);
}

}  // namespace sluice
