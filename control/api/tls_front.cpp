// control/api: ends TLS before the API.
#include "control/api/tls_front.h"

#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

#include "control/base/files.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds kHandshakeWithin{10};
constexpr std::chrono::seconds kLastWordsWithin{60};    ///< a client that does not read the end of an answer
constexpr std::chrono::seconds kBetweenTlsRefusals{1};  ///< all are counted, a line tells of one in so long
constexpr size_t kBufferBytes = 65536;
constexpr size_t kLongestName = 64;  ///< of a common name: X.509's own bound

/// What OpenSSL says last; its queue is empty afterwards.
std::string tls_error(const std::string& what) {
  const unsigned long code = ::ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? what : what + ": " + reason;
}

/// The one common name of a certificate's subject, of the characters of a user's name; empty where it is
/// another one.
std::string common_name(const X509* certificate) {
  const X509_NAME* const subject = ::X509_get_subject_name(certificate);
  const int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || ::X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
    return {};
  }
  const ASN1_STRING* const value = ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at));
  const std::string name(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
                         static_cast<size_t>(::ASN1_STRING_length(value)));
  const bool plain = name.size() <= kLongestName && std::all_of(name.begin(), name.end(), [](char each) {
                       return std::isalnum(static_cast<unsigned char>(each)) != 0 || each == '.' ||
                              each == '-' || each == '_';
                     });
  return plain ? name : std::string();
}

/// ADDR:PORT in two.
bool split(const std::string& address, std::string& host, std::string& port) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return false;
  }
  host = address.substr(0, colon);
  port = address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
}

std::string peer_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char host[NI_MAXHOST] = "?";
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  }
  return host;
}

}  // namespace

bool find_local_user(const std::string& name, LocalUser& out) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr ||
      entry.pw_uid == 0 || entry.pw_uid == ::geteuid()) {
    return false;
  }
  out.uid = entry.pw_uid;
  int count = 1024;
  out.groups.resize(static_cast<size_t>(count));
  if (::getgrouplist(name.c_str(), entry.pw_gid, out.groups.data(), &count) < 0) {
    return false;
  }
  out.groups.resize(static_cast<size_t>(count));
  return true;
}

TlsFront::TlsFront(EventLoop& loop, Accepted accepted, std::atomic<uint64_t>& refused, FindUser find_user)
    : loop_(loop), accepted_(std::move(accepted)), find_user_(std::move(find_user)), refused_(refused) {}

TlsFront::~TlsFront() {
  while (!sessions_.empty()) {
    drop(sessions_.begin()->first);
  }
  if (listener_) {
    loop_.forget(listener_.get());
  }
}

std::string TlsFront::listen(const TlsOptions& options) {
  context_.reset(::SSL_CTX_new(::TLS_server_method()));
  SSL_CTX* const context = context_.get();
  if (context == nullptr || ::SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) {
    return tls_error("TLS");
  }
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Each connection shows its certificate.
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(context, 0);
  if (::SSL_CTX_load_verify_file(context, options.authority.c_str()) != 1) {
    return tls_error(options.authority.string());
  }
  if (::SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    return tls_error(options.certificate.string());
  }
  if (::SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1) {
    return tls_error(options.key.string());
  }
  struct stat status {};
  if (::stat(options.key.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    log_warning(options.key.string() + " can be read by others; its mode should be 0600");
  }
  std::string host, port;
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (!split(options.address, host, port) ||
      ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) {
    return options.address + ": neither ADDR:PORT nor [ADDR]:PORT";
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, ::freeaddrinfo);
  listener_.reset(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (!listener_ || ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(listener_.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener_.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      !loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); })) {
    std::string why = errno_text("cannot listen on " + options.address);
    listener_.reset();
    return why;
  }
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                            : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  return {};
}

void TlsFront::accept() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    return;
  }
  if (sessions_.size() >= kMaxTlsClients) {
    return refuse("a client: " + std::to_string(sessions_.size()) + " are connected");
  }
  Session session;
  session.tls.reset(::SSL_new(context_.get()));
  if (!session.tls || ::SSL_set_fd(session.tls.get(), socket.get()) != 1) {
    return;
  }
  ::SSL_set_accept_state(session.tls.get());
  const uint64_t id = ++last_id_;
  if (!loop_.watch(socket.get(), EPOLLIN, [this, id](uint32_t events) {
        (events & (EPOLLERR | EPOLLHUP)) != 0 ? drop(id) : ready(id, false);
      })) {
    return;
  }
  session.peer = peer_of(socket.get());
  session.tcp = std::move(socket);
  session.deadline = loop_.after(kHandshakeWithin, [this, id] { drop(id); });
  sessions_.emplace(id, std::move(session));
}

void TlsFront::ready(uint64_t id, bool plain_hung_up) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return;
  }
  Session& session = found->second;
  if ((session.known || shake_hands(id, session)) && (!session.known || pump(session, plain_hung_up))) {
    if (session.plain_ended && session.deadline == 0) {
      session.deadline = loop_.after(kLastWordsWithin, [this, id] { drop(id); });
    }
    return set_events(session);
  }
  drop(id);
}

