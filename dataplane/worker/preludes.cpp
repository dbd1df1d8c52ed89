// worker: preludes: what is said before TLS, or to a proxy before what goes through it. They decide nothing
// but where a proxy may lead; both sides speak, and the flow stays undecided until something else comes.
#include "dataplane/extract/h2c.h"
#include "dataplane/extract/prelude.h"

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// An HTTP/2 server need not wait for its client either.
bool may_come_first(std::span<const uint8_t> bytes) {
  return is_greeting(bytes) || begins_h2_settings(bytes);
}

}  // namespace

/// The other side speaks. True where that decides nothing: a prelude is under way, or begins with a greeting.
bool WorkerPipeline::in_prelude(Arrival& arrival, Flow& flow) {
  if (flow.context == kNoIndex) {
    const bool follows = arrival.packet.tcp_flags & kAck;
    if (!follows || !may_come_first(payload_of(arrival))) return false;
    flow.context = contexts_.take(now_.ms, arrival.packet.tcp_ack);
    if (flow.context == kNoIndex) return false;
    contexts_[flow.context].preluded = true;
  }
  Context& context = contexts_[flow.context];
  if (!context.preluded) context.preluded = !recognised(flow) && may_come_first(payload_of(arrival));
  return context.preluded && context.destination_bytes <= kMaxPreludeAnswers;
}

/// head: the stream's unread bytes, which recognise_stream has told to be a prelude.
void WorkerPipeline::begin_prelude(Flow& flow, Context& context, std::span<const uint8_t> head) {
  const PreludeForm form = recognise_prelude(head);
  context.kind = ReaderKind::Prelude;
  context.preluded = true;
  context.prelude = Prelude(form);
  if (form.rdp) flow.set(kFlowRdp);
}

WorkerPipeline::Step WorkerPipeline::prelude_event(Arrival& arrival, Flow& flow, Context& context,
                                                   Extract event) {
  Sighting sighting;
  switch (event) {
    case Extract::Done:
      context.kind = ReaderKind::Recognising;
      return Step::GoOn;
    case Extract::Name:
      sighting = Sighting::named(Protocol::Socks, Seen::Authority, context.prelude.host().view());
      break;
    case Extract::NoName:
      sighting = Sighting::without_name(Protocol::Socks, Situation::NoName);
      break;
    default:
      judge_unreadable(arrival, flow);
      return Step::Decided;
  }
  const Verdict verdict = judge_access(flow, sighting);
  remember(flow, sighting);
  if (verdict.passes()) {
    record(&arrival, flow, sighting, verdict);
    return Step::NeedMore;
  }
  decide(arrival, flow, sighting, verdict);
  return Step::Decided;
}

}  // namespace sluice
