// worker: the way of a packet. decode → hand-over → flow → extract → policy → act, every stage in order.
#define XXH_INLINE_ALL
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/act/checksum.h"
#include "dataplane/decode/glance.h"
#include "dataplane/decode/link_control.h"
#include "dataplane/decode/neighbour.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {
namespace {

/// What the port says of the transport's checksum: never anything of a packet inside a tunnel.
uint64_t sum_known_to_port(const Arrival& arrival) {
  return arrival.inside ? RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN
                        : arrival.mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
}

/// What the transport's sum is of.
uint32_t l4_size_of(const Packet& packet) {
  return packet.payload_offset - packet.l4_offset + packet.payload_size;
}

/// Of what is no access: control is told which machine has which address.
void note_neighbour(const Arrival& arrival, int64_t utc_ns, NeighbourTable& neighbours) {
  Neighbour neighbour;
  if (!arrival.from_lan() ||
      !(arrival.packet.transport == kIcmpv6 ? read_nd(arrival.headers, arrival.packet, neighbour)
                                            : read_arp(arrival.headers, arrival.packet, neighbour)))
    return;
  neighbour.seen_ns = utc_ns;
  neighbours.note(neighbour);
}

}  // namespace

void WorkerPipeline::process(std::span<rte_mbuf* const> burst, Clock now, Output& out) {
  run(burst, Owner::Unknown, now, out);
}

void WorkerPipeline::take_over(std::span<rte_mbuf* const> burst, Clock now, Output& out) {
  run(burst, Owner::Me, now, out);
}

/// Nearly every packet is a plain segment of a flow that is decided, and no more is read of it than tells its
/// flow. What one step reads the one before has fetched, so that the packets of a burst wait for memory
/// together.
void WorkerPipeline::run(std::span<rte_mbuf* const> burst, Owner owner, Clock now, Output& out) {
  if (!started_) started_ms_ = now.ms;
  started_ = true;
  begin(now, out);
  if (shedding_.is_short()) shedding_.set_time(rte_rdtsc());
  for (size_t i = 0; i < burst.size(); ++i) look_at(*burst[i], glimpses_[i]);
  const bool all_mine = owner == Owner::Me || config_.workers == 1;
  find_candidates(burst.size(), all_mine);
  const bool may_give_way = shedding_.is_short() || !all_mine;
  const uint64_t settled = Flow::settled_word(epoch_);
  const auto now_ms = static_cast<uint32_t>(now.ms);
  size_t others = 0;
  for (size_t i = 0; i < burst.size(); ++i) {
    const Glimpse& glimpse = glimpses_[i];
    rte_mbuf* const mbuf = burst[i];
    Flow* const flow = glimpse.candidate;
    if (flow != nullptr && (glimpse.kind & kPlain) && flow->key == glimpse.key && flow->is_settled(settled))
        [[likely]] {
      flow->last_ms = now_ms;
      if (glimpse.kind & kLast) [[unlikely]]
        flow->set(kFlowClosing);
      count(*flow, config_.ports[mbuf->port].side, glimpse.payload_size);
      put(opposite_[mbuf->port], mbuf);
      continue;
    }
    ++others;
    if (flow == nullptr && may_give_way && gives_way_unread(mbuf, all_mine, glimpse)) continue;
    if (enter(mbuf, arrivals_[0], owner, glimpse)) handle(arrivals_[0], flow);
  }
  stats_.passed[static_cast<size_t>(Reason::Decided)].add(burst.size() - others);
  free_dropped();
}

