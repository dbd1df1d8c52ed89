// extract: the host of every HTTP/1 request on a connection.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr uint32_t kMaxHttpLine = 16 * 1024;  ///< bytes of one line; a longer one is Malformed
inline constexpr uint32_t kMaxHttpHeader =
    64 * 1024;                                ///< bytes of one request's header section, or of its trailers
inline constexpr size_t kMaxHttpMethod = 32;  ///< bytes of a method
inline constexpr size_t kMaxHttpBlankLines = 8;  ///< empty lines before a request (RFC 9112 2.2)
inline constexpr size_t kMaxHttpToken = 264;  ///< bytes of a host with its port, of a framing field's value

/// Reads the client's side of an HTTP/1 connection from its first byte, for its whole life: request line,
/// header fields, body (skipped by its framing, not copied), next request. Resumable. Source: RFC 9112 3, 5,
/// 6, 7.
class HttpRequests {  // NOLINT(cppcoreguidelines-pro-type-member-init): only token_size_ bytes of token_ are
                      // read
 public:
  /// bytes, consumed: as for TlsHello::feed.
  /// Returns NeedMore; Name when a request's host is complete (the Host field's line end, or the authority of
  /// absolute-form or CONNECT at the request line's end, which outranks Host (RFC 9112 3.2.2): a differing
  /// Host after it is Malformed); NoName at a header section's end without a host (of any version: that the
  /// server must refuse HTTP/1.1 without one, RFC 9112 3.2, is its own affair) or with an address as its
  /// host; Complete behind a request with CONNECT or Upgrade and its body: what follows may be another
  /// protocol's; fed to this reader it is a request, as where the server refuses, or NotMine where no server
  /// goes on with it; NotMine (the first bytes are no HTTP method, or the first line is one of SIP, RTSP or
  /// ICAP, which share methods with it);
  /// Malformed: several Host fields, Content-Length with Transfer-Encoding or several
  /// that differ, a Transfer-Encoding other than chunked, a bare CR, a NUL, CRLF and bare LF mixed in one
  /// header section, obs-fold in Host or in a framing field, a line or a header section beyond its bound, a
  /// bad chunk size, a host with bytes that not all servers read alike (% @ / , …).
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  /// For a stream that is known to be a request by its form: the first method may be any token too.
  [[nodiscard]] static HttpRequests of_any_method() {
    HttpRequests reader;
    reader.any_method_ = true;
    return reader;
  }

  /// What comes next does not belong to a request of which something was fed before.
  bool between_requests() const { return phase_ == Phase::Start && token_size_ == 0; }
  const HostName& host() const { return host_; }
  /// After Malformed: the Host that was the reason, or the one that the last bytes fed hold in a request
  /// refused for another; as it came but in lower case and at most kMaxHttpToken bytes; empty where there is
  /// none. To be shown, never to be judged.
  std::string_view refused_host() const { return host_refused_ ? token() : std::string_view{}; }
  /// With Complete: what follows is the inside of a tunnel that CONNECT asked for; else it is what an Upgrade
  /// asked for.
  bool tunnels() const { return connect_; }
  /// How many of the bytes that follow, of a body or a chunk, are not looked at.
  uint64_t skippable() const;
  /// size: at most skippable(). As if so many bytes had been fed.
  void skip(uint64_t size);

 private:
  enum class Phase : uint8_t {
    Start,  ///< empty lines and the method
    RequestLine,
    Headers,
    Body,
    ChunkSize,
    ChunkData,
    ChunkEnd,
    Trailers,
  };
  /// Where in a line.
  enum class Part : uint8_t {
    TargetFirst,
    Scheme,
    SchemeSlash1,
    SchemeSlash2,
    Authority,
    BadTarget,
    TargetRest,
    Version,
    FieldStart,
    FieldName,
    FieldValue,
    FoldBlank,
    FoldText,
    ChunkDigits,
    ChunkExtension,
  };
  enum class Field : uint8_t {
    Other,
    Host,
    ContentLength,
    TransferEncoding,
    Upgrade
  };
  enum class LineEnd : uint8_t {
    Unknown,
    CrLf,
    Lf
  };

  Extract read_start(std::span<const uint8_t> bytes, size_t& used);
  Extract read_line(std::span<const uint8_t> bytes, size_t& used);
  void keep_refused_host(std::span<const uint8_t> bytes);
  Extract reject_start() const;
  void end_request();
  void begin_line(Phase phase, Part part);
  bool on_content(std::span<const uint8_t> content);
  bool on_request_line(std::span<const uint8_t> content);
  bool on_request_line(uint8_t byte);
  bool on_target(uint8_t byte);
  bool on_authority(uint8_t byte);
  bool on_fields(std::span<const uint8_t> content);
  bool on_field_start(uint8_t byte);
  bool on_field_name(std::span<const uint8_t> content, size_t& used);
  bool on_field_value(std::span<const uint8_t> content);
  void refuse_host();
  bool on_chunk_size(uint8_t byte);
  Extract on_line_end(bool crlf);
  Extract end_request_line();
  Extract end_field();
  Extract end_host();
  bool end_content_length();
  Extract end_headers();
  Extract end_chunk_size();
  bool append(std::span<const uint8_t> bytes);
  bool append(uint8_t byte);
  std::string_view token() const { return {token_, token_size_}; }

  HostName host_;
  Extract over_ = Extract::NeedMore;
  Phase phase_ = Phase::Start;
  Part part_ = Part::TargetFirst;
  Field field_ = Field::Other;
  LineEnd line_end_ = LineEnd::Unknown;
  uint32_t line_bytes_ = 0;    ///< of the line so far
  uint32_t header_bytes_ = 0;  ///< of the header section, or the trailers, so far
  uint64_t body_left_ = 0;  ///< bytes of the body or of the chunk still to come; while in its size, the size
  uint64_t content_length_ = 0;
  uint16_t token_size_ = 0;
  uint8_t blank_lines_ = 0;
  uint8_t chunk_digits_ = 0;
  bool first_ = true;        ///< no header section has ended yet, or since a switch
  bool switched_ = false;    ///< Complete is to be told
  bool any_method_ = false;  ///< the method may be any token
  bool known_method_ = false;
  bool cr_ = false;   ///< the last byte was a CR, its LF is still to come
  bool gap_ = false;  ///< white space followed the value's last byte
  // Of the request that is being read:
  bool connect_ = false, upgrade_ = false, http10_ = false;
  bool has_field_ = false, has_authority_ = false, has_host_ = false, named_ = false;
  bool has_length_ = false, chunked_ = false, bad_target_ = false, host_refused_ = false;
  char token_[kMaxHttpToken];
};

}  // namespace sluice
