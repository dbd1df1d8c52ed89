// worker: the payload of TCP flows: which protocol it is, and the names in it.
#include <cstring>

#include "dataplane/act/rewrite.h"
#include "dataplane/extract/recognise.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
/// A flow whose opener's bytes are read: undecided, held until they are acknowledged, or judged at every
/// request. Pass and remember.
void WorkerPipeline::undecided(Arrival& arrival, Flow& flow) {
  if (from_opener(arrival, flow)) return opener_segment(arrival, flow);
  other_segment(arrival, flow);
}

void WorkerPipeline::opener_segment(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  const Reason passes = flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided;
  // An urgent byte is taken out of the stream by some receivers; without the mark it is read by all of them.
  if ((packet.tcp_flags & kUrg) && !(arrival.changeable() && clear_urgent(*arrival.mbuf, packet)))
    return drop(arrival, Reason::MalformedTcp);
  if (flow.context != kNoIndex && contexts_[flow.context].kind == ReaderKind::DnsStream)
    contexts_[flow.context].dns.answers.release_to(contexts_.blocks(), packet.tcp_ack);
  if (packet.payload_size == 0 || (packet.tcp_flags & kRst)) return forward(arrival, passes);
  // A SYN that nobody answers may be a decoy before an older connection's data. Captures may hold one side
  // only.
  const bool connected = flow.has(kFlowAnswered) || flow.has(kFlowMidstream) || config_.replay;
  if (!connected && !(packet.tcp_flags & kSyn)) return drop(arrival, Reason::Unanswered);
  const uint32_t seq = packet.tcp_seq + (packet.tcp_flags & kSyn ? 1 : 0);
  if (flow.context == kNoIndex) {
    flow.context = contexts_.take(now_.ms, flow.has(kFlowMidstream) ? seq : flow.remote_ack);
    if (flow.context == kNoIndex)
      return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Unknown, Situation::TableFull));
  }
  Context& context = contexts_[flow.context];
  if (context.link_size == 0) keep_link(arrival, context);
  const auto bytes = payload_of(arrival);
  if (context.kind == ReaderKind::Held) {
    if (context.stream.contradicts(contexts_.blocks(), seq, bytes)) return drop(arrival, Reason::Overlap);
    return forward(arrival, passes);
  }
  if (flow.state == FlowState::Undecided && ++context.packets > kUndecidedPackets)
    return judge_and_decide(arrival, flow, Sighting::without_name(flow.protocol, Situation::IncompleteHello));
  if (packet.tcp_flags & kSyn) context.syn_end = seq + packet.payload_size;
  switch (context.stream.offer(contexts_.blocks(), seq, bytes)) {
    case ByteStream::Offer::Taken:
      context.source_bytes += bytes.size();
      return read_stream(arrival, flow, context);
    case ByteStream::Offer::Old:
      return forward(arrival, passes);
    case ByteStream::Offer::Differs:
      return drop(arrival, Reason::Overlap);
    case ByteStream::Offer::TooFar:
      return drop(arrival, Reason::TcpGap);
    case ByteStream::Offer::NoMemory:
      return judge_and_decide(arrival, flow, Sighting::without_name(flow.protocol, Situation::TableFull));
  }
}

/// For a reset when the flow is given up and no packet is at hand.
void WorkerPipeline::keep_link(const Arrival& arrival, Context& context) {
  const uint16_t size = arrival.packet.l3_offset;
  context.link_size = static_cast<uint8_t>(size <= kMaxLinkHeader ? size : 0);
  std::memcpy(context.link, arrival.headers.data(), context.link_size);
}

void WorkerPipeline::other_segment(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  const Reason passes = flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided;
  if (packet.tcp_flags & kAck) {
    if (flow.context != kNoIndex)
      contexts_[flow.context].stream.release_to(contexts_.blocks(), packet.tcp_ack);
    const bool connects = flow.has(kFlowAnswered) || flow.has(kFlowMidstream) || (packet.tcp_flags & kSyn);
    if (connects && (flow.context != kNoIndex || !flow.has(kFlowReopening))) {
      flow.set(kFlowAnswered);
      flow.remote_ack = packet.tcp_ack;
    }
  }
  if (flow.context != kNoIndex) contexts_[flow.context].destination_bytes += packet.payload_size;
  if (flow.state == FlowState::Undecided) {
    if (packet.payload_size == 0 || in_prelude(arrival, flow)) return forward(arrival, passes);
    // The other side speaks before the opener's name is complete: no more of it will come.
    const Situation situation = recognised(flow) ? Situation::IncompleteHello : unrecognised(flow);
    const Protocol protocol =
        flow.protocol == Protocol::Unknown ? protocol_of_server(arrival) : flow.protocol;
    return judge_and_decide(arrival, flow, Sighting::without_name(protocol, situation));
  }
  if (flow.context == kNoIndex) return forward(arrival, passes);
  Context& context = contexts_[flow.context];
  if (context.kind == ReaderKind::Held && !context.stream.holds()) release_context(flow);
  if (packet.payload_size == 0) return forward(arrival, passes);
  if (flow.has(kFlowDns) && !(packet.tcp_flags & (kRst | kSyn)))
    return dns_answer_segment(arrival, flow, context);
  if (context.kind == ReaderKind::Tls && hello_taken(context, packet)) hold(flow);
  if (flow.has(kFlowHttp)) {
    context.remote_spoke = true;
    context.remote_end = packet.tcp_seq + packet.payload_size;
  }
  forward(arrival, passes);
}

