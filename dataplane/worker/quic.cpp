// worker: QUIC. A client's Initials are opened, their CRYPTO bytes put in order, and the hello in them is
// judged before the datagram that completes it leaves.
//
// A verdict belongs to the five-tuple and to the connection that its first Initial's connection id makes. One
// flow keeps one connection's bytes, so another one may begin on it only when the server has answered the
// former: it has that hello whole, or has refused it. Until then what is kept must stay, or a hello could be
// told in two halves, each a part of another story. A former one that passed and gets no answer gives way,
// and no Initial of it passes again.
#include "dataplane/extract/quic.h"

#include <algorithm>

#include "dataplane/extract/gquic.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

constexpr uint8_t kLongForm = 0x80, kFixedBit = 0x40;
constexpr size_t kBeginBytes = 13;  ///< begins_like_quic needs no more

}  // namespace

/// A packet of a settled flow that may begin a connection. Asked for every UDP packet.
bool WorkerPipeline::may_begin_quic(const Arrival& arrival, const Flow& flow) const {
  const Packet& packet = arrival.packet;
  if (!packet.is_udp() || packet.fragment || packet.payload_size == 0) return false;
  const auto head = arrival.headers.subspan(std::min<size_t>(packet.payload_offset, arrival.headers.size()));
  const auto start = head.first(std::min<size_t>({head.size(), packet.payload_size, kBeginBytes}));
  if (start.size() < std::min<size_t>(packet.payload_size, kBeginBytes))
    return true;  // behind very long headers
  if (flow.has(kFlowQuic) && ((start[0] & kLongForm) || flow.key.remote_port == kDnsPort)) return true;
  return from_opener(arrival, flow) && !flow.has(kFlowInbound) && begins_like_quic(start);
}

bool WorkerPipeline::is_quic(const Arrival& arrival, const Flow& flow) {
  if (!arrival.packet.is_udp() || arrival.packet.fragment || flow.has(kFlowInbound)) return false;
  return flow.has(kFlowQuic) || (arrival.from_lan() && looks_like_quic(payload_of(arrival)));
}

/// A packet of a refused flow that is read all the same. Nothing of a hello has passed on a flow that is
/// refused for what nothing opens, so an Initial that opens is judged on its own.
bool WorkerPipeline::may_show_quic(const Arrival& arrival, const Flow& flow) {
  if (!flow.has(kFlowQuic) || flow.has(kFlowQuicPassed) || !is_quic(arrival, flow)) return false;
  return said_unreadable(flow) && from_opener(arrival, flow) && looks_like_quic(payload_of(arrival));
}

/// The first packet of a flow. False where it is no QUIC.
bool WorkerPipeline::open_quic(Arrival& arrival, Flow& flow) {
  const auto payload = payload_of(arrival);
  if (payload.empty()) return false;
  Sighting sighting{.protocol = Protocol::Quic};
  if ((payload[0] & (kLongForm | kFixedBit)) == kFixedBit && flow.key.remote_port != kDnsPort) {
    // A connection that moved to other ports or another address keeps its id, and is judged by its name.
    const std::string_view name = quic_ids_.find(flow.key, payload.subspan(1), now_.ms);
    if (name.empty()) return false;
    flow.set(kFlowQuic);
    flow.set(kFlowQuicPassed);
    judge_and_decide(arrival, flow, Sighting::named(Protocol::Quic, Seen::Sni, name));
    return true;
  }
  if (!looks_like_quic(payload)) return false;
  Verdict refusal;
  if (policy_->admits(subject_of(flow.key, false, sighting), *scratch_, refusal)) {
    quic(arrival, flow);
  } else {
    decide(arrival, flow, sighting, refusal);
  }
  return true;
}

/// What the flow keeps of a connection, if anything.
Context* WorkerPipeline::quic_context(const Flow& flow) {
  if (flow.context == kNoIndex || contexts_[flow.context].kind != ReaderKind::Quic) return nullptr;
  return &contexts_[flow.context];
}

