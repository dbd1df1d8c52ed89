// tests: fuzzing of evasion: a hostile client, the gateway, and a server's TCP as RFC 9293 has it. Whatever
// the client sends, the server must never have read a blocked name.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "dataplane/decode/packet.h"
#include "tests/fuzz/world.h"
#include "tests/support/payload.h"
#include "tests/support/wire.h"

namespace {

using namespace sluice;
using test::Bytes;

// What is allowed without a name is what a decoy would like to be taken for.
constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example]}
rules:
  - {name: no-bad, to: [bad], action: block}
unidentified: {unknown-protocol: allow, no-name: allow, unparsable-http: block, incomplete-hello: block, midstream: block}
midstream-grace: 0s
)";

constexpr const char *kClient = "10.20.1.7", *kServer = "198.51.100.9";
constexpr uint16_t kClientPort = 40000, kServerPort = 443;
constexpr uint32_t kServerStart = 5000;
/// Where the client's connections may begin; the last wraps inside the hello.
constexpr std::array<uint32_t, 4> kStarts = {1000, 1040, 90000, 0xffffffd0};

/// One end of TCP, as far as what it reads depends on it. first_wins: which copy of an out-of-order byte it
/// keeps (Linux the first, some the last).
class Server {
 public:
  explicit Server(bool first_wins) : first_wins_(first_wins) {}

  void receive(const test::Wire& wire, uint16_t urgent_pointer) {
    const bool ack = wire.flags & kAck;
    if ((wire.flags & kRst) && open_) {
      if (wire.seq == next_) open_ = false;  // RFC 5961 3.2
      return;
    }
    if (wire.flags & kSyn) {
      if (open_ || ack) return;  // RFC 5961 4.2: challenged, not taken
      open_ = true;
      next_ = wire.seq + 1;
      ahead_.clear();
      read_.clear();
      answered_ = false;
      return;
    }
    // A client that has not seen the SYN-ACK cannot know what to acknowledge (RFC 6528).
    if (!open_ || !ack || !answered_) return;
    owes_ = owes_ || !wire.payload.empty();
    for (size_t i = 0; i < wire.payload.size(); ++i) {
      const uint32_t at = wire.seq + static_cast<uint32_t>(i);
      if (at - next_ >= kWindow) continue;
      const bool urgent = (wire.flags & kUrg) && at == wire.seq + urgent_pointer - 1;
      const auto byte = urgent ? std::nullopt : std::optional(wire.payload[i]);
      if (!first_wins_ || !ahead_.contains(at)) ahead_[at] = byte;
    }
    for (auto byte = ahead_.find(next_); byte != ahead_.end(); byte = ahead_.find(next_)) {
      if (byte->second) read_.push_back(*byte->second);
      ahead_.erase(byte);
      ++next_;
    }
  }

  bool open() const { return open_; }
  uint32_t next() const { return next_; }
  const Bytes& read() const { return read_; }
  /// Its SYN-ACK has reached the client.
  bool answered() const { return answered_; }
  void set_answered() { answered_ = true; }
  /// Data has come, in order or not, since the latest acknowledgement (RFC 5681 4.2).
  bool owes() const { return owes_; }
  void set_acknowledged() { owes_ = false; }

 private:
  static constexpr uint32_t kWindow = 60000;
  bool first_wins_, open_ = false, answered_ = false, owes_ = false;
  uint32_t next_ = 0;
  std::map<uint32_t, std::optional<uint8_t>> ahead_;  ///< nothing: taken out of the stream
  Bytes read_;
};

/// A step of the script: what four bytes of the input say.
struct Step {
  uint8_t kind, a, b, flags;
};

class Play {
 public:
  Play(test::World& world, uint8_t how)
      : world_(world),
        server_(how & 1),
        blocked_(how & 2 ? test::http_request("www.bad.example") : test::tls_hello("www.bad.example")),
        allowed_(how & 2 ? test::http_request("www.god.example") : test::tls_hello("www.god.example")) {
    constexpr std::string_view kName = "bad.example";
    const auto name = std::search(blocked_.begin(), blocked_.end(), kName.begin(), kName.end());
    // What a server must have read to serve the name.
    needed_.assign(blocked_.begin(), name + kName.size() + (how & 2 ? 2 : 0));
  }

