// act: resets, the TLS alert and the page's segment.
#include <array>

#include "dataplane/act/maker.h"

namespace sluice {
namespace {

// A TLS 1.2 record (also what TLS 1.3 writes) with a fatal access_denied: RFC 8446 5.1 and 6.
constexpr std::array<uint8_t, 7> kTlsAlert = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 49};

uint32_t sequence_size(const Packet& packet) {
  return packet.payload_size + ((packet.tcp_flags & kSyn) != 0) + ((packet.tcp_flags & kFin) != 0);
}

}  // namespace

TcpSegment next_to_sender(const Packet& packet, uint8_t flags) {
  return {packet.tcp_ack, packet.tcp_seq + sequence_size(packet), flags};
}

void reset_sender(Maker& maker) {
  TcpSegment reset = next_to_sender(maker.packet(), kRst | kAck);
  if (!(maker.packet().tcp_flags & kAck)) reset.seq = 0;
  maker.add_tcp(Toward::Sender, reset, {});
}

void reset_receiver(Maker& maker, const Refusal& refusal) {
  const Packet& packet = maker.packet();
  // Only an RST at exactly the next expected byte is taken at once (RFC 5961 3.2): the last ACK says which
  // that is.
  const bool known = refusal.from_opener && refusal.server_ack_known;
  if (known && refusal.server_ack != packet.tcp_seq) {
    maker.add_tcp(Toward::Receiver, {refusal.server_ack, packet.tcp_ack, kRst | kAck}, {});
  }
  maker.add_tcp(Toward::Receiver, {packet.tcp_seq, packet.tcp_ack, kRst | kAck}, {});
}

Answer answer_tcp(Maker& maker, const Refusal& refusal) {
  const Packet& packet = maker.packet();
  if ((packet.tcp_flags & (kSyn | kAck)) == kSyn || !(packet.tcp_flags & kAck)) {
    reset_sender(maker);  // its receiver has seen nothing, or nothing that it could be told of
    return Answer::TcpReset;
  }
  Answer kind = Answer::TcpReset;
  const bool speaks = refusal.from_opener && packet.payload_size > 0 && !refusal.response_outstanding;
  if (speaks && refusal.protocol == Protocol::Tls) {
    maker.add_tcp(Toward::Sender, next_to_sender(packet, kFin | kPsh | kAck), kTlsAlert);
    kind = Answer::TlsAlert;
  } else if (speaks && refusal.protocol == Protocol::Http) {
    std::array<char, kMaxPage> page;
    const size_t size = write_page(page, refusal);
    maker.add_tcp(Toward::Sender, next_to_sender(packet, kFin | kPsh | kAck),
                  {reinterpret_cast<const uint8_t*>(page.data()), size});
    kind = Answer::HttpPage;
  } else {
    reset_sender(maker);
  }
  reset_receiver(maker, refusal);
  return kind;
}

}  // namespace sluice
