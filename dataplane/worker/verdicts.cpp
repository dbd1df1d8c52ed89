// worker: judging an access, and what follows: the record, the flow's state, the packet passed or refused.
#include <rte_mbuf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// As a flow remembers it.
uint8_t seen_and_situation(const Sighting& sighting) {
  const unsigned situation = sighting.unidentified ? 1U + static_cast<unsigned>(sighting.situation) : 0U;
  return static_cast<uint8_t>(static_cast<unsigned>(sighting.seen) | situation << 4);
}

}  // namespace

Subject WorkerPipeline::subject_of(const FlowKey& key, bool inbound, const Sighting& sighting) {
  return {.local = key.local,
          .remote = key.remote,
          .direction = inbound ? Direction::Inbound : Direction::Outbound,
          .line = config_.replay ? kAnyLine : line_of_pair_[opened_.pair_of(key)],
          .vlan = key.vlan,
          .transport = key.transport,
          .service_port = inbound ? key.local_port : key.remote_port,
          .protocol = sighting.protocol,
          .seen = sighting.seen,
          .name = sighting.name,
          .unidentified = sighting.unidentified,
          .situation = sighting.situation,
          .resolver_question = sighting.resolver_question,
          .in_grace = now_.ms - started_ms_ < uint64_t{policy_->site().midstream_grace_s} * 1000};
}

/// Where no name is to be seen, the name bound to the destination stands in; sighting then says so.
Verdict WorkerPipeline::judge(const Flow& flow, Sighting& sighting) {
  if (sighting.unidentified && sighting.name.empty() && !flow.has(kFlowInbound)) {
    sighting.name = bindings_.find(flow.key.remote, now_.ms);
    if (!sighting.name.empty()) sighting.seen = Seen::Binding;
  }
  Subject subject = subject_of(flow.key, flow.has(kFlowInbound), sighting);
  subject.mismatch = sighting.mismatch = mismatches(flow, sighting);
  subject.rdp = flow.has(kFlowRdp);
  return policy_->judge(subject, *scratch_);
}

/// What is judged here is an access that gets a record; where the event ring has no room for it, the policy
/// may refuse what it opens otherwise.
Verdict WorkerPipeline::judge_access(const Flow& flow, Sighting& sighting) {
  Verdict verdict = judge(flow, sighting);
  if (verdict.passes() && ring_.full()) policy_->refuse_unlogged(verdict, *scratch_);
  return verdict;
}

void WorkerPipeline::judge_and_decide(Arrival& arrival, Flow& flow, Sighting sighting) {
  const Verdict verdict = judge_access(flow, sighting);
  remember(flow, sighting);
  decide(arrival, flow, sighting, verdict);
}

void WorkerPipeline::decide(Arrival& arrival, Flow& flow, const Sighting& sighting, const Verdict& verdict) {
  const uint64_t number = record(&arrival, flow, sighting, verdict);
  if (!verdict.passes()) refuse_packet(arrival, flow, sighting, verdict, number);
  settle(flow, verdict);
  if (verdict.passes()) forward(arrival, Reason::Decided);
}

void WorkerPipeline::settle(Flow& flow, const Verdict& verdict) {
  flow.state = verdict.passes() ? FlowState::Allowed : FlowState::Blocked;
  flow.clear(kFlowHttp);
  flow.clear(kFlowDns);
  flow.clear(kFlowOpened);
  flow.clear(kFlowWatched);
  if (verdict.opens) flow.set(kFlowOpened);
  if (verdict.opens && verdict.action == Action::Observed) flow.set(kFlowWatched);
  if (verdict.silent) flow.set(kFlowSilent);
  if (verdict.passes()) return hold(flow);
  release_context(flow);
  end(flow, Ended::Blocked, &verdict);
}

/// What a flow must keep to be judged again when the policy has changed.
void WorkerPipeline::remember(Flow& flow, const Sighting& sighting) {
  if (names_.view(flow.cold().name) != sighting.name) {
    const uint32_t name = names_.intern(sighting.name);
    if (name == 0 && !sighting.name.empty()) stats_.names_lost.add();
    names_.release(flow.cold().name);
    flow.cold().name = name;
  }
  flow.cold().protocol = sighting.protocol;
  flow.epoch = epoch_;
  flow.cold().seen_and_situation = seen_and_situation(sighting);
  if (flow.context != kNoIndex) contexts_[flow.context].judged_epoch = kNoEpoch;
}

