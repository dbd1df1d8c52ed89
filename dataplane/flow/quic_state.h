// flow: what a worker remembers of QUIC: connections whose hello is read, the connection ids that servers
// chose, and how many Initials each client has had opened.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/extract/quic_keys.h"
#include "dataplane/extract/tls.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/memory.h"
#include "dataplane/flow/name_pool.h"

namespace sluice {

inline constexpr uint32_t kQuicHelloPackets = 200;  ///< of a client, until its hello is complete
inline constexpr uint32_t kQuicHandshakeMs =
    30'000;  ///< that a connection's keys are kept after its first Initial
/// Without an answer, until another connection may begin in its place: a client that waits for its server
/// sends again after that time (RFC 9002 6.2.2).
inline constexpr uint32_t kQuicSilenceMs = 1000;
inline constexpr uint32_t kQuicInitialsPerSecond = 1000;  ///< opened for one client; 1.5 µs each
inline constexpr uint32_t kQuicIdMs = 1'800'000;          ///< that a server's connection id is remembered
inline constexpr size_t kQuicMinId = 4;  ///< bytes of an id that is remembered: shorter ones say little

/// A connection id.
struct QuicId {
  uint8_t size = 0;
  std::array<uint8_t, kMaxQuicId> bytes{};

  void assign(std::span<const uint8_t> id) {
    size = static_cast<uint8_t>(id.size());
    std::ranges::copy(id, bytes.begin());
  }
  std::span<const uint8_t> view() const { return std::span(bytes).first(size); }
  bool operator==(std::span<const uint8_t> id) const { return std::ranges::equal(view(), id); }
};

/// A connection from its first Initial until its handshake is over.
struct QuicConnection {
  QuicKeys keys;
  QuicScheme scheme;
  int64_t largest;  ///< packet number of an Initial that was opened
  QuicId first;     ///< destination connection id of the first Initial
  QuicId client;    ///< what the server calls the client by
  QuicId server;    ///< what the client is to call the server by, once that is known
  bool answered;    ///< the server has the whole hello, or keeps nothing of it
  bool retried;     ///< it asked for the hello again, by a Retry or a version negotiation
  TlsHello hello;
};

/// The connection ids that servers chose, with the name that their connection was judged by. When a set of
/// places is full, the one that expires first gives way.
class QuicIds {
 public:
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed, NamePool& names);
  /// id: from a long header of the server at key.remote; ids of other sizes than kQuicMinId to kMaxQuicId are
  /// left out. name: kept with one reference of the table's own. Returns false where the id was known before.
  bool learn(const FlowKey& key, std::span<const uint8_t> id, std::string_view name, uint64_t now_ms);
  /// The name of the connection that a short header's bytes behind the first belong to, or an empty view.
  [[nodiscard]] std::string_view find(const FlowKey& key, std::span<const uint8_t> bytes,
                                      uint64_t now_ms) const;

 private:
  static constexpr uint32_t kWays = 4;
  struct Place {
    Address server;
    uint16_t port;
    QuicId id;
    uint32_t name;
    uint64_t expires_ms;  ///< 0: free
    bool is_of(const FlowKey& key) const {
      return expires_ms != 0 && server == key.remote && port == key.remote_port;
    }
  };
  Place* set_of(const FlowKey& key, std::span<const uint8_t> id) const;

  FixedArray<Place> places_;
  NamePool* names_ = nullptr;
  uint64_t mask_ = 0, seed_ = 0;
};

/// The five-tuple on which each connection began. Many servers find a connection by its id alone, so two
/// halves of one hello could come on two five-tuples, and each of them would show no name.
class QuicOpenings {
 public:
  enum class Claim : uint8_t {
    Ours,
    Others,  ///< not longer than kQuicHandshakeMs ago it began on another five-tuple, or was closed
    Full     ///< no place is left to remember it
  };
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed);
  /// id: the destination connection id of an Initial that it opens.
  [[nodiscard]] Claim claim(const FlowKey& key, std::span<const uint8_t> id, uint64_t now_ms);
  /// The connection does not begin again, on any five-tuple, for kQuicHandshakeMs. False where no place is
  /// left to remember it.
  [[nodiscard]] bool close(std::span<const uint8_t> id, uint64_t now_ms);

 private:
  static constexpr uint32_t kWays = 8;
  struct Place {
    uint64_t id, flow;    ///< their hashes; flow is kClosed where it is none
    uint64_t expires_ms;  ///< 0: free
  };
  static constexpr uint64_t kClosed = 0;
  [[nodiscard]] Place* place_of(uint64_t id_hash, uint64_t now_ms);

  FixedArray<Place> places_;
  uint64_t mask_ = 0, seed_ = 0;
};

/// How many Initials a client may have opened in one second. Clients whose keyed hashes meet share one
/// measure.
class QuicBudget {
 public:
  [[nodiscard]] bool create(uint32_t clients, uint64_t seed);
  /// False where this second's are used up.
  [[nodiscard]] bool take(const Address& client, uint64_t now_ms);

 private:
  struct Place {
    uint32_t second, used;
  };
  FixedArray<Place> places_;
  uint64_t mask_ = 0, seed_ = 0;
};

}  // namespace sluice
