// control/witness: folders by files, HTTPS and mail by libcurl.
#include "control/witness/deliver.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <new>

#include "control/base/clock.h"
#include "control/base/curl_list.h"
#include "control/base/files.h"
#include "control/base/unique_fd.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

constexpr mode_t kFileMode = 0644;  ///< it is for others to keep; its names and numbers are no secret
constexpr size_t kMaxAnswer = size_t{64} << 10;
constexpr long kLeastGood = 200, kLeastBad = 300;

std::string name_of(const HeadLines& lines) {
  return "heads-" + std::to_string(lines.first) + "-" + std::to_string(lines.last) + ".jsonl";
}

/// A file that nobody need ever change, so the folder may be one that only takes new ones.
std::string to_folder(const std::string& folder, const HeadLines& lines) {
  const std::string path = folder + "/" + name_of(lines);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd && errno == EEXIST) {
    // Of a try whose end was not noticed: it counts where it is whole.
    const auto there = read_tail(path, lines.text.size() + 1);
    return there == lines.text ? std::string() : name_of(lines) + " is there already, with other lines";
  }
  if (!fd || !write_all(fd.get(), lines.text) || ::fsync(fd.get()) != 0) {
    std::string why = errno_text("cannot write to the folder");
    if (fd) {
      ::unlink(path.c_str());
    }
    return why;
  }
  return sync_directory(folder) ? std::string() : errno_text("cannot sync the folder");
}

/// One request of libcurl, with what both kinds share.
class Request {
 public:
  Request(const DeliverLimits& limits, const std::atomic<bool>& stop)
      : stop_(stop), handle_(curl_easy_init(), curl_easy_cleanup) {
    if (!handle_) {
      throw std::bad_alloc();
    }
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!limits.authorities.empty()) {
      set(CURLOPT_CAINFO, limits.authorities.c_str());
    }
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect.count()));
    set(CURLOPT_TIMEOUT, static_cast<long>(limits.whole.count()));
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

std::string to_url(const std::string& url, const HeadLines& lines, const DeliverLimits& limits,
                   const std::atomic<bool>& stop) {
  Request request(limits, stop);
  CurlList headers = make_curl_list();
  add_to(headers, "Content-Type: application/x-ndjson");
  add_to(headers, "Expect:");
  request.set(CURLOPT_URL, url.c_str());
  request.set(CURLOPT_PROTOCOLS_STR, "http,https");  // the policy takes https alone
  request.set(CURLOPT_HTTPHEADER, headers.get());
  request.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(lines.text.size()));
  request.set(CURLOPT_POSTFIELDS, lines.text.c_str());
  return request.perform();
}

/// A message as RFC 5322 has it; its lines are shorter than the 998 bytes of its section 2.1.1 or go in
/// pieces.
std::string message(const LogWitness& witness, const HeadLines& lines, const std::string& site) {
  constexpr size_t kMostBytes = 900;
  std::string printable;
  std::copy_if(site.begin(), site.end(), std::back_inserter(printable),
               [](char c) { return c > ' ' && c < '\x7f'; });
  std::string out =
      "From: <" + witness.from + ">\r\nTo: <" + witness.to + ">\r\nSubject: Sluice " + printable +
      ": heads of the access log, " + std::to_string(lines.first) + " to " + std::to_string(lines.last) +
      "\r\nMessage-ID: <" + name_of(lines) + "." + std::to_string(utc_now_ns()) +
      "@sluice>\r\nMIME-Version: 1.0\r\n" +
      "Content-Type: application/x-ndjson\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
  size_t width = 0;
  for (const char c : lines.text) {
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

std::string to_mail(const LogWitness& witness, const HeadLines& lines, const std::string& site,
                    const DeliverLimits& limits, const std::atomic<bool>& stop) {
  Request request(limits, stop);
  CurlList to = make_curl_list();
  add_to(to, "<" + witness.to + ">");
  request.set(CURLOPT_URL, witness.where.c_str());
  request.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");  // the policy takes smtps alone
  request.set(CURLOPT_MAIL_FROM, ("<" + witness.from + ">").c_str());
  request.set(CURLOPT_MAIL_RCPT, to.get());
  request.set(CURLOPT_UPLOAD, 1L);
  request.send(message(witness, lines, site));
  return request.perform();
}

}  // namespace

std::string deliver(const LogWitness& witness, const HeadLines& lines, const std::string& site,
                    const DeliverLimits& limits, const std::atomic<bool>& stop) {
  switch (witness.kind) {
    case LogWitness::Kind::Folder:
      return to_folder(witness.where, lines);
    case LogWitness::Kind::Url:
      return to_url(witness.where, lines, limits, stop);
    case LogWitness::Kind::Mail:
      return to_mail(witness, lines, site, limits, stop);
    case LogWitness::Kind::None:
      break;
  }
  return "the policy names no witness";
}

}  // namespace sluice::control
