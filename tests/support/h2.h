// tests: HTTP/2 frames and HPACK fields, made by hand (RFC 9113 4.1, RFC 7541 6), and a reader of them.
#pragma once

#include <memory>
#include <string_view>

#include "dataplane/extract/h2c.h"
#include "tests/support/hello.h"

namespace sluice::test {

inline constexpr uint8_t kH2Data = 0, kH2Headers = 1, kH2Priority = 2, kH2Settings = 4, kH2PushPromise = 5,
                         kH2Ping = 6, kH2Continuation = 9;
inline constexpr uint8_t kH2EndStream = 1, kH2EndHeaders = 4, kH2Padded = 8, kH2HasPriority = 0x20;

inline Bytes operator+(Bytes first, const Bytes& second) {
  append(first, second);
  return first;
}

inline Bytes h2_frame(uint8_t type, uint8_t flags, uint32_t stream, const Bytes& payload) {
  Bytes out;
  for (int shift = 16; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(payload.size() >> shift));
  out.push_back(type);
  out.push_back(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(stream >> shift));
  return out + payload;
}

/// The preface and an empty SETTINGS frame.
inline Bytes h2_start() {
  return to_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + h2_frame(kH2Settings, 0, 0, {});
}

/// An integer of RFC 7541 5.1 behind the bits of first.
inline Bytes h2_number(uint8_t first, int prefix_bits, size_t value) {
  const size_t most = (size_t{1} << prefix_bits) - 1;
  if (value < most) return {static_cast<uint8_t>(first | value)};
  Bytes out = {static_cast<uint8_t>(first | most)};
  for (value -= most; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
  return out;
}

inline Bytes h2_text(std::string_view text) {
  return h2_number(0, 7, text.size()) + to_bytes(text);
}

/// A literal field, not added to the table.
inline Bytes h2_field(std::string_view name, std::string_view value) {
  return Bytes{0} + h2_text(name) + h2_text(value);
}
/// A literal field that becomes the dynamic table's newest entry, 62.
inline Bytes h2_remembered(std::string_view name, std::string_view value) {
  return Bytes{0x40} + h2_text(name) + h2_text(value);
}
inline Bytes h2_indexed(size_t index) {
  return h2_number(0x80, 7, index);
}

/// The fields of a GET request: `:method`, `:scheme` and `:path` by the static table, then `:authority` where
/// there is one.
inline Bytes h2_get(std::string_view authority) {
  const Bytes fields = {0x82, 0x86, 0x84};
  return authority.empty() ? fields : fields + h2_field(":authority", authority);
}

inline Bytes h2_headers(uint32_t stream, const Bytes& block, uint8_t flags = kH2EndStream | kH2EndHeaders) {
  return h2_frame(kH2Headers, flags, stream, block);
}

/// A reader with its decoder.
class H2cConnection {
 public:
  Extract feed(std::span<const uint8_t> bytes, size_t& consumed) { return reader_.feed(bytes, consumed); }
  const HostName& host() const { return reader_.host(); }
  H2cRequests& reader() { return reader_; }

 private:
  std::unique_ptr<Hpack> hpack_ = std::make_unique<Hpack>();
  H2cRequests reader_{*hpack_};
};

}  // namespace sluice::test
