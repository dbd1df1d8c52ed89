// tests: the payloads that frames carry.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/frame.h"

namespace sluice::test {

struct HelloOptions {
  bool ech = false;          ///< with an encrypted_client_hello extension (0xfe0d)
  bool esni = false;         ///< with its forerunner (0xffce)
  bool early_data = false;   ///< announced
  std::string also;          ///< a second server_name of the same list
  size_t padding_bytes = 0;  ///< of an extension before server_name, as a large key share is
  size_t record_bytes = 0;   ///< handshake bytes in one record; 0: all
};

/// A TLS ClientHello in its records; without server_name where name is empty.
Bytes tls_hello(std::string_view name, const HelloOptions& options = {});

struct DtlsOptions {
  uint16_t message = 0;     ///< message_seq: hellos before this one
  size_t cookie_bytes = 0;  ///< what the server has asked for
  size_t from = 0, to = 0;  ///< the piece of the body that is sent; all where to is 0
  HelloOptions hello;
};

/// A datagram with one record, of a DTLS 1.2 ClientHello or a piece of it.
Bytes dtls_hello(std::string_view name, const DtlsOptions& options = {});

/// A GET request; without Host where host is empty.
Bytes http_request(std::string_view host, std::string_view more_fields = {});

struct DnsQuery {
  std::string name;
  uint16_t type = 1, id = 0x1234;
  bool edns = true;
  std::vector<std::string> more;  ///< names asked for beside it
};
Bytes dns_query(const DnsQuery& query);

/// An HTTPS record (RFC 9460) of the name asked for.
struct HttpsText {
  std::string target;              ///< empty: the name itself
  std::vector<std::string> hints;  ///< IPv4
  std::string ech;                 ///< its public name
  std::string emptied;             ///< the same, as a gateway leaves it: key 65534 and zeros
};

struct DnsAnswerText {
  DnsQuery query;
  std::string cname;                   ///< of the name asked for; the addresses are then the CNAME's
  std::vector<std::string> addresses;  ///< IPv4 and IPv6
  std::optional<HttpsText> https;
  uint32_t ttl_s = 300;
};
Bytes dns_answer(const DnsAnswerText& answer);

/// A message behind its length, as over TCP.
Bytes framed(const Bytes& message);

/// Bytes of hexadecimal digits; white space is passed over. Ends the program where they are none.
Bytes from_hex(std::string_view text);

}  // namespace sluice::test
