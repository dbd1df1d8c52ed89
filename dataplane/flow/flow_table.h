// flow: the fixed-size table of flows of one worker.
#pragma once

#include <smmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/contract/address.h"
#include "dataplane/contract/reasons.h"
#include "dataplane/flow/epoch.h"
#include "dataplane/flow/memory.h"
#include "dataplane/policy/tags.h"

namespace sluice {

inline constexpr uint32_t kNoIndex = 0xffffffff;

/// The local port in the key of a fragment, whose transport is kFragmentHeader: no other packet has both. No
/// flow bears the first; the second's are those of fragments that cannot be put together.
inline constexpr uint16_t kFragmentWaiting = 1, kFragmentGivenUp = 2;

/// What makes a flow, the same for both directions: the LAN side first. The VLAN is that of the first packet,
/// and does not tell flows apart.
struct FlowKey {
  Address local, remote;
  uint16_t local_port, remote_port;
  uint16_t vlan;
  uint8_t transport;
  uint8_t pair;

  /// In registers.
  struct Words {
    AddressWords local, remote;
    uint64_t others;  ///< the fields behind the addresses

    uint64_t rest() const { return others & kRest; }
    void store(FlowKey& out) const {
      auto* const to = reinterpret_cast<uint8_t*>(&out);
      for (const uint64_t* word : {&local.first, &local.second, &remote.first, &remote.second, &others})
        std::memcpy(to + (word - &local.first) * sizeof *word, word, sizeof *word);
    }
    FlowKey key() const {
      FlowKey out;
      store(out);
      return out;
    }
  };
  /// ports: the remote one in the high half, the local one in the low.
  static Words words(const AddressWords& local, const AddressWords& remote, uint32_t ports, uint16_t vlan,
                     uint8_t transport, uint8_t pair) {
    return {local, remote, ports | uint64_t{vlan} << 32 | uint64_t{transport} << 48 | uint64_t{pair} << 56};
  }
  Words words() const {
    Words out;
    std::memcpy(&out, this, sizeof out);
    return out;
  }

  /// Addresses at once: of two keys that are compared nearly all are the same.
  bool operator==(const FlowKey& other) const {
    const auto differ = [](const Address& one, const Address& two) {
      return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(&one)),
                           _mm_loadu_si128(reinterpret_cast<const __m128i*>(&two)));
    };
    const __m128i addresses = _mm_or_si128(differ(local, other.local), differ(remote, other.remote));
    return _mm_testz_si128(addresses, addresses) == 1 && rest() == other.rest();
  }
  /// All but the addresses and the VLAN.
  uint64_t rest() const {
    uint64_t bytes;
    std::memcpy(&bytes, reinterpret_cast<const uint8_t*>(this) + 2 * sizeof(Address), sizeof bytes);
    return bytes & kRest;
  }

 private:
  static constexpr uint64_t kRest = ~(uint64_t{0xffff} << 32);
};
static_assert(sizeof(FlowKey) == 40 && sizeof(FlowKey::Words) == sizeof(FlowKey) &&
              offsetof(FlowKey, local_port) == 32 && offsetof(FlowKey, vlan) == 36);

enum class FlowState : uint8_t {
  Undecided,
  Allowed,
  Blocked
};

/// How far it has got what a flow begins with: a SYN, or a question of DNS.
enum class Opening : uint8_t {
  None,  ///< not watched
  Asked,
  AskedAgain,
  Unanswered,  ///< in time
  Answered,    ///< a SYN; the opener has not acknowledged it yet
  AnsweredAgain,
  Unacknowledged,  ///< in time
  Done,
};