bool WorkerPipeline::is_remembered(const Flow& flow, const Sighting& sighting) const {
  return flow.cold().protocol == sighting.protocol &&
         flow.cold().seen_and_situation == seen_and_situation(sighting) &&
         names_.view(flow.cold().name) == sighting.name;
}

Sighting WorkerPipeline::remembered(const Flow& flow) const {
  Sighting sighting;
  sighting.protocol = flow.cold().protocol;
  sighting.seen = static_cast<Seen>(flow.cold().seen_and_situation & 0x0f);
  sighting.name = names_.view(flow.cold().name);
  const unsigned situation = flow.cold().seen_and_situation >> 4;
  sighting.unidentified = situation != 0;
  if (situation != 0) sighting.situation = static_cast<Situation>(situation - 1);
  return sighting;
}

/// The policy has changed under an open flow. An undecided one is judged when its name comes; a decided one
/// now.
bool WorkerPipeline::rejudge(Arrival& arrival, Flow& flow) {
  flow.epoch = epoch_;
  stats_.rejudged.add();
  Sighting sighting = remembered(flow);
  sighting.response_outstanding =
      true;  // the connection is in full flow: nothing can be put in, only a reset
  Verdict verdict;
  const bool decided = flow.state == FlowState::Allowed && !flow.has(kFlowDns);
  if (decided) {
    verdict = judge(flow, sighting);
    if (is_tunnel(flow.cold().protocol) && verdict.passes()) settle(flow, verdict);
    if (verdict.passes()) return true;
  } else if (policy_->admits(subject_of(flow.key, flow.has(kFlowInbound), sighting), *scratch_, verdict)) {
    return true;
  }
  if (verdict.passes()) return true;
  decide(arrival, flow, sighting, verdict);
  return false;
}

/// What every record says of its flow.
Record WorkerPipeline::record_of(const Flow& flow) const {
  const FlowKey& key = flow.key;
  const bool inbound = flow.has(kFlowInbound);
  Record record{};
  record.time_ns = now_.utc_ns;
  record.transport = key.transport;
  record.direction = inbound ? Direction::Inbound : Direction::Outbound;
  record.vlan = key.vlan;
  record.source = inbound ? key.remote : key.local;
  record.destination = inbound ? key.local : key.remote;
  record.source_port = inbound ? key.remote_port : key.local_port;
  record.destination_port = inbound ? key.local_port : key.remote_port;
  record.generation = generation_;
  record.line = opened_.pair_of(key);
  return record;
}

uint64_t WorkerPipeline::record(const Arrival* arrival, Flow& flow, const Sighting& sighting,
                                const Verdict& verdict) {
  Record record = record_of(flow);
  record.action = static_cast<uint8_t>(verdict.action);
  record.would = static_cast<uint8_t>(verdict.would);
  record.reason = static_cast<uint8_t>(verdict.reason);
  record.protocol = static_cast<uint8_t>(sighting.protocol);
  record.seen = static_cast<uint8_t>(sighting.name.empty() ? Seen::Nothing : sighting.seen);
  record.rule = verdict.rule;
  record.list = verdict.list;
  record.network = verdict.network;
  if (flow.context != kNoIndex) {
    record.source_bytes = contexts_[flow.context].source_bytes;
    record.destination_bytes = contexts_[flow.context].destination_bytes;
  } else if (arrival != nullptr) {
    (from_opener(*arrival, flow) ? record.source_bytes : record.destination_bytes) =
        arrival->packet.payload_size;
  }
  if (arrival != nullptr && from_opener(*arrival, flow)) record.ttl = arrival->packet.hop_limit;
  constexpr size_t kSourceMac = 6;
  if (arrival != nullptr && !flow.has(kFlowInbound) && arrival->from_lan())
    std::memcpy(record.mac, arrival->headers.data() + kSourceMac, 6);
  stats_.accesses[record.action][record.reason].add();
  stats_.protocols[record.action][record.protocol].add();
  const uint64_t number = ring_.push(record, sighting.name);
  if (number != 0) flow.cold().access = number & FlowCold::kAccessBits;
  flow.cold().action = verdict.action;
  return number;
}

