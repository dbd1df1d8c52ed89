// bench: TLS flows that are all open at once, and packets of theirs without end, made faster than any port
// brings them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "bench/traffic.h"

namespace sluice::bench {

/// A frame of flow 0's, from which that of any other flow is made: the client's address and port, and the
/// sums.
class Stencil {
 public:
  Stencil(std::vector<uint8_t> frame, bool from_client);
  uint16_t size() const { return static_cast<uint16_t>(frame_.size()); }
  /// Writes at most room bytes of the frame of flow number.
  void write(size_t number, uint8_t* out, size_t room) const;

 private:
  std::vector<uint8_t> frame_;
  size_t address_at_, port_at_;
};

/// What some ports bring, one thread's: first the handshakes of all flows, in order; then data, each flow
/// once in a round, in an order without rule.
class Feed {
 public:
  static constexpr size_t kRoom = 1600;  ///< for one frame

  /// Goes with a frame of a handshake. Whoever sees the frame pass signs: what is not signed for is sent
  /// again after a while, as a client would.
  struct Receipt {
    std::atomic<uint32_t>* passed = nullptr;
    uint32_t turn = 0;
    /// By any thread; more than once is no harm.
    void sign() const {
      if (passed != nullptr) passed->store(turn, std::memory_order_release);
    }
  };

  /// flows: their numbers.
  Feed(std::vector<uint32_t> flows, bool mixed);

  /// Writes the next frame of the handshakes where it comes from port, else one that is not IP. Returns its
  /// size.
  uint16_t shake_hands(uint16_t port, uint8_t* out, Receipt& receipt);
  /// All flows have shaken hands; to be asked by any thread.
  bool established() const { return established_.load(std::memory_order_acquire); }

  /// Writes what begins the next data frame from port, and returns its size. Zeros must follow.
  uint16_t data(uint16_t port, uint8_t* out) {
    Side& side = sides_[port];
    const Head& head = side.heads[side.at];
    if (++side.at == side.heads.size()) side.at = 0;
    std::memcpy(out, head.bytes, sizeof head.bytes);
    return head.size;
  }
  size_t flows() const { return flows_.size(); }

 private:
  struct alignas(64) Head {
    uint8_t bytes[62];
    uint16_t size;
  };
  struct Side {
    std::vector<Head> heads;
    size_t at = 0;
  };
  struct Step {
    uint16_t port;
    std::vector<Stencil> by_name;
  };

  /// Whose frame of this step is to be sent; the size of the group where none is yet.
  size_t next_in_group(size_t group);

  std::vector<uint32_t> flows_;
  std::array<Side, 2> sides_;
  std::vector<Step> steps_;
  size_t group_ = 0, step_ = 0, in_group_ = 0;
  std::vector<std::atomic<uint32_t>> passed_;  ///< for each of a group: the last turn that was signed for
  uint32_t turn_ = 1;                          ///< a step of a group
  double sent_s_ = 0;                          ///< when all of the step's had been sent last
  std::atomic<bool> established_{false};
};

}  // namespace sluice::bench