enum FlowFlag : uint16_t {
  kFlowInbound = 1,        ///< opened from the line
  kFlowMidstream = 2,      ///< its start was not seen
  kFlowClosing = 4,        ///< a FIN or RST passed; true or a decoy, it only shortens the time-out
  kFlowSilent = 8,         ///< blocked by a silent rule
  kFlowAnswered = 16,      ///< the other side has answered the SYN, or spoken where none was seen
  kFlowDns = 32,           ///< every datagram is judged
  kFlowHttp = 64,          ///< every request is judged; context is its reader's
  kFlowInUse = 128,        ///< set by the table
  kFlowReopening = 256,    ///< another SYN has passed; its answer begins a new connection
  kFlowQuic = 512,         ///< its long headers are read
  kFlowQuicPassed = 1024,  ///< a QUIC connection of it was judged and passed
  kFlowLooking = 2048,     ///< UDP: the next datagrams may still show a tunnel
  kFlowOpened = 4096,      ///< a tunnel whose inside is judged
  kFlowRdp = 16384,        ///< RDP's negotiation was read: TLS that follows it is RDP's
  kFlowWatched = 8192,     ///< opened, but not registered: it passes, and so does what cannot be read in it
  kFlowReset = 32768,      ///< what closes it was an RST
};

/// What only few packets of a flow ask for or change.
struct FlowCold {
  static constexpr uint64_t kAccessBits = (1U << 30) - 1;
  uint32_t
      started_ms;  ///< as Flow::last_ms; of its first packet, or of its last record that told what passed
  uint32_t access : 30;  ///< low bits of the number of its last record; 0: it has none
  Action action : 2;     ///< of that record
  uint32_t name;         ///< NamePool handle, 0 for none; the flow holds one reference
  /// The other side's last ACK number (with kFlowAnswered), before it the number of the opener's first byte;
  /// with kFlowReopening and no context that of the new connection.
  union {
    uint32_t remote_ack;
    uint32_t looked_at;  ///< UDP: how many datagrams were (with kFlowLooking)
    uint32_t next_free;  ///< of a place without a flow: the next one, or kNoIndex
  };
  uint32_t step_us;  ///< low 32 bits of the wall clock in microseconds: when opening took its last step
  Opening opening;
  Protocol protocol;
  uint8_t
      seen_and_situation;  ///< Seen in the low nibble, 1 + Situation in the high one (0: named or guarded)
  uint8_t reserved;
};
static_assert(sizeof(FlowCold) == 24);

/// One flow: what every packet reads and writes, one cache line. The rest lies elsewhere, see cold().
struct alignas(64) Flow {
  /// Packets of one side that are counted at most before that is told: their payload, of at most 65,535 bytes
  /// each, then fits too, with the last datagram's fragments.
  static constexpr uint32_t kMostUntold = 65'000;

  FlowKey key;
  uint32_t last_ms;          ///< low 32 bits of the clock
  uint32_t bytes[2];         ///< of payload that passed from the LAN, from the line; since cold().started_ms
  uint16_t packets[2];       ///< their packets
  uint32_t context;          ///< ContextPool index, or kNoIndex
  Epoch epoch : kEpochBits;  ///< in which it was judged: what judged it may have changed since
  FlowState state : 2;
  uint16_t flags;  ///< FlowFlag

  /// Only of a flow of a FlowTable, which has both in one FlowChunk.
  inline FlowCold& cold();
  inline const FlowCold& cold() const;

  /// A flow that was judged in this epoch, is allowed, without context, and nothing of it is looked at any
  /// more, has these bits of its last word set and no others of kLookedAt.
  static constexpr uint64_t settled_word(Epoch epoch) {
    return kNoIndex | (epoch | uint64_t{static_cast<uint8_t>(FlowState::Allowed)} << kEpochBits) << 32 |
           uint64_t{kFlowInUse} << 48;
  }
  /// word: settled_word of the present epoch.
  bool is_settled(uint64_t word) const {
    constexpr uint64_t kFlags = kFlowInUse | kFlowDns | kFlowLooking | kFlowOpened;
    constexpr uint64_t kLookedAt = kNoIndex | uint64_t{0xffff} << 32 | kFlags << 48;
    uint64_t mine;
    std::memcpy(&mine, reinterpret_cast<const uint8_t*>(this) + offsetof(Flow, context), sizeof mine);
    return (mine & kLookedAt) == word;
  }
  /// A packet, or the fragments of a datagram, passed. Returns true where it is time to tell.
  [[nodiscard]] bool add(size_t side, uint64_t payload, uint64_t count = 1) {
    bytes[side] += static_cast<uint32_t>(payload);
    packets[side] = static_cast<uint16_t>(packets[side] + count);
    return packets[side] >= kMostUntold;
  }
  bool has_passed() const { return (packets[0] | packets[1]) != 0; }
  bool has(FlowFlag flag) const { return flags & flag; }
  void set(FlowFlag flag) { flags = static_cast<uint16_t>(flags | flag); }
  void clear(FlowFlag flag) { flags = static_cast<uint16_t>(flags & ~flag); }
};
static_assert(sizeof(Flow) == 64);
static_assert(offsetof(Flow, context) == 56 && offsetof(Flow, flags) == 62);  // see is_settled

