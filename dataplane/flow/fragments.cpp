// flow: putting the fragments of a datagram together.
#define XXH_INLINE_ALL
#include "dataplane/flow/fragments.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr size_t kRoom = kMaxHeaderBytes + kMaxDatagramBytes + 1;
constexpr uint32_t kIpv6Header = 40, kIpv6FragmentHeader = 8;

/// Bytes of headers that the whole datagram's length field counts beside its payload.
uint32_t counted_headers(const Packet& packet) {
  const uint32_t headers = packet.l4_offset - packet.l3_offset;
  return packet.v4 ? headers : headers - kIpv6Header - kIpv6FragmentHeader;
}

bool is_possible(const IncomingFragment& fragment) {
  const Packet& packet = fragment.packet;
  const size_t size = fragment.bytes.size();
  if (size == 0 || (packet.more_fragments && size % 8 != 0)) return false;
  return counted_headers(packet) + packet.fragment_offset + size <= kMaxDatagramBytes;
}

DatagramKey key_of(const IncomingFragment& fragment) {
  const Packet& packet = fragment.packet;
  return {.source = packet.source,
          .destination = packet.destination,
          .id = packet.fragment_id,
          .version = packet.v4 ? uint8_t{4} : uint8_t{6},
          .transport = packet.v4 ? packet.transport : kFragmentHeader,
          .pair = fragment.pair,
          .padding = 0};
}

}  // namespace

bool Fragments::create(uint64_t seed) {
  seed_ = seed;
  datagrams_ = make_fixed_array<Datagram>(kMaxDatagrams);
  bytes_ = make_fixed_array<uint8_t>(kMaxDatagrams * kRoom);
  places_ = make_fixed_array<uint32_t>(kPlaces);
  pasts_ = make_fixed_array<Past>(kPasts);
  clients_ = make_fixed_array<uint16_t>(kClients);
  if (!datagrams_ || !bytes_ || !places_ || !pasts_ || !clients_) return false;
  for (uint32_t i = kMaxDatagrams; i > 0; --i) {
    at(i).bytes_ = bytes_.get() + (i - 1) * kRoom;
    at(i).same_place_ = free_;
    free_ = i;
  }
  return true;
}

uint64_t Fragments::hash(const DatagramKey& key) const {
  return XXH3_64bits_withSeed(&key, sizeof key, seed_);
}

uint16_t Fragments::share_of(const Address& client) const {
  return static_cast<uint16_t>(XXH3_64bits_withSeed(&client, sizeof client, seed_) % kClients);
}

Datagram* Fragments::find(const DatagramKey& key, uint64_t hash) {
  for (uint32_t i = place_of(hash); i != 0; i = at(i).same_place_)
    if (at(i).key_ == key) return &at(i);
  return nullptr;
}

Datagram& Fragments::add(const IncomingFragment& fragment, const DatagramKey& key, uint64_t hash,
                         uint64_t now_ms) {
  const uint32_t index = free_;
  Datagram& datagram = at(index);
  free_ = datagram.same_place_;
  datagram.key_ = key;
  datagram.hash_ = hash;
  datagram.started_ms_ = now_ms;
  datagram.total_ = datagram.received_ = 0;
  datagram.count_ = datagram.buffers_ = 0;
  datagram.client_ = share_of(fragment.client);
  datagram.same_place_ = place_of(hash);
  place_of(hash) = index;
  datagram.older_ = newest_;
  datagram.newer_ = 0;
  (newest_ == 0 ? oldest_ : at(newest_).newer_) = index;
  newest_ = index;
  return datagram;
}

/// Held where the fragment fits what the datagram has.
Fragments::Offer Fragments::compare(const Datagram& datagram, const IncomingFragment& fragment,
                                    uint32_t begin, uint32_t end) {
  const bool more = fragment.packet.more_fragments;
  uint32_t farthest = 0;
  for (const Datagram::Fragment& other : datagram.fragments()) {
    farthest = std::max(farthest, other.end);
    if (other.end <= begin || end <= other.begin) continue;
    const bool last = other.end == datagram.total_;
    const bool same =
        other.begin == begin && other.end == end && last != more &&
        std::equal(fragment.bytes.begin(), fragment.bytes.end(), datagram.bytes_ + kMaxHeaderBytes + begin);
    return same ? Offer::Repeated : Offer::Conflict;
  }
  const bool beyond_end = datagram.total_ != 0 && end > datagram.total_;
  const bool other_end = !more && farthest > end;  // another last fragment reaches farther than this one
  return beyond_end || other_end ? Offer::Conflict : Offer::Held;
}

