// worker: what TLS' hello shows, whatever carries it. One name is not the verdict: a second one, what stands
// at the hello's end, or another hello may still refuse the flow.
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

/// Another hello of datagrams takes the place of what the flow keeps. recorded: its access stands in the log.
/// Returns nullptr where no context is left.
Context* WorkerPipeline::begin_hello(Flow& flow, Protocol protocol, ReaderKind kind, bool recorded) {
  release_context(flow);
  flow.context = contexts_.take(now_.ms, 0);
  if (flow.context == kNoIndex) return nullptr;
  flow.state = FlowState::Undecided;
  flow.cold().protocol = protocol;
  Context& context = contexts_[flow.context];
  context.kind = kind;
  context.recorded = recorded;
  return &context;
}

/// event: of hello, which the flow has in context; not Done. Returns NeedMore where it is to be read on.
WorkerPipeline::Step WorkerPipeline::hello_event(Arrival& arrival, Flow& flow, Context& context,
                                                 const TlsHello& hello, Extract event) {
  switch (event) {
    case Extract::Name:
      return judge_hello(arrival, flow, context,
                         Sighting::named(flow.cold().protocol, Seen::Sni, hello.host().view()));
    case Extract::NoName: {
      const Situation situation = hello.has_esni() ? Situation::Ech : Situation::NoName;
      return judge_hello(arrival, flow, context, Sighting::without_name(flow.cold().protocol, situation));
    }
    case Extract::Complete:
      break;
    default:
      judge_and_decide(arrival, flow,
                       Sighting::without_name(flow.cold().protocol, hello_cut_short(flow, hello)));
      return Step::Decided;
  }
  context.named = false;
  // With the public name of an ECH configuration in sight, the extension is no GREASE.
  if (hello.has_esni() || (hello.has_ech() && hides_name(hello.host().view()))) {
    const auto hidden = Sighting::without_name(flow.cold().protocol, Situation::Ech);
    if (judge_hello(arrival, flow, context, hidden, hello.host().view()) == Step::Decided)
      return Step::Decided;
    context.named = false;
  }
  if (!context.recorded) record(&arrival, flow, remembered(flow), context.verdict);
  context.recorded = true;
  context.remote_spoke = false;
  context.started_ms = now_.ms;
  flow.state = FlowState::Allowed;
  return Step::NeedMore;
}

/// A name that passes beside another one adds nothing. The name before a hidden one is not judged by, but
/// told.
WorkerPipeline::Step WorkerPipeline::judge_hello(Arrival& arrival, Flow& flow, Context& context,
                                                 Sighting sighting, std::string_view shown) {
  const Verdict verdict = judge_access(flow, sighting);
  if (sighting.unidentified && sighting.name.empty() && !shown.empty()) {
    sighting.name = shown;
    sighting.seen = Seen::Sni;
  }
  if (!verdict.passes()) {
    remember(flow, sighting);
    decide(arrival, flow, sighting, verdict);
    return Step::Decided;
  }
  if (context.named) return Step::NeedMore;
  const Sighting before = remembered(flow);
  context.named = true;
  context.recorded = context.recorded && before.name == sighting.name && before.seen == sighting.seen;
  context.verdict = verdict;
  remember(flow, sighting);
  return Step::NeedMore;
}

/// The server goes on with the hello that passed: so much is no wish for another one.
bool WorkerPipeline::hello_taken(Context& context, const Packet& answer) {
  if (!context.remote_spoke) context.remote_start = answer.tcp_seq;
  context.remote_spoke = true;
  const auto said = static_cast<int32_t>(answer.tcp_seq + answer.payload_size - context.remote_start);
  return !context.preluded && said > static_cast<int32_t>(kMaxRetryRequest);
}

}  // namespace sluice
