// extract: HTTP/1 requests: what the request line and the header fields mean.
#include <algorithm>

#include "dataplane/extract/http.h"
#include "dataplane/extract/http_syntax.h"
#include "dataplane/extract/lanes.h"

namespace sluice {
namespace {

/// How many of the first bytes are neither white space nor control characters.
size_t graphic_bytes(std::span<const uint8_t> bytes) {
  return bytes_before(bytes, [](__m128i lane) {
    const __m128i low = _mm_cmpeq_epi8(_mm_max_epu8(lane, lane_of(' ')), lane_of(' '));
    return _mm_or_si128(low, lane_is(lane, 0x7f));
  });
}

size_t bytes_before_blank(std::span<const uint8_t> bytes) {
  return bytes_before(bytes,
                      [](__m128i lane) { return _mm_or_si128(lane_is(lane, ' '), lane_is(lane, '\t')); });
}

/// version: the last word of a first request line that is not HTTP's.
bool is_other_version(std::string_view version) {
  constexpr std::string_view kVersions[] = {"SIP/2.0", "RTSP/1.0", "RTSP/2.0", "ICAP/1.0"};
  return std::ranges::find(kVersions, version) != std::end(kVersions);
}

}  // namespace

/// As many of the bytes as there is room for. Returns false where that is not all of them.
bool HttpRequests::append(std::span<const uint8_t> bytes) {
  const size_t fits = std::min(bytes.size(), kMaxHttpToken - token_size_);
  std::memcpy(token_ + token_size_, bytes.data(), fits);
  token_size_ = static_cast<uint16_t>(token_size_ + fits);
  return fits == bytes.size();
}

bool HttpRequests::append(uint8_t byte) {
  return append({&byte, 1});
}

/// What follows the method's space. Of a path, which is most of it, nothing counts but its end.
bool HttpRequests::on_request_line(std::span<const uint8_t> content) {
  while (!content.empty()) {
    if (part_ == Part::TargetRest || part_ == Part::BadTarget || part_ == Part::Version) {
      const size_t plain = graphic_bytes(content);
      if (part_ == Part::Version && !append(content.first(plain))) return false;
      content = content.subspan(plain);
      if (content.empty()) return true;
    }
    if (!on_request_line(content[0])) return false;
    content = content.subspan(1);
  }
  return true;
}

/// One byte of it.
bool HttpRequests::on_request_line(uint8_t byte) {
  if (byte < 0x20 || byte == 0x7f) return false;
  if (on_target(byte)) return true;
  // SIP and its like differ from HTTP in the target first, but only the version at the line's end tells.
  if (!first_ || part_ == Part::Version) return false;
  bad_target_ = true;
  token_size_ = 0;
  part_ = byte == ' ' ? Part::Version : Part::BadTarget;
  return true;
}

/// Source: RFC 9112 3.2 (the four forms of a target).
bool HttpRequests::on_target(uint8_t byte) {
  switch (part_) {
    case Part::TargetFirst:
      if (byte == ' ') return true;  // more than one space, which servers take
      if (connect_) {
        part_ = Part::Authority;
        return on_authority(byte);
      }
      part_ = is_http_alpha(byte) ? Part::Scheme : Part::TargetRest;
      return part_ == Part::Scheme || byte == '/' || byte == '*';
    case Part::Scheme:
      if (byte == ':') part_ = Part::SchemeSlash1;
      return byte == ':' || is_http_alpha(byte) || is_http_digit(byte) || byte == '+' || byte == '-' ||
             byte == '.';
    case Part::SchemeSlash1:
      part_ = Part::SchemeSlash2;
      return byte == '/';
    case Part::SchemeSlash2:
      part_ = Part::Authority;
      return byte == '/';
    case Part::Authority:
      return on_authority(byte);
    case Part::BadTarget:
    case Part::TargetRest:
      if (byte == ' ') part_ = Part::Version;
      return true;
    case Part::Version:
      return append(byte);
    default:
      return false;
  }
}

bool HttpRequests::on_authority(uint8_t byte) {
  const bool ends = byte == ' ' || (!connect_ && (byte == '/' || byte == '?' || byte == '#'));
  if (!ends) return append(byte);
  if (!is_http_host(token()) || !host_.assign(token())) return false;
  has_authority_ = true;
  token_size_ = 0;
  part_ = byte == ' ' ? Part::Version : Part::TargetRest;
  return true;
}

Extract HttpRequests::end_request_line() {
  constexpr std::string_view kVersion = "HTTP/1.";
  const bool version = part_ == Part::Version && token_size_ == kVersion.size() + 1 &&
                       token().starts_with(kVersion) &&
                       is_http_digit(static_cast<uint8_t>(token_[kVersion.size()]));
  if (!version || bad_target_) {
    // A method that is any token tells nothing: then the version must.
    const bool other = known_method_ ? part_ == Part::Version && is_other_version(token()) : !version;
    return first_ && other ? Extract::NotMine : Extract::Malformed;
  }
  http10_ = token().back() == '0';
  begin_line(Phase::Headers, Part::FieldStart);
  if (!has_authority_ || host_.is_address()) return Extract::NeedMore;
  named_ = true;
  return Extract::Name;
}

bool HttpRequests::on_fields(std::span<const uint8_t> content) {
  while (!content.empty()) {
    size_t used = 0;
    switch (part_) {
      case Part::FieldStart:
        if (!on_field_start(content[0])) return false;
        break;
      case Part::FieldName:
        if (!on_field_name(content, used)) return false;
        break;
      case Part::FieldValue:  // of most fields it does not matter
        return field_ == Field::Other || field_ == Field::Upgrade || on_field_value(content);
      case Part::FoldBlank:
        used = 1;
        if (content[0] != ' ' && content[0] != '\t') part_ = Part::FoldText;
        break;
      default:
        return true;
    }
    content = content.subspan(used);
  }
  return true;
}

bool HttpRequests::on_field_start(uint8_t byte) {
  if (byte != ' ' && byte != '\t') {
    has_field_ = true;
    part_ = Part::FieldName;
    return true;
  }
  // obs-fold (RFC 9112 5.2). Servers differ on it: some unfold, some ignore the line. So not where it would
  // matter.
  part_ = Part::FoldBlank;
  return has_field_ && (field_ == Field::Other || field_ == Field::Upgrade);
}

/// used: how many of the bytes are the name's, with its colon.
bool HttpRequests::on_field_name(std::span<const uint8_t> content, size_t& used) {
  used = token_bytes(content);
  const bool whole = used < content.size();
  // One that comes in pieces is gathered; a longer one than all that matter, no further than that.
  if (token_size_ != 0 || !whole)
    (void)append(content.first(std::min<size_t>(used, kMaxFieldName + 1 - token_size_)));
  if (!whole) return true;
  const std::string_view name =
      token_size_ != 0 ? token() : std::string_view(reinterpret_cast<const char*>(content.data()), used);
  // Neither is white space allowed before the colon (RFC 9112 5.1).
  if (content[used++] != ':' || name.empty()) return false;
  field_ = is_http_word(name, "host")                ? Field::Host
           : is_http_word(name, "content-length")    ? Field::ContentLength
           : is_http_word(name, "transfer-encoding") ? Field::TransferEncoding
           : is_http_word(name, "upgrade")           ? Field::Upgrade
                                                     : Field::Other;
  if (field_ == Field::Upgrade) upgrade_ = true;
  part_ = Part::FieldValue;
  token_size_ = 0;
  gap_ = false;
  return true;
}

/// Gathers a value without the white space around it. None of the fields that matter has any inside; a Host
/// that has is gathered to be shown.
bool HttpRequests::on_field_value(std::span<const uint8_t> content) {
  while (!content.empty()) {
    if (content[0] == ' ' || content[0] == '\t') {
      gap_ = token_size_ > 0;
      content = content.subspan(1);
      continue;
    }
    if (gap_ && (field_ != Field::Host || !append(' '))) return false;
    gap_ = false;
    const size_t word = bytes_before_blank(content);
    if (!append(content.first(word))) return false;
    content = content.subspan(word);
  }
  return true;
}

/// In lower case, as it is shown.
void HttpRequests::refuse_host() {
  host_refused_ = true;
  std::ranges::transform(token(), token_,
                         [](char c) { return static_cast<char>(http_lower(static_cast<uint8_t>(c))); });
}

Extract HttpRequests::end_field() {
  Extract result = Extract::NeedMore;
  if (part_ == Part::FieldName || part_ == Part::FoldBlank) return Extract::Malformed;
  if (part_ == Part::FieldValue) {
    if (field_ == Field::Host) result = end_host();
    host_refused_ = false;
    if (result == Extract::Malformed) {
      refuse_host();
      return result;
    }
    if (field_ == Field::ContentLength && !end_content_length()) return Extract::Malformed;
    if (field_ == Field::TransferEncoding) {
      if (chunked_ || !is_http_word(token(), "chunked")) return Extract::Malformed;
      chunked_ = true;
    }
  }
  begin_line(Phase::Headers, Part::FieldStart);
  return result;
}

Extract HttpRequests::end_host() {
  if (has_host_) return Extract::Malformed;
  has_host_ = true;
  if (token_size_ == 0) return has_authority_ ? Extract::Malformed : Extract::NeedMore;
  if (!is_http_host(token())) return Extract::Malformed;
  if (has_authority_) {
    HostName host;
    return host.assign(token()) && host.view() == host_.view() ? Extract::NeedMore : Extract::Malformed;
  }
  if (!host_.assign(token())) return Extract::Malformed;
  if (host_.is_address()) return Extract::NeedMore;
  named_ = true;
  return Extract::Name;
}

bool HttpRequests::end_content_length() {
  if (token_size_ == 0) return false;
  uint64_t length = 0;
  for (const char c : token()) {
    if (!is_http_digit(static_cast<uint8_t>(c)) || length >= kMaxContentLength / 10) return false;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  if (has_length_ && length != content_length_) return false;
  has_length_ = true;
  content_length_ = length;
  return true;
}

}  // namespace sluice