Fragments::Outcome Fragments::offer(const IncomingFragment& fragment, uint64_t now_ms) {
  const Packet& packet = fragment.packet;
  if (!is_possible(fragment)) return {Offer::Malformed};
  const DatagramKey key = key_of(fragment);
  const uint64_t hashed = hash(key);
  const Past& past = past_of(hashed);
  if (past.tag == tag(hashed) && static_cast<uint32_t>(now_ms) - past.closed_ms < kPastFragmentMs)
    return {Offer::Past, nullptr, past.reason};

  Datagram* datagram = find(key, hashed);
  const uint32_t begin = packet.fragment_offset;
  const uint32_t end = begin + static_cast<uint32_t>(fragment.bytes.size());
  if (datagram != nullptr) {
    const Offer against = compare(*datagram, fragment, begin, end);
    if (against != Offer::Held) return {against, datagram};
  }
  uint16_t& share = clients_[share_of(fragment.client)];
  const bool fits = buffers_ + fragment.buffers <= kMaxFragmentBuffers &&
                    share + fragment.buffers <= int{kMaxClientBuffers} &&
                    (datagram != nullptr ? datagram->count_ < kMaxFragments : free_ != 0);
  if (!fits) return {Offer::Full, datagram};
  if (datagram == nullptr) datagram = &add(fragment, key, hashed, now_ms);

  std::copy(fragment.bytes.begin(), fragment.bytes.end(), datagram->bytes_ + kMaxHeaderBytes + begin);
  if (begin == 0) {
    std::copy_n(fragment.headers.begin(), packet.l4_offset, datagram->bytes_);
    datagram->first_ = packet;
  }
  if (!packet.more_fragments) datagram->total_ = end;
  datagram->received_ += end - begin;
  datagram->fragments_[datagram->count_++] = {fragment.mbuf, begin, end, packet.l4_offset};
  datagram->buffers_ = static_cast<uint16_t>(datagram->buffers_ + fragment.buffers);
  share = static_cast<uint16_t>(share + fragment.buffers);
  buffers_ += fragment.buffers;
  ++held_;
  return {datagram->received_ == datagram->total_ ? Offer::Whole : Offer::Held, datagram};
}

void Fragments::close(Datagram& datagram, Reason reason, uint64_t now_ms) {
  remember(datagram.hash_, reason, now_ms);
  held_ -= datagram.count_;
  buffers_ -= datagram.buffers_;
  clients_[datagram.client_] = static_cast<uint16_t>(clients_[datagram.client_] - datagram.buffers_);
  const auto index = static_cast<uint32_t>(&datagram - datagrams_.get()) + 1;
  (datagram.older_ == 0 ? oldest_ : at(datagram.older_).newer_) = datagram.newer_;
  (datagram.newer_ == 0 ? newest_ : at(datagram.newer_).older_) = datagram.older_;
  uint32_t* link = &place_of(datagram.hash_);
  while (*link != index) link = &at(*link).same_place_;
  *link = datagram.same_place_;
  datagram.same_place_ = free_;
  free_ = index;
}

void Fragments::close(const IncomingFragment& fragment, Reason reason, uint64_t now_ms) {
  remember(hash(key_of(fragment)), reason, now_ms);
}

void Fragments::remember(uint64_t hash, Reason reason, uint64_t now_ms) {
  past_of(hash) = {tag(hash), static_cast<uint32_t>(now_ms), reason};
}

Datagram* Fragments::expired(uint64_t now_ms) {
  Datagram* datagram = oldest();
  const bool over = datagram != nullptr && now_ms - datagram->started_ms_ >= kFragmentMs;
  return over ? datagram : nullptr;
}

}  // namespace sluice
