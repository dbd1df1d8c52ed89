// extract: questions and answers of a DNS message.
#include "dataplane/extract/dns.h"

#include <algorithm>

#include "dataplane/extract/dns_reader.h"
#include "dataplane/extract/lanes.h"
#include "dataplane/extract/svcb.h"

namespace sluice {
namespace {

constexpr size_t kMinQuestion = 5;  // the root, type and class
constexpr uint16_t kOpcodeMask = 0x7800;
constexpr uint16_t kOpt = 41, kClassIn = 1, kClassChaos = 3, kClassAny = 255;
constexpr uint16_t kMaxQuestionAdditionals = 2;  // OPT, TSIG
constexpr uint8_t kPointer = 0xc0;
constexpr size_t kMaxLabel = 63;

/// A label as text. What would not be read back as the same label is escaped as in a zone file (RFC
/// 4343 2.1): a dot, a backslash and every byte that a HostName does not keep, as a backslash and three
/// decimal digits.
class NameText {  // NOLINT(cppcoreguidelines-pro-type-member-init): only size_ bytes of text_ are read
 public:
  bool put(std::span<const uint8_t> label) {
    if (size_ > 0 && !put('.')) return false;
    while (!label.empty()) {
      const size_t plain = plain_bytes(label);
      if (plain > kMaxName - size_) return false;
      std::memcpy(text_ + size_, label.data(), plain);
      size_ += plain;
      if (plain == label.size()) break;
      const int byte = label[plain];
      if (!put('\\') || !put('0' + byte / 100) || !put('0' + byte / 10 % 10) || !put('0' + byte % 10))
        return false;
      label = label.subspan(plain + 1);
    }
    return true;
  }
  std::string_view view() const { return {text_, size_}; }

 private:
  /// How many of the first bytes a HostName keeps, and nobody takes for anything else.
  static size_t plain_bytes(std::span<const uint8_t> label) {
    return bytes_before(label, [](__m128i lane) {
      // Signed: bytes from 0x80 on are below all others.
      const __m128i outside = _mm_or_si128(_mm_cmplt_epi8(lane, lane_of(0x21)), lane_is(lane, 0x7f));
      return _mm_or_si128(outside, _mm_or_si128(lane_is(lane, '.'), lane_is(lane, '\\')));
    });
  }
  bool put(int c) {
    if (size_ == kMaxName) return false;
    text_[size_++] = static_cast<char>(c);
    return true;
  }
  size_t size_ = 0;
  char text_[kMaxName];
};

/// Reads a name, following pointers, and leaves the reader after it. A pointer must lead to before the run of
/// labels that ends in it (RFC 1035 4.1.4: a prior occurrence), so no chain of them can return. max_jumps:
/// 0 where a name must not be compressed.
bool read_name(DnsReader& reader, HostName& out, size_t max_jumps = kMaxDnsJumps) {
  NameText text;
  size_t jumps = 0, run = reader.at(), after = 0;
  for (;;) {
    const uint8_t length = reader.u8();
    if (!reader.ok()) return false;
    if ((length & kPointer) == kPointer) {
      const size_t target = static_cast<size_t>(length & ~kPointer) << 8 | reader.u8();
      if (!reader.ok() || target >= run || target < kDnsHeaderBytes || ++jumps > max_jumps) return false;
      if (jumps == 1) after = reader.at();
      run = target;
      reader.seek(target);
      continue;
    }
    if (length == 0) break;
    const auto label = reader.take(length);
    if (length > kMaxLabel || label.empty() || !text.put(label)) return false;
  }
  if (jumps > 0) reader.seek(after);
  out.clear();
  return text.view().empty() || out.assign_labels(text.view());
}

void skip_name(DnsReader& reader) {
  for (uint8_t length = reader.u8(); length != 0; length = reader.u8()) {
    if ((length & kPointer) == kPointer) {
      reader.u8();
      return;
    }
    if (length > kMaxLabel) reader.fail();
    reader.take(length);
  }
}

/// Skips records; gives whether an OPT record of the root was among them.
bool skip_records(DnsReader& reader, size_t count) {
  bool opt = false;
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    const size_t start = reader.at();
    skip_name(reader);
    const bool root = reader.at() == start + 1;
    opt |= reader.u16() == kOpt && root;
    reader.take(6);
    reader.take(reader.u16());
  }
  return opt && reader.ok();
}

/// Reads the data of an SVCB or HTTPS record (RFC 9460 2.2). Returns false where it, or a list of ECH
/// configurations in it, is not well-formed.
bool read_service(std::span<const uint8_t> data, DnsAnswer& out) {
  DnsReader reader(data, 0);
  reader.u16();  // SvcPriority: the target counts in either mode
  if (!read_name(reader, out.target, 0)) return false;
  out.params = data.subspan(reader.at());
  SvcParams params(out.params);
  SvcParam param;
  Extract next;
  while ((next = params.next(param)) == Extract::Name) {
    if (param.key != kSvcEch) continue;
    EchConfigs configs(param.value);
    HostName name;
    Extract config;
    do config = configs.next(name);
    while (config == Extract::Name || config == Extract::NoName);
    if (config == Extract::Malformed) return false;
  }
  return next == Extract::Complete;
}

/// The name that a NetBIOS name service asks for: 16 bytes, each as two letters (RFC 1002 4.1).
bool is_netbios(const DnsQuestion& question) {
  constexpr size_t kEncoded = 32;
  const std::string_view label = question.name.view().substr(0, question.name.view().find('.'));
  return (question.type == 0x20 || question.type == 0x21) && label.size() == kEncoded &&
         std::ranges::all_of(label, [](char c) { return c >= 'a' && c <= 'p'; });
}

}  // namespace

