// worker: the payload of TCP flows: which protocol it is, and the names in it.
#include <cstring>

#include "dataplane/act/rewrite.h"
#include "dataplane/extract/http_syntax.h"
#include "dataplane/extract/recognise.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// A server that refuses a switch may take what follows as a request, whatever its method: lines of text that
/// are recognised as another protocol's too.
bool may_be_request(Stream stream, const uint8_t* head) {
  const bool lines = stream == Stream::Prelude || stream == Stream::Ssh || stream == Stream::Sip;
  return stream == Stream::Unknown || (lines && is_http_token(head[0]));
}

}  // namespace

/// A flow whose opener's bytes are read: undecided, held until they are acknowledged, or judged at every
/// request. Pass and remember.
void WorkerPipeline::undecided(Arrival& arrival, Flow& flow) {
  if (from_opener(arrival, flow)) return opener_segment(arrival, flow);
  other_segment(arrival, flow);
}

void WorkerPipeline::opener_segment(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  const Reason passes = passing(flow);
  lines_.acknowledged(flow, packet.tcp_flags, now_);
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
    const bool start_known = flow.has(kFlowAnswered) || !flow.has(kFlowMidstream);
    flow.context = contexts_.take(now_.ms, start_known ? flow.cold().remote_ack : seq);
    if (flow.context == kNoIndex)
      return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Unknown, Situation::TableFull));
  }
  Context& context = contexts_[flow.context];
  if (context.link_size == 0) keep_link(arrival, context);
  // Until the server has said where it is, nothing may slip in before the place where reading began, or
  // behind a gap.
  if (!flow.has(kFlowAnswered) && !config_.replay) {
    const auto ahead = static_cast<int32_t>(seq - context.stream.read_place());
    if (static_cast<int32_t>(seq - context.start) < 0) return drop(arrival, Reason::Overlap);
    if (ahead > 0 && !context.stream.covers(seq)) return drop(arrival, Reason::TcpGap);
  }
  const auto bytes = payload_of(arrival);
  if (context.kind == ReaderKind::Held) {
    if (context.stream.contradicts(contexts_.blocks(), seq, bytes)) return drop(arrival, Reason::Overlap);
    return forward(arrival, passes);
  }
  if (flow.state == FlowState::Undecided && ++context.packets > kUndecidedPackets)
    return judge_and_decide(arrival, flow,
                            Sighting::without_name(flow.cold().protocol, Situation::IncompleteHello));
  if (packet.tcp_flags & kSyn) context.syn_end = seq + packet.payload_size;
  switch (context.stream.offer(contexts_.blocks(), seq, bytes)) {
    case ByteStream::Offer::Taken:
      context.count_source(seq + static_cast<uint32_t>(bytes.size()));
      return read_stream(arrival, flow, context);
    case ByteStream::Offer::Old:
      lines_.repeated(flow, bytes.size());
      context.count_source(seq + static_cast<uint32_t>(bytes.size()));
      return forward(arrival, passes);
    case ByteStream::Offer::Differs:
      return drop(arrival, Reason::Overlap);
    case ByteStream::Offer::TooFar:
      return drop(arrival, Reason::TcpGap);
    case ByteStream::Offer::NoMemory:
      return judge_and_decide(arrival, flow,
                              Sighting::without_name(flow.cold().protocol, Situation::TableFull));
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
  const Reason passes = passing(flow);
  if (packet.tcp_flags & kRst) lines_.refused(flow, now_);
  if (packet.tcp_flags & kAck) {
    if (flow.context != kNoIndex) {
      if (flow.has(kFlowMidstream) && !config_.replay) follow_server(flow, packet.tcp_ack);
      contexts_[flow.context].stream.release_to(contexts_.blocks(), packet.tcp_ack);
    }
    const bool connects = flow.has(kFlowAnswered) || flow.has(kFlowMidstream) || (packet.tcp_flags & kSyn);
    if (connects && (flow.context != kNoIndex || !flow.has(kFlowReopening))) {
      flow.set(kFlowAnswered);
      flow.cold().remote_ack = packet.tcp_ack;
    }
  }
  if (flow.context != kNoIndex) contexts_[flow.context].destination_bytes += packet.payload_size;
  if (flow.state == FlowState::Undecided) {
    if (packet.payload_size == 0 || in_prelude(arrival, flow)) return forward(arrival, passes);
    // The other side speaks before the opener's name is complete: no more of it will come.
    const Situation situation = nameless(flow);
    const Protocol protocol =
        flow.cold().protocol == Protocol::Unknown ? protocol_of_server(arrival) : flow.cold().protocol;
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

/// Where a flow whose start was not seen is read from, the server knows: what reading began with may have
/// been a decoy ahead of that; and what it acknowledges without our having it has passed before.
void WorkerPipeline::follow_server(Flow& flow, uint32_t ack) {
  Context& context = contexts_[flow.context];
  if (static_cast<int32_t>(ack - context.start) < 0) {
    contexts_.end_reader(context);
    context.read_from(ack);
    context.stream.begin_again(ack);
    flow.state = FlowState::Undecided;
    flow.clear(kFlowHttp);
    flow.clear(kFlowDns);
  } else if (const uint32_t unseen = ack - context.stream.read_place(); static_cast<int32_t>(unseen) > 0) {
    context.stream.consume(unseen);
  }
}

bool WorkerPipeline::recognised(const Flow& flow) const {
  if (flow.context == kNoIndex) return false;
  const ReaderKind kind = contexts_[flow.context].kind;
  return kind != ReaderKind::Recognising && kind != ReaderKind::Prelude;
}

Situation WorkerPipeline::unrecognised(const Flow& flow) {
  return flow.has(kFlowMidstream) ? Situation::Midstream : Situation::UnknownProtocol;
}

Situation WorkerPipeline::nameless(const Flow& flow) const {
  if (!recognised(flow)) return unrecognised(flow);
  const Context& context = contexts_[flow.context];
  return context.kind == ReaderKind::Tls ? hello_cut_short(flow, context.tls) : Situation::IncompleteHello;
}

/// A connection that is past its hello begins with records, too: those of its handshake's end.
Situation WorkerPipeline::hello_cut_short(const Flow& flow, const TlsHello& hello) {
  return flow.has(kFlowMidstream) && !hello.has_begun() ? Situation::Midstream : Situation::IncompleteHello;
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
      case ReaderKind::H2c:
        step = read_h2c(arrival, flow, context);
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
  if (step == Step::NeedMore) forward(arrival, passing(flow));
}

/// The first bytes may come one by one: they stay unread until they tell.
WorkerPipeline::Step WorkerPipeline::recognise(Arrival& arrival, Flow& flow, Context& context) {
  uint8_t head[kMaxRecogniseBytes];
  const size_t size = context.stream.peek(contexts_.blocks(), head);
  Situation situation = unrecognised(flow);
  const auto bytes = std::span<const uint8_t>(head).first(size);
  const Stream stream =
      flow.key.remote_port == kDnsPort ? recognise_dns_port(bytes) : recognise_stream(bytes);
  if (context.asked != Switch::None && may_be_request(stream, head)) {
    context.otherwise = sluice::protocol_of(stream);
    begin_http(flow, context);
    return Step::GoOn;
  }
  switch (stream) {
    case Stream::NeedMore:
      return Step::NeedMore;
    case Stream::Tls:
      begin_tls(flow, context);
      return Step::GoOn;
    case Stream::Http:
      begin_http(flow, context);
      return Step::GoOn;
    case Stream::Dns:
      leave_http(flow, context);
      begin_dns_stream(arrival, flow, context);
      return Step::GoOn;
    case Stream::H2c:
      return begin_h2c(arrival, flow, context);
    case Stream::Prelude:
      if (context.source_bytes > kMaxPreludes) break;
      leave_http(flow, context);
      begin_prelude(flow, context, bytes);
      return Step::GoOn;
    default:  // no name will come
      if (const Protocol said = sluice::protocol_of(stream); said != Protocol::Unknown)
        flow.cold().protocol = said;
      break;
  }
  judge_and_decide(arrival, flow, Sighting::without_name(flow.cold().protocol, situation));
  return Step::Decided;
}

void WorkerPipeline::begin_tls(Flow& flow, Context& context) {
  leave_http(flow, context);
  context.kind = ReaderKind::Tls;
  context.tls = TlsHello{};
  flow.cold().protocol = Protocol::Tls;
}

/// What HTTP led to decides anew; the server may still be answering HTTP.
void WorkerPipeline::leave_http(Flow& flow, Context& context) {
  if (context.asked == Switch::None) return;
  context.asked = Switch::None;
  context.named = context.recorded = false;
  context.preluded = true;
  context.started_ms = now_.ms;
  flow.state = FlowState::Undecided;
  flow.clear(kFlowHttp);
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

}  // namespace sluice
