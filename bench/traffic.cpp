// bench: the shapes of traffic.
#include "bench/traffic.h"

#include <algorithm>

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

/// One flow of a client in the staff's network.
class Client {
 public:
  Client(Traffic& out, size_t number, std::string_view server, uint16_t server_port)
      : out_(out),
        address_("10.20." + std::to_string(client_of(number).third) + '.' +
                 std::to_string(client_of(number).fourth)),
        server_(server),
        port_(client_of(number).port),
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

/// What the flows ask for, in their order: names of the same shape as lists have, below a top that none has;
/// and those of the list.
class Names {
 public:
  explicit Names(const Wanted& wanted) : wanted_(wanted) {
    const size_t blocked = std::max<size_t>(wanted.flows * wanted.blocked_percent / 100, 1);
    every_ = std::max<size_t>(wanted.listed / blocked, 1);
  }
  /// Counts in out what must come of it.
  std::string next(Traffic& out) {
    std::string name;
    const bool blocked = number_++ * kSpread % 100 < wanted_.blocked_percent;
    blocked ? append_listed(name) : maker_.append(name, kAskedTop);
    ++(blocked ? out.blocked : out.allowed);
    return name;
  }

 private:
  static constexpr size_t kSpread = 61;  ///< prime to a hundred: those that are blocked come one by one

  /// From all parts of the list, or a small share of it would be all that the table has in its cache.
  void append_listed(std::string& name) {
    std::string passed_over;
    for (size_t i = 1; i < every_; ++i) passed_over.clear(), listed_.append(passed_over);
    listed_.append(name);
    if ((taken_ += every_) + every_ <= wanted_.listed) return;
    taken_ = 0;
    listed_ = NameMaker(1);
  }

