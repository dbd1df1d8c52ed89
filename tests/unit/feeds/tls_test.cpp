// feeds tests: whom a fetch believes, and that nobody leads it out of TLS.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <filesystem>

#include "control/feeds/fetch.h"
#include "tests/unit/feeds/http_server.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using Connection = HttpServer::Connection;

/// Turns an HttpServer's connections into TLS: a relay with a certificate of its own for 127.0.0.1.
class TlsServer {
 public:
  explicit TlsServer(const fs::path& certificate) : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    make_certificate(certificate);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  /// Whole answers, one after the other; the last one for ever.
  void serve(std::vector<std::string> answers) { answers_ = std::move(answers); }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port_) + "/a.names";
  }

 private:
  void make_certificate(const fs::path& path) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("feeds"), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate, names, -1);
    X509_sign(certificate, key, EVP_sha256());
    EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), certificate), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), key), 1);
    FILE* const file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    X509_EXTENSION_free(names);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  void accept_all() {
    int fd;
    for (size_t served = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(fd)) {
      const std::unique_ptr<SSL, void (*)(SSL*)> tls(SSL_new(context_.get()), SSL_free);
      SSL_set_fd(tls.get(), fd);
      char head[4096];
      if (SSL_accept(tls.get()) == 1 && SSL_read(tls.get(), head, sizeof head) > 0) {
        const std::string& answer = answers_[std::min(served++, answers_.size() - 1)];
        SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(tls.get());
      }
    }
  }

  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::vector<std::string> answers_{
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\na.example\n"};
  std::thread thread_;
};

struct TlsTest : testing::Test {
  fs::path directory = [] {
    const fs::path path = fs::temp_directory_path() / ("sluice-tls-" + std::to_string(::getpid()));
    fs::create_directories(path);
    return path;
  }();
  TlsServer tls{directory / "certificate.pem"};
  HttpServer plain;
  FetchLimits limits;
  FeedStore store{directory};
  FeedSpec spec{"a", ListFormat::Names, {tls.url()}};

  TlsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to whoever has hung up
    limits.connect = limits.whole = std::chrono::seconds(5);
    limits.authorities = (directory / "certificate.pem").string();
    plain.serve("200 OK", "plain.example\n");
  }
  ~TlsTest() override { fs::remove_all(directory); }

  FetchOutcome fetch() const {
    Fetch fetch(spec, store, limits);
    return fetch.next(curl_easy_perform(fetch.handle())).value();
  }
  std::string redirect(const std::string& where) const {
    return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: " + where + "\r\n\r\n";
  }
  void expect_failure(const std::string& why) const {
    const FetchOutcome outcome = fetch();
    EXPECT_EQ(outcome.result, FetchResult::Failed);
    EXPECT_NE(outcome.why.find(why), std::string::npos) << outcome.why;
    EXPECT_FALSE(store.read(spec).in_force);
  }
};

TEST_F(TlsTest, AKnownAuthorityIsBelieved) {
  const FetchOutcome outcome = fetch();
  EXPECT_EQ(outcome.result, FetchResult::New) << outcome.why;
}

TEST_F(TlsTest, AnUnknownAuthorityIsNot) {
  limits.authorities.clear();
  expect_failure("certificate");
}

TEST_F(TlsTest, ACertificateOfAnotherNameIsNot) {
  spec.source.url = tls.url("localhost");
  expect_failure("no alternative certificate subject name matches target host name 'localhost'");
}

TEST_F(TlsTest, ARedirectDoesNotLeadOutOfTls) {
  tls.serve({redirect(plain.url("/a.names"))});
  expect_failure("Protocol \"http\" not supported or disabled");
  EXPECT_TRUE(plain.requests().empty());
}

TEST_F(TlsTest, NorDoesOneThatLedIntoItBefore) {
  plain.serve("302 Found", "", "Location: " + tls.url() + "\r\n");
  spec.source.url = plain.url("/a.names");
  EXPECT_EQ(fetch().result, FetchResult::New) << "into it";
  tls.serve({redirect(plain.url("/b.names"))});
  EXPECT_EQ(fetch().result, FetchResult::Failed);
  EXPECT_EQ(plain.requests().size(), 2u) << "and not out again";
}

}  // namespace
}  // namespace sluice::control
