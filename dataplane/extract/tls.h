// extract: server_name in a TLS ClientHello, over any number of records and of calls.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

/// Handshake bytes of a hello; a longer one is Malformed. OpenSSL's bound, and no server's is higher.
inline constexpr uint32_t kMaxHello = 131'396;
/// Bytes of one record (RFC 8446 5.1); a longer one is Malformed.
inline constexpr uint32_t kMaxTlsRecord = 1 << 14;
/// Records that add nothing to a hello; more are Malformed.
inline constexpr uint8_t kMaxIdleRecords = 32;
/// Bytes of early data that a server may skip before the hello that answers its HelloRetryRequest; behind
/// more of them the reader is Done. Servers' usual limit, with room for encryption.
inline constexpr uint32_t kMaxEarlyData = 20 * 1024;
/// kMaxName, a final dot and a port; a longer name is Malformed.
inline constexpr size_t kMaxRawName = 260;

/// Reads the client's side of a TLS connection from its first byte until no hello can follow. Resumable:
/// state is a few hundred bytes, no copy of the hello is kept. Source: RFC 8446 4.1.2, 4.1.4 and 5.1; RFC
/// 6066 3; RFC 5246 E.2 (SSLv2's form); RFC 9147 5.3 (DTLS); RFC 9849 (ECH).
class TlsHello {  // NOLINT(cppcoreguidelines-pro-type-member-init): raw_ is written before it is read
 public:
  /// A reader of handshake messages without records, as QUIC's CRYPTO frames carry them.
  [[nodiscard]] static TlsHello of_handshake();
  /// As of_handshake, for DTLS: a message is its type, its length and its body (see dtls.h).
  [[nodiscard]] static TlsHello of_dtls();

  /// bytes: the bytes that follow those fed before, cut anywhere. consumed: how many of them were read; less
  /// than all only when the result is Name, NoName or Complete (call again with the rest, also with no bytes
  /// left: the name may have been the hello's last bytes). Returns NeedMore; Name (host() is set, once for
  /// each server_name of type host_name; an address literal is passed over, and what is neither gives
  /// Malformed); NoName (the hello ended and showed no name, or is of SSLv2's form, told by its first byte:
  /// whoever feeds it has recognised it); Complete (the hello ended; a second one may follow, after a
  /// HelloRetryRequest, and gives the same results again); Done (something else followed the hello: none will
  /// come); NotMine (the first bytes are no TLS record that begins a connection); Malformed. Records that
  /// real stacks ignore before a hello are ignored: change_cipher_spec, warning alerts, empty records,
  /// kMaxIdleRecords together, and, after a hello that announced it, early data.
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  /// What comes next does not belong to a message of which something was fed before.
  bool between_messages() const { return record_header_size_ == 0 && position_ == 0; }
  /// Something of a hello was fed. Else its bytes are, at most, another message's of a connection whose
  /// beginning was not.
  bool has_begun() const { return again_ || step_ != Step::Header; }
  const HostName& host() const { return host_; }
  /// The hello carries an encrypted_client_hello extension (0xfe0d), real or GREASE. Known once it ended.
  bool has_ech() const { return has_ech_; }
  /// The hello carries ECH's forerunner, encrypted_server_name (0xffce): its name is hidden, for nobody sends
  /// that one as GREASE. Known once it ended.
  bool has_esni() const { return has_esni_; }

 private:
  /// What the field at field_at_ is. Sizes and types are at most 4 bytes, gathered in value_.
  enum class Step : uint8_t {
    Header,
    Version,
    SessionSize,
    CookieSize,
    CiphersSize,
    CompressionSize,
    ExtensionsSize,
    Extension,
    NameListSize,
    NameEntry,
    NameText,
    End,
  };

  /// What carries the handshake messages.
  enum class Carrier : uint8_t {
    Records,
    Quic,
    Dtls
  };

  Extract read(std::span<const uint8_t> bytes, size_t& at);
  Extract on_record_header(uint8_t byte);
  Extract on_record();
  Extract on_idle_byte(uint8_t byte);
  Extract unexpected() const;
  Extract on_sslv2();
  Extract read_handshake(std::span<const uint8_t> chunk, size_t& used);
  [[nodiscard]] bool gather(std::span<const uint8_t> chunk, size_t& used);
  Extract on_field();
  Extract on_extension(uint32_t type, uint32_t size);
  Extract on_name_entry(uint32_t type, uint32_t size);
  Extract on_name();
  Extract on_end();
  Extract expect(Step step, uint32_t at, uint32_t size, uint32_t end);
  Extract next_extension();
  Extract next_name(uint32_t at);

  HostName host_;
  Carrier carrier_ = Carrier::Records;
  bool has_ech_ = false;
  bool has_esni_ = false;
  bool has_early_data_ = false;
  bool named_ = false;
  bool recognised_ = false;  ///< one whole record header was seen
  bool again_ = false;       ///< a hello has ended before
  Extract over_ = Extract::NeedMore;
  Step step_ = Step::Header;
  uint8_t record_type_ = 0;
  uint8_t record_header_size_ = 0;  ///< bytes of the record's header seen so far
  uint8_t idle_records_ = 0;
  uint16_t record_left_ = 0;  ///< bytes of the record still to come
  uint32_t early_data_ = 0;   ///< bytes of early data so far
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
