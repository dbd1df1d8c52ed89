// act: NXDOMAIN with Extended DNS Error 15, over UDP and TCP.
#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/act/maker.h"
#include "dataplane/extract/dns.h"

namespace sluice {
namespace {

constexpr size_t kDnsHeader = 12, kLengthPrefix = 2, kOptFixed = 11, kEdeFixed = 6;
constexpr size_t kMaxExtraText = 64;
constexpr size_t kMaxQuestionBytes = kMaxDnsQuestions * (255 + 4);
constexpr size_t kMaxAnswer = kDnsHeader + kMaxQuestionBytes + kOptFixed + kEdeFixed + kMaxExtraText;
constexpr uint16_t kQr = 0x8000, kOpcode = 0x7800, kRd = 0x0100, kRa = 0x0080, kCd = 0x0010, kNxDomain = 3;
constexpr uint16_t kOptType = 41, kUdpSize = 1232, kEdeOption = 15, kEdeBlocked = 15;

size_t extra_text_size(std::string_view text) {
  size_t size = std::min(text.size(), kMaxExtraText);
  // Cut before a character of UTF-8, never inside one.
  while (size > 0 && size < text.size() && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return size;
}

size_t write_opt(uint8_t* at, std::string_view text) {
  const size_t text_size = extra_text_size(text);
  std::memset(at, 0, kOptFixed);
  put16(at + 1, kOptType);
  put16(at + 3, kUdpSize);
  put16(at + 9, static_cast<uint32_t>(kEdeFixed + text_size));
  uint8_t* option = at + kOptFixed;
  put16(option, kEdeOption);
  put16(option + 2, static_cast<uint32_t>(2 + text_size));
  put16(option + 4, kEdeBlocked);
  copy(option + kEdeFixed, text.data(), text_size);
  return kOptFixed + kEdeFixed + text_size;
}

/// Returns the answer's size, 0 where message is none that can be answered.
size_t write_answer(std::span<const uint8_t> message, const Refusal& refusal, uint8_t* out) {
  DnsMessage parsed;
  const Extract result = parse_dns(message, parsed);
  if (result != Extract::Name && result != Extract::NoName) return 0;
  const size_t questions = parsed.questions_end - kDnsHeader;
  if (questions > kMaxQuestionBytes) return 0;
  std::memcpy(out, message.data(), parsed.questions_end);
  put16(out + 2, kQr | (parsed.flags & (kOpcode | kRd | kCd)) | kRa | kNxDomain);
  put16(out + 6, 0);
  put16(out + 8, 0);
  put16(out + 10, parsed.edns ? 1 : 0);
  size_t size = parsed.questions_end;
  if (parsed.edns) size += write_opt(out + size, refusal.rule);
  return size;
}

}  // namespace

bool answer_dns(Maker& maker, const Refusal& refusal) {
  std::array<uint8_t, kLengthPrefix + kMaxAnswer> answer;
  const Packet& packet = maker.packet();
  if (!packet.is_tcp()) {
    const auto payload = maker.payload();
    const size_t size =
        payload.size() < packet.payload_size ? 0 : write_answer(payload, refusal, answer.data());
    const bool is_answer = size != 0 && (payload[2] & 0x80) != 0;
    if (size == 0 || is_answer == refusal.from_opener) return false;
    // An answer that is refused is replaced, and goes on to who asked.
    maker.add_udp(is_answer ? Toward::Receiver : Toward::Sender, {answer.data(), size});
    return true;
  }
  if (!(packet.tcp_flags & kAck) || refusal.message.empty() || refusal.response_outstanding) return false;
  const size_t size = write_answer(refusal.message, refusal, answer.data() + kLengthPrefix);
  if (size == 0) return false;
  put16(answer.data(), static_cast<uint32_t>(size));
  const std::span<const uint8_t> framed(answer.data(), kLengthPrefix + size);
  constexpr uint8_t kLast = kFin | kPsh | kAck;
  if (refusal.from_opener) {
    maker.add_tcp(Toward::Sender, next_to_sender(packet, kLast), framed);
    reset_receiver(maker, refusal);
  } else {
    maker.add_tcp(Toward::Receiver, {packet.tcp_seq, packet.tcp_ack, kLast}, framed);
    reset_sender(maker);
  }
  return true;
}

}  // namespace sluice
