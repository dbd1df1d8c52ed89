// extract: server_name in a TLS ClientHello, over any number of records and of calls.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr uint32_t kMaxHello = 64 * 1024;  ///< handshake bytes; a longer hello is Malformed

/// Reads the client's side of a TLS connection from its first byte. Resumable: state is a few hundred bytes, no
/// copy of the hello is kept. Source: RFC 8446 4.1.2 and 5.1; RFC 6066 3; RFC 9849 (ECH).
class TlsHello {
 public:
  /// bytes: the bytes that follow those fed before, cut anywhere. consumed: how many of them were read; less than
  /// all only when the result is Name or NoName (call again with the rest).
  /// Returns NeedMore; Name (host() is set, once for each server_name of type host_name; an address literal or a
  /// name that is no host name gives Malformed); NoName (the hello ended and showed no name); Complete (the
  /// hello ended after a name was given); NotMine (the first bytes are no TLS handshake record); Malformed.
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  const HostName& host() const { return host_; }
  /// The hello carries an encrypted_client_hello extension (0xfe0d), real or GREASE. Known once it ended.
  bool has_ech() const { return has_ech_; }

 private:
  HostName host_;
  bool has_ech_ = false;
  // The rest of the state is this room's own.
};

}  // namespace sluice
