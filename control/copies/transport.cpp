// control/copies: libcurl's options and errors.
#include "control/copies/transport.h"

namespace sluice::control {
namespace {

CopyFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return CopyFailure::None;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return CopyFailure::Unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return CopyFailure::Timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
      return CopyFailure::Tls;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_OUT_OF_MEMORY:
      return CopyFailure::Local;
    default:
      return CopyFailure::Closed;
  }
}

}  // namespace

Transport::Transport(const LogCopy& copy, const SendLimits& limits, const std::atomic<bool>& stop)
    : stop_(stop), handle_(curl_easy_init(), curl_easy_cleanup) {
  if (!handle_) {
    throw std::bad_alloc();
  }
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!copy.ca.empty()) {
    set(CURLOPT_CAINFO, copy.ca.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // the system's are not believed beside it
  }
  if (!copy.certificate.empty()) {
    set(CURLOPT_SSLCERT, copy.certificate.c_str());
    set(CURLOPT_SSLKEY, copy.key.c_str());
  }
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_PROXY, "");  // whom the policy names, and nobody in between
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transport::on_progress);
  set(CURLOPT_XFERINFODATA, this);
}

SendResult Transport::perform() {
  error_[0] = '\0';
  return result_of(curl_easy_perform(handle_.get()));
}

CURLcode Transport::send(std::string_view text, size_t& sent) {
  error_[0] = '\0';
  return curl_easy_send(handle_.get(), text.data(), text.size(), &sent);
}

CURLcode Transport::receive(std::span<char> into, size_t& got) {
  error_[0] = '\0';
  return curl_easy_recv(handle_.get(), into.data(), into.size(), &got);
}

SendResult Transport::result_of(CURLcode code) const {
  if (code == CURLE_OK) {
    return {};
  }
  return {failure_of(code), error_[0] != '\0' ? error_.data() : curl_easy_strerror(code)};
}

int Transport::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transport*>(self)->stop_ ? 1 : 0;
}

std::string address_of(const LogCopy& copy) {
  const bool v6 = copy.host.find(':') != std::string::npos;
  return (v6 ? "[" + copy.host + "]" : copy.host) + ":" + std::to_string(copy.port);
}

}  // namespace sluice::control