void WorkerPipeline::quic(Arrival& arrival, Flow& flow) {
  flow.set(kFlowQuic);
  if (!from_opener(arrival, flow)) return quic_from_server(arrival, flow);
  QuicDatagram packets(payload_of(arrival));
  QuicPacket packet;
  if (!packets.next(packet)) return forward(arrival, passing(flow));
  if (packet.kind == QuicPacket::Kind::Short) return quic_short(arrival, flow);
  if (packet.kind == QuicPacket::Kind::Google) return google_quic(arrival, flow, packet);
  Context* context = quic_context(flow);
  if (flow.state == FlowState::Undecided && context != nullptr && ++context->packets > kQuicHelloPackets)
    return quic_incomplete(arrival, flow);
  do {
    switch (packet.kind) {
      case QuicPacket::Kind::Short:  // behind the others: padding, or what no server reads yet
        break;
      case QuicPacket::Kind::Initial:
        if (!take_initial(arrival, flow, packet)) return;
        break;
      case QuicPacket::Kind::ZeroRtt:
      case QuicPacket::Kind::Handshake:
        if (!quic_known(flow, packet)) return quic_unreadable(arrival, flow);
        break;
      default:
        return quic_unreadable(arrival, flow);
    }
  } while (packets.next(packet));
  read_quic(arrival, flow);
}

/// A packet behind the Initials belongs to a connection that passed, or to the one whose hello is being read.
bool WorkerPipeline::quic_known(const Flow& flow, const QuicPacket& packet) {
  if (flow.has(kFlowQuicPassed)) return true;
  const Context* context = quic_context(flow);
  return context != nullptr && packet.kind == QuicPacket::Kind::ZeroRtt &&
         context->quic.first == packet.destination;
}

/// Data of a connection. The client has got beyond its Initials, and once the server has as well, no more of
/// them come.
void WorkerPipeline::quic_short(Arrival& arrival, Flow& flow) {
  if (flow.state == FlowState::Undecided && !flow.has(kFlowQuicPassed)) return quic_unreadable(arrival, flow);
  DnsMessage message;  // a resolver would take for a question what passes here as data
  if (flow.key.remote_port == kDnsPort && parse_dns(payload_of(arrival), message) != Extract::NotMine)
    return drop(arrival, Reason::MalformedDns);
  const Context* context = quic_context(flow);
  if (context != nullptr && flow.state == FlowState::Allowed && context->quic.answered) release_context(flow);
  forward(arrival, passing(flow));
}

/// Opens an Initial and keeps its part of the hello. False where the packet is gone.
bool WorkerPipeline::take_initial(Arrival& arrival, Flow& flow, const QuicPacket& packet) {
  if (!quic_budget_.take(flow.key.local, now_.ms)) return quic_over_budget(arrival, flow), false;
  std::span<const uint8_t> frames;
  Context* context = quic_context(flow);
  if (context == nullptr || !quic_opener_.unseal(context->quic.keys, packet, context->quic.largest, frames)) {
    const QuicScheme scheme = scheme_of(packet.version);
    const QuicKeys keys = quic_opener_.keys_of(scheme, packet.destination);
    int64_t largest = -1;
    if (scheme == QuicScheme::None || !quic_opener_.unseal(keys, packet, largest, frames))
      return quic_unreadable(arrival, flow), false;
    const bool answered = context == nullptr ? flow.context == kNoIndex : context->quic.answered;
    const bool gives_way = !answered && context != nullptr && flow.state == FlowState::Allowed &&
                           now_.ms - context->started_ms >= kQuicSilenceMs;
    if (!answered && !gives_way) return drop(arrival, Reason::QuicInterleaved), false;
    QuicOpenings::Claim claim = quic_openings_.claim(flow.key, packet.destination, now_.ms);
    if (claim == QuicOpenings::Claim::Ours && gives_way &&
        !quic_openings_.close(context->quic.first.view(), now_.ms))
      claim = QuicOpenings::Claim::Full;
    if (claim == QuicOpenings::Claim::Others) return drop(arrival, Reason::QuicInterleaved), false;
    if (claim == QuicOpenings::Claim::Full) return quic_over_budget(arrival, flow), false;
    context = begin_quic(flow, packet);
    if (context == nullptr) {
      judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Quic, Situation::TableFull));
      return false;
    }
    context->quic.keys = keys;
    context->quic.scheme = scheme;
    context->quic.largest = largest;
  }
  return take_crypto(arrival, flow, *context, frames);
}

