// extract: the host of every HTTP/1 request on a connection.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr uint32_t kMaxHttpLine = 16 * 1024;    ///< bytes of one line; a longer one is Malformed
inline constexpr uint32_t kMaxHttpHeader = 64 * 1024;  ///< bytes of one request's header section

/// Reads the client's side of an HTTP/1 connection from its first byte, for its whole life: request line, header
/// fields, body (skipped by its framing, not copied), next request. Resumable. Source: RFC 9112 3, 5, 6, 7.
class HttpRequests {
 public:
  /// bytes, consumed: as for TlsHello::feed.
  /// Returns NeedMore; Name when a request's host is complete (the Host field's line end, or the authority of
  /// absolute-form or CONNECT at the request line's end, which outranks Host (RFC 9112 3.2.2): a differing Host
  /// after it is Malformed); NoName at a header section's end without a host (HTTP/1.0) or with an
  /// address as its host; NotMine (the first bytes are no HTTP method); Malformed: several Host fields,
  /// Content-Length with Transfer-Encoding or several that differ, a bare CR, a NUL, obs-fold in Host, a line or a
  /// header section beyond its bound, a bad chunk size.
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  const HostName& host() const { return host_; }
  /// The stream is at a request's first byte: what follows is a new request, none is half read.
  bool between_requests() const;
  /// How many requests' header sections have ended: one whose response is outstanding counts.
  uint32_t requests() const { return requests_; }
  /// After CONNECT, or an Upgrade: what follows is no HTTP/1; feed returns NeedMore and reads nothing of it.
  bool opaque() const { return opaque_; }

 private:
  HostName host_;
  uint32_t requests_ = 0;
  bool opaque_ = false;
  // The rest of the state is this room's own.
};

}  // namespace sluice
