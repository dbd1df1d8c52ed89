// worker: the first packet of a flow.
#include "dataplane/decode/link_control.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

constexpr uint16_t kFirstUserPort = 1024;

/// Which side opened a flow whose start was not seen: the one whose port is no service's.
bool looks_inbound(const FlowKey& key) {
  return key.local_port < kFirstUserPort && key.remote_port >= kFirstUserPort;
}

bool is_stray_answer(const FlowKey& key) {
  return key.transport == kUdp && key.remote_port == kDnsPort && key.local_port >= kFirstUserPort;
}

bool opens_tcp(const Packet& packet) {
  return (packet.tcp_flags & (kSyn | kAck)) == kSyn;
}

}  // namespace

void WorkerPipeline::open(Arrival& arrival) {
  arrival.flow = nullptr;
  const Packet& packet = arrival.packet;
  if (ring_.full() && !may_go_unlogged(arrival.key)) return without_flow(arrival, Situation::LogFull);
  Flow* flow = flows_.insert(arrival.key, arrival.hash);
  if (flow == nullptr) return without_flow(arrival, Situation::TableFull);
  arrival.flow = flow;
  touch(*flow);
  flow->cold().started_ms = flow->last_ms;
  flow->epoch = epoch_;
  if (packet.is_tcp() && !packet.fragment) return open_tcp(arrival, *flow);
  if (!arrival.from_lan()) flow->set(kFlowInbound);
  open_other(arrival, *flow);
}

/// Does the policy let this client open what no record can be kept of?
bool WorkerPipeline::may_go_unlogged(const FlowKey& key) const {
  const uint16_t network = policy_->network_of(key.local, key.vlan);
  const Setting unlogged = policy_->setting_of(network, Situation::LogFull);
  return unlogged != Setting::Block && unlogged != Setting::ByAddress;
}

void WorkerPipeline::open_tcp(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  const bool syn = packet.tcp_flags & kSyn;
  const bool opener_sends = opens_tcp(packet);
  bool inbound = opener_sends != arrival.from_lan();
  if (!syn) inbound = looks_inbound(flow.key);
  if (inbound) flow.set(kFlowInbound);
  if (!opener_sends) flow.set(kFlowMidstream);
  flow.cold().remote_ack = packet.tcp_seq + 1;
  note_closing(packet, flow);

  // From the line nothing is opened but what an inbound rule names, and that is known from the addresses.
  if (inbound && syn) return judge_and_decide(arrival, flow, Sighting{});
  Verdict refusal;
  const Sighting unseen;
  if (!policy_->admits(subject_of(flow.key, inbound, unseen), *scratch_, refusal))
    return decide(arrival, flow, unseen, refusal);
  if (opener_sends) lines_.asked(flow, now_);
  undecided(arrival, flow);
}

void WorkerPipeline::open_other(Arrival& arrival, Flow& flow) {
  if (arrival.packet.fragment)
    return judge_and_decide(arrival, flow, Sighting::without_name(Protocol::Unknown, Situation::Fragment));
  if (flow.has(kFlowInbound) && is_stray_answer(flow.key)) return stray_answer(arrival, flow);
  if (flow.has(kFlowInbound)) return open_unnamed(arrival, flow);
  if (open_dtls(arrival, flow)) return;
  if (arrival.packet.is_udp() && open_quic(arrival, flow)) return;
  if (arrival.packet.is_udp() && speaks_dns(arrival)) return open_dns(arrival, flow);
  open_unnamed(arrival, flow);
}

/// DNS on its own port, or beyond doubt on another. What goes to a group is for the LAN itself (mDNS, LLMNR).
bool WorkerPipeline::speaks_dns(const Arrival& arrival) {
  return arrival.key.remote_port == kDnsPort ||
         (!is_multicast(arrival.packet) && is_dns_question(payload_of(arrival)));
}

/// An answer to a question that was not seen opens nothing, and is not kept: the next question on these ports
/// is judged.
void WorkerPipeline::stray_answer(Arrival& arrival, Flow& flow) {
  DnsMessage message;
  Sighting sighting;
  if (parse_dns(payload_of(arrival), message) == Extract::Name && message.is_response())
    sighting = Sighting::named(Protocol::Dns, Seen::Question, message.questions[0].name.view());
  judge_and_decide(arrival, flow, sighting);
  erase(flow, Ended::Timeout);
}

void WorkerPipeline::open_dns(Arrival& arrival, Flow& flow) {
  Verdict refusal;
  const Sighting unseen{.protocol = Protocol::Dns};
  if (!policy_->admits(subject_of(flow.key, false, unseen), *scratch_, refusal))
    return decide(arrival, flow, unseen, refusal);
  flow.set(kFlowDns);
  flow.state = FlowState::Allowed;
  flow.cold().protocol = Protocol::Dns;
  dns(arrival, flow);
}

/// No flow can be kept, or no record of it: the policy's setting for that decides each packet by itself.
void WorkerPipeline::without_flow(Arrival& arrival, Situation situation) {
  Flow& passing = flows_.lone(arrival.key);
  if (!arrival.from_lan()) passing.set(kFlowInbound);
  Sighting sighting = Sighting::without_name(Protocol::Unknown, situation);
  const Verdict verdict = judge_access(passing, sighting);
  if (verdict.passes()) return forward(arrival, reason_of(situation));
  drop(arrival, reason_of(situation));
}

}  // namespace sluice
