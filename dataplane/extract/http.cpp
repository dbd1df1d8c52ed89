// extract: HTTP/1 requests: the framing (empty lines, lines, bodies, chunks).
//
// What a line means is told in http_lines.cpp. A line is never kept: its bytes go on piece by piece as they
// come.
#include "dataplane/extract/http.h"

#include <algorithm>
#include <type_traits>

#include "dataplane/extract/http_syntax.h"
#include "dataplane/extract/lanes.h"
#include "dataplane/extract/method.h"

namespace sluice {
namespace {

/// How many of the first bytes stand before what ends a line, or breaks it: LF, CR, NUL.
size_t line_bytes(std::span<const uint8_t> bytes) {
  return bytes_before(bytes, [](__m128i lane) {
    return _mm_or_si128(_mm_or_si128(lane_is(lane, '\n'), lane_is(lane, '\r')), lane_is(lane, 0));
  });
}

}  // namespace

static_assert(sizeof(HttpRequests) < 640 && std::is_trivially_copyable_v<HttpRequests>);

Extract HttpRequests::feed(std::span<const uint8_t> bytes, size_t& consumed) {
  consumed = 0;
  Extract result = over_;
  while (result == Extract::NeedMore && !switched_ && consumed < bytes.size()) {
    const auto rest = bytes.subspan(consumed);
    size_t used = rest.size();
    switch (phase_) {
      case Phase::Start:
        result = read_start(rest, used);
        break;
      case Phase::Body:
      case Phase::ChunkData:
        used = static_cast<size_t>(std::min<uint64_t>(body_left_, rest.size()));
        skip(used);
        break;
      default:
        result = read_line(rest, used);
        break;
    }
    consumed += used;
  }
  if (result == Extract::NeedMore && switched_) {
    switched_ = false;
    return Extract::Complete;
  }
  if (result == Extract::NotMine || result == Extract::Malformed) {
    over_ = result;
    if (result == Extract::Malformed && phase_ == Phase::Headers && !has_host_) keep_refused_host(bytes);
    consumed = bytes.size();
  }
  return result;
}

/// The first Host line in bytes, up to a NUL, where a server written in C ends it.
void HttpRequests::keep_refused_host(std::span<const uint8_t> bytes) {
  constexpr std::string_view kStart = "\nhost:";
  const auto same = [](uint8_t byte, char letter) {
    return http_lower(byte) == static_cast<uint8_t>(letter);
  };
  const auto at = std::search(bytes.begin(), bytes.end(), kStart.begin(), kStart.end(), same);
  if (at == bytes.end()) {
    host_refused_ = false;
    return;
  }
  const auto rest = bytes.subspan(static_cast<size_t>(at - bytes.begin()) + kStart.size());
  token_size_ = 0;
  gap_ = false;
  (void)on_field_value(rest.first(line_bytes(rest)));
  refuse_host();
}

uint64_t HttpRequests::skippable() const {
  return phase_ == Phase::Body || phase_ == Phase::ChunkData ? body_left_ : 0;
}

void HttpRequests::skip(uint64_t size) {
  body_left_ -= size;
  if (body_left_ > 0) return;
  if (phase_ == Phase::Body) {
    end_request();
  } else {
    begin_line(Phase::ChunkEnd, Part::ChunkDigits);
  }
}

void HttpRequests::end_request() {
  switched_ = connect_ || upgrade_;
  first_ = switched_;
  begin_line(Phase::Start, Part::TargetFirst);
  line_end_ = LineEnd::Unknown;
  header_bytes_ = 0;
  content_length_ = 0;
  blank_lines_ = 0;
  http10_ = false;
  has_field_ = has_authority_ = has_host_ = named_ = false;
  has_length_ = chunked_ = bad_target_ = false;
}

void HttpRequests::begin_line(Phase phase, Part part) {
  phase_ = phase;
  part_ = part;
  line_bytes_ = 0;
  token_size_ = 0;
}

Extract HttpRequests::reject_start() const {
  return first_ ? Extract::NotMine : Extract::Malformed;
}

Extract HttpRequests::read_start(std::span<const uint8_t> bytes, size_t& used) {
  if (token_size_ == 0 && (cr_ || bytes[0] == '\r' || bytes[0] == '\n')) {
    used = 1;
    if (bytes[0] == '\r' && !cr_) {
      cr_ = true;
      return Extract::NeedMore;
    }
    // Some servers skip any number of line ends, and bare CRs.
    if (bytes[0] != '\n' || ++blank_lines_ > kMaxHttpBlankLines) return Extract::Malformed;
    cr_ = false;
    return Extract::NeedMore;
  }
  if (token_size_ == 0 && is_http_blank(bytes[0])) return Extract::Malformed;
  used = 0;
  while (used < bytes.size() && is_http_token(bytes[used])) {
    if (token_size_ == kMaxHttpMethod) return reject_start();
    token_[token_size_++] = static_cast<char>(bytes[used++]);
  }
  const bool ended = used < bytes.size();
  const MethodMatch match = match_method(token());
  if (token_size_ == 0 || (!any_method_ && match == MethodMatch::No)) return reject_start();
  if (!ended) return Extract::NeedMore;
  known_method_ = match == MethodMatch::Known;
  const uint8_t end = bytes[used++];
  if (!(any_method_ || known_method_) || !is_http_blank(end)) return reject_start();
  if (end != ' ') return Extract::Malformed;
  connect_ = token() == "CONNECT";
  upgrade_ = false;
  header_bytes_ = token_size_;
  host_.clear();
  begin_line(Phase::RequestLine, Part::TargetFirst);
  return Extract::NeedMore;
}

Extract HttpRequests::read_line(std::span<const uint8_t> bytes, size_t& used) {
  if (cr_) {
    used = 1;
    cr_ = false;
    return bytes[0] == '\n' ? on_line_end(true) : Extract::Malformed;
  }
  // A CR stands before an LF or nowhere, and a NUL, where some servers end a line, nowhere.
  const size_t size = line_bytes(bytes);
  const auto content = bytes.first(size);
  const bool cr = size < bytes.size() && bytes[size] == '\r';
  const size_t end = size + (cr ? 1 : 0);
  const bool lf = end < bytes.size();
  if (lf && bytes[end] != '\n') return Extract::Malformed;
  used = end + (lf ? 1 : 0);
  if (!content.empty()) {
    if (content.size() > kMaxHttpLine - line_bytes_ || content.size() > kMaxHttpHeader - header_bytes_) {
      return Extract::Malformed;
    }
    line_bytes_ += static_cast<uint32_t>(content.size());
    header_bytes_ += static_cast<uint32_t>(content.size());
    if (!on_content(content)) return Extract::Malformed;
  }
  if (lf) return on_line_end(cr);
  cr_ = cr;
  return Extract::NeedMore;
}

bool HttpRequests::on_content(std::span<const uint8_t> content) {
  switch (phase_) {
    case Phase::RequestLine:
      return on_request_line(content);
    case Phase::Headers:
      return on_fields(content);
    case Phase::ChunkSize:
      return std::ranges::all_of(content, [this](uint8_t byte) { return on_chunk_size(byte); });
    case Phase::Trailers:
      return true;
    default:  // ChunkEnd: nothing may stand between a chunk and its line end
      return false;
  }
}

Extract HttpRequests::on_line_end(bool crlf) {
  // An empty line costs as well, or a header section could be endless.
  if (++header_bytes_ > kMaxHttpHeader) return Extract::Malformed;
  if (phase_ == Phase::RequestLine) {
    line_end_ = crlf ? LineEnd::CrLf : LineEnd::Lf;
    return end_request_line();
  }
  if (phase_ == Phase::Headers) {
    // Mixed line ends have two readings: a server that takes no bare LF joins two lines, and sees another
    // framing.
    if (line_end_ != (crlf ? LineEnd::CrLf : LineEnd::Lf)) return Extract::Malformed;
    return part_ == Part::FieldStart ? end_headers() : end_field();
  }
  if (!crlf) return Extract::Malformed;
  if (phase_ == Phase::ChunkSize) return end_chunk_size();
  if (phase_ == Phase::Trailers && line_bytes_ == 0) {
    end_request();
  } else if (phase_ == Phase::Trailers) {
    begin_line(Phase::Trailers, Part::FieldStart);
  } else {
    begin_line(Phase::ChunkSize, Part::ChunkDigits);
    header_bytes_ = 0;
    chunk_digits_ = 0;
  }
  return Extract::NeedMore;
}

bool HttpRequests::on_chunk_size(uint8_t byte) {
  if (part_ == Part::ChunkExtension) return true;
  const int digit = hex_value(byte);
  if (digit < 0) {
    if (byte != ';' || chunk_digits_ == 0) return false;
    part_ = Part::ChunkExtension;
    return true;
  }
  if (++chunk_digits_ > kMaxChunkDigits) return false;
  body_left_ = body_left_ << 4 | static_cast<uint64_t>(digit);
  return true;
}

Extract HttpRequests::end_chunk_size() {
  if (chunk_digits_ == 0) return Extract::Malformed;
  header_bytes_ = 0;
  if (body_left_ == 0) {
    begin_line(Phase::Trailers, Part::FieldStart);
  } else {
    begin_line(Phase::ChunkData, Part::ChunkDigits);
  }
  return Extract::NeedMore;
}

Extract HttpRequests::end_headers() {
  // A later request may have any method; before the first one, a method is all there is to go by.
  first_ = false;
  any_method_ = true;
  if (chunked_ && (has_length_ || http10_)) return Extract::Malformed;
  if (connect_ && (chunked_ || content_length_ > 0)) return Extract::Malformed;
  const Extract result = named_ ? Extract::NeedMore : Extract::NoName;
  if (chunked_) {
    begin_line(Phase::ChunkSize, Part::ChunkDigits);
    header_bytes_ = 0;
    chunk_digits_ = 0;
    body_left_ = 0;
  } else if (content_length_ > 0) {
    body_left_ = content_length_;
    begin_line(Phase::Body, Part::TargetFirst);
  } else {
    end_request();
  }
  return result;
}

}  // namespace sluice
