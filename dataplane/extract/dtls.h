// extract: the pieces of ClientHellos in a DTLS datagram.
#pragma once

#include <cstdint>
#include <span>

namespace sluice {

inline constexpr size_t kDtlsRecordHeader = 13;

/// A piece of a ClientHello. TlsHello::of_dtls reads the message: its head, then its body.
struct DtlsPiece {
  uint16_t message;  ///< message_seq: 0, or the number of hellos before it
  uint32_t size;     ///< bytes of the message's body
  uint32_t offset;   ///< in the body
  std::span<const uint8_t> bytes;
};

/// The records of a datagram, and the pieces of ClientHellos in those that are not encrypted; what else is in
/// it is passed over, and so is all behind a record that does not fit, as servers do. Allocates nothing.
/// Source: RFC 6347 4.1 and 4.2.2; RFC 9147 4 and 5.2.
class DtlsPieces {
 public:
  explicit DtlsPieces(std::span<const uint8_t> datagram) : rest_(datagram) {}

  /// The next piece; false where there is none left.
  [[nodiscard]] bool next(DtlsPiece& out);

 private:
  [[nodiscard]] bool next_record();

  std::span<const uint8_t> rest_, record_;
};

/// True where a datagram holds a piece of a ClientHello, on any port.
[[nodiscard]] bool has_dtls_hello(std::span<const uint8_t> datagram);

/// True where a datagram of size bytes may be one for has_dtls_hello. start: its first kDtlsRecordHeader
/// bytes, or all. Cheap, to be asked for every datagram: false for the data of an established association.
[[nodiscard]] bool may_have_dtls_hello(std::span<const uint8_t> start, size_t size);

/// True where a datagram begins with a DTLS record.
[[nodiscard]] bool begins_like_dtls(std::span<const uint8_t> datagram);

}  // namespace sluice