bool WorkerPipeline::recognised(const Flow& flow) const {
  if (flow.context == kNoIndex) return false;
  const ReaderKind kind = contexts_[flow.context].kind;
  return kind != ReaderKind::Recognising && kind != ReaderKind::Prelude;
}

Situation WorkerPipeline::unrecognised(const Flow& flow) {
  return flow.has(kFlowMidstream) ? Situation::Midstream : Situation::UnknownProtocol;
}

/// Reads all that is there, from the read place on.
void WorkerPipeline::read_stream(Arrival& arrival, Flow& flow, Context& context) {
  Step step = Step::GoOn;
  while (step == Step::GoOn) {
    switch (context.kind) {
      case ReaderKind::Recognising:
        step = recognise(arrival, flow, context);
        break;
      case ReaderKind::Prelude:
        step = read_prelude(arrival, flow, context);
        break;
      case ReaderKind::Tls:
        step = read_tls(arrival, flow, context);
        break;
      case ReaderKind::Http:
        step = read_http(arrival, flow, context);
        break;
      case ReaderKind::DnsStream:
        step = read_dns(arrival, flow, context);
        break;
      case ReaderKind::Dtls:  // of UDP, like the next
      case ReaderKind::Quic:
      case ReaderKind::Held:
        step = Step::NeedMore;
        break;
    }
  }
  if (step == Step::NeedMore)
    forward(arrival, flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided);
}

/// The first bytes may come one by one: they stay unread until they tell.
WorkerPipeline::Step WorkerPipeline::recognise(Arrival& arrival, Flow& flow, Context& context) {
  uint8_t head[kMaxRecogniseBytes];
  const size_t size = context.stream.peek(contexts_.blocks(), head);
  Situation situation = unrecognised(flow);
  const auto bytes = std::span<const uint8_t>(head).first(size);
  switch (flow.key.remote_port == kDnsPort ? recognise_dns_port(bytes) : recognise_stream(bytes)) {
    case Stream::NeedMore:
      return Step::NeedMore;
    case Stream::Tls:
      context.kind = ReaderKind::Tls;
      flow.protocol = Protocol::Tls;
      context.tls = TlsHello{};
      return Step::GoOn;
    case Stream::Http:
      context.kind = ReaderKind::Http;
      flow.protocol = Protocol::Http;
      context.http = HttpRequests{};
      return Step::GoOn;
    case Stream::Dns:
      begin_dns_stream(arrival, flow, context);
      return Step::GoOn;
    case Stream::H2c:
      flow.protocol = Protocol::H2c;
      situation = Situation::NoName;
      break;
    case Stream::Prelude:
      if (context.source_bytes > kMaxPreludes) break;
      begin_prelude(context, bytes);
      return Step::GoOn;
    case Stream::Ssh:
      flow.protocol = Protocol::Ssh;
      break;
    case Stream::OpenVpn:
      flow.protocol = Protocol::OpenVpn;
      break;
    case Stream::Pptp:
      flow.protocol = Protocol::Pptp;
      break;
    case Stream::Unknown:
      break;
  }
  judge_and_decide(arrival, flow, Sighting::without_name(flow.protocol, situation));
  return Step::Decided;
}

WorkerPipeline::Step WorkerPipeline::read_prelude(Arrival& arrival, Flow& flow, Context& context) {
  return read_with(context.prelude, context.stream,
                   [&](Extract event) { return prelude_event(arrival, flow, context, event); });
}

WorkerPipeline::Step WorkerPipeline::read_tls(Arrival& arrival, Flow& flow, Context& context) {
  return read_with(context.tls, context.stream, [&](Extract event) {
    if (event != Extract::Done) return hello_event(arrival, flow, context, context.tls, event);
    hold(flow);
    forward(arrival, Reason::Decided);
    return Step::Decided;
  });
}

WorkerPipeline::Step WorkerPipeline::read_http(Arrival& arrival, Flow& flow, Context& context) {
  const Step step = read_with(context.http, context.stream, [&](Extract event) {
    const bool over = http_event(arrival, flow, context, event);
    return over ? Step::Decided : Step::NeedMore;
  });
  if (step == Step::NeedMore && flow.has(kFlowHttp) && context.http.opaque()) {
    flow.clear(kFlowHttp);
    hold(flow);
  }
  return step;
}

/// True where the packet is gone, or what follows is no longer read. A request that passes is recorded here,
/// and the packet goes on to the next request in it.
bool WorkerPipeline::http_event(Arrival& arrival, Flow& flow, Context& context, Extract event) {
  Sighting sighting = Sighting::without_name(Protocol::Http, Situation::UnparsableHttp);
  const bool readable = event == Extract::Name || event == Extract::NoName;
  if (event == Extract::Name)
    sighting = Sighting::named(Protocol::Http, Seen::Host, context.http.host().view());
  if (event == Extract::NoName) sighting.situation = Situation::NoName;
  // SIP, RTSP and ICAP borrow HTTP's methods; their first line tells.
  if (event == Extract::NotMine)
    sighting = Sighting::without_name(Protocol::Unknown, Situation::UnknownProtocol);
  // An earlier response may be on its way unless the client has acknowledged all that the server has sent
  // since.
  sighting.response_outstanding =
      context.named && !(context.remote_spoke && arrival.packet.tcp_ack == context.remote_end);
  const Verdict verdict = judge(flow, sighting);
  if (!verdict.passes() || !readable) {
    decide(arrival, flow, sighting, verdict);
    return true;
  }
  remember(flow, sighting);
  record(&arrival, flow, sighting, verdict);
  flow.state = FlowState::Allowed;
  flow.set(kFlowHttp);
  context.named = true;
  context.remote_spoke = false;
  return false;
}

}  // namespace sluice
