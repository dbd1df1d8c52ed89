// control/copies: octets over a connection that libcurl made and encrypts.
#include "control/copies/syslog.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>

#include "control/copies/syslog_form.h"
#include "control/copies/transport.h"

namespace sluice::control {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPollMs = 20;  ///< between two looks at what the kernel has not acknowledged, and at stop
constexpr size_t kPiece =
    size_t{64} << 10;                   ///< bytes that are written before the next look at what comes back
constexpr size_t kMaxUnwanted = 65536;  ///< bytes of a server that talks, though the protocol has no answers

class SyslogSender : public Sender {
 public:
  SyslogSender(LogCopy copy, std::string host, const SendLimits& limits, const std::atomic<bool>& stop)
      : copy_(std::move(copy)), host_(std::move(host)), limits_(limits), stop_(stop) {}

  SendResult send(const CopyBatch& batch) override {
    // Servers close what was idle for long.
    if (transport_ && batch.alone && !read_away().good()) {
      transport_.reset();
    }
    if (!transport_) {
      if (SendResult result = connect(); !result.good()) {
        return drop(std::move(result));
      }
    }
    text_.clear();
    for (std::string_view rest = batch.lines; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size() - 1);
      append_syslog(text_, rest.substr(0, end), host_);
      rest.remove_prefix(end + 1);
    }
    SendResult result = write();
    if (result.good()) {
      result = wait_acknowledged();
    }
    return result.good() ? result : drop(std::move(result));
  }

  std::chrono::milliseconds settle() const override { return limits_.settle; }

  SendResult alive() override {
    if (!transport_) {
      return {CopyFailure::Closed, "the connection is gone"};
    }
    SendResult result = read_away();
    return result.good() ? result : drop(std::move(result));
  }

 private:
  SendResult connect() {
    transport_.emplace(copy_, limits_, stop_);
    unwanted_ = 0;
    // The scheme only makes libcurl speak TLS: nothing of HTTP is sent.
    transport_->set(CURLOPT_URL, ("https://" + address_of(copy_)).c_str());
    transport_->set(CURLOPT_CONNECT_ONLY, 1L);
    transport_->set(CURLOPT_SSL_ENABLE_ALPN, 0L);
    transport_->set(CURLOPT_TIMEOUT, static_cast<long>(limits_.connect.count()));
    SendResult result = transport_->perform();
    if (result.good() && (curl_easy_getinfo(transport_->get(), CURLINFO_ACTIVESOCKET, &socket_) != CURLE_OK ||
                          socket_ == CURL_SOCKET_BAD)) {
      return {CopyFailure::Closed, "the connection is gone"};
    }
    return result;
  }

  SendResult drop(SendResult result) {
    transport_.reset();
    return result;
  }

  SendResult write() {
    auto due = Clock::now() + limits_.stall;
    for (size_t done = 0; done < text_.size();) {
      size_t sent = 0;
      // What was not taken is offered again with the same size, as OpenSSL wants it.
      const size_t piece = std::min(kPiece, text_.size() - done);
      const CURLcode code = transport_->send(std::string_view(text_).substr(done, piece), sent);
      done += sent;
      due = sent == 0 ? due : Clock::now() + limits_.stall;
      if (code != CURLE_OK && code != CURLE_AGAIN) {
        const std::string why = transport_->result_of(code).why;
        SendResult said = read_away();
        return said.good() ? SendResult{CopyFailure::Closed, why} : said;
      }
      // A server that has had enough says so before its kernel resets the connection.
      if (SendResult result = read_away(); !result.good()) {
        return result;
      }
      if (code == CURLE_AGAIN) {
        if (SendResult result = wait(POLLOUT, due); !result.good()) {
          return result;
        }
      }
    }
    return {};
  }

  /// Until the other kernel has every byte.
  SendResult wait_acknowledged() {
    auto due = Clock::now() + limits_.stall;
    int before = INT_MAX;
    while (true) {
      int queued = 0;
      if (::ioctl(socket_, SIOCOUTQ, &queued) != 0) {
        return {CopyFailure::Closed, "the connection is gone"};
      }
      if (SendResult result = read_away(); !result.good()) {
        return result;
      }
      if (queued == 0) {
        return {};
      }
      due = queued < before ? Clock::now() + limits_.stall : due;
      before = queued;
      if (SendResult result = wait(POLLRDHUP, due); !result.good()) {
        return result;
      }
    }
  }

  /// Waits a moment for events, no longer than kPollMs.
  SendResult wait(short events, Clock::time_point due) {
    if (stop_) {
      return {CopyFailure::Closed, "stopping"};
    }
    if (Clock::now() > due) {
      return {CopyFailure::Timeout, "the server does not take what is sent"};
    }
    pollfd fd{socket_, events, 0};
    [[maybe_unused]] const int ready = ::poll(&fd, 1, kPollMs);
    return {};
  }

  /// A server has nothing to say but that it hangs up.
  SendResult read_away() {
    std::array<char, 4096> bytes;
    while (true) {
      size_t got = 0;
      const CURLcode code = transport_->receive(bytes, got);
      if (code == CURLE_AGAIN) {
        return {};
      }
      unwanted_ += got;
      if (code != CURLE_OK) {  // of TLS 1.3 here is where one's certificate is refused
        return {CopyFailure::Closed, "the server hung up: " + transport_->result_of(code).why};
      }
      if (got == 0) {
        return {CopyFailure::Closed, "the server hung up"};
      }
      if (unwanted_ > kMaxUnwanted) {
        return {CopyFailure::Refused, "the server answers: it is no syslog server"};
      }
    }
  }

  const LogCopy copy_;
  const std::string host_;
  const SendLimits limits_;
  const std::atomic<bool>& stop_;
  std::optional<Transport> transport_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  std::string text_;
  size_t unwanted_ = 0;  ///< bytes that came on this connection
};

}  // namespace

std::unique_ptr<Sender> syslog_sender(const LogCopy& copy, const std::string& host, const SendLimits& limits,
                                      const std::atomic<bool>& stop) {
  return std::make_unique<SyslogSender>(copy, host, limits, stop);
}

}  // namespace sluice::control