/// Flows and, behind them, what is cold of each: a place in one tells that in the other. As large as a page
/// of the TLB, at whose border it lies.
inline constexpr size_t kFlowChunkBytes = size_t{2} << 20;
inline constexpr uint32_t kFlowsOfChunk = kFlowChunkBytes / (sizeof(Flow) + sizeof(FlowCold));
struct alignas(kFlowChunkBytes) FlowChunk {
  Flow hot[kFlowsOfChunk];
  FlowCold cold[kFlowsOfChunk];
};
static_assert(sizeof(FlowChunk) == kFlowChunkBytes);

inline FlowCold& Flow::cold() {
  const uintptr_t chunk = reinterpret_cast<uintptr_t>(this) & ~uintptr_t{kFlowChunkBytes - 1};
  return reinterpret_cast<FlowChunk*>(chunk)
      ->cold[(reinterpret_cast<uintptr_t>(this) - chunk) / sizeof(Flow)];
}
inline const FlowCold& Flow::cold() const {
  return const_cast<Flow*>(this)->cold();
}

/// How long a flow may be idle, in milliseconds.
inline constexpr uint32_t kIdleHandshakeMs = 30'000, kIdleTcpMs = 3'600'000, kIdleOtherMs = 120'000,
                          kIdleDnsMs = 15'000, kIdleBlockedMs = 60'000, kIdleClosingMs = 20'000;

/// Flows by key. Never grows; a key has two buckets of eight places, so a look-up reads a bounded number of
/// lines whatever a hostile client sends (the hash is keyed). Most flows lie in the first.
class FlowTable {
 public:
  static constexpr uint32_t kWays = 8;
  struct alignas(64) Bucket {
    uint32_t tags[kWays];
    uint32_t flows[kWays];  ///< where the flow lies, plus one; 0 for a free place
  };

