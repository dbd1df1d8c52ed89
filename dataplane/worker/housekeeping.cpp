// worker: time-outs, swept in slices.
#include <algorithm>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// Flows looked at in each call, once a millisecond: all of the table in a second. Packets wait meanwhile, so
/// a table of more than half a million takes longer, of 10,000,000 20 s, and its flows end so much later.
constexpr uint32_t kSweepShare = 1000, kSweepAtLeast = 64, kSweepAtMost = 512;
/// How long what passed of a flow that goes on may stay untold; of one that is idle, no longer than until it
/// ends. So a flow knows the number of its last record by 30 bits: less than that are written in two hours.
constexpr uint32_t kUntoldMs = 3'600'000;
constexpr uint16_t kMostResets = 2;  ///< that one flow's end sends

/// Bytes have passed that what comes after them would have to be judged with.
bool in_midst(const Flow& flow, const Context& context) {
  if (flow.state == FlowState::Undecided || context.stream.holds()) return true;
  switch (context.kind) {
    case ReaderKind::Tls:
      return !context.tls.between_messages();
    case ReaderKind::Http:
      return !context.http.between_requests();
    case ReaderKind::H2c:
      return true;  // its headers refer to those before
    default:
      return false;  // what it has not judged is still held
  }
}

}  // namespace

void WorkerPipeline::housekeeping(Clock now, Output& out) {
  begin(now, out);
  shedding_.recover();
  const uint32_t capacity = flows_.capacity();
  const uint32_t slice = std::min(capacity, std::clamp(capacity / kSweepShare, kSweepAtLeast, kSweepAtMost));
  const auto has_room = [](const Output::Batch& batch) { return batch.count + kMostResets <= kTxBatch; };
  for (uint32_t i = 0; i < slice && std::all_of(std::begin(out.ports), std::end(out.ports), has_room); ++i) {
    swept_ = swept_ + 1 < capacity ? swept_ + 1 : 0;
    if (Flow* flow = flows_.at(swept_)) sweep_flow(*flow);
  }
  bindings_.sweep(now.ms);
  drop_late_fragments();
  free_dropped();
  show_gauges();
}

uint32_t WorkerPipeline::idle_limit_ms(const Flow& flow) const {
  if (flow.state == FlowState::Blocked) return kIdleBlockedMs;
  const bool dns = flow.has(kFlowDns);
  if (flow.key.transport != kTcp) return dns ? kIdleDnsMs : kIdleOtherMs;
  if (dns) return kIdleOtherMs;  // its readers keep memory
  if (flow.has(kFlowClosing)) return kIdleClosingMs;
  if (flow.state != FlowState::Undecided) return kIdleTcpMs;
  // Whoever types a prelude may pause; its end is that of undecided flows, by age.
  const bool preluded = flow.context != kNoIndex && contexts_[flow.context].preluded;
  return preluded ? kIdleTcpMs : kIdleHandshakeMs;
}

void WorkerPipeline::sweep_flow(Flow& flow) {
  const uint32_t idle_ms = static_cast<uint32_t>(now_.ms) - flow.last_ms;
  lines_.sweep(flow, now_);
  if (flow.epoch != epoch_) flow.epoch = kNoEpoch;
  if (idle_ms >= idle_limit_ms(flow)) return erase(flow, how_ended(flow, Ended::Timeout));
  const uint32_t untold_ms = static_cast<uint32_t>(now_.ms) - flow.cold().started_ms;
  if (untold_ms >= kUntoldMs && idle_ms < untold_ms / 2 && flow.has_passed()) go_on(flow);
  if (flow.context == kNoIndex) return;
  Context& context = contexts_[flow.context];
  if (context.judged_epoch != epoch_) context.judged_epoch = kNoEpoch;
  const uint64_t age_ms = now_.ms - context.started_ms;
  if (context.kind == ReaderKind::Quic && flow.state == FlowState::Allowed && age_ms >= kQuicHandshakeMs)
    return release_context(flow);
  // Forgotten, it is judged anew by whatever comes.
  const bool held = context.kind == ReaderKind::Held ||
                    (context.kind == ReaderKind::Tls && flow.state == FlowState::Allowed);
  if (held && age_ms >= kHeldMs) return erase(flow, how_ended(flow, Ended::Timeout));
  if (context.kind == ReaderKind::Dtls && flow.state == FlowState::Allowed && age_ms >= kHeldMs)
    return release_context(flow);
  const uint32_t limit_ms = context.preluded ? kPreludeMs : kUndecidedMs;
  if (flow.state == FlowState::Undecided && policy_ != nullptr && age_ms >= limit_ms) time_out(flow);
}

