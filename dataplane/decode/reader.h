// decode: a bounds-checked reader of header bytes, whose failure sticks.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/decode/packet.h"

namespace sluice {

constexpr Decoded dropped(Reason reason) {
  return {Decoded::Kind::Dropped, reason};
}

/// Reads big-endian fields. A read beyond the bytes gives 0 and marks the reader failed.
class HeaderReader {
 public:
  HeaderReader(std::span<const uint8_t> bytes, uint32_t frame_size)
      : bytes_(bytes), frame_size_(frame_size) {}

  uint8_t u8() { return take(1) ? bytes_[at_ - 1] : 0; }
  uint16_t u16() { return take(2) ? static_cast<uint16_t>(bytes_[at_ - 2] << 8 | bytes_[at_ - 1]) : 0; }
  uint32_t u32() {
    const uint32_t high = u16();
    return high << 16 | u16();
  }
  /// The next byte, not consumed.
  uint8_t peek() {
    const uint8_t next = u8();
    back(1);
    return next;
  }
  /// size bytes at the present place; empty when they are not there.
  std::span<const uint8_t> bytes(size_t size) {
    return take(size) ? bytes_.subspan(at_ - size, size) : std::span<const uint8_t>{};
  }
  void skip(size_t size) { take(size); }
  /// Gives the last size bytes back; they must have been read.
  void back(size_t size) {
    if (!failed_) at_ -= size;
  }

  size_t at() const { return at_; }
  bool failed() const { return failed_; }
  /// Bytes of the frame from the present place on; some of them may lie beyond what this reader may look at.
  uint32_t left_in_frame() const { return failed_ ? 0 : frame_size_ - static_cast<uint32_t>(at_); }

  /// The reason for a failed read: the frame ended (short_reason), or its headers reach beyond
  /// kMaxHeaderBytes.
  Decoded why(Reason short_reason) const {
    return dropped(frame_size_ > bytes_.size() ? Reason::TooManyHeaders : short_reason);
  }

 private:
  bool take(size_t size) {
    if (failed_ || size > bytes_.size() - at_) {
      failed_ = true;
      return false;
    }
    at_ += size;
    return true;
  }

  std::span<const uint8_t> bytes_;
  uint32_t frame_size_;
  size_t at_ = 0;
  bool failed_ = false;
};

/// reader: at the frame's first byte.
[[nodiscard]] Decoded decode_ethernet(HeaderReader& reader, Packet& out);
/// reader: behind an EtherType, which is type.
[[nodiscard]] Decoded decode_ethertype(HeaderReader& reader, uint16_t type, Packet& out);
/// reader: at the IP header. quoted: see decode_ip.
[[nodiscard]] Decoded decode_ipv4(HeaderReader& reader, bool quoted, Packet& out);
[[nodiscard]] Decoded decode_ipv6(HeaderReader& reader, bool quoted, Packet& out);
/// reader: at the transport header, of which size bytes are in the IP packet.
[[nodiscard]] Decoded decode_transport(HeaderReader& reader, uint32_t size, bool quoted, Packet& out);

}  // namespace sluice
