// worker: DTLS. The pieces of a client's hello are put in order, and it is judged before the datagram that
// completes it leaves. Another hello is read when the server has answered the former: until then what is kept
// must stay, or a hello could be told in two halves, each a part of another story.
#include "dataplane/extract/dtls.h"

#include <algorithm>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

/// A packet of a settled flow that may hold a hello. Asked for every UDP packet.
bool WorkerPipeline::may_begin_dtls(const Arrival& arrival, const Flow& flow) const {
  const Packet& packet = arrival.packet;
  if (!packet.is_udp() || packet.fragment || flow.has(kFlowInbound) || !arrival.from_lan()) return false;
  const auto behind =
      arrival.headers.subspan(std::min<size_t>(packet.payload_offset, arrival.headers.size()));
  const auto start = behind.first(std::min<size_t>(behind.size(), packet.payload_size));
  const bool hidden = start.size() < std::min<size_t>(packet.payload_size, kDtlsRecordHeader);
  return hidden || may_have_dtls_hello(start, packet.payload_size);  // hidden: behind very long headers
}

bool WorkerPipeline::is_dtls(const Arrival& arrival, const Flow& flow) {
  if (!arrival.packet.is_udp() || arrival.packet.fragment || flow.has(kFlowInbound)) return false;
  if (flow.context != kNoIndex) return contexts_[flow.context].kind == ReaderKind::Dtls;
  return arrival.from_lan() && has_dtls_hello(payload_of(arrival));
}

/// The first packet of a flow. False where it holds no hello.
bool WorkerPipeline::open_dtls(Arrival& arrival, Flow& flow) {
  if (!is_dtls(arrival, flow)) return false;
  const Sighting unseen{.protocol = Protocol::Dtls};
  Verdict refusal;
  if (policy_->admits(subject_of(flow.key, false, unseen), *scratch_, refusal)) {
    dtls(arrival, flow);
  } else {
    decide(arrival, flow, unseen, refusal);
  }
  return true;
}

void WorkerPipeline::dtls(Arrival& arrival, Flow& flow) {
  if (!arrival.from_lan()) return dtls_from_server(arrival, flow);
  if (flow.state == FlowState::Undecided && flow.context != kNoIndex &&
      ++contexts_[flow.context].packets > kDtlsHelloPackets)
    return judge_and_decide(arrival, flow,
                            Sighting::without_name(Protocol::Dtls, Situation::IncompleteHello));
  DtlsPieces pieces(payload_of(arrival));
  DtlsPiece piece;
  bool any = false;
  while (pieces.next(piece)) {
    if (!take_piece(arrival, flow, piece)) return;
    any = true;
  }
  if (any) return read_dtls(arrival, flow);
  if (flow.state == FlowState::Allowed && contexts_[flow.context].dtls.answered) release_context(flow);
  forward(arrival, passing(flow));
}

/// Whatever a server says to a hello, it has it whole.
void WorkerPipeline::dtls_from_server(Arrival& arrival, Flow& flow) {
  Context& context = contexts_[flow.context];
  context.destination_bytes += arrival.packet.payload_size;
  if (flow.state == FlowState::Allowed && begins_like_dtls(payload_of(arrival))) context.dtls.answered = true;
  forward(arrival, passing(flow));
}

/// False where the packet is gone.
bool WorkerPipeline::take_piece(Arrival& arrival, Flow& flow, const DtlsPiece& piece) {
  Context* context = flow.context == kNoIndex ? nullptr : &contexts_[flow.context];
  if (context == nullptr || context->dtls.answered) context = begin_dtls(flow, piece);
  const auto without_room = [&] {
    judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Dtls, Situation::TableFull));
    return false;
  };
  if (context == nullptr) return without_room();
  if (piece.message != context->dtls.message || piece.size != context->dtls.size)
    return drop(arrival, Reason::Overlap), false;
  const uint8_t head[] = {1, static_cast<uint8_t>(piece.size >> 16), static_cast<uint8_t>(piece.size >> 8),
                          static_cast<uint8_t>(piece.size)};
  if (context->stream.offer(contexts_.blocks(), 0, head) == ByteStream::Offer::NoMemory)
    return without_room();
  switch (context->stream.offer(contexts_.blocks(), static_cast<uint32_t>(sizeof head) + piece.offset,
                                piece.bytes)) {
    case ByteStream::Offer::Taken:
    case ByteStream::Offer::Old:
      return true;
    case ByteStream::Offer::Differs:
    case ByteStream::Offer::TooFar:
      drop(arrival, Reason::Overlap);
      return false;
    case ByteStream::Offer::NoMemory:
      break;
  }
  return without_room();
}

/// Another hello. One that answers a server's cookie belongs to the same access.
Context* WorkerPipeline::begin_dtls(Flow& flow, const DtlsPiece& piece) {
  const bool recorded = flow.context != kNoIndex && contexts_[flow.context].recorded;
  Context* context = begin_hello(flow, Protocol::Dtls, ReaderKind::Dtls, recorded);
  if (context == nullptr) return nullptr;
  context->dtls = {
      .reader = TlsHello::of_dtls(), .message = piece.message, .size = piece.size, .answered = false};
  return context;
}

void WorkerPipeline::read_dtls(Arrival& arrival, Flow& flow) {
  Context& context = contexts_[flow.context];
  context.source_bytes += arrival.packet.payload_size;
  const Step step = read_with(context.dtls.reader, context.stream, [&](Extract event) {
    return hello_event(arrival, flow, context, context.dtls.reader, event);
  });
  if (step == Step::NeedMore) forward(arrival, passing(flow));
}

}  // namespace sluice
