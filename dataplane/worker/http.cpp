// worker: HTTP on TCP: every request is judged, and what follows a CONNECT or an Upgrade is recognised anew.
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

/// The reader that saw a switch goes on: the server may have refused it.
void WorkerPipeline::begin_http(Flow& flow, Context& context) {
  context.kind = ReaderKind::Http;
  if (context.asked == Switch::None) context.http = HttpRequests::of_any_method();
  flow.cold().protocol = Protocol::Http;
}

WorkerPipeline::Step WorkerPipeline::begin_h2c(Arrival& arrival, Flow& flow, Context& context) {
  flow.cold().protocol = Protocol::H2c;
  context.preluded = true;  // both sides settle how they will speak before the first request
  if (contexts_.begin_h2c(context)) return Step::GoOn;
  judge_and_decide(arrival, flow, Sighting::without_name(Protocol::H2c, Situation::TableFull));
  return Step::Decided;
}

WorkerPipeline::Step WorkerPipeline::read_http(Arrival& arrival, Flow& flow, Context& context) {
  return read_with(context.http, context.stream,
                   [&](Extract event) { return http_event(arrival, flow, context, event); });
}

WorkerPipeline::Step WorkerPipeline::read_h2c(Arrival& arrival, Flow& flow, Context& context) {
  return read_with(context.h2c, context.stream,
                   [&](Extract event) { return h2c_event(arrival, flow, context, event); });
}

WorkerPipeline::Step WorkerPipeline::http_event(Arrival& arrival, Flow& flow, Context& context,
                                                Extract event) {
  switch (event) {
    case Extract::Name:
      return request(arrival, flow, context,
                     Sighting::named(Protocol::Http, Seen::Host, context.http.host().view()));
    case Extract::NoName:
      return request(arrival, flow, context, Sighting::without_name(Protocol::Http, Situation::NoName));
    case Extract::Complete:
      context.asked = context.http.tunnels() ? Switch::Tunnel : Switch::Upgrade;
      context.kind = ReaderKind::Recognising;
      return Step::GoOn;
    case Extract::NotMine:
      return no_request(arrival, flow, context);
    default:
      return unparsable(arrival, flow, context, context.http.refused_host());
  }
}

WorkerPipeline::Step WorkerPipeline::h2c_event(Arrival& arrival, Flow& flow, Context& context,
                                               Extract event) {
  switch (event) {
    case Extract::Name:
      return request(arrival, flow, context,
                     Sighting::named(Protocol::H2c, Seen::Authority, context.h2c.host().view()));
    case Extract::NoName:
      return request(arrival, flow, context, Sighting::without_name(Protocol::H2c, Situation::NoName));
    default:
      return unparsable(arrival, flow, context, context.h2c.host().view());
  }
}

/// A request that passes is recorded here, and the packet goes on to the next request in it.
WorkerPipeline::Step WorkerPipeline::request(Arrival& arrival, Flow& flow, Context& context,
                                             Sighting sighting) {
  sighting.response_outstanding = response_outstanding(arrival, context);
  const Verdict verdict = judge_request(flow, context, sighting);
  if (!verdict.passes()) {
    decide(arrival, flow, sighting, verdict);
    return Step::Decided;
  }
  record(&arrival, flow, sighting, verdict);
  flow.state = FlowState::Allowed;
  flow.set(kFlowHttp);
  context.named = true;
  context.remote_spoke = false;
  return Step::NeedMore;
}

/// What passed once for a host of this connection passes again, as long as the policy holds and DNS tells
/// nothing else of it.
Verdict WorkerPipeline::judge_request(Flow& flow, Context& context, Sighting& sighting) {
  const bool same = context.judged_epoch == epoch_ && !sighting.unidentified && is_remembered(flow, sighting);
  if (same && !ring_.full() && !mismatches(flow, sighting)) return context.verdict;
  const Verdict verdict = judge_access(flow, sighting);
  remember(flow, sighting);
  if (verdict.passes() && !sighting.unidentified && !sighting.mismatch) {
    context.verdict = verdict;
    context.judged_epoch = epoch_;
  }
  return verdict;
}

/// What an Upgrade leads to is its request's; any other bytes that are no HTTP are a flow of their own.
WorkerPipeline::Step WorkerPipeline::no_request(Arrival& arrival, Flow& flow, Context& context) {
  if (context.asked == Switch::Upgrade) {
    flow.clear(kFlowHttp);
    hold(flow);
    forward(arrival, Reason::Decided);
  } else {
    judge_and_decide(arrival, flow, Sighting::without_name(context.otherwise, Situation::UnknownProtocol));
  }
  return Step::Decided;
}

/// claimed: a host that was refused, or the last one seen; for the record only.
WorkerPipeline::Step WorkerPipeline::unparsable(Arrival& arrival, Flow& flow, const Context& context,
                                                std::string_view claimed) {
  Sighting sighting = Sighting::without_name(flow.cold().protocol, Situation::UnparsableHttp);
  sighting.response_outstanding = response_outstanding(arrival, context);
  const Verdict verdict = judge_access(flow, sighting);
  remember(flow, sighting);
  if (sighting.name.empty()) {
    sighting.name = claimed.substr(0, kMaxName);
    sighting.seen = Seen::Host;
  }
  decide(arrival, flow, sighting, verdict);
  return Step::Decided;
}

/// An earlier response may be on its way unless the client has acknowledged all that the server has sent
/// since.
bool WorkerPipeline::response_outstanding(const Arrival& arrival, const Context& context) {
  return context.named && !(context.remote_spoke && arrival.packet.tcp_ack == context.remote_end);
}

}  // namespace sluice
