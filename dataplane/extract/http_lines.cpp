// extract: HTTP/1 requests: what the request line and the header fields mean.
#include <algorithm>

#include "dataplane/extract/http.h"
#include "dataplane/extract/http_syntax.h"

namespace sluice {
namespace {

/// version: the last word of a first request line that is not HTTP's.
bool is_other_version(std::string_view version) {
  constexpr std::string_view kVersions[] = {"SIP/2.0", "RTSP/1.0", "RTSP/2.0", "ICAP/1.0"};
  return std::ranges::find(kVersions, version) != std::end(kVersions);
}

}  // namespace

bool HttpRequests::append(uint8_t byte) {
  if (token_size_ == kMaxHttpToken) return false;
  token_[token_size_++] = static_cast<char>(byte);
  return true;
}

/// One byte of the request line after the method's space.
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
  for (const uint8_t byte : content) {
    switch (part_) {
      case Part::FieldStart:
        if (!on_field_start(byte)) return false;
        break;
      case Part::FieldName:
        if (!on_field_name(byte)) return false;
        break;
      case Part::FieldValue:
        if (field_ == Field::Other || field_ == Field::Upgrade)
          return true;  // the rest of the line does not matter
        if (!on_field_value(byte)) return false;
        break;
      case Part::FoldBlank:
        if (byte != ' ' && byte != '\t') part_ = Part::FoldText;
        break;
      default:
        return true;
    }
  }
  return true;
}

bool HttpRequests::on_field_start(uint8_t byte) {
  if (byte != ' ' && byte != '\t') {
    has_field_ = true;
    part_ = Part::FieldName;
    return on_field_name(byte);
  }
  // obs-fold (RFC 9112 5.2). Servers differ on it: some unfold, some ignore the line. So not where it would
  // matter.
  part_ = Part::FoldBlank;
  return has_field_ && (field_ == Field::Other || field_ == Field::Upgrade);
}

bool HttpRequests::on_field_name(uint8_t byte) {
  if (byte != ':') {
    if (!is_http_token(byte)) return false;  // white space before the colon too (RFC 9112 5.1)
    if (token_size_ <= kMaxFieldName) token_[token_size_++] = static_cast<char>(http_lower(byte));
    return true;
  }
  if (token_size_ == 0) return false;
  field_ = token() == "host"                ? Field::Host
           : token() == "content-length"    ? Field::ContentLength
           : token() == "transfer-encoding" ? Field::TransferEncoding
           : token() == "upgrade"           ? Field::Upgrade
                                            : Field::Other;
  if (field_ == Field::Upgrade) upgrade_ = true;
  part_ = Part::FieldValue;
  token_size_ = 0;
  gap_ = false;
  return true;
}

/// Gathers a value without the white space around it. None of the fields that matter has any inside; a Host
/// that has is gathered to be shown.
bool HttpRequests::on_field_value(uint8_t byte) {
  if (byte == ' ' || byte == '\t') {
    gap_ = token_size_ > 0;
    return true;
  }
  if (gap_ && (field_ != Field::Host || !append(' '))) return false;
  gap_ = false;
  return append(http_lower(byte));
}

Extract HttpRequests::end_field() {
  Extract result = Extract::NeedMore;
  if (part_ == Part::FieldName || part_ == Part::FoldBlank) return Extract::Malformed;
  if (part_ == Part::FieldValue) {
    if (field_ == Field::Host) result = end_host();
    host_refused_ = result == Extract::Malformed;
    if (host_refused_) return result;
    if (field_ == Field::ContentLength && !end_content_length()) return Extract::Malformed;
    if (field_ == Field::TransferEncoding) {
      if (chunked_ || token() != "chunked") return Extract::Malformed;
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
  HostName host;
  if (!is_http_host(token()) || !host.assign(token())) return Extract::Malformed;
  if (has_authority_) return host.view() == host_.view() ? Extract::NeedMore : Extract::Malformed;
  host_ = host;
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
