// extract: server_name in a TLS ClientHello, over any number of records and of calls.
//
// Two layers. Records, where there are any: read() takes five-byte headers off and gives what they hold to
// read_handshake().
// Handshake: a hello is a chain of small fields at known offsets; expect() names the next one and checks it
// against the length that encloses it, and read_handshake() skips to it, however many calls that takes.
#include "dataplane/extract/tls.h"

#include <algorithm>
#include <type_traits>

#include "dataplane/decode/bytes.h"

namespace sluice {
namespace {

constexpr uint8_t kChangeCipherSpec = 20, kAlert = 21, kHandshake = 22, kApplicationData = 23;
constexpr uint8_t kMajorVersion = 3;
constexpr uint8_t kSslv2Header = 0x80;
constexpr uint8_t kWarning = 1;
constexpr uint32_t kRecordHeader = 5;
constexpr uint32_t kClientHello = 1;
constexpr uint32_t kMessageHeader = 4;
constexpr uint32_t kRandom = 32;
constexpr uint32_t kMaxSession = 32;
constexpr uint32_t kMaxEncryption = 256;  // bytes that TLS 1.3 adds to a record (RFC 8446 5.2)
constexpr uint32_t kServerName = 0, kEarlyData = 42;
constexpr uint32_t kEncryptedClientHello = 0xfe0d, kEncryptedServerName = 0xffce;
constexpr uint32_t kHostNameType = 0;

}  // namespace

static_assert(sizeof(TlsHello) < 600 && std::is_trivially_copyable_v<TlsHello>);

TlsHello TlsHello::of_handshake() {
  TlsHello reader{};
  reader.carrier_ = Carrier::Quic;
  return reader;
}

TlsHello TlsHello::of_dtls() {
  TlsHello reader{};
  reader.carrier_ = Carrier::Dtls;
  return reader;
}

Extract TlsHello::feed(std::span<const uint8_t> bytes, size_t& consumed) {
  consumed = 0;
  const Extract result = over_ == Extract::NeedMore ? read(bytes, consumed) : over_;
  if (result == Extract::Name || result == Extract::NoName || result == Extract::Complete) return result;
  over_ = result;
  consumed = bytes.size();
  return result;
}

Extract TlsHello::read(std::span<const uint8_t> bytes, size_t& at) {
  if (step_ == Step::End && position_ == field_at_) return on_end();
  if (carrier_ != Carrier::Records) return read_handshake(bytes, at);
  while (at < bytes.size()) {
    Extract result;
    if (record_header_size_ < kRecordHeader) {
      result = on_record_header(bytes[at++]);
    } else if (record_type_ == kApplicationData) {
      const auto skipped = std::min<size_t>(record_left_, bytes.size() - at);
      at += skipped;
      record_left_ = static_cast<uint16_t>(record_left_ - skipped);
      result = Extract::NeedMore;
    } else if (record_type_ != kHandshake) {
      result = on_idle_byte(bytes[at++]);
    } else {
      size_t used = 0;
      result = read_handshake(bytes.subspan(at, std::min<size_t>(record_left_, bytes.size() - at)), used);
      at += used;
      record_left_ = static_cast<uint16_t>(record_left_ - used);
    }
    if (record_header_size_ == kRecordHeader && record_left_ == 0) record_header_size_ = 0;
    if (result != Extract::NeedMore) return result;
  }
  return Extract::NeedMore;
}

Extract TlsHello::on_record_header(uint8_t byte) {
  switch (record_header_size_++) {
    case 0:
      record_type_ = byte;
      if (!recognised_ && (byte & kSslv2Header)) return on_sslv2();
      if (byte == kApplicationData && again_ && has_early_data_) return Extract::NeedMore;
      return byte < kChangeCipherSpec || byte > kHandshake ? unexpected() : Extract::NeedMore;
    case 1:
      return byte != kMajorVersion ? unexpected() : Extract::NeedMore;
    case 2:  // Servers take any minor version in the first record, and so must a reader that is not to be
             // evaded.
      return Extract::NeedMore;
    case 3:
      record_left_ = static_cast<uint16_t>(byte << 8);
      return Extract::NeedMore;
    default:
      recognised_ = true;
      record_left_ |= byte;
      return on_record();
  }
}

Extract TlsHello::on_record() {
  // Between the pieces of a message RFC 8446 5.1 allows no other types.
  if (record_type_ != kHandshake && position_ > 0) return Extract::Malformed;
  if (record_type_ == kApplicationData) {
    early_data_ += kRecordHeader + record_left_;
    const bool skipped = record_left_ <= kMaxTlsRecord + kMaxEncryption && early_data_ <= kMaxEarlyData;
    return skipped ? Extract::NeedMore : Extract::Done;
  }
  if (record_left_ > kMaxTlsRecord) return unexpected();
  if (record_type_ == kHandshake && record_left_ > 0) return Extract::NeedMore;
  // A record that adds nothing.
  if (record_type_ == kChangeCipherSpec && record_left_ != 1) return unexpected();
  if (record_type_ == kAlert && record_left_ != 2) return unexpected();
  return ++idle_records_ > kMaxIdleRecords ? Extract::Malformed : Extract::NeedMore;
}

Extract TlsHello::on_idle_byte(uint8_t byte) {
  // change_cipher_spec is the byte 1; an alert is its level, then its description. After a fatal one no hello
  // comes.
  const bool description = record_type_ == kAlert && record_left_ == 1;
  --record_left_;
  return byte == kWarning || description ? Extract::NeedMore : unexpected();
}

/// What fits no hello: before the first one wrong; behind one only the sign that no other comes, unless that
/// has begun.
Extract TlsHello::unexpected() const {
  if (!recognised_ && carrier_ == Carrier::Records) return Extract::NotMine;
  return again_ && position_ <= kMessageHeader + 2 ? Extract::Done : Extract::Malformed;
}

/// A hello of SSLv2's form has no extensions, and no server answers it by a HelloRetryRequest.
Extract TlsHello::on_sslv2() {
  recognised_ = true;
  record_header_size_ = 0;
  step_ = Step::End;
  return on_end();
}

Extract TlsHello::read_handshake(std::span<const uint8_t> chunk, size_t& used) {
  for (;;) {
    const uint32_t gap = field_at_ - position_;  // of a field that has begun more than any chunk has
    if (step_ < Step::NameText && gap + sizeof value_ <= chunk.size() - used) {
      value_ = get32(chunk.data() + used + gap) >> 8 * (sizeof value_ - field_size_);
      position_ = field_at_ + field_size_;
      used += gap + field_size_;
    } else if (!gather(chunk, used)) {
      return Extract::NeedMore;
    }
    const Extract result = step_ == Step::End ? on_end() : on_field();
    if (result != Extract::NeedMore) return result;
  }
}

/// Takes what is there of a field that is cut, or text, or the end. True where that is all of it.
bool TlsHello::gather(std::span<const uint8_t> chunk, size_t& used) {
  const auto take = [&](uint32_t wanted) {
    const auto taken = chunk.subspan(used, std::min<size_t>(wanted, chunk.size() - used));
    used += taken.size();
    position_ += static_cast<uint32_t>(taken.size());
    return taken;
  };
  if (position_ < field_at_) (void)take(field_at_ - position_);
  if (position_ < field_at_) return false;
  const uint32_t got = position_ - field_at_;
  const auto bytes = take(field_size_ - got);
  if (step_ == Step::NameText)
    std::ranges::copy(bytes, raw_ + got);
  else
    for (const uint8_t byte : bytes) value_ = value_ << 8 | byte;
  return position_ == field_at_ + field_size_;
}

Extract TlsHello::on_field() {
  switch (step_) {
    case Step::Header:
      hello_end_ = kMessageHeader + (value_ & 0xffffff);
      if (value_ >> 24 != kClientHello || hello_end_ > kMaxHello) return unexpected();
      host_.clear();
      named_ = has_ech_ = has_esni_ = has_early_data_ = false;
      return expect(Step::Version, position_, 2, hello_end_);
    case Step::Version:
      // Behind a hello these bytes may be encrypted, and so begin like another one by chance.
      if (again_ && carrier_ == Carrier::Records && value_ >> 8 != kMajorVersion) return unexpected();
      return expect(Step::SessionSize, position_ + kRandom, 1, hello_end_);
    case Step::SessionSize:
      if (value_ > kMaxSession) return Extract::Malformed;
      if (carrier_ == Carrier::Dtls) return expect(Step::CookieSize, position_ + value_, 1, hello_end_);
      return expect(Step::CiphersSize, position_ + value_, 2, hello_end_);
    case Step::CookieSize:
      return expect(Step::CiphersSize, position_ + value_, 2, hello_end_);
    case Step::CiphersSize:
      if (value_ == 0 || value_ % 2 != 0) return Extract::Malformed;
      return expect(Step::CompressionSize, position_ + value_, 1, hello_end_);
    case Step::CompressionSize:
      if (value_ == 0) return Extract::Malformed;
      // Before TLS 1.3 a hello may end here, without extensions.
      if (position_ + value_ == hello_end_) return expect(Step::End, hello_end_, 0, hello_end_);
      return expect(Step::ExtensionsSize, position_ + value_, 2, hello_end_);
    case Step::ExtensionsSize:
      if (position_ + value_ != hello_end_) return Extract::Malformed;
      extension_end_ = position_;
      return next_extension();
    case Step::Extension:
      return on_extension(value_ >> 16, value_ & 0xffff);
    case Step::NameListSize:
      names_end_ = position_ + value_;
      if (value_ == 0 || names_end_ != extension_end_) return Extract::Malformed;
      return next_name(position_);
    case Step::NameEntry:
      return on_name_entry(value_ >> 16, value_ & 0xffff);
    case Step::NameText:
      return on_name();
    case Step::End:
      break;
  }
  return Extract::Malformed;
}

Extract TlsHello::on_extension(uint32_t type, uint32_t size) {
  extension_end_ = position_ + size;
  if (extension_end_ > hello_end_) return Extract::Malformed;
  if (type == kServerName) return expect(Step::NameListSize, position_, 2, extension_end_);
  if (type == kEncryptedClientHello) has_ech_ = true;
  if (type == kEncryptedServerName) has_esni_ = true;
  if (type == kEarlyData) has_early_data_ = true;
  return next_extension();
}

Extract TlsHello::on_name_entry(uint32_t type, uint32_t size) {
  const uint32_t end = position_ + size;
  if (type != kHostNameType) return next_name(end);  // which refuses an end beyond the list's
  if (size == 0 || size > kMaxRawName) return Extract::Malformed;
  return expect(Step::NameText, position_, size, names_end_);
}

Extract TlsHello::on_name() {
  if (!host_.assign({raw_, field_size_})) return Extract::Malformed;
  if (next_name(position_) == Extract::Malformed) return Extract::Malformed;
  if (host_.is_address()) return Extract::NeedMore;  // servers look no name up by it
  named_ = true;
  return Extract::Name;
}

Extract TlsHello::on_end() {
  if (!named_) {
    named_ = true;  // said once; the next call completes
    return Extract::NoName;
  }
  again_ = true;
  idle_records_ = 0;
  position_ = 0;
  (void)expect(Step::Header, 0, kMessageHeader, kMessageHeader);
  return Extract::Complete;
}

Extract TlsHello::expect(Step step, uint32_t at, uint32_t size, uint32_t end) {
  if (at + size > end) return Extract::Malformed;
  step_ = step;
  field_at_ = at;
  field_size_ = size;
  value_ = 0;
  return Extract::NeedMore;
}

Extract TlsHello::next_extension() {
  if (extension_end_ == hello_end_) return expect(Step::End, hello_end_, 0, hello_end_);
  return expect(Step::Extension, extension_end_, 4, hello_end_);
}

Extract TlsHello::next_name(uint32_t at) {
  return at == names_end_ ? next_extension() : expect(Step::NameEntry, at, 3, names_end_);
}

}  // namespace sluice
