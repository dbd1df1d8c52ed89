// control/feeds: one HTTP request.
#include "control/feeds/transfer.h"

#include <algorithm>
#include <new>

#include "control/policy/feed_copy.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

constexpr long kOk = 200, kNotModified = 304;
constexpr size_t kMaxWhy = 200;

/// The value of `Name: value`, where line is of that name; case does not matter (RFC 9110 5.1).
bool take_header(std::string_view line, std::string_view name, std::string& out) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  };
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      !std::equal(name.begin(), name.end(), line.begin(), [&](char b, char a) { return same(a, b); })) {
    return false;
  }
  std::string_view value = line.substr(name.size() + 1);
  const size_t begin = value.find_first_not_of(" \t");
  const size_t end = value.find_last_not_of(" \t\r\n");
  value =
      begin == value.npos || end == value.npos ? std::string_view() : value.substr(begin, end - begin + 1);
  out = is_validator(value) ? value : std::string_view();
  return true;
}

std::string mebibytes(uint64_t bytes) {
  return bytes >= (1u << 20) ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

}  // namespace

Transfer::Transfer(TransferRequest request, const FetchLimits& limits, Sink sink)
    : request_(std::move(request)),
      sink_(std::move(sink)),
      handle_(curl_easy_init(), curl_easy_cleanup),
      headers_(nullptr, curl_slist_free_all) {
  if (!handle_) {
    throw std::bad_alloc();
  }
  set_up(limits);
}

void Transfer::set_up(const FetchLimits& limits) {
  const auto set = [this](CURLoption option, auto value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) {
      throw std::bad_alloc();  // each of these options is one that Debian's libcurl knows
    }
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, request_.url.starts_with("https:") ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, limits.redirects);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!limits.authorities.empty()) {
    set(CURLOPT_CAINFO, limits.authorities.c_str());
  }
  set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect.count()));
  set(CURLOPT_TIMEOUT, static_cast<long>(limits.whole.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, limits.slow_bytes_per_s);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.slow_for.count()));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.most_bytes));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);    // an end does not wait for a resolver that does not answer
  set(CURLOPT_FORBID_REUSE, 1L);  // the next request comes hours later
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, this);
  if (!request_.etag.empty()) {
    add_header("If-None-Match: " + request_.etag);
  }
  if (!request_.last_modified.empty()) {
    add_header("If-Modified-Since: " + request_.last_modified);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::add_header(const std::string& line) {
  curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  [[maybe_unused]] curl_slist* const same = headers_.release();
  headers_.reset(longer);
}

void Transfer::read_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    etag_.clear();  // of an answer that led here
    last_modified_.clear();
    // Whoever is behind TLS once does not lead out of it again.
    const char* scheme = nullptr;
    curl_easy_getinfo(handle_.get(), CURLINFO_SCHEME, &scheme);
    if (scheme != nullptr && (std::string_view(scheme) == "HTTPS" || std::string_view(scheme) == "https")) {
      curl_easy_setopt(handle_.get(), CURLOPT_REDIR_PROTOCOLS_STR, "https");
    }
  } else if (!take_header(line, "etag", etag_)) {
    take_header(line, "last-modified", last_modified_);
  }
}

bool Transfer::read_body(std::string_view bytes) {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != kOk) {
    other_status_ = true;  // what a server says of its own trouble is not read
    return false;
  }
  size_ += bytes.size();
  too_large_ = size_ > request_.most_bytes;
  refused_ = !too_large_ && !sink_(bytes);
  return !too_large_ && !refused_;
}

size_t Transfer::on_header(char* bytes, size_t one, size_t size, void* self) {
  static_cast<Transfer*>(self)->read_header({bytes, one * size});
  return one * size;
}

size_t Transfer::on_body(char* bytes, size_t one, size_t size, void* self) {
  // Returning less than all ends the transfer; where there is nothing, all is nothing.
  return static_cast<Transfer*>(self)->read_body({bytes, one * size}) ? one * size : CURL_WRITEFUNC_ERROR;
}

/// Packed bytes are bounded too: a stream can go on for ever and unpack to nothing.
int Transfer::on_progress(void* self, curl_off_t, curl_off_t now, curl_off_t, curl_off_t) {
  auto* const transfer = static_cast<Transfer*>(self);
  transfer->too_large_ |= now > 0 && static_cast<uint64_t>(now) > transfer->request_.most_bytes;
  return transfer->too_large_ ? 1 : 0;
}

TransferOutcome Transfer::finish(CURLcode code) const {
  TransferOutcome out;
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &retry_after);
  out.retry_after = std::chrono::seconds(std::max<curl_off_t>(retry_after, 0));
  const bool conditional = !request_.etag.empty() || !request_.last_modified.empty();
  if (code == CURLE_OK && status == kNotModified && conditional) {
    out.kind = TransferOutcome::Kind::NotModified;
  } else if (code == CURLE_OK && status == kOk) {
    out.kind = TransferOutcome::Kind::Whole;
    out.etag = etag_;
    out.last_modified = last_modified_;
  } else if (code == CURLE_OK || other_status_) {
    out.why = "the server answered " + std::to_string(status);
  } else {
    out.why = failure(code);
  }
  return out;
}

/// libcurl's own words, which may quote what a server sent.
std::string Transfer::failure(CURLcode code) const {
  if (too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return "it is larger than " + mebibytes(request_.most_bytes);
  }
  if (refused_) {
    return {};
  }
  const std::string_view text = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  return printable(text.substr(0, kMaxWhy));
}

}  // namespace sluice::control