  const Wanted wanted_;
  size_t every_, number_ = 0, taken_ = 0;
  NameMaker maker_{3}, listed_{1};
};

/// TLS up to the first data of the client, which ends the handshake; a blocked one ends at its hello. Returns
/// whether it goes on.
bool shake_hands(Client& client, Names& names, Traffic& out) {
  const size_t allowed = out.allowed;
  client.connect();
  client.tcp(true, kPsh | kAck, test::tls_hello(names.next(out)));
  if (out.allowed == allowed) return false;
  client.tcp(false, kAck, tls_record(kTlsHandshake, 1500));
  client.tcp(true, kAck);
  return true;
}

std::string server_of(size_t number) {
  return "198.51.100." + std::to_string(1 + number % 200);
}

/// Flows in groups: what each group's flows do, step by step.
Traffic tls_flows(const Wanted& wanted, size_t at_once, size_t data_packets, bool imix) {
  Traffic out;
  Names names(wanted);
  for (size_t first = 0; first < wanted.flows; first += at_once) {
    std::vector<Client> clients;
    for (size_t i = first; i < std::min(first + at_once, wanted.flows); ++i) {
      clients.emplace_back(out, i, server_of(i), uint16_t{443});
      if (!shake_hands(clients.back(), names, out)) clients.pop_back();
    }
    for (size_t step = 0; step < data_packets; ++step)
      for (size_t i = 0; i < clients.size(); ++i)
        clients[i].tcp(step % 3 == 0, kAck,
                       tls_record(kTlsData, imix ? kImix[(step * 5 + i) % kImix.size()] : 64));
    for (Client& client : clients) client.finish();
  }
  return out;
}

/// A server has acknowledged each hello before the data: then its flow is decided.
Traffic looped_flows(const Wanted& wanted, bool imix) {
  constexpr size_t kRounds = 15;
  Traffic out;
  Names names(wanted);
  std::vector<Client> clients;
  for (size_t i = 0; i < wanted.flows; ++i) {
    clients.emplace_back(out, i, server_of(i), uint16_t{443});
    clients.back().tcp(true, kPsh | kAck, test::tls_hello(names.next(out)));
    clients.back().tcp(false, kAck);
  }
  for (size_t step = 0; step < kRounds; ++step)
    for (size_t i = 0; i < clients.size(); ++i)
      for (const bool from_client : {true, false})
        clients[i].tcp(from_client, kAck,
                       tls_record(kTlsData, imix ? kImix[(step * 5 + i + from_client) % kImix.size()] : 64));
  return out;
}

/// Flows one after the other.
Traffic each_alone(const Wanted& wanted, uint16_t port,
                   void (*what)(Client& client, size_t number, Names& names, Traffic& out)) {
  Traffic out;
  Names names(wanted);
  for (size_t i = 0; i < wanted.flows; ++i) {
    Client client(out, i, server_of(i), port);
    what(client, i, names, out);
  }
  return out;
}

enum class Hosts {
  One,
  AnotherEachTime
};

/// A connection that is kept for some requests; a blocked one ends it.
template <size_t requests, Hosts hosts = Hosts::AnotherEachTime>
void request_http(Client& client, size_t, Names& names, Traffic& out) {
  client.connect();
  std::string host;
  for (size_t i = 0; i < requests; ++i) {
    const size_t allowed = out.allowed;
    if (i == 0 || hosts == Hosts::AnotherEachTime) {
      host = names.next(out);
    } else {
      ++out.allowed;
    }
    client.tcp(true, kPsh | kAck, test::http_request(host));
    if (out.allowed == allowed) return;
    client.tcp(false, kPsh | kAck, test::bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
  }
  client.finish();
}

void ask_dns(Client& client, size_t, Names& names, Traffic& out) {
  client.udp(true, test::dns_query({.name = names.next(out)}));
}

/// A key share of today's size fills two Initials.
void begin_quic(Client& client, size_t number, Names& names, Traffic& out) {
  const Bytes id{1,
                 static_cast<uint8_t>(number >> 16),
                 static_cast<uint8_t>(number >> 8),
                 static_cast<uint8_t>(number),
                 5,
                 6,
                 7,
                 8};
  const Bytes records = test::tls_hello(names.next(out), {.padding_bytes = 1400});
  const Bytes handshake(records.begin() + 5, records.end());
  for (const Bytes& datagram : test::quic_hello({.id = id}, handshake)) client.udp(true, datagram);
}

constexpr Shape kShapes[] = {
    {"imix", "TLS flows of 60 data packets of 64, 576 and 1500 bytes", 20'000,
     [](const Wanted& wanted) { return tls_flows(wanted, wanted.flows, 60, true); }},
    {"data64", "the same, of 64 bytes", 20'000,
     [](const Wanted& wanted) { return tls_flows(wanted, wanted.flows, 60, false); }},
    {"hs", "short TLS flows: six data packets", 100'000,
     [](const Wanted& wanted) { return tls_flows(wanted, kAtOnce, 6, true); }},
    {"tls", "TLS handshakes and their ends", 100'000,
     [](const Wanted& wanted) { return tls_flows(wanted, kAtOnce, 0, true); }},
    {"quic", "QUIC hellos of two Initials", 10'000,
     [](const Wanted& wanted) { return each_alone(wanted, 443, begin_quic); }},
    {"dns", "DNS questions", 100'000, [](const Wanted& wanted) { return each_alone(wanted, 53, ask_dns); }},
    {"http", "HTTP requests, one for each connection", 50'000,
     [](const Wanted& wanted) { return each_alone(wanted, 80, request_http<1>); }},
    {"http11", "eleven HTTP requests of each connection, each for another host", 10'000,
     [](const Wanted& wanted) { return each_alone(wanted, 80, request_http<11>); }},
    {"kept", "eleven HTTP requests of each connection, for one host", 10'000,
     [](const Wanted& wanted) { return each_alone(wanted, 80, request_http<11, Hosts::One>); }},
};

constexpr Shape kLoopedShapes[] = {
    {"loop64", "TLS flows of 30 data packets of 64 bytes, without their handshakes: to be played in a loop",
     3500, [](const Wanted& wanted) { return looped_flows(wanted, false); }},
    {"loopmix", "the same, of 64, 576 and 1500 bytes", 3500,
     [](const Wanted& wanted) { return looped_flows(wanted, true); }},
};

}  // namespace

std::vector<uint8_t> tls_record(uint8_t type, size_t frame_size) {
  const size_t payload = std::max(frame_size, kHeaders + kCheckSequence + 6) - kHeaders - kCheckSequence;
  Bytes out(payload, 0);
  out[0] = type, out[1] = out[2] = 3;
  out[3] = static_cast<uint8_t>((payload - 5) >> 8), out[4] = static_cast<uint8_t>(payload - 5);
  return out;
}

std::span<const Shape> shapes() {
  return kShapes;
}

std::span<const Shape> looped_shapes() {
  return kLoopedShapes;
}

}  // namespace sluice::bench
