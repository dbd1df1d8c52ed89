// bench: the shapes of traffic.
#include "bench/traffic.h"

#include <algorithm>
#include <array>

#include "bench/name_maker.h"
#include "dataplane/decode/packet.h"
#include "tests/support/frame.h"
#include "tests/support/payload.h"
#include "tests/support/quic.h"

namespace sluice::bench {
namespace {

using test::Bytes;
using test::Frame;

constexpr size_t kAtOnce = 1000;  ///< flows that are open at the same time, where they are short
constexpr size_t kHeaders = 54, kCheckSequence = 4;
constexpr std::array<size_t, 12> kImix{64, 64, 64, 64, 64, 64, 64, 576, 576, 576, 576, 1500};

/// One flow of a client in the staff's network.
class Client {
 public:
  Client(Traffic& out, size_t number, std::string_view server, uint16_t server_port)
      : out_(out),
        address_("10.20." + std::to_string(1 + number % 6) + '.' + std::to_string(1 + number / 6 % 250)),
        server_(server),
        port_(static_cast<uint16_t>(20000 + number / 1500)),
        server_port_(server_port),
        seq_(static_cast<uint32_t>(1'000'000 + number * 77)),
        ack_(static_cast<uint32_t>(2'000'000 + number * 91)) {}

  void tcp(bool from_client, uint8_t flags, const Bytes& payload = {}) {
    uint32_t& own = from_client ? seq_ : ack_;
    Frame frame = ip(from_client);
    frame.tcp(from_client ? port_ : server_port_, from_client ? server_port_ : port_, flags, own,
              flags & kAck ? (from_client ? ack_ : seq_) : 0);
    if (!payload.empty()) frame.payload(payload);
    own += static_cast<uint32_t>(payload.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
    add(from_client, frame);
  }
  void udp(bool from_client, const Bytes& payload) {
    add(from_client, ip(from_client)
                         .udp(from_client ? port_ : server_port_, from_client ? server_port_ : port_)
                         .payload(payload));
  }
  void connect() {
    tcp(true, kSyn);
    tcp(false, kSyn | kAck);
    tcp(true, kAck);
  }
  void finish() {
    tcp(true, kFin | kAck);
    tcp(false, kFin | kAck);
    tcp(true, kAck);
  }

 private:
  Frame ip(bool from_client) const {
    return Frame().ip(from_client ? address_ : server_, from_client ? server_ : address_);
  }
  void add(bool from_client, Frame& frame) {
    const Bytes built = frame.pad_to(60).build();
    out_.frames.push_back(
        {out_.bytes.size(), static_cast<uint16_t>(built.size()), static_cast<uint16_t>(from_client ? 0 : 1)});
    out_.bytes.insert(out_.bytes.end(), built.begin(), built.end());
  }

  Traffic& out_;
  std::string address_, server_;
  uint16_t port_, server_port_;
  uint32_t seq_, ack_;
};

/// Names of the same shape as lists have, below a top that none has.
class Names {
 public:
  std::string next() {
    std::string name;
    maker_.append(name, kAskedTop);
    return name;
  }

 private:
  NameMaker maker_{3};
};

Bytes record(uint8_t type, size_t frame_size) {
  const size_t payload = std::max(frame_size, kHeaders + kCheckSequence + 6) - kHeaders - kCheckSequence;
  Bytes out(payload, 0);
  out[0] = type, out[1] = out[2] = 3;
  out[3] = static_cast<uint8_t>((payload - 5) >> 8), out[4] = static_cast<uint8_t>(payload - 5);
  return out;
}

/// TLS up to the first data of the client, which ends the handshake.
void shake_hands(Client& client, Names& names) {
  constexpr uint8_t kHandshake = 22;
  client.connect();
  client.tcp(true, kPsh | kAck, test::tls_hello(names.next()));
  client.tcp(false, kAck, record(kHandshake, 1500));
  client.tcp(true, kAck);
}

std::string server_of(size_t number) {
  return "198.51.100." + std::to_string(1 + number % 200);
}

/// Flows in groups: what each group's flows do, step by step.
Traffic tls_flows(size_t flows, size_t at_once, size_t data_packets, bool imix) {
  constexpr uint8_t kData = 23;
  Traffic out;
  Names names;
  for (size_t first = 0; first < flows; first += at_once) {
    std::vector<Client> clients;
    for (size_t i = first; i < std::min(first + at_once, flows); ++i)
      clients.emplace_back(out, i, server_of(i), uint16_t{443});
    for (Client& client : clients) shake_hands(client, names);
    for (size_t step = 0; step < data_packets; ++step)
      for (size_t i = 0; i < clients.size(); ++i)
        clients[i].tcp(step % 3 == 0, kAck, record(kData, imix ? kImix[(step * 5 + i) % kImix.size()] : 64));
    for (Client& client : clients) client.finish();
  }
  out.allowed = flows;
  return out;
}

/// Flows one after the other.
Traffic each_alone(size_t flows, uint16_t port, void (*what)(Client& client, size_t number, Names& names)) {
  Traffic out;
  Names names;
  for (size_t i = 0; i < flows; ++i) {
    Client client(out, i, server_of(i), port);
    what(client, i, names);
  }
  out.allowed = flows;
  return out;
}

void request_http(Client& client, size_t, Names& names) {
  client.connect();
  client.tcp(true, kPsh | kAck, test::http_request(names.next()));
  client.tcp(false, kPsh | kAck, test::bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
  client.finish();
}

void ask_dns(Client& client, size_t, Names& names) {
  client.udp(true, test::dns_query({.name = names.next()}));
}

/// A key share of today's size fills two Initials.
void begin_quic(Client& client, size_t number, Names& names) {
  const Bytes id{1,
                 static_cast<uint8_t>(number >> 16),
                 static_cast<uint8_t>(number >> 8),
                 static_cast<uint8_t>(number),
                 5,
                 6,
                 7,
                 8};
  const Bytes records = test::tls_hello(names.next(), {.padding_bytes = 1400});
  const Bytes handshake(records.begin() + 5, records.end());
  for (const Bytes& datagram : test::quic_hello({.id = id}, handshake)) client.udp(true, datagram);
}

constexpr Shape kShapes[] = {
    {"imix", "TLS flows of 60 data packets of 64, 576 and 1500 bytes", 20'000,
     [](size_t flows) { return tls_flows(flows, flows, 60, true); }},
    {"data64", "the same, of 64 bytes", 20'000,
     [](size_t flows) { return tls_flows(flows, flows, 60, false); }},
    {"hs", "short TLS flows: six data packets", 100'000,
     [](size_t flows) { return tls_flows(flows, kAtOnce, 6, true); }},
    {"tls", "TLS handshakes and their ends", 100'000,
     [](size_t flows) { return tls_flows(flows, kAtOnce, 0, true); }},
    {"quic", "QUIC hellos of two Initials", 10'000,
     [](size_t flows) { return each_alone(flows, 443, begin_quic); }},
    {"dns", "DNS questions", 100'000, [](size_t flows) { return each_alone(flows, 53, ask_dns); }},
    {"http", "HTTP requests, one for each connection", 50'000,
     [](size_t flows) { return each_alone(flows, 80, request_http); }},
};

}  // namespace

std::span<const Shape> shapes() {
  return kShapes;
}

}  // namespace sluice::bench
