// extract: the pieces of ClientHellos in a DTLS datagram.
#include "dataplane/extract/dtls.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr uint8_t kChangeCipherSpec = 20, kHandshake = 22, kLastType = 26;
constexpr uint8_t kClientHello = 1;
constexpr size_t kVersionAt = 1, kEpochAt = 3, kSizeAt = 11;
constexpr size_t kMessageHeader = 12;

uint32_t u16(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{bytes[at]} << 8 | bytes[at + 1];
}
uint32_t u24(std::span<const uint8_t> bytes, size_t at) {
  return u16(bytes, at) << 8 | bytes[at + 2];
}

/// bytes: at least a record's header. 1.0, 1.2 (which 1.3 says too), and the one before the standard.
bool is_record(std::span<const uint8_t> bytes) {
  constexpr uint32_t kDtls10 = 0xfeff, kDtls12 = 0xfefd, kBeforeRfc = 0x0100;
  const uint32_t version = u16(bytes, kVersionAt);
  const bool known = version == kDtls10 || version == kDtls12 || version == kBeforeRfc;
  return known && bytes[0] >= kChangeCipherSpec && bytes[0] <= kLastType;
}

}  // namespace

bool DtlsPieces::next_record() {
  while (rest_.size() >= kDtlsRecordHeader && is_record(rest_)) {
    const uint32_t size = u16(rest_, kSizeAt);
    if (size > rest_.size() - kDtlsRecordHeader) return false;
    const bool readable = rest_[0] == kHandshake && u16(rest_, kEpochAt) == 0;
    record_ = rest_.subspan(kDtlsRecordHeader, readable ? size : 0);
    rest_ = rest_.subspan(kDtlsRecordHeader + size);
    if (readable) return true;
  }
  return false;
}

bool DtlsPieces::next(DtlsPiece& out) {
  for (;;) {
    if (record_.size() < kMessageHeader) {
      if (!next_record()) return false;
      continue;
    }
    const uint8_t type = record_[0];
    const uint32_t size = u24(record_, 9);
    out = {.message = static_cast<uint16_t>(u16(record_, 4)),
           .size = u24(record_, 1),
           .offset = u24(record_, 6)};
    const bool fits = size <= record_.size() - kMessageHeader && out.offset + size <= out.size;
    if (!fits) {
      record_ = {};
      continue;
    }
    out.bytes = record_.subspan(kMessageHeader, size);
    record_ = record_.subspan(kMessageHeader + size);
    if (type == kClientHello) return true;
  }
}

bool has_dtls_hello(std::span<const uint8_t> datagram) {
  DtlsPiece piece;
  return DtlsPieces(datagram).next(piece);
}

bool may_have_dtls_hello(std::span<const uint8_t> start, size_t size) {
  if (start.size() < kDtlsRecordHeader || !is_record(start)) return false;
  const bool more = kDtlsRecordHeader + u16(start, kSizeAt) < size;
  return more || u16(start, kEpochAt) == 0;
}

bool begins_like_dtls(std::span<const uint8_t> datagram) {
  return datagram.size() >= kDtlsRecordHeader && is_record(datagram);
}

}  // namespace sluice