/// Undecided is a state with an end: a hello that does not become complete is judged as what it is. The first
/// byte of a flow whose start was not seen may be a keep-alive's.
void WorkerPipeline::time_out(Flow& flow) {
  const bool silent = !contexts_[flow.context].preluded && !flow.has(kFlowMidstream);
  const Situation situation = silent ? Situation::IncompleteHello : nameless(flow);
  Sighting sighting = Sighting::without_name(flow.cold().protocol, situation);
  const Verdict verdict = judge_access(flow, sighting);
  remember(flow, sighting);
  record(nullptr, flow, sighting, verdict);
  if (!verdict.passes()) abandon(flow);
  settle(flow, verdict);
}

/// A decided flow's bytes stay in question until the other side has them: a copy that it never saw may have
/// been the one that was judged.
void WorkerPipeline::hold(Flow& flow) {
  if (flow.context == kNoIndex) return;
  Context& context = contexts_[flow.context];
  if (context.kind == ReaderKind::Quic) return;
  if (flow.key.transport != kTcp || !context.stream.holds()) return release_context(flow);
  context.stream.end_reading();
  contexts_.end_reader(context);
  context.started_ms = now_.ms;
}

/// Bytes may lie at the server that were never judged together with those that come after them, once the flow
/// is forgotten: the server must not wait for those.
void WorkerPipeline::abandon(const Flow& flow) {
  const bool inside = flow.key.pair >= kMaxPairs;  // of a tunnel, where nothing can be put
  if (flow.context == kNoIndex || flow.key.transport != kTcp || inside) return;
  const Context& context = contexts_[flow.context];
  if (!in_midst(flow, context)) return;
  const bool inbound = flow.has(kFlowInbound);
  Packet packet;
  packet.source = inbound ? flow.key.remote : flow.key.local;
  packet.destination = inbound ? flow.key.local : flow.key.remote;
  packet.source_port = inbound ? flow.key.remote_port : flow.key.local_port;
  packet.destination_port = inbound ? flow.key.local_port : flow.key.remote_port;
  packet.transport = kTcp;
  packet.v4 = packet.source.is_v4();
  packet.l3_offset = context.link_size;
  const uint32_t passed = context.passed_to();
  const bool ack_known = flow.has(kFlowAnswered) || !flow.has(kFlowMidstream);
  const auto side = static_cast<size_t>(inbound ? Side::Line : Side::Lan);
  send_answers(port_of_[flow.key.pair][side],
               sluice::abandon(pool_, packet, {context.link, context.link_size},
                               ack_known ? flow.cold().remote_ack : passed, passed));
}

void WorkerPipeline::release_context(Flow& flow) {
  if (flow.context == kNoIndex) return;
  if (flow.has(kFlowReopening)) {
    flow.cold().remote_ack = contexts_[flow.context].reopen_at;
    flow.clear(kFlowAnswered);
  }
  contexts_.give_back(flow.context);
  flow.context = kNoIndex;
}

void WorkerPipeline::erase(Flow& flow, Ended how) {
  end(flow, how);
  abandon(flow);
  release_context(flow);
  names_.release(flow.cold().name);
  flows_.erase(flow);
}

/// The totals of a data plane before this one may stand in the counters: what is new is added.
void WorkerPipeline::show_gauges() {
  const auto show_total = [](Counter& counter, uint64_t& shown, uint64_t total) {
    counter.add(total - shown);
    shown = total;
  };
  stats_.flows.set(flows_.size());
  stats_.undecided.set(contexts_.used());
  stats_.bindings.set(bindings_.size());
  stats_.names.set(names_.size());
  stats_.fragments.set(fragments_.held());
  show_total(stats_.dns_addresses_lost, shown_[0], site_addresses_.lost() + own_addresses_.lost());
  show_total(stats_.records_written, shown_[1], ring_.written());
  show_total(stats_.records_lost, shown_[2], ring_.lost());
}

}  // namespace sluice