/// Nine in ten flows lie in their first bucket, so the other one is fetched for the rest alone; and for none
/// that lives elsewhere.
[[gnu::always_inline]] inline void WorkerPipeline::find_candidates(size_t count, bool all_mine) {
  std::array<uint16_t, kBurst> missed;
  size_t others = 0;
  for (size_t i = 0; i < count; ++i) {
    Glimpse& glimpse = glimpses_[i];
    const bool common = glimpse.kind & kCommon;
    const FlowTable::Bucket* const bucket = glimpse.bucket;
    glimpse.candidate = common ? flows_.candidate(glimpse.hash, bucket) : nullptr;
    if (!common || glimpse.candidate != nullptr) continue;
    if (!all_mine && (glimpse.owner = owner_of(glimpse.key)) != config_.worker) continue;
    __builtin_prefetch(flows_.second(glimpse.hash));
    missed[others++] = static_cast<uint16_t>(i);
  }
  for (const uint16_t i : std::span(missed).first(others))
    glimpses_[i].candidate = flows_.candidate(glimpses_[i].hash, flows_.second(glimpses_[i].hash));
}

/// Of a common frame whose flow is not known here, its key tells enough where it lives elsewhere, or where
/// the time for it is short; then a fragment's addresses do, too. True where the packet is gone.
bool WorkerPipeline::gives_way_unread(rte_mbuf* mbuf, bool all_mine, const Glimpse& glimpse) {
  Address client;
  if (glimpse.kind & kCommon) {
    const FlowKey& key = glimpse.key;
    if (may_be_link_control(key.transport, key.local_port, key.remote_port)) return false;
    if (!all_mine && glimpse.owner != config_.worker) return hand_over(mbuf, glimpse.owner), true;
    client = key.local;
  } else {
    const auto ends =
        glance_at_fragment({rte_pktmbuf_mtod(mbuf, const uint8_t*), rte_pktmbuf_data_len(mbuf)});
    if (!ends) return false;
    const bool lan = config_.ports[mbuf->port].side == Side::Lan;
    client = Address::from_words(lan ? ends->first() : ends->second());
  }
  if (!shedding_.sheds(client)) return false;
  drop_one(mbuf, Reason::Overload);
  return true;
}