void WorkerPipeline::refuse_packet(Arrival& arrival, const Flow& flow, const Sighting& sighting,
                                   const Verdict& verdict, uint64_t number) {
  if (arrival.inside) return drop_silently(arrival, verdict.reason);
  char reference[64];
  const int size = std::snprintf(reference, sizeof reference, "%016llx-%u-%llu",
                                 static_cast<unsigned long long>(config_.boot), unsigned{config_.worker},
                                 static_cast<unsigned long long>(number));
  Refusal refusal;
  refusal.protocol = sighting.protocol;
  refusal.silent = verdict.silent;
  refusal.half_passed =
      flow.context != kNoIndex && contexts_[flow.context].source_bytes > arrival.packet.payload_size;
  refusal.from_opener = from_opener(arrival, flow);
  refusal.response_outstanding = sighting.response_outstanding;
  refusal.message = sighting.message;
  refusal.server_ack_known = flow.has(kFlowAnswered);
  refusal.server_ack = flow.cold().remote_ack;
  refusal.rule = verdict.rule == kNone16 ? word_of(verdict.reason) : policy_->rule_name(verdict.rule);
  refusal.reference = {reference, static_cast<size_t>(std::max(size, 0))};
  refusal.contact = policy_->string(policy_->site().contact);
  refusal.host = sighting.name;
  refusal.page_message = policy_->rule_text(verdict.rule, &RuleInfo::message);
  send_answers(arrival.mbuf->port, refuse(pool_, arrival.packet, frame_of(arrival), refusal));
  drop(arrival, verdict.reason);
}

/// Inside a tunnel no answer is put: it would have to be wrapped as the other end wraps.
void WorkerPipeline::drop_silently(Arrival& arrival, Reason reason) {
  stats_.answers[static_cast<size_t>(Answer::Silence)].add();
  drop(arrival, reason);
}

void WorkerPipeline::refuse_later_packet(Arrival& arrival, Flow& flow) {
  const bool opener = from_opener(arrival, flow);
  const bool silent = opener && flow.has(kFlowSilent);
  if (!arrival.inside && !silent && arrival.packet.is_tcp())
    send_answers(arrival.mbuf->port, refuse_again(pool_, arrival.packet, arrival.headers, opener));
  drop(arrival, Reason::BlockedFlow);
}

/// port: where what is answered came from.
void WorkerPipeline::send_answers(uint16_t port, const Answers& answers) {
  for (const OutgoingPacket& answer : std::span(answers.packets).first(answers.count)) {
    answer.mbuf->port = port;
    put(answer.toward == Toward::Sender ? port : opposite_[port], answer.mbuf);
  }
  stats_.answers[static_cast<size_t>(answers.kind)].add();
  if (answers.missing != 0) stats_.dropped[static_cast<size_t>(Reason::NoBuffer)].add(answers.missing);
}

void WorkerPipeline::drop(const Arrival& arrival, Reason reason) {
  if (arrival.datagram == nullptr) return drop_one(arrival.mbuf, reason);
  drop_all(*arrival.datagram, reason);
}

void WorkerPipeline::drop_one(rte_mbuf* mbuf, Reason reason) {
  stats_.dropped[static_cast<size_t>(reason)].add();
  rte_mbuf_prefetch_part2(mbuf);
  dropped_[dropped_count_++] = mbuf;
  if (dropped_count_ == dropped_.size()) free_dropped();
}

void WorkerPipeline::free_dropped() {
  rte_pktmbuf_free_bulk(dropped_.data(), dropped_count_);
  dropped_count_ = 0;
}

std::span<const uint8_t> WorkerPipeline::bytes_of(const Arrival& arrival, uint32_t offset, uint32_t size) {
  size = std::min(size, kMaxFrame);
  if (size == 0) return {};  // the place of nothing may be behind the last buffer
  const void* bytes = rte_pktmbuf_read(arrival.mbuf, offset, size, payload_scratch_.get());
  if (bytes == nullptr) return {};
  return {static_cast<const uint8_t*>(bytes), size};
}

std::span<const uint8_t> WorkerPipeline::payload_of(const Arrival& arrival) {
  return bytes_of(arrival, arrival.packet.payload_offset, arrival.packet.payload_size);
}

std::span<const uint8_t> WorkerPipeline::frame_of(const Arrival& arrival) {
  return bytes_of(arrival, 0, rte_pktmbuf_pkt_len(arrival.mbuf));
}

}  // namespace sluice
