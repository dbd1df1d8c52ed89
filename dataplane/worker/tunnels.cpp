// worker: what shows no name: tunnels, refused or registered, and what is inside an opened one.
#include "dataplane/decode/tunnel.h"
#include "dataplane/extract/tunnel.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

/// What a packet that carries no name speaks.
Protocol WorkerPipeline::protocol_of(const Arrival& arrival, const Flow& flow) {
  const FlowKey& key = flow.key;
  if (!arrival.packet.is_udp()) return recognise_transport(key.transport, payload_of(arrival));
  return recognise_datagram(payload_of(arrival), flow.has(kFlowInbound) ? key.local_port : key.remote_port);
}

/// What a server that speaks first speaks: SSH's may.
Protocol WorkerPipeline::protocol_of_server(const Arrival& arrival) {
  Protocol protocol = Protocol::Unknown;
  const Extract match = recognise_nameless_stream(payload_of(arrival), protocol);
  return match == Extract::Complete ? protocol : Protocol::Unknown;
}

/// The first packet of a flow that is no TCP's and in which nobody will find a name.
void WorkerPipeline::open_unnamed(Arrival& arrival, Flow& flow) {
  judge_unnamed(arrival, flow, protocol_of(arrival, flow));
  if (!arrival.packet.is_udp() || flow.state != FlowState::Allowed || is_tunnel(flow.cold().protocol)) return;
  flow.set(kFlowLooking);
  flow.cold().looked_at = 1;
}

/// A tunnel may begin behind a few datagrams of something else.
void WorkerPipeline::look_again(Arrival& arrival, Flow& flow) {
  if (++flow.cold().looked_at == kLookedAtDatagrams) flow.clear(kFlowLooking);
  const Protocol protocol = recognise_datagram(payload_of(arrival), kAnyPort);
  if (!is_tunnel(protocol)) return forward(arrival, Reason::Decided);
  flow.clear(kFlowLooking);
  judge_unnamed(arrival, flow, protocol);
}

void WorkerPipeline::judge_unnamed(Arrival& arrival, Flow& flow, Protocol protocol) {
  Sighting sighting = Sighting::without_name(protocol, Situation::UnknownProtocol);
  // From the line nothing is opened but what an inbound rule or the tunnels' register names.
  if (flow.has(kFlowInbound)) sighting = {.protocol = protocol};
  const Verdict verdict = judge_access(flow, sighting);
  remember(flow, sighting);
  if (!verdict.opens) return decide(arrival, flow, sighting, verdict);
  record(&arrival, flow, sighting, verdict);
  settle(flow, verdict);
  open_inside(arrival, flow);
}

/// Judges what a packet of an opened tunnel carries: its verdict is the whole packet's. What is inside lives
/// with its tunnel: on this worker, under keys of its own.
void WorkerPipeline::open_inside(Arrival& outer, const Flow& tunnel) {
  const auto unreadable = [&](Reason reason) {
    tunnel.has(kFlowWatched) ? forward(outer, Reason::Decided) : drop(outer, reason);
  };
  if (outer.inside) return unreadable(Reason::TooManyHeaders);
  Arrival inner = outer;
  inner.inside = true;
  inner.flow = nullptr;
  inner.around = &outer;
  uint32_t network = 0;
  const Decoded decoded =
      decode_inside(tunnel.cold().protocol, outer.headers, outer.packet, inner.packet, network);
  if (decoded.kind == Decoded::Kind::NotIp) return forward(outer, Reason::NotIp);
  if (decoded.kind == Decoded::Kind::Dropped) return unreadable(decoded.reason);
  if (passes_as_link_control(inner)) return;
  if (inner.packet.vlan == kNoVlan) inner.packet.vlan = outer.packet.vlan;
  const uint32_t number = opened_.number(tunnel.key, tunnel.cold().protocol, network, now_.ms);
  if (number == kNoIndex) {
    inner.key = key_of(inner, tunnel.key.pair);
    return without_flow(inner, Situation::TableFull);
  }
  inner.key = key_of(inner, static_cast<uint8_t>(kMaxPairs + number));
  inner.hash = flows_.hash(inner.key);
  // The sum of a datagram around it would no longer be right.
  if (!outer.packet.is_udp() || outer.packet.l4_checksum == 0) complete_checksum(inner);
  handle(inner);
}

}  // namespace sluice
