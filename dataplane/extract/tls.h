// extract: server_name in a TLS ClientHello, over any number of records and of calls.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr uint32_t kMaxHello = 64 * 1024;  ///< handshake bytes; a longer hello is Malformed
inline constexpr uint32_t kMaxTlsRecord =
    1 << 14;  ///< bytes of one record (RFC 8446 5.1); a longer one is Malformed
inline constexpr uint8_t kMaxIdleRecords = 32;  ///< records that add nothing to the hello; more are Malformed
inline constexpr size_t kMaxRawName = 260;  ///< kMaxName, a final dot and a port; a longer name is Malformed

/// Reads the client's side of a TLS connection from its first byte. Resumable: state is a few hundred bytes,
/// no copy of the hello is kept. Source: RFC 8446 4.1.2 and 5.1; RFC 6066 3; RFC 9849 (ECH).
class TlsHello {  // NOLINT(cppcoreguidelines-pro-type-member-init): raw_ is written before it is read
 public:
  /// A reader of handshake messages without records, as QUIC's CRYPTO frames carry them.
  [[nodiscard]] static TlsHello of_handshake();

  /// bytes: the bytes that follow those fed before, cut anywhere. consumed: how many of them were read; less
  /// than all only when the result is Name or NoName (call again with the rest). Returns NeedMore; Name
  /// (host() is set, once for each server_name of type host_name; an address literal or a name that is no
  /// host name gives Malformed); NoName (the hello ended and showed no name); Complete (the hello ended after
  /// a name was given); NotMine (the first bytes are no TLS handshake record); Malformed. After Name and
  /// NoName call again, also with no bytes left: the name may have been the hello's last bytes. Records that
  /// real stacks ignore before a hello are ignored: change_cipher_spec (it precedes the hello that answers a
  /// HelloRetryRequest), warning alerts, empty records, kMaxIdleRecords together.
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  const HostName& host() const { return host_; }
  /// The hello carries an encrypted_client_hello extension (0xfe0d), real or GREASE. Known once it ended.
  bool has_ech() const { return has_ech_; }

 private:
  /// What the field at field_at_ is. Sizes and types are at most 4 bytes, gathered in value_.
  enum class Step : uint8_t {
    Header,
    SessionSize,
    CiphersSize,
    CompressionSize,
    ExtensionsSize,
    Extension,
    NameListSize,
    NameEntry,
    NameText,
    End,
  };

  Extract read(std::span<const uint8_t> bytes, size_t& at);
  Extract on_record_header(uint8_t byte);
  Extract on_idle_byte(uint8_t byte);
  Extract read_handshake(std::span<const uint8_t> chunk, size_t& used);
  Extract on_field();
  Extract on_extension(uint32_t type, uint32_t size);
  Extract on_name_entry(uint32_t type, uint32_t size);
  Extract on_name();
  Extract on_end();
  Extract expect(Step step, uint32_t at, uint32_t size, uint32_t end);
  Extract next_extension();
  Extract next_name(uint32_t at);

  HostName host_;
  bool has_ech_ = false;
  bool named_ = false;
  bool records_ = true;      ///< the bytes come in records
  bool recognised_ = false;  ///< one whole record header was seen
  Extract over_ = Extract::NeedMore;
  Step step_ = Step::Header;
  uint8_t record_type_ = 0;
  uint8_t record_header_size_ = 0;  ///< bytes of the record's header seen so far
  uint8_t idle_records_ = 0;
  uint16_t record_left_ = 0;  ///< bytes of the record still to come
  // Offsets into the handshake message; what lies between position_ and field_at_ is skipped.
  uint32_t position_ = 0;
  uint32_t field_at_ = 0;
  uint32_t field_size_ = 4;
  uint32_t value_ = 0;
  uint32_t hello_end_ = 0;
  uint32_t extension_end_ = 0;
  uint32_t names_end_ = 0;
  char raw_[kMaxRawName];
};

}  // namespace sluice