  /// capacity: flows; rounded up to a multiple of eight. Returns false where memory is short.
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed);

  [[nodiscard]] uint64_t hash(const FlowKey& key) const;
  /// The same by the pair of addresses, the local one first, and FlowKey's rest(): of IPv4 a third of the
  /// bytes.
  [[nodiscard]] uint64_t hash(Ipv4Pair pair, uint64_t rest) const {
    return mix(pair.words ^ keys_[0], rest ^ keys_[1]);
  }
  [[nodiscard]] uint64_t hash(const AddressPair& pair, uint64_t rest) const {
    const uint64_t one = mix(pair.one.first ^ keys_[0], pair.one.second ^ keys_[1]);
    const uint64_t two = mix(pair.two.first ^ keys_[2], pair.two.second ^ keys_[3]);
    return mix(one ^ two, rest ^ keys_[4]);
  }
  /// Fetches the bucket in which a flow of this hash most likely is, and returns it.
  const Bucket* prefetch(uint64_t hash) const {
    const Bucket* const first = &buckets_[home(hash)];
    __builtin_prefetch(first);
    return first;
  }
  /// The other bucket, for what is not in the first.
  const Bucket* second(uint64_t hash) const { return &buckets_[other(hash)]; }
  /// The flow of this bucket that find will most likely return, which it fetches; nullptr where there is
  /// none. It may be another's.
  [[nodiscard]] Flow* candidate(uint64_t hash, const Bucket* bucket) const {
    const uint32_t found = tags_equal(bucket->tags, tag(hash));
    if (found == 0) return nullptr;
    const uint32_t place = bucket->flows[std::countr_zero(found)];
    if (place == 0) return nullptr;
    Flow* const flow = flow_at(place - 1);
    __builtin_prefetch(flow);
    return flow;
  }

  [[nodiscard]] Flow* find(const FlowKey& key, uint64_t hash);
  /// Is candidate, which may be nullptr, a flow with this key?
  [[nodiscard]] static bool is(const Flow* candidate, const FlowKey& key) {
    return candidate != nullptr && candidate->key == key && candidate->has(kFlowInUse);
  }
  /// The same as find, where candidate has been asked before.
  [[nodiscard]] Flow* find(const FlowKey& key, uint64_t hash, Flow* candidate) {
    return is(candidate, key) ? candidate : find(key, hash);
  }
  /// A new flow with this key, otherwise zeroed, without context; nullptr where there is no room.
  [[nodiscard]] Flow* insert(const FlowKey& key, uint64_t hash);
  void erase(Flow& flow);

  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }
  /// Flow i of capacity(), for sweeps; nullptr where that place is free.
  Flow* at(uint32_t index) {
    Flow* const flow = flow_at(place_of(index));
    return flow->has(kFlowInUse) ? flow : nullptr;
  }
  /// A flow that is in no bucket, otherwise as insert makes one, until the next call.
  Flow& lone(const FlowKey& key) { return begin(*flow_at(place_of(capacity_)), key); }

 private:
  /// The two halves of the product, one over the other: each bit of it hangs on all of both words. Each word
  /// is one of the key's with a random one that nobody outside knows.
  static uint64_t mix(uint64_t one, uint64_t two) {
    __extension__ using Product = unsigned __int128;
    const Product product = Product{one} * two;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  // Each half of a hash names a bucket, times their number, which so need not be a power of two. The tag is
  // the upper half, of which the other bucket's number tells a part; what is left tells nearly all apart.
  uint32_t home(uint64_t hash) const {
    return static_cast<uint32_t>(static_cast<uint32_t>(hash) * bucket_count_ >> 32);
  }
  uint32_t other(uint64_t hash) const { return static_cast<uint32_t>((hash >> 32) * bucket_count_ >> 32); }
  static uint32_t tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  /// A bit for each place of a bucket that is free.
  static uint32_t free_ways(const Bucket& bucket) { return tags_equal(bucket.flows, 0); }
  /// kWays where there is none.
  static size_t free_way(const Bucket& bucket) {
    return std::min<size_t>(static_cast<size_t>(std::countr_zero(free_ways(bucket))), kWays);
  }
  [[nodiscard]] size_t make_room(size_t at);

  // A place is counted in flows from the first chunk's beginning, over what is cold too.
  static constexpr uint32_t kPlacesOfChunk = kFlowChunkBytes / sizeof(Flow);
  static uint32_t place_of(uint32_t index) {
    return index / kFlowsOfChunk * kPlacesOfChunk + index % kFlowsOfChunk;
  }
  Flow* flow_at(uint32_t place) const { return reinterpret_cast<Flow*>(chunks_.get()) + place; }
  uint32_t place_of(const Flow& flow) const {
    return static_cast<uint32_t>(&flow - reinterpret_cast<const Flow*>(chunks_.get()));
  }
  static Flow& begin(Flow& flow, const FlowKey& key);

  FixedArray<Bucket> buckets_;
  FixedArray<FlowChunk> chunks_;
  uint32_t free_ = kNoIndex;  ///< the place that was freed last
  uint32_t fresh_ = 0;        ///< flows from here on were never used
  uint64_t bucket_count_ = 0;
  uint32_t capacity_ = 0, size_ = 0;
  std::array<uint64_t, 5> keys_{};
};

}  // namespace sluice
