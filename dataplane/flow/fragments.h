// flow: the fragments of IP datagrams, held until their datagram is whole.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/contract/address.h"
#include "dataplane/contract/reasons.h"
#include "dataplane/decode/packet.h"
#include "dataplane/flow/memory.h"

struct rte_mbuf;

namespace sluice {

inline constexpr uint32_t kFragmentMs = 5'000;  ///< from a datagram's first fragment to its last one
/// A datagram that is done with is known so long: longer than any end system waits for more fragments of it.
inline constexpr uint32_t kPastFragmentMs = 120'000;
inline constexpr uint32_t kMaxDatagrams = 512;         ///< incomplete ones of one worker
inline constexpr uint32_t kMaxFragments = 128;         ///< of one datagram: 64 KiB in pieces of 512 bytes
inline constexpr uint32_t kMaxFragmentBuffers = 2048;  ///< packet buffers that fragments hold, of one worker…
inline constexpr uint32_t kMaxClientBuffers = 256;     ///< …and of one client
inline constexpr uint32_t kMaxDatagramBytes = 65'535;  ///< by the IP header's length field

/// One fragment as it came.
struct IncomingFragment {
  const Packet& packet;
  const Address& client;
  uint8_t pair;
  std::span<const uint8_t> headers;  ///< the frame's, at least up to packet.l4_offset
  std::span<const uint8_t> bytes;    ///< its part of the datagram
  rte_mbuf* mbuf;                    ///< kept, never looked into
  uint16_t buffers;                  ///< that mbuf is a chain of
};

/// What makes fragments one datagram: RFC 791 3.2 counts the protocol, RFC 8200 4.5 does not. The VLAN does
/// not tell datagrams apart, as it does not flows.
struct DatagramKey {
  Address source, destination;
  uint32_t id;
  uint8_t version, transport, pair, padding;
  bool operator==(const DatagramKey&) const = default;
};
static_assert(sizeof(DatagramKey) == 40);

/// A datagram of which not all fragments have come, or that is being judged.
class Datagram {
 public:
  struct Fragment {
    rte_mbuf* mbuf;
    uint32_t begin, end;  ///< of the datagram's payload
    uint16_t offset;      ///< of these bytes in mbuf
  };

  /// In the order in which they came.
  std::span<const Fragment> fragments() const { return std::span(fragments_).first(count_); }
  /// The first fragment's headers, of the link too; and all that the fragments carry. Only when it is whole.
  const Packet& first() const { return first_; }
  std::span<uint8_t> headers() const { return {bytes_, first_.l4_offset}; }
  std::span<uint8_t> payload() const { return {bytes_ + kMaxHeaderBytes, total_}; }

 private:
  friend class Fragments;

  DatagramKey key_;
  uint64_t hash_, started_ms_;
  uint8_t* bytes_;       ///< kMaxHeaderBytes, then kMaxDatagramBytes
  uint32_t total_;       ///< bytes; 0 until the last fragment has come
  uint32_t received_;    ///< bytes
  uint32_t same_place_;  ///< the next one of its place, or of the free list: index plus one
  uint32_t older_, newer_;
  uint16_t count_, buffers_, client_;
  Packet first_;
  std::array<Fragment, kMaxFragments> fragments_;
};

/// The incomplete datagrams of one worker, and which were done with lately. Never grows.
class Fragments {
 public:
  enum class Offer : uint8_t {
    Held,       ///< more are missing
    Whole,      ///< it was the last one missing
    Repeated,   ///< the very same has come before
    Conflict,   ///< it overlaps others, or they disagree on the datagram's end
    Malformed,  ///< no fragment can be like that
    Full,       ///< a bound is reached
    Past,       ///< its datagram is done with, for the reason given
  };
  struct Outcome {
    Offer offer;
    Datagram* datagram = nullptr;  ///< with Whole, Conflict; with Full the others of it, if any are held
    Reason reason{};               ///< with Past
  };

  [[nodiscard]] bool create(uint64_t seed);
  /// Keeps the mbuf with Held and Whole, and no other time. Source: RFC 791 3.2, RFC 8200 4.5, RFC 5722.
  [[nodiscard]] Outcome offer(const IncomingFragment& fragment, uint64_t now_ms);
  /// Forgets the fragments, whose mbufs are their owner's again, and answers Past for later ones.
  void close(Datagram& datagram, Reason reason, uint64_t now_ms);
  /// Answers Past for what comes of this fragment's datagram from now on.
  void close(const IncomingFragment& fragment, Reason reason, uint64_t now_ms);
  /// The oldest datagram if its time is over, else nullptr; to be closed.
  [[nodiscard]] Datagram* expired(uint64_t now_ms);
  /// The oldest datagram, or nullptr.
  [[nodiscard]] Datagram* oldest() { return oldest_ == 0 ? nullptr : &at(oldest_); }

  uint32_t held() const { return held_; }  ///< fragments

 private:
  /// Something of a datagram that is done with; a newer one of the same place takes it.
  struct Past {
    uint32_t tag;  ///< 0: none
    uint32_t closed_ms;
    Reason reason;
  };
  static constexpr uint32_t kPlaces = 1024;   ///< of the index
  static constexpr uint32_t kPasts = 8192;    ///< fewer than IPv4 has ids: one that comes round again is new
  static constexpr uint32_t kClients = 1024;  ///< shares; clients that fall on one share it

  Datagram& at(uint32_t index_plus_one) { return datagrams_[index_plus_one - 1]; }
  uint64_t hash(const DatagramKey& key) const;
  uint32_t& place_of(uint64_t hash) { return places_[hash % kPlaces]; }
  Past& past_of(uint64_t hash) { return pasts_[hash % kPasts]; }
  static uint32_t tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 32) | 1; }
  uint16_t share_of(const Address& client) const;
  Datagram* find(const DatagramKey& key, uint64_t hash);
  Datagram& add(const IncomingFragment& fragment, const DatagramKey& key, uint64_t hash, uint64_t now_ms);
  static Offer compare(const Datagram& datagram, const IncomingFragment& fragment, uint32_t begin,
                       uint32_t end);
  void remember(uint64_t hash, Reason reason, uint64_t now_ms);

  FixedArray<Datagram> datagrams_;
  FixedArray<uint8_t> bytes_;
  FixedArray<uint32_t> places_;  ///< index plus one of the first datagram
  FixedArray<Past> pasts_;
  FixedArray<uint16_t> clients_;  ///< buffers held
  uint32_t free_ = 0, oldest_ = 0, newest_ = 0, held_ = 0, buffers_ = 0;
  uint64_t seed_ = 0;
};

}  // namespace sluice
