// extract: HTTP/2 requests without TLS: frames, header blocks, and the authority in them.
#include "dataplane/extract/h2c.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "dataplane/extract/http_syntax.h"
#include "dataplane/extract/recognise.h"

namespace sluice {
namespace {

// RFC 9113 4.1 and 6.
constexpr uint32_t kFrameHeader = 9;
enum FrameType : uint8_t {
  kHeaders = 1,
  kSettings = 4,
  kPushPromise = 5,
  kContinuation = 9
};
enum FrameFlag : uint8_t {
  kEndHeaders = 0x04,
  kPadded = 0x08,
  kPriority = 0x20
};
constexpr uint32_t kMaxSettings = 32;  // of one frame; servers send up to ten
constexpr uint32_t kPaddingSize = 1, kPrioritySize = 5;

uint32_t read_be(const uint8_t* bytes, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

bool begins_h2_settings(std::span<const uint8_t> bytes) {
  constexpr uint32_t kSetting = 6;
  if (bytes.size() < kFrameHeader || bytes[3] != kSettings || bytes[4] != 0) return false;
  const uint32_t size = read_be(bytes.data(), 3);
  return size % kSetting == 0 && size <= kMaxSettings * kSetting && read_be(bytes.data() + 5, 4) == 0;
}

static_assert(sizeof(H2cRequests) < 640 && std::is_trivially_copyable_v<H2cRequests>);

Extract H2cRequests::feed(std::span<const uint8_t> bytes, size_t& consumed) {
  consumed = 0;
  Extract result = over_;
  while (result == Extract::NeedMore && consumed < bytes.size()) {
    const auto rest = bytes.subspan(consumed);
    size_t used = 0;
    switch (phase_) {
      case Phase::Preface:
        result = read_preface(rest, used);
        break;
      case Phase::FrameHeader:
        if (gather(rest, kFrameHeader, used)) result = on_frame();
        break;
      case Phase::Prefix:
        if (gather(rest, prefix_, used)) result = begin_fragment(left_, padded_ ? head_[0] : 0);
        break;
      case Phase::Block:
        used = std::min<size_t>(left_, rest.size());
        left_ -= static_cast<uint32_t>(used);
        result = read_block(rest.first(used));
        break;
      case Phase::Skip:
        used = std::min<size_t>(left_, rest.size());
        skip(used);
        break;
    }
    consumed += used;
  }
  if (result == Extract::NotMine || result == Extract::Malformed) {
    over_ = result;
    consumed = bytes.size();
  }
  return result;
}

void H2cRequests::skip(uint64_t size) {
  left_ -= static_cast<uint32_t>(size);
  if (left_ == 0) begin_frame();
}

Extract H2cRequests::read_preface(std::span<const uint8_t> bytes, size_t& used) {
  used = std::min(bytes.size(), kH2Preface.size() - gathered_);
  if (std::memcmp(bytes.data(), kH2Preface.data() + gathered_, used) != 0) return Extract::NotMine;
  gathered_ = static_cast<uint8_t>(gathered_ + used);
  if (gathered_ == kH2Preface.size()) begin_frame();
  return Extract::NeedMore;
}

/// Fills head_ up to size. Returns true when it is full.
bool H2cRequests::gather(std::span<const uint8_t> bytes, size_t size, size_t& used) {
  used = std::min(bytes.size(), size - gathered_);
  std::memcpy(head_ + gathered_, bytes.data(), used);
  gathered_ = static_cast<uint8_t>(gathered_ + used);
  return gathered_ == size;
}

void H2cRequests::begin_frame() {
  phase_ = Phase::FrameHeader;
  gathered_ = 0;
}

void H2cRequests::skip_rest(uint32_t size) {
  left_ = size;
  phase_ = Phase::Skip;
  if (size == 0) begin_frame();
}

Extract H2cRequests::on_frame() {
  const uint32_t size = read_be(head_, 3);
  const uint8_t type = head_[3], flags = head_[4];
  const uint32_t stream = read_be(head_ + 5, 4) & 0x7fffffff;
  const bool continues = type == kContinuation && stream == stream_;
  if (in_block_ ? !continues : type == kContinuation) return Extract::Malformed;
  if (type == kPushPromise) return Extract::Malformed;
  if (type != kHeaders && type != kContinuation) {
    skip_rest(size);
    return Extract::NeedMore;
  }
  if (type == kHeaders) {
    if (stream % 2 == 0) return Extract::Malformed;
    stream_ = stream;
    block_bytes_ = 0;
    trailers_ = stream <= last_stream_;
    has_authority_ = has_host_ = false;
    if (!trailers_) host_.clear();
  }
  // A header of a frame costs as well, or a header block could be endless.
  block_bytes_ += kFrameHeader + std::min(size, kMaxH2cBlock);
  if (block_bytes_ > kMaxH2cBlock) return Extract::Malformed;
  in_block_ = true;
  end_headers_ = flags & kEndHeaders;
  return type == kHeaders ? on_headers(size, flags) : begin_fragment(size, 0);
}

Extract H2cRequests::on_headers(uint32_t size, uint8_t flags) {
  padded_ = flags & kPadded;
  prefix_ = (padded_ ? kPaddingSize : 0) + (flags & kPriority ? kPrioritySize : 0);
  if (size < prefix_) return Extract::Malformed;
  if (prefix_ == 0) return begin_fragment(size, 0);
  left_ = size - prefix_;
  phase_ = Phase::Prefix;
  gathered_ = 0;
  return Extract::NeedMore;
}

/// size: of the fragment and the padding behind it.
Extract H2cRequests::begin_fragment(uint32_t size, uint32_t padding) {
  if (padding > size) return Extract::Malformed;
  left_ = size - padding;
  padding_ = padding;
  phase_ = Phase::Block;
  return left_ == 0 ? end_fragment() : Extract::NeedMore;
}

Extract H2cRequests::read_block(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    HpackField field;
    const Hpack::Read read = hpack_->read(bytes, field);
    if (read == Hpack::Read::Bad) return Extract::Malformed;
    if (read == Hpack::Read::Field && !on_field(field)) return Extract::Malformed;
  }
  return left_ == 0 ? end_fragment() : Extract::NeedMore;
}

/// A server may act on the request before the padding has come.
Extract H2cRequests::end_fragment() {
  skip_rest(padding_);
  if (!end_headers_) return Extract::NeedMore;
  in_block_ = false;
  if (!hpack_->end_block()) return Extract::Malformed;
  return trailers_ ? Extract::NeedMore : end_request();
}

Extract H2cRequests::end_request() {
  last_stream_ = stream_;
  return host_.empty() || host_.is_address() ? Extract::NoName : Extract::Name;
}

/// Returns false where the request has two readings, or none.
bool H2cRequests::on_field(const HpackField& field) {
  // Only a request has pseudo-header fields; trailers have no meaning for it.
  if (trailers_) return !field.name.starts_with(':');
  if (field.name == ":path") return field.value.starts_with('/') || field.value == "*";
  if (field.name == ":authority") {
    if (has_authority_) return false;
    has_authority_ = true;
    return on_host(field.value);
  }
  if (!is_http_word(field.name, "host")) return true;
  if (has_host_) return false;
  has_host_ = true;
  return on_host(field.value);
}

/// Of `:authority` and Host, the second must say what the first did.
bool H2cRequests::on_host(std::string_view text) {
  const bool second = has_authority_ && has_host_;
  if (text.empty()) return !second || host_.empty();
  HostName host;
  if (!is_http_host(text) || !host.assign(text)) return false;
  if (second && host.view() != host_.view()) return false;
  host_ = host;
  return true;
}

}  // namespace sluice
