// control/feeds: one HTTP request.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "control/feeds/fetch_limits.h"

namespace sluice::control {

/// What is asked for; with etag or last_modified only where it is another one.
struct TransferRequest {
  std::string url, etag, last_modified;
  uint64_t most_bytes = 0;
};

struct TransferOutcome {
  enum class Kind : uint8_t {
    Failed,
    NotModified,
    Whole
  };
  Kind kind = Kind::Failed;
  std::string why;                  ///< of Failed: one printable line, without the URL
  std::string etag, last_modified;  ///< of Whole; empty where the server gave none that can be kept
  std::chrono::seconds retry_after{0};
};

/// A GET over http or https whose body goes to a sink as it comes, unpacked. To be run by a multi handle.
class Transfer {
 public:
  /// Takes a part of the body. Returns false to end the transfer, and has a reason of its own then.
  using Sink = std::function<bool(std::string_view bytes)>;

  Transfer(TransferRequest request, const FetchLimits& limits, Sink sink);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  /// What became of it. code: what the multi handle said.
  [[nodiscard]] TransferOutcome finish(CURLcode code) const;

 private:
  void set_up(const FetchLimits& limits);
  void add_header(const std::string& line);
  void read_header(std::string_view line);
  bool read_body(std::string_view bytes);
  std::string failure(CURLcode code) const;
  static size_t on_header(char* bytes, size_t one, size_t size, void* self);
  static size_t on_body(char* bytes, size_t one, size_t size, void* self);
  static int on_progress(void* self, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t);

  const TransferRequest request_;
  const Sink sink_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_;
  char error_[CURL_ERROR_SIZE] = {};
  uint64_t size_ = 0;
  bool too_large_ = false, other_status_ = false, refused_ = false;
  std::string etag_, last_modified_;
};

}  // namespace sluice::control
