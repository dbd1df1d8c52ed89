// control/send: HTTPS and mail by libcurl.
#include "control/send/send.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "control/base/clock.h"
#include "control/base/curl_list.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxAnswer = size_t{64} << 10;
constexpr long kLeastGood = 200, kLeastBad = 300;

/// One request of libcurl, with what both kinds share.
class Request {
 public:
  Request(const SendBounds& bounds, const std::atomic<bool>& stop)
      : stop_(stop), handle_(curl_easy_init(), curl_easy_cleanup) {
    if (!handle_) {
      throw std::bad_alloc();
    }
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!bounds.authorities.empty()) {
      set(CURLOPT_CAINFO, bounds.authorities.c_str());
    }
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(bounds.connect.count()));
    set(CURLOPT_TIMEOUT, static_cast<long>(bounds.whole.count()));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_WRITEFUNCTION, &Request::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Request::on_progress);
    set(CURLOPT_XFERINFODATA, this);
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) {
      throw std::bad_alloc();  // each of these options is one that Debian's libcurl knows
    }
  }

  /// What is sent, read as libcurl asks for it.
  void send(std::string text) {
    text_ = std::move(text);
    set(CURLOPT_READFUNCTION, &Request::on_read);
    set(CURLOPT_READDATA, this);
  }

  /// Returns an empty string where the other side said that it has taken it.
  std::string perform() {
    const CURLcode code = curl_easy_perform(handle_.get());
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
      return error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    }
    return status >= kLeastGood && status < kLeastBad ? std::string()
                                                      : "the server answers " + std::to_string(status);
  }

 private:
  static size_t on_body(char*, size_t one, size_t size, void* self) {
    size_t& taken = static_cast<Request*>(self)->taken_;
    taken += one * size;
    return taken > kMaxAnswer ? 0 : one * size;
  }
  static size_t on_read(char* out, size_t one, size_t size, void* self) {
    auto& request = *static_cast<Request*>(self);
    const size_t bytes = std::min(one * size, request.text_.size() - request.sent_);
    request.text_.copy(out, bytes, request.sent_);
    request.sent_ += bytes;
    return bytes;
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Request*>(self)->stop_ ? 1 : 0;
  }

  const std::atomic<bool>& stop_;
  const std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::string text_;
  size_t sent_ = 0, taken_ = 0;
};

std::string printable_ascii(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c >= ' ' && c < '\x7f'; });
  return out;
}

/// A message as RFC 5322 has it; its lines are shorter than the 998 bytes of its section 2.1.1 or go in
/// pieces.
std::string message(const Mail& mail) {
  constexpr size_t kMostBytes = 900;
  std::string out = "From: <" + mail.from + ">\r\nTo: ";
  for (size_t i = 0; i < mail.to.size(); ++i) {
    out += (i == 0 ? "<" : ",\r\n <") + mail.to[i] + ">";
  }
  out += "\r\nSubject: " + printable_ascii(mail.subject) + "\r\nMessage-ID: <" + mail.name + "." +
         std::to_string(utc_now_ns()) + "@sluice>\r\nMIME-Version: 1.0\r\nContent-Type: " + mail.type +
         "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
  size_t width = 0;
  for (const char c : mail.text) {
    if (c == '\n') {
      out += "\r\n";
      width = 0;
      continue;
    }
    // RFC 2045 6.7: a soft line break before the bound; '=' and what is no printable ASCII in hexadecimal
    // digits.
    if (width >= kMostBytes) {
      out += "=\r\n";
      width = 0;
    }
    if (c == '=' || c < ' ' || c > '~' || (c == '.' && width == 0)) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      const auto byte = static_cast<uint8_t>(c);
      out += {'=', kDigits[byte >> 4], kDigits[byte & 15]};
      width += 3;
    } else {
      out += c;
      ++width;
    }
  }
  return out;
}

}  // namespace

std::string post(const std::string& url, std::string_view type, const std::string& text,
                 const SendBounds& bounds, const std::atomic<bool>& stop) {
  Request request(bounds, stop);
  CurlList headers = make_curl_list();
  add_to(headers, "Content-Type: " + std::string(type));
  add_to(headers, "Expect:");
  request.set(CURLOPT_URL, url.c_str());
  request.set(CURLOPT_PROTOCOLS_STR, "http,https");
  request.set(CURLOPT_HTTPHEADER, headers.get());
  request.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(text.size()));
  request.set(CURLOPT_POSTFIELDS, text.c_str());
  return request.perform();
}

std::string send_mail(const Mail& mail, const SendBounds& bounds, const std::atomic<bool>& stop) {
  Request request(bounds, stop);
  CurlList to = make_curl_list();
  for (const std::string& each : mail.to) {
    add_to(to, "<" + each + ">");
  }
  request.set(CURLOPT_URL, mail.server.c_str());
  request.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  request.set(CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  request.set(CURLOPT_MAIL_RCPT, to.get());
  request.set(CURLOPT_UPLOAD, 1L);
  request.send(message(mail));
  return request.perform();
}

}  // namespace sluice::control