Extract parse_dns(std::span<const uint8_t> message, DnsMessage& out) {
  out.question_count = 0;
  if (message.size() < kDnsHeaderBytes) return Extract::NotMine;
  DnsReader reader(message, 0);
  out.id = reader.u16();
  out.flags = reader.u16();
  const uint16_t questions = reader.u16();
  out.answer_count = reader.u16();
  const uint16_t authorities = reader.u16();
  const uint16_t additionals = reader.u16();
  // What asks for something else than a query, and is not well-formed either, is most likely no DNS.
  const Extract wrong = out.flags & kOpcodeMask ? Extract::NotMine : Extract::Malformed;
  if (questions > kMaxDnsQuestions && questions * kMinQuestion > message.size() - kDnsHeaderBytes)
    return Extract::NotMine;

  while (out.question_count < std::min<size_t>(questions, kMaxDnsQuestions)) {
    DnsQuestion& question = out.questions[out.question_count];
    if (!read_name(reader, question.name)) return wrong;
    question.type = reader.u16();
    question.qclass = reader.u16();
    if (!reader.ok()) return wrong;
    ++out.question_count;
  }
  if (questions > kMaxDnsQuestions || reader.at() > UINT16_MAX) return wrong;
  out.questions_end = static_cast<uint16_t>(reader.at());

  if (size_t{out.answer_count} + authorities + additionals > kMaxDnsRecords) return wrong;
  out.record_count = static_cast<uint16_t>(out.answer_count + authorities + additionals);
  skip_records(reader, size_t{out.answer_count} + authorities);
  out.edns = skip_records(reader, additionals);
  if (!reader.ok()) return wrong;
  return questions > 0 ? Extract::Name : Extract::NoName;
}

bool looks_like_dns_question(std::span<const uint8_t> header) {
  DnsReader reader(header, 2);  // after the id
  const uint16_t flags = reader.u16(), questions = reader.u16(), answers = reader.u16();
  const uint16_t authorities = reader.u16(), additionals = reader.u16();
  return reader.ok() && (flags & ~kDnsQuestionFlags) == 0 && questions > 0 && questions <= kMaxDnsQuestions &&
         answers == 0 && authorities == 0 && additionals <= kMaxQuestionAdditionals;
}

bool is_dns_question(std::span<const uint8_t> message) {
  DnsMessage parsed;
  if (!looks_like_dns_question(message) || parse_dns(message, parsed) != Extract::Name) return false;
  const auto questions = std::span(parsed.questions).first(parsed.question_count);
  return std::ranges::all_of(questions, [](const DnsQuestion& question) {
    const bool known =
        question.qclass == kClassIn || question.qclass == kClassChaos || question.qclass == kClassAny;
    return known && !is_netbios(question);
  });
}

Extract DnsAnswers::next(DnsAnswer& out) {
  if (left_ == 0) return Extract::Complete;
  DnsReader reader(message_, offset_);
  out.target.clear();
  out.address = {};
  out.params = {};
  if (!read_name(reader, out.owner)) return Extract::Malformed;
  out.type = reader.u16();
  const uint16_t record_class = reader.u16();
  out.ttl_s = reader.u32();
  if (out.ttl_s >> 31) out.ttl_s = 0;  // RFC 2181 8
  const uint16_t size = reader.u16();
  const size_t data_at = reader.at();
  const auto data = reader.take(size);
  if (!reader.ok()) return Extract::Malformed;

  if (record_class == kClassIn && out.type == kDnsA) {
    if (size != 4) return Extract::Malformed;
    out.address = Address::from_v4(data.data());
  } else if (record_class == kClassIn && out.type == kDnsAaaa) {
    if (size != 16) return Extract::Malformed;
    out.address = Address::from_v6(data.data());
  } else if (record_class == kClassIn && (out.type == kDnsCname || out.type == kDnsDname)) {
    DnsReader target(message_, data_at);
    if (!read_name(target, out.target) || target.at() != data_at + size) return Extract::Malformed;
  } else if (record_class == kClassIn && (out.type == kDnsSvcb || out.type == kDnsHttps)) {
    if (!read_service(data, out)) return Extract::Malformed;
  }
  offset_ = reader.at();
  --left_;
  return Extract::Name;
}

}  // namespace sluice