/// Another connection. After a Retry or a version negotiation the same access goes on.
Context* WorkerPipeline::begin_quic(Flow& flow, const QuicPacket& packet) {
  const Context* former = quic_context(flow);
  const bool recorded = former != nullptr && former->recorded && former->quic.retried;
  Context* context = begin_hello(flow, Protocol::Quic, ReaderKind::Quic, recorded);
  if (context == nullptr) return nullptr;
  QuicConnection& quic = context->quic;
  quic.first.assign(packet.destination);
  quic.client.assign(packet.source);
  quic.server = {};
  quic.answered = quic.retried = false;
  quic.hello = TlsHello::of_handshake();
  return context;
}

bool WorkerPipeline::take_crypto(Arrival& arrival, Flow& flow, Context& context,
                                 std::span<const uint8_t> frames) {
  QuicFrames walk(frames, context.quic.scheme);
  for (;;) {
    QuicCrypto piece;
    const Extract next = walk.next(piece);
    if (next == Extract::Complete) return true;
    if (next == Extract::Malformed) return quic_unreadable(arrival, flow), false;
    switch (context.stream.offer(contexts_.blocks(), piece.offset, piece.bytes)) {
      case ByteStream::Offer::Taken:
      case ByteStream::Offer::Old:
        break;
      case ByteStream::Offer::Differs:
        return drop(arrival, Reason::Overlap), false;
      case ByteStream::Offer::TooFar:
        return quic_incomplete(arrival, flow), false;
      case ByteStream::Offer::NoMemory:
        judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Quic, Situation::TableFull));
        return false;
    }
  }
}

/// Reads what has come together of the hello, and forwards the datagram unless that decides otherwise.
void WorkerPipeline::read_quic(Arrival& arrival, Flow& flow) {
  Context* context = quic_context(flow);
  if (context == nullptr) return forward(arrival, passing(flow));
  context->source_bytes += arrival.packet.payload_size;
  TlsHello& hello = context->quic.hello;
  const auto on_event = [&](Extract event) {
    return event == Extract::Done ? Step::GoOn : hello_event(arrival, flow, *context, hello, event);
  };
  const Step step = context->quic.scheme == QuicScheme::Q050 ? read_google(arrival, flow, *context)
                                                             : read_with(hello, context->stream, on_event);
  if (step == Step::Decided) return;
  if (flow.state == FlowState::Allowed) flow.set(kFlowQuicPassed);
  forward(arrival, passing(flow));
}

/// What the server says of itself in clear: that it has the hello, or wants another one, and how it is to be
/// called.
void WorkerPipeline::quic_from_server(Arrival& arrival, Flow& flow) {
  Context* context = quic_context(flow);
  QuicDatagram packets(payload_of(arrival));
  QuicPacket packet;
  while (packets.next(packet)) {
    const bool to_client = context != nullptr && context->quic.client == packet.destination;
    switch (packet.kind) {
      case QuicPacket::Kind::Handshake:
      case QuicPacket::Kind::Initial:
        if (flow.state == FlowState::Allowed) quic_answer(flow, packet);
        break;
      case QuicPacket::Kind::Retry:
        if (to_client) context->quic.answered = context->quic.retried = true;
        break;
      case QuicPacket::Kind::VersionNegotiation:
        if (to_client && context->quic.first == packet.source)
          context->quic.answered = context->quic.retried = true;
        break;
      default:
        break;
    }
  }
  if (context != nullptr) context->destination_bytes += arrival.packet.payload_size;
  forward(arrival, passing(flow));
}

/// A server's Initial or Handshake packet. The keys of the latter come from the whole hello, which the server
/// thus has. An id that was known before may be that of a former connection, whose packets are late.
void WorkerPipeline::quic_answer(Flow& flow, const QuicPacket& packet) {
  const bool fresh = quic_ids_.learn(flow.key, packet.source, names_.view(flow.cold().name), now_.ms);
  Context* context = quic_context(flow);
  if (context == nullptr || context->quic.client != packet.destination) return;
  if (fresh) context->quic.server.assign(packet.source);
  if (packet.kind != QuicPacket::Kind::Handshake || context->quic.server != packet.source) return;
  context->quic.answered = true;
  context->stream.release_to(contexts_.blocks(), context->stream.read_place());
}

