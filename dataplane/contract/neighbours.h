// contract: what ARP and ND said on the LAN: one table of each worker, beside its counters.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/contract/address.h"
#include "dataplane/contract/counter.h"

namespace sluice {

/// An address, and the hardware address that said to have it.
struct Neighbour {
  Address address{};
  uint8_t mac[6]{};
  uint16_t vlan = 0;    ///< innermost VLAN id, or kNoVlan
  int64_t seen_ns = 0;  ///< UTC since 1970; 0: the slot is empty
};

/// One writer, any number of readers, none of whom waits (a seqlock).
class alignas(64) NeighbourSlot {
 public:
  void write(const Neighbour& neighbour) {
    const std::array<uint64_t, kWords> words = words_of(neighbour);
    // Odd already where a data plane died here: what it left half written is read by nobody.
    const uint64_t turn = turn_.load(std::memory_order_relaxed) & ~uint64_t{1};
    turn_.store(turn + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
    turn_.store(turn + 2, std::memory_order_release);
  }
  /// False where it is written meanwhile: it will be read the next time.
  [[nodiscard]] bool read(Neighbour& out) const {
    const uint64_t turn = turn_.load(std::memory_order_acquire);
    out = get();
    std::atomic_thread_fence(std::memory_order_acquire);
    return turn % 2 == 0 && turn == turn_.load(std::memory_order_relaxed);
  }
  /// For the writer itself.
  Neighbour get() const {
    Neighbour out;
    out.address = Address::from_words(
        {words_[0].load(std::memory_order_relaxed), words_[1].load(std::memory_order_relaxed)});
    const uint64_t rest = words_[2].load(std::memory_order_relaxed);
    std::memcpy(out.mac, &rest, sizeof out.mac);
    out.vlan = static_cast<uint16_t>(rest >> 48);
    out.seen_ns = static_cast<int64_t>(words_[3].load(std::memory_order_relaxed));
    return out;
  }

 private:
  static constexpr size_t kWords = 4;
  static std::array<uint64_t, kWords> words_of(const Neighbour& neighbour) {
    uint64_t rest = 0;
    std::memcpy(&rest, neighbour.mac, sizeof neighbour.mac);
    return {neighbour.address.word(0), neighbour.address.word(8), rest | uint64_t{neighbour.vlan} << 48,
            static_cast<uint64_t>(neighbour.seen_ns)};
  }
  std::atomic<uint64_t> turn_{0};  ///< odd while it is written
  std::array<std::atomic<uint64_t>, kWords> words_{};
};
static_assert(sizeof(NeighbourSlot) == 64);

/// An address has its place among kWays slots; where they are taken, the one that was seen first gives way.
struct NeighbourTable {
  static constexpr size_t kSlots = 2048, kWays = 4;
  std::array<NeighbourSlot, kSlots> slots;
  Counter written;      ///< sightings
  Counter overwritten;  ///< of them those that another address gave way for

  void note(const Neighbour& neighbour) {
    constexpr uint64_t kMix = 0x9e3779b97f4a7c15;
    const uint64_t hash = (neighbour.address.word(0) * kMix ^ neighbour.address.word(8)) * kMix;
    const size_t first = (hash >> 32) % (kSlots / kWays) * kWays;
    size_t place = first;
    int64_t oldest_ns = INT64_MAX;
    for (size_t i = first; i < first + kWays; ++i) {
      const Neighbour there = slots[i].get();
      const bool same = there.seen_ns != 0 && there.address == neighbour.address;
      if (!same && there.seen_ns >= oldest_ns) continue;
      place = i;
      oldest_ns = same ? INT64_MIN : there.seen_ns;
    }
    if (oldest_ns != 0 && oldest_ns != INT64_MIN) overwritten.add();
    slots[place].write(neighbour);
    written.add();
  }
};

}  // namespace sluice
