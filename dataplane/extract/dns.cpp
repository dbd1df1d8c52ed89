// extract: questions and answers of a DNS message.
#include "dataplane/extract/dns.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr size_t kHeaderSize = 12;
constexpr size_t kMinQuestion = 5;  // the root, type and class
constexpr uint16_t kOpcodeMask = 0x7800;
constexpr uint16_t kOpt = 41, kClassIn = 1;
constexpr uint8_t kPointer = 0xc0;
constexpr size_t kMaxLabel = 63;

/// Reads on from an offset; a failure sticks, and then every read gives 0.
class Reader {
 public:
  Reader(std::span<const uint8_t> message, size_t at) : message_(message), at_(at) {}
  bool ok() const { return ok_; }
  size_t at() const { return at_; }

  uint8_t u8() { return need(1) ? message_[at_++] : uint8_t{0}; }
  uint16_t u16() {
    const uint8_t high = u8();
    return static_cast<uint16_t>(high << 8 | u8());
  }
  uint32_t u32() {
    const uint32_t high = u16();
    return high << 16 | u16();
  }
  std::span<const uint8_t> take(size_t size) {
    if (!need(size)) return {};
    at_ += size;
    return message_.subspan(at_ - size, size);
  }
  void seek(size_t at) { at_ = at; }
  void fail() { ok_ = false; }

 private:
  bool need(size_t size) {
    if (!ok_ || at_ > message_.size() || message_.size() - at_ < size) ok_ = false;
    return ok_;
  }
  std::span<const uint8_t> message_;
  size_t at_;
  bool ok_ = true;
};

/// A label as text. What would not be read back as the same label is escaped as in a zone file (RFC
/// 4343 2.1): a dot, a backslash and every byte that a HostName does not keep, as a backslash and three
/// decimal digits.
class NameText {  // NOLINT(cppcoreguidelines-pro-type-member-init): only size_ bytes of text_ are read
 public:
  bool put(std::span<const uint8_t> label) {
    if (size_ > 0 && !put('.')) return false;
    for (const uint8_t byte : label) {
      if (byte > 0x20 && byte < 0x7f && byte != '.' && byte != '\\') {
        if (!put(byte)) return false;
      } else if (!put('\\') || !put('0' + byte / 100) || !put('0' + byte / 10 % 10) ||
                 !put('0' + byte % 10)) {
        return false;
      }
    }
    return true;
  }
  std::string_view view() const { return {text_, size_}; }

 private:
  bool put(int c) {
    if (size_ == kMaxName) return false;
    text_[size_++] = static_cast<char>(c);
    return true;
  }
  size_t size_ = 0;
  char text_[kMaxName];
};

/// Reads a name, following pointers, and leaves the reader after it. A pointer must lead to before the run of
/// labels that ends in it (RFC 1035 4.1.4: a prior occurrence), so no chain of them can return.
bool read_name(Reader& reader, HostName& out) {
  NameText text;
  size_t jumps = 0, run = reader.at(), after = 0;
  for (;;) {
    const uint8_t length = reader.u8();
    if (!reader.ok()) return false;
    if ((length & kPointer) == kPointer) {
      const size_t target = static_cast<size_t>(length & ~kPointer) << 8 | reader.u8();
      if (!reader.ok() || target >= run || target < kHeaderSize || ++jumps > kMaxDnsJumps) return false;
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

void skip_name(Reader& reader) {
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
bool skip_records(Reader& reader, size_t count) {
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

}  // namespace

Extract parse_dns(std::span<const uint8_t> message, DnsMessage& out) {
  out.question_count = 0;
  if (message.size() < kHeaderSize) return Extract::NotMine;
  Reader reader(message, 0);
  out.id = reader.u16();
  out.flags = reader.u16();
  const uint16_t questions = reader.u16();
  out.answer_count = reader.u16();
  const uint16_t authorities = reader.u16();
  const uint16_t additionals = reader.u16();
  // What asks for something else than a query, and is not well-formed either, is most likely no DNS.
  const Extract wrong = out.flags & kOpcodeMask ? Extract::NotMine : Extract::Malformed;
  if (questions > kMaxDnsQuestions && questions * kMinQuestion > message.size() - kHeaderSize)
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
  skip_records(reader, size_t{out.answer_count} + authorities);
  out.edns = skip_records(reader, additionals);
  if (!reader.ok()) return wrong;
  return questions > 0 ? Extract::Name : Extract::NoName;
}

Extract DnsAnswers::next(DnsAnswer& out) {
  if (left_ == 0) return Extract::Complete;
  Reader reader(message_, offset_);
  out.target.clear();
  out.address = {};
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
  } else if (record_class == kClassIn && out.type == kDnsCname) {
    Reader target(message_, data_at);
    if (!read_name(target, out.target) || target.at() != data_at + size) return Extract::Malformed;
  }
  offset_ = reader.at();
  --left_;
  return Extract::Name;
}

}  // namespace sluice
