// extract: reads a DNS message from an offset on. This room's own; others include dns.h and svcb.h.
#pragma once

#include "dataplane/extract/extract.h"

#include <span>

namespace sluice {

/// Reads on from an offset; a failure sticks, and then every read gives 0.
class DnsReader {
 public:
  DnsReader(std::span<const uint8_t> message, size_t at) : message_(message), at_(at) {}
  bool ok() const { return ok_; }
  size_t at() const { return at_; }
  bool at_end() const { return ok_ && at_ == message_.size(); }

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

}  // namespace sluice
