// control/copies: one TLS connection of libcurl, as both kinds of copies use it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "control/copies/sender.h"
#include "control/policy/log_policy.h"

namespace sluice::control {

/// A handle of libcurl that speaks TLS 1.2 or later to a copy's server, checks its certificate and its name,
/// and gives up where stop becomes true.
class Transport {
 public:
  Transport(const LogCopy& copy, const SendLimits& limits, const std::atomic<bool>& stop);

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) {
      throw std::bad_alloc();  // each of these options is one that Debian's libcurl knows
    }
  }
  [[nodiscard]] SendResult perform();
  /// Over a connection that was made: what libcurl says, and how much was sent or came.
  [[nodiscard]] CURLcode send(std::string_view text, size_t& sent);
  [[nodiscard]] CURLcode receive(std::span<char> into, size_t& got);
  /// What a code of libcurl means for a copy; of the call before.
  [[nodiscard]] SendResult result_of(CURLcode code) const;
  CURL* get() const { return handle_.get(); }

 private:
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const std::atomic<bool>& stop_;
  const std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

/// `HOST:PORT` for a URL or for people.
[[nodiscard]] std::string address_of(const LogCopy& copy);

}  // namespace sluice::control