/// Tells the flow of a frame, if it is a common one, and fetches where that is found.
[[gnu::always_inline]] inline void WorkerPipeline::look_at(const rte_mbuf& mbuf, Glimpse& out) const {
  const std::span<const uint8_t> headers(rte_pktmbuf_mtod(&mbuf, const uint8_t*),
                                         rte_pktmbuf_data_len(&mbuf));
  const PortPlace place = config_.ports[mbuf.port];
  uint8_t kind = 0;
  (void)glance(headers, rte_pktmbuf_pkt_len(&mbuf), [&](const auto& seen) {
    out.payload_size = static_cast<uint16_t>(seen.payload_size());
    const auto ends = place.side == Side::Lan ? seen.addresses : seen.addresses.turned();
    const uint32_t ports = place.side == Side::Lan ? std::rotl(seen.ports, 16) : seen.ports;
    const FlowKey::Words key =
        FlowKey::words(ends.first(), ends.second(), ports, seen.vlan, seen.transport, place.pair);
    key.store(out.key);
    out.hash = flows_.hash(ends, key.rest());
    out.bucket = flows_.prefetch(out.hash);
    const bool finished =
        (mbuf.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
        !is_pseudo_header_sum(seen.l4_checksum,
                              pseudo_header_words(seen.addresses.first(), seen.addresses.second(), seen.kV4,
                                                  seen.transport, seen.l4_size));
    kind = !finished                         ? kCommon
           : seen.control() == kAck          ? kCommon | kFinished | kPlain
           : seen.control() == (kAck | kFin) ? kCommon | kFinished | kPlain | kLast
                                             : kCommon | kFinished;
  });
  out.kind = kind;
}

/// Decodes, passes what needs no flow, hands over what lives elsewhere. True where the packet is this
/// worker's to judge.
bool WorkerPipeline::enter(rte_mbuf* mbuf, Arrival& arrival, Owner owner, const Glimpse& glimpse) {
  const size_t slot = static_cast<size_t>(&arrival - arrivals_.data());
  const uint32_t size = rte_pktmbuf_pkt_len(mbuf);
  const auto head = std::min<uint32_t>(size, kMaxHeaderBytes);
  const void* bytes = rte_pktmbuf_read(mbuf, 0, head, header_scratch_[slot]);
  arrival.mbuf = mbuf;
  arrival.inside = false;
  arrival.flow = nullptr;
  arrival.around = nullptr;
  arrival.place = config_.ports[mbuf->port];
  arrival.headers = {static_cast<const uint8_t*>(bytes), head};
  const Decoded decoded = decode_frame(arrival.headers, size, arrival.packet);
  if (decoded.kind == Decoded::Kind::NotIp) {
    note_neighbour(arrival, now_.utc_ns, stats_.neighbours);
    return forward(arrival, Reason::NotIp), false;
  }
  if (decoded.kind == Decoded::Kind::Dropped) return drop(arrival, decoded.reason), false;

  if (may_be_link_control(arrival.packet.transport, arrival.packet.source_port,
                          arrival.packet.destination_port) &&
      passes_as_link_control(arrival))
    return false;
  arrival.key = (glimpse.kind & kCommon) ? glimpse.key : key_of(arrival, arrival.place.pair);
  if (owner == Owner::Unknown && !is_mine(arrival)) return false;
  if (policy_ == nullptr) return drop(arrival, Reason::NoPolicy), false;
  if (!(glimpse.kind & kFinished)) complete_checksum(arrival);
  arrival.hash = (glimpse.kind & kCommon) ? glimpse.hash : flows_.hash(arrival.key);
  return true;
}

/// What keeps a link alive passes before any register is asked. True where the packet is gone.
bool WorkerPipeline::passes_as_link_control(Arrival& arrival) {
  const Packet& packet = arrival.packet;
  const auto begun = arrival.headers.subspan(std::min<size_t>(packet.payload_offset, arrival.headers.size()));
  const LinkControl control =
      link_control(packet, begun.first(std::min<size_t>(begun.size(), packet.payload_size)));
  const bool routers = control == LinkControl::BetweenRouters && policy_ != nullptr &&
                       policy_->is_link(packet.source) &&
                       (is_multicast(packet) || policy_->is_link(packet.destination));
  if (control != LinkControl::Yes && !routers) return false;
  if (packet.transport == kIcmpv6) note_neighbour(arrival, now_.utc_ns, stats_.neighbours);
  forward(arrival, Reason::LinkControl);
  return true;
}

FlowKey WorkerPipeline::key_of(const Arrival& arrival, uint8_t pair) {
  const Packet& packet = arrival.packet;
  const AddressPair addresses{packet.source.words(), packet.destination.words()};
  const uint32_t ports = uint32_t{packet.source_port} << 16 | packet.destination_port;
  const bool lan = arrival.from_lan();
  const AddressPair ends = lan ? addresses : addresses.turned();
  if (!packet.fragment)
    return FlowKey::words(ends.one, ends.two, lan ? std::rotl(ports, 16) : ports, packet.vlan,
                          packet.transport, pair)
        .key();
  return FlowKey::words(ends.one, ends.two, arrival.inside ? kFragmentGivenUp : kFragmentWaiting, packet.vlan,
                        kFragmentHeader, pair)
      .key();
}

bool WorkerPipeline::is_mine(const Arrival& arrival) {
  if (config_.workers == 1) return true;
  const uint8_t owner = owner_of(arrival);
  if (owner == config_.worker) return true;
  if (arrival.datagram == nullptr) {
    hand_over(arrival.mbuf, owner);
  } else {
    for (const Datagram::Fragment& fragment : arrival.datagram->fragments()) hand_over(fragment.mbuf, owner);
  }
  return false;
}

uint8_t WorkerPipeline::owner_of(const Arrival& arrival) {
  FlowKey key = arrival.key;
  if (!arrival.packet.fragment && is_icmp_error(arrival.packet)) (void)quoted_key(arrival, key);
  return owner_of(key);
}

/// Every packet of one client, in both directions, is handled by one worker. Behind a shared address are
/// many: each of its TCP connections has a worker of its own, and else what it exchanges with one address.
uint8_t WorkerPipeline::owner_of(const FlowKey& key) const {
  const bool shared = policy_ != nullptr && policy_->is_shared(key.local);
  const size_t bytes = !shared                 ? offsetof(FlowKey, remote)
                       : key.transport == kTcp ? offsetof(FlowKey, vlan)
                                               : offsetof(FlowKey, local_port);
  const uint64_t hash = XXH3_64bits_withSeed(&key, bytes, config_.seed);
  return static_cast<uint8_t>((hash >> 32) * config_.workers >>
                              32);  // a division would cost as much as all else
}

void WorkerPipeline::hand_over(rte_mbuf* mbuf, uint8_t owner) {
  out_->handover[out_->handover_count] = mbuf;
  out_->owner[out_->handover_count++] = owner;
  stats_.handed_over.add();
}

void WorkerPipeline::handle(Arrival& arrival, Flow* candidate) {
  const bool waits = arrival.packet.fragment && arrival.key.local_port == kFragmentWaiting;
  Flow* flow = waits ? nullptr : flows_.find(arrival.key, arrival.hash, candidate);
  arrival.flow = flow;
  const Packet& packet = arrival.packet;
  const bool settled =
      flow != nullptr && flow->is_settled(Flow::settled_word(epoch_)) &&
      !(packet.is_udp() && (may_begin_dtls(arrival, *flow) || may_begin_quic(arrival, *flow))) &&
      !(packet.tcp_flags & (kSyn | kRst)) && packet.transport != kIcmp && packet.transport != kIcmpv6;
  if (settled) {
    touch(*flow);
    note_closing(packet, *flow);
    forward(arrival, Reason::Decided);
  } else if (shedding_.is_short() && gives_way(flow)) {
    const Address client = arrival.key.local;
    if (shedding_.sheds(client)) return drop(arrival, Reason::Overload);
    const uint64_t begun = rte_rdtsc();
    handle_slowly(arrival, flow);
    shedding_.spend(client, rte_rdtsc() - begun);
  } else {
    handle_slowly(arrival, flow);
  }
}

void WorkerPipeline::handle_slowly(Arrival& arrival, Flow* flow) {
  if (config_.verify_checksums && !checksums_fit(arrival)) return drop(arrival, Reason::BadChecksum);
  if (arrival.packet.fragment && arrival.key.local_port == kFragmentWaiting) return collect(arrival);
  if (is_icmp_error(arrival.packet)) return related_icmp(arrival);
  if (flow == nullptr) return open(arrival);
  if (flow->epoch != epoch_ && flow->state == FlowState::Blocked) return open_anew(arrival, *flow);
  if (flow->epoch != epoch_ && !rejudge(arrival, *flow)) return;
  if (flow->key.transport == kTcp && (arrival.packet.tcp_flags & kSyn)) return handshake(arrival, *flow);
  if (flow->state == FlowState::Blocked && !may_show_quic(arrival, *flow))
    return refuse_later_packet(arrival, *flow);
  touch(*flow);
  note_closing(arrival.packet, *flow);
  if (flow->has(kFlowOpened)) return open_inside(arrival, *flow);
  if (is_dtls(arrival, *flow)) return dtls(arrival, *flow);
  if (is_quic(arrival, *flow)) return quic(arrival, *flow);
  if (flow->has(kFlowDns) && arrival.packet.is_udp()) return dns(arrival, *flow);
  if (flow->state == FlowState::Undecided || flow->context != kNoIndex) return undecided(arrival, *flow);
  if (flow->has(kFlowLooking)) return look_again(arrival, *flow);
  forward(arrival, Reason::Decided);
}

/// An error belongs to the flow that it quotes, seen from the other side.
void WorkerPipeline::related_icmp(Arrival& arrival) {
  arrival.flow = nullptr;
  FlowKey key;
  if (!quoted_key(arrival, key)) return drop(arrival, Reason::MalformedIcmp);
  const Flow* flow = flows_.find(key, flows_.hash(key));
  if (flow == nullptr || flow->state == FlowState::Blocked) return drop(arrival, Reason::UnrelatedIcmp);
  forward(arrival, Reason::RelatedIcmp);
}

/// The key of the packet that an ICMP error quotes. False, and key is as it was, where that cannot be read.
bool WorkerPipeline::quoted_key(const Arrival& arrival, FlowKey& key) {
  Packet quoted;
  const auto quote = payload_of(arrival);
  const auto head = quote.first(std::min<size_t>(quote.size(), kMaxHeaderBytes));
  if (decode_ip(head, static_cast<uint32_t>(head.size()), true, quoted).kind != Decoded::Kind::Ip)
    return false;
  // The quoted packet went the other way than the error comes.
  const bool lan = !arrival.from_lan();
  key = {.local = lan ? quoted.source : quoted.destination,
         .remote = lan ? quoted.destination : quoted.source,
         .local_port = lan ? quoted.source_port : quoted.destination_port,
         .remote_port = lan ? quoted.destination_port : quoted.source_port,
         .vlan = arrival.packet.vlan,
         .transport = quoted.transport,
         .pair = arrival.key.pair};
  return true;
}

/// A software port hands over frames whose transport checksum its sender left to hardware that is not there:
/// the field then holds the pseudo-header's sum. It is filled in, so that what is judged is what the server
/// accepts.
void WorkerPipeline::complete_checksum(Arrival& arrival) {
  Packet& packet = arrival.packet;
  if (packet.fragment || (packet.transport != kTcp && packet.transport != kUdp)) return;
  if (sum_known_to_port(arrival) == RTE_MBUF_F_RX_L4_CKSUM_GOOD) return;
  const uint32_t l4_size = l4_size_of(packet);
  if (!is_pseudo_header_sum(packet.l4_checksum, pseudo_header_words(packet, l4_size))) return;
  uint16_t sum = 0;
  if (rte_raw_cksum_mbuf(arrival.mbuf, packet.l4_offset, l4_size, &sum) != 0) return;
  const uint32_t field = packet.l4_offset + (packet.transport == kTcp ? 16U : 6U);
  if (field + 2 > rte_pktmbuf_data_len(arrival.mbuf)) return;
  // The sum of a segment that holds its own pseudo-header sum in the field is the whole sum.
  uint16_t checksum = static_cast<uint16_t>(~sum);
  if (checksum == 0 && packet.transport == kUdp) checksum = 0xffff;
  auto* place = rte_pktmbuf_mtod_offset(arrival.mbuf, uint8_t*, field);
  std::memcpy(place, &checksum, 2);
  packet.l4_checksum = static_cast<uint16_t>(place[0] << 8 | place[1]);
  stats_.checksums_completed.add();
}

/// Looked at wherever a packet may change what is known or judged; a decided flow's data is its receiver's to
/// check.
bool WorkerPipeline::checksums_fit(const Arrival& arrival) {
  const Packet& packet = arrival.packet;
  if (packet.v4 && !checksum_fits(sum_of_ipv4_header(
                       arrival.headers.subspan(packet.l3_offset, packet.l4_offset - packet.l3_offset))))
    return false;
  if (packet.fragment) return true;
  const uint64_t known = sum_known_to_port(arrival);
  if (known != RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN) return known != RTE_MBUF_F_RX_L4_CKSUM_BAD;
  const uint8_t transport = packet.transport;
  const bool has_sum = transport == kTcp || transport == kUdp || transport == kIcmp || transport == kIcmpv6;
  if (!has_sum) return true;
  if (transport == kUdp && packet.l4_checksum == 0) return packet.v4;  // RFC 8200 8.1: not allowed over IPv6
  const uint32_t l4_size = l4_size_of(packet);
  const uint64_t pseudo = transport == kIcmp ? 0 : pseudo_header_words(packet, l4_size);
  if (packet.l4_offset + l4_size <= rte_pktmbuf_data_len(arrival.mbuf))
    return checksum_fits(
        pseudo +
        sum_of_words({rte_pktmbuf_mtod_offset(arrival.mbuf, const uint8_t*, packet.l4_offset), l4_size}));
  uint16_t sum = 0;
  return rte_raw_cksum_mbuf(arrival.mbuf, packet.l4_offset, l4_size, &sum) == 0 &&
         checksum_fits(pseudo + sum);
}

}  // namespace sluice
