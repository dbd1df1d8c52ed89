// worker: IP fragments: put together to be judged as what they carry, and passed on as they came.
#include "dataplane/act/rewrite.h"
#include "dataplane/act/whole.h"
#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

WorkerPipeline::~WorkerPipeline() {
  while (Datagram* datagram = fragments_.oldest()) {
    drop_all(*datagram, Reason::FragmentIncomplete);
    fragments_.close(*datagram, Reason::FragmentIncomplete, now_.ms);
  }
  free_dropped();
}

/// Holds a fragment until its datagram is whole; then one verdict is all its fragments'.
void WorkerPipeline::collect(Arrival& arrival) {
  if (arrival.datagram != nullptr) return drop(arrival, Reason::MalformedFragment);
  // Whoever is not registered shall not fill the table.
  Verdict refusal;
  if (!policy_->is_link(arrival.packet.source) &&
      !policy_->admits(subject_of(arrival.key, !arrival.from_lan(), Sighting{}), *scratch_, refusal))
    return uncollected(arrival);
  const Packet& packet = arrival.packet;
  const uint32_t size = packet.payload_offset - packet.l4_offset + packet.payload_size;
  const IncomingFragment fragment = {.packet = packet,
                                     .client = arrival.key.local,
                                     .pair = arrival.key.pair,
                                     .headers = arrival.headers,
                                     .bytes = bytes_of(arrival, packet.l4_offset, size),
                                     .mbuf = arrival.mbuf,
                                     .buffers = arrival.mbuf->nb_segs};
  const auto [offer, datagram, reason] = fragments_.offer(fragment, now_.ms);
  switch (offer) {
    case Fragments::Offer::Held:
      return;
    case Fragments::Offer::Whole:
      judge_whole(*datagram);
      return fragments_.close(*datagram, Reason::FragmentRepeated, now_.ms);
    case Fragments::Offer::Repeated:
      return drop(arrival, Reason::FragmentRepeated);
    case Fragments::Offer::Malformed:
      return drop(arrival, Reason::MalformedFragment);
    case Fragments::Offer::Conflict:
      drop_all(*datagram, Reason::FragmentOverlap);
      fragments_.close(*datagram, Reason::FragmentOverlap, now_.ms);
      return drop(arrival, Reason::FragmentOverlap);
    case Fragments::Offer::Full:
      fragments_.close(fragment, Reason::Fragment, now_.ms);
      if (datagram != nullptr) give_up(*datagram);
      return uncollected(arrival);
    case Fragments::Offer::Past:
      return reason == Reason::Fragment ? uncollected(arrival) : drop(arrival, reason);
  }
}

/// It takes the way of any packet, but that its fragments leave in its place.
void WorkerPipeline::judge_whole(const Datagram& datagram) {
  const auto headers = datagram.headers(), payload = datagram.payload();
  const auto payload_size = static_cast<uint32_t>(payload.size());
  const uint32_t headers_size = make_whole(headers, datagram.first(), payload_size);
  auto& [head, tail] = whole_;
  head.buf_addr = headers.data();
  head.data_len = static_cast<uint16_t>(headers_size);
  head.pkt_len = headers_size + payload_size;
  head.nb_segs = 2;
  head.next = &tail;
  head.port = datagram.fragments().front().mbuf->port;
  tail.buf_addr = payload.data();
  tail.data_len = static_cast<uint16_t>(payload_size);
  Arrival& whole = arrivals_[kSpare];
  whole.datagram = &datagram;
  if (enter(&head, whole)) {
    whole.flow = flows_.find(whole.key, whole.hash);
    handle_slowly(whole, whole.flow);
  }
  whole.datagram = nullptr;
}

/// Other bytes in the place of the payload; in the fragments too where they leave in the packet's place.
void WorkerPipeline::change_payload(const Arrival& arrival, std::span<const uint8_t> payload) {
  overwrite_payload(*arrival.mbuf, arrival.packet, payload);
  if (arrival.datagram == nullptr) return;
  const auto whole = arrival.datagram->payload();
  for (const Datagram::Fragment& fragment : arrival.datagram->fragments())
    write_bytes(*fragment.mbuf, fragment.offset,
                whole.subspan(fragment.begin, fragment.end - fragment.begin));
}

void WorkerPipeline::drop_all(const Datagram& datagram, Reason reason) {
  for (const Datagram::Fragment& fragment : datagram.fragments()) drop_one(fragment.mbuf, reason);
}

/// The policy's setting for fragments decides what cannot be put together.
void WorkerPipeline::give_up(Datagram& datagram) {
  for (const Datagram::Fragment& fragment : datagram.fragments())
    if (enter(fragment.mbuf, arrivals_[kSpare], Owner::Me)) uncollected(arrivals_[kSpare]);
  fragments_.close(datagram, Reason::Fragment, now_.ms);
}

void WorkerPipeline::uncollected(Arrival& arrival) {
  arrival.key.local_port = kFragmentGivenUp;
  arrival.hash = flows_.hash(arrival.key);
  handle(arrival);
}

void WorkerPipeline::drop_late_fragments() {
  while (Datagram* datagram = fragments_.expired(now_.ms)) {
    drop_all(*datagram, Reason::FragmentIncomplete);
    fragments_.close(*datagram, Reason::FragmentIncomplete, now_.ms);
  }
}

}  // namespace sluice
