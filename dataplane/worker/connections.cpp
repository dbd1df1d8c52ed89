// worker: where a TCP connection begins on ports that are in use.
//
// A SYN may be a decoy that its receiver never sees. So it changes nothing by itself: only the other side's
// answer to that very SYN begins a new connection, which is judged anew.
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

bool is_first(const Packet& packet) {
  return (packet.tcp_flags & (kSyn | kAck)) == kSyn;
}

}  // namespace

/// A segment with SYN on a flow that is known.
void WorkerPipeline::handshake(Arrival& arrival, Flow& flow) {
  const bool opener = from_opener(arrival, flow);
  if (is_first(arrival.packet)) return opener ? first_again(arrival, flow) : first_from_other(arrival, flow);
  if (!opener) return first_answered(arrival, flow);
  // The opener's half of a simultaneous open (RFC 9293 3.5).
  if (arrival.packet.payload_size != 0) return drop(arrival, Reason::Overlap);
  forward(arrival, Reason::Undecided);
}

void WorkerPipeline::first_again(Arrival& arrival, Flow& flow) {
  const Packet& packet = arrival.packet;
  if (flow.has(kFlowInbound)) return open_anew(arrival, flow);  // judged by its addresses alone
  const uint32_t start = packet.tcp_seq + 1;
  const bool untouched = flow.context == kNoIndex && !flow.has(kFlowAnswered) && !flow.has(kFlowMidstream);
  const bool reads = flow.state == FlowState::Undecided || flow.context != kNoIndex;
  if (reads && start == first_byte(flow)) {
    lines_.asked_again(flow, now_);
    return undecided(arrival, flow);
  }
  // Data in a SYN, or a number among those of data, would leave open which SYN it is that gets the answer.
  const bool ambiguous = flow.context != kNoIndex && contexts_[flow.context].has_passed(start);
  if (packet.payload_size != 0 || ambiguous) return drop(arrival, Reason::Overlap);
  if (flow.state == FlowState::Undecided && untouched) {
    flow.cold().remote_ack = start;
    lines_.asked_again(flow, now_);
    return forward(arrival, Reason::Undecided);
  }
  Verdict refusal;
  if (!policy_->admits(subject_of(flow.key, false, Sighting{}), *scratch_, refusal) && !refusal.passes())
    return refuse_later_packet(arrival, flow);
  if (flow.state == FlowState::Undecided && flow.context == kNoIndex) {
    flow.context = contexts_.take(now_.ms, flow.cold().remote_ack);
    if (flow.context == kNoIndex) return drop(arrival, Reason::TableFull);
  }
  if (!flow.has(kFlowReopening)) flow.cold().opening = Opening::None;
  flow.set(kFlowReopening);
  if (flow.context != kNoIndex) {
    contexts_[flow.context].reopen_at = start;
  } else {
    flow.cold().remote_ack = start;
    flow.clear(kFlowAnswered);
  }
  lines_.asked(flow, now_);
  forward(arrival, Reason::Undecided);
}

/// The number of the first byte of a flow that is read and whose start was seen.
uint32_t WorkerPipeline::first_byte(const Flow& flow) {
  return flow.context == kNoIndex ? flow.cold().remote_ack : contexts_[flow.context].start;
}

/// The other side sends a SYN of its own: both may open at once; else it is a connection of its own.
void WorkerPipeline::first_from_other(Arrival& arrival, Flow& flow) {
  const bool both_open = flow.state == FlowState::Undecided && flow.context == kNoIndex &&
                         !flow.has(kFlowAnswered) && arrival.packet.payload_size == 0;
  if (both_open) return forward(arrival, Reason::Undecided);
  if (arrival.from_lan()) return open_anew(arrival, flow);
  // What is refused from the line must not end what the LAN has opened.
  Flow& inbound = flows_.lone(flow.key);
  inbound.last_ms = inbound.cold().started_ms = static_cast<uint32_t>(now_.ms);
  inbound.set(kFlowInbound);
  Sighting sighting;
  const Verdict verdict = judge_access(inbound, sighting);
  if (verdict.passes()) return open_anew(arrival, flow);
  const uint64_t number = record(&arrival, inbound, sighting, verdict);
  refuse_packet(arrival, inbound, sighting, verdict, number);
  end(inbound, Ended::Blocked, &verdict);
}

/// A SYN-ACK. One that does not answer the latest SYN would leave us and its receiver with different
/// connections.
void WorkerPipeline::first_answered(Arrival& arrival, Flow& flow) {
  const uint32_t ack = arrival.packet.tcp_ack;
  if (flow.has(kFlowReopening)) {
    const uint32_t start =
        flow.context == kNoIndex ? flow.cold().remote_ack : contexts_[flow.context].reopen_at;
    if (ack != start) return drop(arrival, Reason::Overlap);
    begin_anew(flow, start);
  }
  if (flow.state == FlowState::Blocked) return refuse_later_packet(arrival, flow);
  const bool fast_opened = flow.context != kNoIndex && ack == contexts_[flow.context].syn_end;
  const bool known = flow.state == FlowState::Undecided && !flow.has(kFlowMidstream);
  if (known && ack != first_byte(flow) && !fast_opened) return drop(arrival, Reason::Overlap);
  lines_.syn_answered(flow, now_);
  undecided(arrival, flow);
}

/// The flow as it was when its first SYN had passed, for the connection whose first byte has number start.
void WorkerPipeline::begin_anew(Flow& flow, uint32_t start) {
  end(flow, how_ended(flow, Ended::Replaced));
  release_context(flow);
  names_.release(flow.cold().name);
  flow.cold().name = 0;
  flow.state = FlowState::Undecided;
  flow.cold().protocol = Protocol::Unknown;
  flow.cold().seen_and_situation = 0;
  flow.flags = kFlowInUse;
  flow.cold().remote_ack = start;
}

void WorkerPipeline::open_anew(Arrival& arrival, Flow& flow) {
  erase(flow, how_ended(flow, Ended::Replaced));
  open(arrival);
}

}  // namespace sluice