/// Goes on with the handshake, and learns at its end who it is. Returns false where that is nobody.
bool TlsFront::shake_hands(uint64_t id, Session& session) {
  ::ERR_clear_error();
  const int done = ::SSL_accept(session.tls.get());
  if (done == 1) {
    return identify(id, session);
  }
  const int error = ::SSL_get_error(session.tls.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    return true;
  }
  refuse(session.peer + ": " + tls_error("no TLS"));
  return false;
}

bool TlsFront::identify(uint64_t id, Session& session) {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(::SSL_get1_peer_certificate(session.tls.get()),
                                                           ::X509_free);
  const std::string name = certificate ? common_name(certificate.get()) : std::string();
  LocalUser user;
  if (name.empty() || !find_user_(name, user)) {
    refuse(session.peer + ": its certificate names no user of this machine");
    return false;
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return false;
  }
  session.plain.reset(ends[0]);
  UniqueFd other(ends[1]);
  loop_.cancel(std::exchange(session.deadline, 0));
  session.known = true;
  if (!loop_.watch(session.plain.get(), EPOLLIN,
                   [this, id](uint32_t events) { ready(id, (events & EPOLLHUP) != 0); })) {
    return false;
  }
  accepted_(std::move(other), user);
  return true;
}

/// Moves what can be moved, both ways. plain_hung_up: then what the kernel still has of it is taken, beyond
/// the buffer's bound. Returns false where the connection is at its end.
bool TlsFront::pump(Session& session, bool plain_hung_up) {
  SSL* const tls = session.tls.get();
  char bytes[16384];
  for (bool moved = true; moved;) {
    moved = false;
    ::ERR_clear_error();
    if (!session.tls_ended && session.to_plain.size() + sizeof bytes <= kBufferBytes) {
      const int got = ::SSL_read(tls, bytes, sizeof bytes);
      const int error = got > 0 ? SSL_ERROR_NONE : ::SSL_get_error(tls, got);
      if (got > 0) {
        session.to_plain.append(bytes, static_cast<size_t>(got));
        moved = true;
      } else if (error == SSL_ERROR_ZERO_RETURN) {
        session.tls_ended = true;
      } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        return false;
      }
    }
    if (!session.to_plain.empty()) {
      const ssize_t sent =
          ::send(session.plain.get(), session.to_plain.data(), session.to_plain.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        session.to_plain.erase(0, static_cast<size_t>(sent));
        moved = true;
      } else if (errno != EAGAIN) {
        session.to_plain.clear();  // the API has hung up; what it said before is still told
        session.tls_ended = true;
      }
    }
    if (session.tls_ended && session.to_plain.empty()) {
      ::shutdown(session.plain.get(), SHUT_WR);
    }
    if (!session.plain_ended && (plain_hung_up || session.to_tls.size() + sizeof bytes <= kBufferBytes)) {
      const ssize_t got = ::recv(session.plain.get(), bytes, sizeof bytes, 0);
      if (got > 0) {
        session.to_tls.append(bytes, static_cast<size_t>(got));
        moved = true;
      } else if (got == 0 || errno != EAGAIN) {
        session.plain_ended = true;
        loop_.forget(session.plain.get());  // a socket that was hung up is always ready
      }
    }
    if (!session.to_tls.empty()) {
      const int sent = ::SSL_write(tls, session.to_tls.data(), static_cast<int>(session.to_tls.size()));
      const int error = sent > 0 ? SSL_ERROR_NONE : ::SSL_get_error(tls, sent);
      if (sent > 0) {
        session.to_tls.erase(0, static_cast<size_t>(sent));
        moved = true;
      } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        return false;
      }
    }
  }
  if (session.plain_ended && session.to_tls.empty()) {
    ::SSL_shutdown(tls);
    return false;
  }
  return true;
}

void TlsFront::set_events(Session& session) {
  const bool reads = !session.known || (!session.tls_ended && session.to_plain.empty());
  const bool writes = !session.to_tls.empty() || SSL_want_write(session.tls.get());
  loop_.change(session.tcp.get(), (reads ? EPOLLIN : 0U) | (writes ? EPOLLOUT : 0U));
  if (session.known && !session.plain_ended) {
    loop_.change(session.plain.get(),
                 (session.to_tls.empty() ? EPOLLIN : 0U) | (session.to_plain.empty() ? 0U : EPOLLOUT));
  }
}

/// Counts it, and says whom and why; not each, as strangers could fill the disk by it.
void TlsFront::refuse(const std::string& whom_and_why) {
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (const auto now = std::chrono::steady_clock::now(); now - refusal_said_ >= kBetweenTlsRefusals) {
    refusal_said_ = now;
    log_warning("api: by TLS, refused " + whom_and_why);
  }
}

void TlsFront::drop(uint64_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return;
  }
  Session& session = found->second;
  loop_.cancel(session.deadline);
  loop_.forget(session.tcp.get());
  if (session.known && !session.plain_ended) {
    loop_.forget(session.plain.get());
  }
  sessions_.erase(found);
}

}  // namespace sluice::control
