// bench: open flows and their packets.
#include "bench/feed.h"

#include <algorithm>
#include <cstdio>
#include <random>

#include "bench/meter.h"
#include "dataplane/decode/packet.h"
#include "tests/support/frame.h"
#include "tests/support/payload.h"

namespace sluice::bench {
namespace {

using test::Bytes;
using test::Frame;

constexpr size_t kGroup = 1000;  ///< flows that shake hands at the same time
constexpr size_t kNames = 1000, kMostHello = 512;
constexpr double kAgainSeconds = 0.005;  ///< until what did not pass is sent again
constexpr std::string_view kServer = "198.51.100.12";
constexpr uint32_t kClientSeq = 1'000'000, kServerSeq = 2'000'000;
constexpr size_t kIp = 14, kTcpAt = kIp + 20, kLeastFrame = 60;
constexpr uint8_t kFiller[kLeastFrame] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6};  ///< ARP

/// A segment of flow 0: 10.20.0.0, port 0.
Stencil segment(bool from_client, uint8_t flags, uint32_t sent, uint32_t received,
                const Bytes& payload = {}) {
  const std::string client = "10.20.0.0", server(kServer);
  const uint32_t seq = (from_client ? kClientSeq : kServerSeq) + sent;
  const uint32_t ack = (flags & kAck) == 0 ? 0 : (from_client ? kServerSeq : kClientSeq) + received;
  Frame frame = Frame().ip(from_client ? client : server, from_client ? server : client);
  frame.tcp(from_client ? 0 : 443, from_client ? 443 : 0, flags, seq, ack)
      .payload(payload)
      .pad_to(kLeastFrame);
  return {frame.build(), from_client};
}

uint16_t get16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}
void put16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 8), at[1] = static_cast<uint8_t>(value);
}
/// The sum when words that were zero become more (RFC 1624).
void mend(uint8_t* sum_at, uint32_t more) {
  uint32_t sum = static_cast<uint16_t>(~get16(sum_at)) + more;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  put16(sum_at, ~sum);
}

}  // namespace

Stencil::Stencil(Bytes frame, bool from_client)
    : frame_(std::move(frame)),
      address_at_(kIp + (from_client ? 12 : 16) + 2),
      port_at_(kTcpAt + (from_client ? 0 : 2)) {}

void Stencil::write(size_t number, uint8_t* out, size_t room) const {
  const ClientEnd client = client_of(number);
  const uint32_t address = uint32_t{client.third} << 8 | client.fourth;
  std::memcpy(out, frame_.data(), std::min(room, frame_.size()));
  put16(out + address_at_, address);
  put16(out + port_at_, client.port);
  mend(out + kIp + 10, address);
  mend(out + kTcpAt + 16, address + client.port);
}

Feed::Feed(std::vector<uint32_t> flows, bool mixed) : flows_(std::move(flows)), passed_(kGroup) {
  Step hellos{0, {}};
  size_t hello_size = 0;
  for (size_t i = 0; i < kNames; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "www%03zu.", i);
    const Bytes hello = test::tls_hello(name + std::string(kAskedTop));
    hello_size = hello.size();
    hellos.by_name.push_back(segment(true, kPsh | kAck, 1, 1, hello));
  }
  const auto said = static_cast<uint32_t>(1 + hello_size);
  const Bytes first_data = tls_record(kTlsData, 64);
  const auto begun = static_cast<uint32_t>(said + first_data.size());
  const auto data = [&](bool from_client, size_t size) {
    return segment(from_client, kAck, from_client ? said : 1, from_client ? 1 : begun,
                   tls_record(kTlsData, size));
  };
  steps_.push_back({0, {segment(true, kSyn, 0, 0)}});
  steps_.push_back({1, {segment(false, kSyn | kAck, 0, 1)}});
  steps_.push_back(std::move(hellos));
  steps_.push_back({1, {segment(false, kAck, 1, said)}});
  // What a client says after its hello, and the server's word that it has come, end the reading.
  steps_.push_back({0, {data(true, 64)}});
  steps_.push_back({1, {data(false, 64)}});

  std::vector<Stencil> stencils[2];
  for (const size_t size : kImix)
    for (const uint16_t port : {0, 1}) stencils[port].push_back(data(port == 0, mixed ? size : 64));
  std::mt19937 chance(1);
  std::vector<uint32_t> order = flows_;
  for (const uint16_t port : {0, 1}) {
    std::ranges::shuffle(order, chance);
    std::vector<Head>& heads = sides_[port].heads;
    heads.resize(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      const Stencil& stencil = stencils[port][chance() % kImix.size()];
      stencil.write(order[i], heads[i].bytes, sizeof heads[i].bytes);
      heads[i].size = stencil.size();
    }
  }
}

size_t Feed::next_in_group(size_t group) {
  const auto passed = [&](size_t at) { return passed_[at].load(std::memory_order_acquire) == turn_; };
  while (in_group_ < group && passed(in_group_)) ++in_group_;
  if (in_group_ < group) {
    if (in_group_ + 1 == group) sent_s_ = seconds_now();
    return in_group_++;
  }
  // All were sent. Those that do not pass, because a worker was late, are sent again.
  for (size_t at = 0; at < group; ++at) {
    if (passed(at)) continue;
    if (seconds_now() - sent_s_ < kAgainSeconds) return group;
    sent_s_ = seconds_now();
    in_group_ = at + 1;
    return at;
  }
  in_group_ = 0;
  ++turn_;
  if (++step_ == steps_.size()) step_ = 0, group_ += group;
  if (group_ == flows_.size()) established_.store(true, std::memory_order_release);
  return group;
}

uint16_t Feed::shake_hands(uint16_t port, uint8_t* out, Receipt& receipt) {
  std::memset(out + sizeof Head::bytes, 0, kMostHello);  // what an earlier hello left
  receipt = {};
  const size_t group = std::min(kGroup, flows_.size() - group_);
  const Step& step = steps_[step_];
  const size_t at = established() || step.port != port ? group : next_in_group(group);
  if (at == group) {
    std::memcpy(out, kFiller, sizeof kFiller);
    return sizeof kFiller;
  }
  const uint32_t flow = flows_[group_ + at];
  const Stencil& stencil = step.by_name[flow % step.by_name.size()];
  stencil.write(flow, out, kRoom);
  receipt = {&passed_[at], turn_};
  return stencil.size();
}

}  // namespace sluice::bench
