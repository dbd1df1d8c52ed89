// extract: the authority of every request on an HTTP/2 connection without TLS.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"
#include "dataplane/extract/hpack.h"

namespace sluice {

/// Bytes of one request's header block, the headers of its frames with them; more is Malformed.
inline constexpr uint32_t kMaxH2cBlock = 64 * 1024;

/// bytes: a server's first ones. True where they begin its SETTINGS, which it may send before the client's
/// preface.
[[nodiscard]] bool begins_h2_settings(std::span<const uint8_t> bytes);

/// Reads the client's side of an HTTP/2 connection from its preface, for its whole life: frames, header
/// blocks, requests; DATA and all other frames are skipped, not copied. Resumable. Source: RFC 9113 3.4, 4,
/// 6, 8; RFC 7541.
class H2cRequests {
 public:
  /// hpack: the connection's decoder; outlives the reader, and serves no other.
  explicit H2cRequests(Hpack& hpack) : hpack_(&hpack) { hpack.start(); }

  /// bytes, consumed: as for TlsHello::feed.
  /// Returns NeedMore; Name at the end of a request's header block (`:authority`, or Host where there is
  /// none; CONNECT's too); NoName at the end of one without, or with an address; NotMine (no preface);
  /// Malformed: what is an error of the connection or of the request (RFC 9113 8.1.1) and concerns names: a
  /// compression error, a header block that another frame interrupts or that has no end within its bound, a
  /// request on stream 0, an even one or one that is not the next, PUSH_PROMISE; `:authority` and Host that
  /// differ, either of them twice, a `:path` that is neither a path nor `*`, a host that not all servers
  /// read alike.
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  const HostName& host() const { return host_; }
  /// How many of the bytes that follow are not looked at.
  uint64_t skippable() const { return phase_ == Phase::Skip ? left_ : 0; }
  /// size: at most skippable(). As if so many bytes had been fed.
  void skip(uint64_t size);

 private:
  enum class Phase : uint8_t {
    Preface,
    FrameHeader,
    Prefix,  ///< of HEADERS: the padding's length, and the priority
    Block,
    Skip,
  };

  Extract read_preface(std::span<const uint8_t> bytes, size_t& used);
  bool gather(std::span<const uint8_t> bytes, size_t size, size_t& used);
  Extract on_frame();
  Extract on_headers(uint32_t size, uint8_t flags);
  Extract begin_fragment(uint32_t size, uint32_t padding);
  Extract read_block(std::span<const uint8_t> bytes);
  Extract end_fragment();
  Extract end_request();
  bool on_field(const HpackField& field);
  bool on_host(std::string_view text);
  void begin_frame();
  void skip_rest(uint32_t size);

  Hpack* hpack_;
  HostName host_;
  Extract over_ = Extract::NeedMore;
  Phase phase_ = Phase::Preface;
  uint8_t gathered_ = 0;      ///< bytes in head_; of the preface while in it
  uint8_t head_[9];           ///< a frame's header, or a prefix
  uint32_t left_ = 0;         ///< bytes of the fragment, or to skip
  uint32_t padding_ = 0;      ///< bytes behind the fragment
  uint32_t prefix_ = 0;       ///< bytes of the prefix
  uint32_t block_bytes_ = 0;  ///< of the header block so far
  uint32_t stream_ = 0;       ///< of the header block
  uint32_t last_stream_ = 0;  ///< of the latest request
  bool in_block_ = false;     ///< CONTINUATION must follow
  bool end_headers_ = false;  ///< this frame ends the header block
  bool padded_ = false;
  // Of the header block that is being read:
  bool trailers_ = false, has_authority_ = false, has_host_ = false;
};

}  // namespace sluice
