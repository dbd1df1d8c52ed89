// extract: questions and answers of a DNS message.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr size_t kMaxDnsQuestions = 16;  ///< more in one message are Malformed
inline constexpr size_t kMaxDnsRecords =
    1024;                                   ///< answer records looked at in one message; more are Malformed
inline constexpr size_t kMaxDnsJumps = 64;  ///< compression pointers followed in one name

inline constexpr uint16_t kDnsA = 1, kDnsCname = 5, kDnsAaaa = 28, kDnsDname = 39, kDnsSvcb = 64,
                          kDnsHttps = 65;
inline constexpr uint16_t kDnsPort = 53;
inline constexpr size_t kDnsHeaderBytes = 12;
inline constexpr uint16_t kDnsQuestionFlags = 0x0130;  ///< those that a query may bear: RD, AD, CD

struct DnsQuestion {
  HostName name;  ///< empty for the root
  uint16_t type = 0, qclass = 0;
};

/// The fixed part of a message and its questions. Source: RFC 1035 4.1; RFC 6891 (EDNS).
struct DnsMessage {
  uint16_t id = 0;
  uint16_t flags = 0;  ///< as on the wire, host byte order
  uint8_t question_count = 0;
  bool edns = false;           ///< an OPT record stands in the additional section
  uint16_t questions_end = 0;  ///< offset of the first byte after the questions
  uint16_t answer_count = 0;
  uint16_t record_count = 0;  ///< of all three sections
  std::array<DnsQuestion, kMaxDnsQuestions> questions;
  bool is_response() const { return flags & 0x8000; }
};

/// message: a whole DNS message (no TCP length prefix). Returns Name where it has a question, NoName where it
/// has none, Malformed, or NotMine where it cannot be DNS: shorter than a header, more questions than it can
/// hold, or malformed with an opcode other than that of a query. Other opcodes (NOTIFY, UPDATE) have the same
/// shape. Bytes of a label that a HostName does not keep, dots and backslashes are written as \DDD (RFC
/// 4343 2.1). With Malformed, out has the questions that were read until then.
[[nodiscard]] Extract parse_dns(std::span<const uint8_t> message, DnsMessage& out);

/// True where the first 12 bytes of what a client sends can begin a plain query: for payload that may be
/// anything, on any port. header: cut anywhere; false below 12 bytes.
[[nodiscard]] bool looks_like_dns_question(std::span<const uint8_t> header);

/// True where a datagram, on any port, is a query beyond doubt: looks_like_dns_question, well-formed, of a
/// class in use. False for what borrows the shape: NetBIOS name service.
[[nodiscard]] bool is_dns_question(std::span<const uint8_t> message);

/// One record.
struct DnsAnswer {
  HostName owner;
  uint16_t type = 0;
  uint32_t ttl_s = 0;
  HostName target;                  ///< of a CNAME, DNAME, SVCB or HTTPS; empty for the root
  Address address;                  ///< of an A or AAAA
  std::span<const uint8_t> params;  ///< of an SVCB or HTTPS: for SvcParams, well-formed
};

/// Walks the answer section of a response that parse_dns has taken, or all three. Records of other types are
/// given with their owner and type only.
class DnsAnswers {
 public:
  DnsAnswers(std::span<const uint8_t> message, const DnsMessage& parsed)
      : DnsAnswers(message, parsed, parsed.answer_count) {}
  static DnsAnswers of_all_sections(std::span<const uint8_t> message, const DnsMessage& parsed) {
    return {message, parsed, parsed.record_count};
  }
  /// Returns Name (out is the next record), Complete (no more) or Malformed.
  [[nodiscard]] Extract next(DnsAnswer& out);

 private:
  DnsAnswers(std::span<const uint8_t> message, const DnsMessage& parsed, uint16_t count)
      : message_(message), offset_(parsed.questions_end), left_(count) {}
  std::span<const uint8_t> message_;
  size_t offset_;
  uint16_t left_;
};

}  // namespace sluice