/// A packet of Google's before Q050, whose hello stands in one packet, in clear.
void WorkerPipeline::google_quic(Arrival& arrival, Flow& flow, const QuicPacket& packet) {
  if (!quic_budget_.take(flow.key.local, now_.ms)) return quic_over_budget(arrival, flow);
  HostName host;
  switch (read_google_packet(packet.bytes, packet.version, host)) {
    case Extract::Name:
    case Extract::NoName:
      if (!google_event(arrival, flow, host)) return;
      return forward(arrival, passing(flow));
    case Extract::Complete:
    case Extract::NotMine:
      if (flow.has(kFlowQuicPassed)) return forward(arrival, passing(flow));
      break;
    default:
      break;
  }
  quic_unreadable(arrival, flow);
}

/// A hello of Google's. Its client sends a second one when it knows the server better: the same access. False
/// where the packet is gone.
bool WorkerPipeline::google_event(Arrival& arrival, Flow& flow, const HostName& host) {
  Sighting sighting = Sighting::named(Protocol::Quic, Seen::Sni, host.view());
  if (host.empty() || host.is_address()) sighting = Sighting::without_name(Protocol::Quic, Situation::NoName);
  const Verdict verdict = judge_access(flow, sighting);
  const bool again = flow.has(kFlowQuicPassed) && names_.view(flow.cold().name) == sighting.name;
  remember(flow, sighting);
  if (!verdict.passes()) return decide(arrival, flow, sighting, verdict), false;
  if (!again) record(&arrival, flow, sighting, verdict);
  flow.state = FlowState::Allowed;
  flow.set(kFlowQuicPassed);
  return true;
}

/// The hellos of Q050, which come in CRYPTO frames.
WorkerPipeline::Step WorkerPipeline::read_google(Arrival& arrival, Flow& flow, Context& context) {
  for (;;) {
    uint8_t message[kMaxGoogleHello];
    const size_t kept = context.stream.peek(contexts_.blocks(), message);
    if (kept == 0) return Step::NeedMore;
    HostName host;
    size_t size = 0;
    const Extract found = read_google_hello({message, kept}, host, size);
    if (found == Extract::NeedMore && kept < kMaxGoogleHello) return Step::NeedMore;
    if (found != Extract::Name && found != Extract::NoName)
      return quic_incomplete(arrival, flow), Step::Decided;
    context.stream.consume(static_cast<uint32_t>(size));
    if (!google_event(arrival, flow, host)) return Step::Decided;
  }
}

/// The flow was decided by what nothing opens.
bool WorkerPipeline::said_unreadable(const Flow& flow) const {
  const Sighting said = remembered(flow);
  return said.unidentified && said.situation == Situation::UndecodableQuic;
}

/// Nothing opens it. A connection that passed, wholly or in part, is not to suffer from it.
void WorkerPipeline::quic_unreadable(Arrival& arrival, Flow& flow) {
  Sighting sighting = Sighting::without_name(Protocol::Quic, Situation::UndecodableQuic);
  const Context* context = quic_context(flow);
  if (!flow.has(kFlowQuicPassed) && (context == nullptr || context->source_bytes == 0)) {
    if (flow.state == FlowState::Blocked) return refuse_later_packet(arrival, flow);
    if (flow.state == FlowState::Allowed && said_unreadable(flow)) return forward(arrival, Reason::Decided);
    return judge_and_decide(arrival, flow, sighting);
  }
  if (judge(flow, sighting).passes()) return forward(arrival, Reason::UndecodableQuic);
  drop(arrival, Reason::UndecodableQuic);
}

void WorkerPipeline::quic_incomplete(Arrival& arrival, Flow& flow) {
  judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Quic, Situation::IncompleteHello));
}

/// The flow stays as it is: when the second is over, its Initials are opened again.
void WorkerPipeline::quic_over_budget(Arrival& arrival, Flow& flow) {
  Sighting sighting = Sighting::without_name(Protocol::Quic, Situation::UndecodableQuic);
  if (judge(flow, sighting).passes()) return forward(arrival, Reason::QuicRate);
  drop(arrival, Reason::QuicRate);
}

}  // namespace sluice
