// worker: the payload of TCP flows: which protocol it is, and the names in it.
#include <algorithm>
#include <cstring>

#include "dataplane/extract/recognise.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// Feeds what came before and the bytes that follow it. Returns true as soon as on_event says that the packet
/// is decided.
template <class Reader, class OnEvent>
bool read_all(Reader& reader, std::span<const uint8_t> before, std::span<const uint8_t> bytes,
              OnEvent on_event) {
  for (auto part : {before, bytes}) {
    for (;;) {  // also with nothing left: a name may be the last thing before the hello's end
      size_t consumed = 0;
      const Extract event = reader.feed(part, consumed);
      part = part.subspan(consumed);
      if (event == Extract::NeedMore) break;
      if (on_event(event)) return true;
    }
  }
  return false;
}

}  // namespace

/// A flow that is not decided, or whose every request is judged. Pass and remember.
void WorkerPipeline::undecided(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  const bool opener = from_opener(arrival, flow);
  if (!opener && (packet.tcp_flags & kAck)) {
    flow.set(kFlowAnswered);
    flow.remote_ack = packet.tcp_ack;
  }
  const Reason passes = flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided;
  if (packet.payload_size == 0) return forward(arrival, passes);
  if (opener) return opener_payload(arrival, flow);

  if (flow.has(kFlowHttp)) {
    Context& context = contexts_[flow.context];
    context.remote_spoke = true;
    context.remote_end = packet.tcp_seq + packet.payload_size;
    context.destination_bytes += packet.payload_size;
    return forward(arrival, passes);
  }
  // The other side speaks before the opener's name is complete: no more of it will come.
  Sighting sighting = Sighting::without_name(Protocol::Unknown, Situation::UnknownProtocol);
  if (flow.context != kNoIndex) {
    const Context& context = contexts_[flow.context];
    sighting = Sighting::without_name(context.kind == ReaderKind::Tls ? Protocol::Tls : Protocol::Unknown,
                                      Situation::IncompleteHello);
  } else if (flow.has(kFlowMidstream)) {
    sighting.situation = Situation::Midstream;
  }
  judge_and_decide(arrival, flow, sighting);
}

void WorkerPipeline::opener_payload(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  if (flow.context == kNoIndex) {
    flow.context = contexts_.take(now_.ms);
    if (flow.context == kNoIndex)
      return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Unknown, Situation::TableFull));
  }
  Context& context = contexts_[flow.context];
  const uint32_t seq = packet.tcp_seq + (packet.tcp_flags & kSyn ? 1 : 0);
  if (!context.started) {
    context.started = true;
    context.next_seq = seq;
  }
  if (flow.state == FlowState::Undecided && ++context.packets > kUndecidedPackets)
    return judge_and_decide(arrival, flow, Sighting::without_name(flow.protocol, Situation::IncompleteHello));

  const auto ahead = static_cast<int32_t>(seq - context.next_seq);
  if (ahead > 0) return drop(arrival, Reason::TcpGap);
  auto bytes = payload_of(arrival);
  const uint32_t seen = context.next_seq - seq;
  if (seen >= bytes.size())
    return forward(arrival, flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided);
  bytes = bytes.subspan(seen);
  context.next_seq += static_cast<uint32_t>(bytes.size());
  context.source_bytes += bytes.size();
  switch (context.kind) {
    case ReaderKind::Recognising:
      return recognise(arrival, flow, context, bytes);
    case ReaderKind::Tls:
      return read_tls(arrival, flow, context, {}, bytes);
    case ReaderKind::Http:
      return read_http(arrival, flow, context, {}, bytes);
  }
}

/// The first bytes may come one by one: they are kept until they tell, and then read by the protocol's
/// reader.
void WorkerPipeline::recognise(Arrival& arrival, Flow& flow, Context& context,
                               std::span<const uint8_t> bytes) {
  uint8_t before[kMaxRecogniseBytes];
  const size_t kept = context.head_size;
  std::memcpy(before, context.head, kept);
  const size_t more = std::min(bytes.size(), kMaxRecogniseBytes - kept);
  std::memcpy(context.head + kept, bytes.data(), more);
  context.head_size = static_cast<uint8_t>(kept + more);
  switch (recognise_stream({context.head, context.head_size})) {
    case Stream::NeedMore:
      return forward(arrival, Reason::Undecided);
    case Stream::Tls:
      context.kind = ReaderKind::Tls;
      flow.protocol = Protocol::Tls;
      context.tls = TlsHello{};
      return read_tls(arrival, flow, context, {before, kept}, bytes);
    case Stream::Http:
      context.kind = ReaderKind::Http;
      flow.protocol = Protocol::Http;
      context.http = HttpRequests{};
      return read_http(arrival, flow, context, {before, kept}, bytes);
    case Stream::H2c:
      return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::H2c, Situation::NoName));
    case Stream::Unknown:
      break;
  }
  const Situation situation = flow.has(kFlowMidstream) ? Situation::Midstream : Situation::UnknownProtocol;
  judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Unknown, situation));
}

void WorkerPipeline::read_tls(Arrival& arrival, Flow& flow, Context& context, std::span<const uint8_t> before,
                              std::span<const uint8_t> bytes) {
  const auto on_event = [&](Extract event) { return tls_event(arrival, flow, context, event); };
  if (read_all(context.tls, before, bytes, on_event)) return;
  forward(arrival, Reason::Undecided);
}

/// True where the flow, and so the packet, is decided.
bool WorkerPipeline::tls_event(Arrival& arrival, Flow& flow, Context& context, Extract event) {
  Sighting sighting = Sighting::named(Protocol::Tls, Seen::Sni, context.tls.host().view());
  switch (event) {
    case Extract::Name: {
      const Verdict verdict = judge(flow, sighting);
      // One name is not the verdict: a second one, or what stands at the hello's end, may still refuse it.
      const bool first = !context.named;
      if (!verdict.passes() || first) {
        context.verdict = verdict;
        remember(flow, sighting);
      }
      context.named = true;
      if (verdict.passes()) return false;
      decide(arrival, flow, sighting, verdict);
      return true;
    }
    case Extract::Complete: {
      const Verdict verdict = context.verdict;
      decide(arrival, flow, remembered(flow), verdict);
      return true;
    }
    case Extract::NoName:
      judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Tls, Situation::NoName));
      return true;
    default:
      judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Tls, Situation::IncompleteHello));
      return true;
  }
}

void WorkerPipeline::read_http(Arrival& arrival, Flow& flow, Context& context,
                               std::span<const uint8_t> before, std::span<const uint8_t> bytes) {
  const auto on_event = [&](Extract event) { return http_event(arrival, flow, context, event); };
  if (read_all(context.http, before, bytes, on_event)) return;
  if (flow.has(kFlowHttp) && context.http.opaque()) {
    flow.clear(kFlowHttp);
    release_context(flow);
  }
  forward(arrival, flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided);
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
