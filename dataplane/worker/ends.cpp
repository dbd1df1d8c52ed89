// worker: what passed of a flow, and the record of its end.
#include <algorithm>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// Of ends that say little, what one worker writes in a second: a flood must not fill the log.
constexpr uint32_t kLittleEnds = 1000;
constexpr uint64_t kSecondMs = 1000;
constexpr uint64_t kAccessBits = FlowCold::kAccessBits;

}  // namespace

/// A packet that passes. Of a datagram put together each fragment counts, of their payload what they carry.
void WorkerPipeline::count(const Arrival& arrival) {
  const uint64_t packets = arrival.datagram == nullptr ? 1 : arrival.datagram->fragments().size();
  count(*arrival.flow, arrival.place.side, arrival.packet.payload_size, packets);
}

/// A flow that is long or much says now and then what passed.
void WorkerPipeline::go_on(Flow& flow) {
  end(flow, Ended::Continues);
}

void WorkerPipeline::note_closing(const Packet& packet, Flow& flow) {
  if (packet.tcp_flags & (kFin | kRst)) flow.set(kFlowClosing);
  if (packet.tcp_flags & kRst) flow.set(kFlowReset);
}

Ended WorkerPipeline::how_ended(const Flow& flow, Ended otherwise) {
  if (!flow.has(kFlowClosing)) return otherwise;
  return flow.has(kFlowReset) ? Ended::Reset : Ended::Fin;
}

/// Whoever floods the gateway with SYNs, or with what is refused, makes flows as fast as packets; nobody
/// decided the former, and the latter's refusal stands in the log. Of those only so many have an end a
/// second, and the next end says how many have none.
bool WorkerPipeline::may_end(const Flow& flow) {
  if (flow.cold().access != 0 && flow.has_passed()) return true;
  if (now_.ms - ends_since_ms_ >= kSecondMs) {
    ends_since_ms_ = now_.ms;
    ends_written_ = 0;
  }
  if (ends_written_ < kLittleEnds) return ++ends_written_, true;
  ++ends_left_out_;
  stats_.ends_left_out.add();
  return false;
}

/// Writes what passed since the flow began, or since it was told last, if there is anything to tell; then
/// that is told. refusal: with Ended::Blocked, why.
void WorkerPipeline::end(Flow& flow, Ended how, const Verdict* refusal) {
  const bool told = flow.cold().access == 0 && !flow.has_passed();
  if (how != Ended::Continues) lines_.ended(flow);
  if (!told && may_end(flow)) {
    Record record = record_of(flow);
    const std::string_view name = names_.view(flow.cold().name);
    record.ended = how;
    record.action = static_cast<uint8_t>(flow.cold().action);
    record.reason = static_cast<uint8_t>(refusal != nullptr                      ? refusal->reason
                                         : flow.cold().action == Action::Blocked ? Reason::BlockedFlow
                                                                                 : passing(flow));
    record.protocol = static_cast<uint8_t>(flow.cold().protocol);
    record.seen = static_cast<uint8_t>(name.empty() ? Seen::Nothing : remembered(flow).seen);
    record.rule = refusal != nullptr ? refusal->rule : kNone16;
    record.list = refusal != nullptr ? refusal->list : kNone16;
    record.network = policy_ != nullptr ? policy_->network_of(flow.key.local, flow.key.vlan) : kNone16;
    const bool inbound = flow.has(kFlowInbound);
    const auto lan = static_cast<size_t>(Side::Lan), line = static_cast<size_t>(Side::Line);
    const size_t source = inbound ? line : lan, destination = inbound ? lan : line;
    record.source_bytes = flow.bytes[source];
    record.destination_bytes = flow.bytes[destination];
    record.end = {};
    record.end.source_packets = flow.packets[source];
    record.end.destination_packets = flow.packets[destination];
    // The low bits of a number that was written in the last two hours; so many are not written in that time.
    if (flow.cold().access != 0)
      record.end.access = ring_.last_number() - ((ring_.last_number() - flow.cold().access) & kAccessBits);
    const auto lasted = static_cast<int32_t>(flow.last_ms - flow.cold().started_ms);
    record.end.duration_ms = static_cast<uint32_t>(std::max(lasted, 0));
    record.end.idle_ms = static_cast<uint32_t>(now_.ms) - flow.last_ms;
    record.end.left_out = ends_left_out_;
    stats_.ended[static_cast<size_t>(how)].add();
    const uint64_t number = ring_.push(record, name);
    if (number != 0) ends_left_out_ = 0;
    if (how == Ended::Continues && number != 0) flow.cold().access = number & kAccessBits;
  }
  if (how != Ended::Continues) flow.cold().access = 0;
  for (const Side side : {Side::Lan, Side::Line})
    flow.bytes[static_cast<size_t>(side)] = flow.packets[static_cast<size_t>(side)] = 0;
  flow.cold().started_ms = static_cast<uint32_t>(now_.ms);
}

void WorkerPipeline::stop(Clock now) {
  now_ = now;
  for (uint32_t i = 0; i < flows_.capacity(); ++i)
    if (Flow* flow = flows_.at(i)) end(*flow, how_ended(*flow, Ended::Stopped));
  show_gauges();
}

}  // namespace sluice
