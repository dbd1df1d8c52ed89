// extract: what a TCP flow speaks, from the client's first bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/extract/http.h"
#include "dataplane/extract/prelude.h"
#include "dataplane/extract/sip.h"
#include "dataplane/extract/tunnel.h"

namespace sluice {

/// What a client sends first on an HTTP/2 connection (RFC 9113 3.4).
inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// With so many bytes recognise_stream always decides.
inline constexpr size_t kMaxRecogniseBytes = std::max(
    {2 * kMaxHttpBlankLines + kMaxHttpMethod + 2, kMaxTunnelStreamBytes, kMaxPreludeForm, kMaxSipStart});

enum class Stream : uint8_t {
  NeedMore,  ///< too few bytes; all of them could begin one of the others
  Tls,       ///< for TlsHello
  Http,      ///< for HttpRequests
  Dns,       ///< DNS over TCP
  H2c,       ///< HTTP/2 without TLS, by its connection preface
  Prelude,   ///< for Prelude, in the form that recognise_prelude tells; what follows it is recognised anew
  Ssh,       ///< no name stands in it, nor in those that follow
  Rdp,       ///< its own security; where TLS follows its negotiation, that is a prelude
  Smb,
  Sip,
  OpenVpn,
  Pptp,
  Unknown,  ///< none of these
};

/// The protocol of a stream that shows no name; Unknown for all others.
[[nodiscard]] Protocol protocol_of(Stream stream);

/// bytes: the client's side of a flow from its first byte, cut anywhere. Decides on as few bytes as tell, and
/// a decision holds for whatever follows; NeedMore only below kMaxRecogniseBytes. Tls: a handshake record of
/// version 3.x, or a change_cipher_spec or warning alert, which servers skip before a hello, or a hello of
/// SSLv2's form. Http: a registered or widely used method and white space, or any other token and " /", after
/// empty lines and other white space, or more of these than HttpRequests takes. Dns: a length and the header
/// of a plain query. Sip: a first line to its end, as HTTP may begin alike. Source: RFC 8446 5; RFC 5246 E.2;
/// RFC 7766 8; RFC 9112 2.2 and 3; RFC 9113 3.4; IANA HTTP Method Registry.
[[nodiscard]] Stream recognise_stream(std::span<const uint8_t> bytes);

/// The same on DNS' own port, where a resolver may read whatever comes: Dns is what could be a query of any
/// length, and all that is nothing else. A SOCKS greeting of few bytes counts before a query that begins so.
[[nodiscard]] Stream recognise_dns_port(std::span<const uint8_t> bytes);

}  // namespace sluice