  void step(const Step& step) {
    const uint32_t start = kStarts[step.flags & 3];
    const bool reaches = !(step.flags & 4);
    const bool wrong_sum = step.flags & 8;
    switch (step.kind % 8) {
      case 0:
      case 1:
      case 2: {
        const Bytes& from = step.kind & 0x40 ? allowed_ : blocked_;
        const size_t at = step.a % from.size();
        const size_t size = std::min<size_t>(1 + step.b % 128, from.size() - at);
        Bytes part(from.begin() + static_cast<ptrdiff_t>(at),
                   from.begin() + static_cast<ptrdiff_t>(at + size));
        if (step.kind & 0x80) std::fill(part.begin(), part.end(), 0x55);
        test::Frame frame = client(kPsh | kAck, start + 1 + static_cast<uint32_t>(at));
        frame.payload(part);
        if (step.flags & 0x10) frame.urgent(static_cast<uint16_t>(step.b % 8));
        return from_client(frame, reaches, wrong_sum);
      }
      case 3: {
        test::Frame syn = client(kSyn, start);
        if (step.a & 1) syn.payload(Bytes(blocked_.begin(), blocked_.begin() + 1 + step.b % 60));
        return from_client(syn, reaches, wrong_sum);
      }
      case 4: {
        constexpr std::array<uint8_t, 4> kFlags = {kRst, kRst | kAck, kFin | kAck, kSyn | kAck};
        return from_client(client(kFlags[step.a & 3], start + 1 + step.b), reaches, wrong_sum);
      }
      case 5:
        return answer();
      case 6:
        return void(send_from_server(step.a & 1 ? kRst : kSyn, kServerStart + step.b, 0));
      default:
        return wait(uint64_t{step.a} * 200);
    }
  }

 private:
  test::Frame client(uint8_t flags, uint32_t seq) const {
    return test::Frame().ip(kClient, kServer).tcp(kClientPort, kServerPort, flags, seq, kServerStart + 1);
  }
  void from_client(test::Frame& frame, bool reaches, bool wrong_sum) {
    if (wrong_sum) frame.wrong_l4_checksum();
    rte_mbuf* mbuf = test::to_exact_mbuf(test::test_pool(), frame.build());
    mbuf->port = 0;
    world_.send(mbuf, [&](uint16_t port, const rte_mbuf& sent) { to_server(port, sent, reaches); });
    const Bytes& read = server_.read();
    if (read.size() >= needed_.size() && std::equal(needed_.begin(), needed_.end(), read.begin()))
      std::abort();
  }
  void to_server(uint16_t port, const rte_mbuf& sent, bool reaches) {
    if (port != 1) return;
    const Bytes bytes = test::to_bytes(&sent);
    const test::Wire wire = test::read_wire(bytes);
    // A reset that the gateway makes always arrives.
    if (!wire.l4_checksum_right || (!reaches && !(wire.flags & kRst))) return;
    constexpr size_t kUrgentPointer = 14 + 20 + 18;
    server_.receive(wire,
                    static_cast<uint16_t>(bytes.at(kUrgentPointer) << 8 | bytes.at(kUrgentPointer + 1)));
  }
  void from_client(test::Frame&& frame, bool reaches, bool wrong_sum) {
    from_client(frame, reaches, wrong_sum);
  }
  /// The server acknowledges what it has, its SYN-ACK first.
  void answer() {
    if (!server_.open()) return;
    server_.set_acknowledged();
    if (server_.answered())
      (void)send_from_server(kAck, kServerStart + 1, server_.next());
    else if (send_from_server(kSyn | kAck, kServerStart, server_.next()))
      server_.set_answered();
  }
  /// An acknowledgement may be delayed, but by no more than half a second (RFC 5681 4.2).
  void wait(uint64_t ms) {
    owed_ms_ = server_.owes() ? owed_ms_ + ms : 0;
    if (owed_ms_ >= kMostDelayMs) answer();
    world_.wait(ms, [&](uint16_t port, const rte_mbuf& sent) { to_server(port, sent, true); });
  }
  /// Returns whether it reached the client.
  bool send_from_server(uint8_t flags, uint32_t seq, uint32_t ack) {
    rte_mbuf* mbuf = test::to_exact_mbuf(
        test::test_pool(),
        test::Frame().ip(kServer, kClient).tcp(kServerPort, kClientPort, flags, seq, ack).build());
    mbuf->port = 1;
    bool arrived = false;
    world_.send(mbuf, [&](uint16_t port, const rte_mbuf& sent) {
      arrived = arrived || port == 0;
      to_server(port, sent, true);
    });
    return arrived;
  }

  static constexpr uint64_t kMostDelayMs = 500;
  test::World& world_;
  Server server_;
  uint64_t owed_ms_ = 0;  ///< for how long the server has had something to acknowledge
  const Bytes blocked_, allowed_;
  Bytes needed_;
};

}  // namespace

/// data: how to play (1: the server keeps the first copy, 2: HTTP), then steps of four bytes. Every input is
/// a script, so every mutation of one is.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static test::World world(kRules, true);
  if (size == 0) return 0;
  Play play(world, data[0]);
  constexpr size_t kMostSteps = 64;
  for (size_t at = 1, count = 0; at + 4 <= size && count < kMostSteps; at += 4, ++count)
    play.step({data[at], data[at + 1], data[at + 2], data[at + 3]});
  world.end();
  return 0;
}
