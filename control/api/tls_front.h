// control/api: the API over TCP, for those who show a certificate.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"

namespace sluice::control {

/// So many may be connected at once; another one has to come again. Strangers can fill these, and none of the
/// Unix socket's.
inline constexpr size_t kMaxTlsClients = 16;

struct TlsOptions {
  std::string address;                                ///< ADDR:PORT or [ADDR]:PORT
  std::filesystem::path authority, certificate, key;  ///< PEM: who signs clients' certificates; our own
};

/// A user of this machine, as his certificate names him.
struct LocalUser {
  uid_t uid = 0;
  std::vector<gid_t> groups;
};
/// The user of a name; false where there is none, or it is root, who does not come by the network.
[[nodiscard]] bool find_local_user(const std::string& name, LocalUser& out);

/// Ends TLS 1.3 and hands what is in it on: for each client a connected Unix socket, with the user of this
/// machine whom the certificate's common name names. No byte of a client without a certificate that the
/// authority signed is handed on. Runs on the loop's thread and never waits for a client.
class TlsFront {
 public:
  using Accepted = std::function<void(UniqueFd plain, const LocalUser& user)>;
  using FindUser = std::function<bool(const std::string& name, LocalUser& out)>;

  /// refused: counts connections that were not served; outlives this.
  TlsFront(EventLoop& loop, Accepted accepted, std::atomic<uint64_t>& refused,
           FindUser find_user = find_local_user);
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  /// Returns an empty string, or why it cannot listen.
  [[nodiscard]] std::string listen(const TlsOptions& options);
  /// The port that it listens on.
  uint16_t port() const { return port_; }

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct Session {
    UniqueFd tcp, plain;
    std::unique_ptr<SSL, FreeTls> tls;
    std::string to_plain, to_tls;  ///< at most kBufferBytes each
    std::string peer;
    bool known = false;             ///< its certificate named a user
    bool tls_ended = false;         ///< the client sends no more
    bool plain_ended = false;       ///< it gets no more
    EventLoop::Timer deadline = 0;  ///< of the handshake; of the last words
  };
  void accept();
  void ready(uint64_t id, bool plain_hung_up);
  bool shake_hands(uint64_t id, Session& session);
  bool identify(uint64_t id, Session& session);
  bool pump(Session& session, bool plain_hung_up);
  void set_events(Session& session);
  void refuse(const std::string& whom_and_why);
  void drop(uint64_t id);

  EventLoop& loop_;
  const Accepted accepted_;
  const FindUser find_user_;
  std::unique_ptr<SSL_CTX, FreeTls> context_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Session> sessions_;
  std::atomic<uint64_t>& refused_;
  std::chrono::steady_clock::time_point refusal_said_{};
};

}  // namespace sluice::control
