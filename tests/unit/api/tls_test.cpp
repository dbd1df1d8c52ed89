// api tests: the API over TCP answers those whom a certificate names, and nobody else.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "control/api/api_server.h"
#include "control/api/tls_front.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr gid_t kReaderGroup = 50001, kAdminGroup = 50002;

/// A certificate and its key; signed by itself where there is no authority.
struct Paper {
  std::shared_ptr<EVP_PKEY> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  std::shared_ptr<X509> certificate{X509_new(), X509_free};

  explicit Paper(const std::string& name, const Paper* authority = nullptr, long from_s = -60,
                 long until_s = 3600) {
    static long serial = 0;
    X509* const made = certificate.get();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made), until_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const Paper& signer = authority == nullptr ? *this : *authority;
    X509_set_issuer_name(made, X509_get_subject_name(signer.certificate.get()));
    X509_set_pubkey(made, key.get());
    if (authority == nullptr) {
      X509_EXTENSION* const ca =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
      X509_add_ext(made, ca, -1);
      X509_EXTENSION_free(ca);
    }
    X509_sign(made, signer.key.get(), EVP_sha256());
  }
  void write(const fs::path& path) const {
    FILE* const file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
  }
  void write_key(const fs::path& path) const {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE* const file = ::fdopen(fd, "w");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }
};

struct TlsFrontTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-api-tls-" + std::to_string(::getpid()));
  Paper authority{"authority"}, gateway{"gateway", &authority};
  EventLoop loop;
  std::vector<std::string> asked;  ///< by whom what
  ApiServer server{loop,
                   [this](uint64_t client, uid_t user, const json& request) {
                     asked.push_back(std::to_string(user) + " " + request.value("command", ""));
                     server.answer(client, {{"ok", std::string(answer_bytes, 'y')}});
                   },
                   RoleGroups({kReaderGroup, kAdminGroup, std::nullopt})};
  TlsFront front{loop,
                 [this](UniqueFd plain, const LocalUser& user) {
                   server.adopt(std::move(plain), user.uid, user.groups);
                 },
                 server.counts().refused,
                 [](const std::string& name, LocalUser& out) {
                   out.uid = name == "li.wei" ? 7001 : 7002;
                   out.groups = {name == "li.wei" ? kAdminGroup : kReaderGroup};
                   return name == "li.wei" || name == "zhao.lei";
                 }};
  size_t answer_bytes = 1;

  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as the daemon does
    fs::create_directories(directory);
    authority.write(directory / "ca.pem");
    gateway.write(directory / "cert.pem");
    gateway.write_key(directory / "key.pem");
    ASSERT_EQ(front.listen(options()), "");
  }
  void TearDown() override { fs::remove_all(directory); }
  TlsOptions options() const {
    return {"127.0.0.1:0", directory / "ca.pem", directory / "cert.pem", directory / "key.pem"};
  }
  UniqueFd connect() {
    UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(front.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
    return out;
  }
  /// What is answered to text by TLS with a paper; nothing where the connection was refused.
  std::string ask(const Paper* paper, const std::string& text, int version = TLS1_3_VERSION) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                               SSL_CTX_free);
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_file(context.get(), (directory / "ca.pem").c_str());
    if (paper != nullptr) {
      SSL_CTX_use_certificate(context.get(), paper->certificate.get());
      SSL_CTX_use_PrivateKey(context.get(), paper->key.get());
    }
    const UniqueFd socket = connect();
    const std::unique_ptr<SSL, void (*)(SSL*)> tls(SSL_new(context.get()), SSL_free);
    SSL_set_fd(tls.get(), socket.get());
    std::string out;
    size_t written = 0;
    for (int i = 0; i < 3000; ++i) {
      loop.run_once(milliseconds(1));
      ERR_clear_error();
      int done = shaken(tls.get());
      if (done == 1 && written < text.size()) {
        done = SSL_write(tls.get(), text.data(), static_cast<int>(text.size()));
        written = done > 0 ? text.size() : 0;
      }
      char bytes[16384];
      if (done > 0) {
        done = SSL_read(tls.get(), bytes, sizeof bytes);
        out.append(bytes, done > 0 ? static_cast<size_t>(done) : 0);
      }
      const int error = done > 0 ? SSL_ERROR_NONE : SSL_get_error(tls.get(), done);
      if ((error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ||
          static_cast<size_t>(std::count(out.begin(), out.end(), '\n')) ==
              static_cast<size_t>(std::count(text.begin(), text.end(), '\n'))) {
        break;
      }
    }
    return out;
  }
  static int shaken(SSL* tls) {
    if (SSL_is_init_finished(tls)) {
      return 1;
    }
    return SSL_connect(tls);
  }
  uint64_t refused() const { return server.counts().refused.load(); }
};

const std::string kStatus = "{\"command\":\"status\"}\n", kApply = "{\"command\":\"apply\"}\n";

TEST_F(TlsFrontTest, WhomACertificateNamesIsThatUserWithHisGroups) {
  const Paper admin("li.wei", &authority), reader("zhao.lei", &authority);
  EXPECT_EQ(ask(&admin, kApply), "{\"ok\":\"y\"}\n");
  EXPECT_EQ(asked, std::vector<std::string>{"7001 apply"});
  EXPECT_NE(ask(&reader, kApply).find("is for members of sluice-admin"), std::string::npos);
  EXPECT_EQ(ask(&reader, kStatus + kStatus), "{\"ok\":\"y\"}\n{\"ok\":\"y\"}\n");
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(TlsFrontTest, NobodyElseIsAnswered) {
  const Paper other("authority"), forged("li.wei", &other), itself("li.wei"),
      stranger("nobody.known", &authority), old("li.wei", &authority, -7200, -3600),
      odd("li.wei\ninfo", &authority);
  for (const Paper* paper : {static_cast<const Paper*>(nullptr), &forged, &itself, &stranger, &old, &odd}) {
    const uint64_t before = refused();
    EXPECT_EQ(ask(paper, kStatus), "");
    for (int i = 0; i < 10; ++i) {
      loop.run_once(milliseconds(1));
    }
    EXPECT_EQ(refused(), before + 1);
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(TlsFrontTest, OlderTlsAndNoTlsAreRefused) {
  const Paper admin("li.wei", &authority);
  EXPECT_EQ(ask(&admin, kStatus, TLS1_2_VERSION), "");
  const UniqueFd plain = connect();
  EXPECT_GT(::send(plain.get(), kStatus.data(), kStatus.size(), MSG_NOSIGNAL), 0);
  for (int i = 0; i < 20; ++i) {
    loop.run_once(milliseconds(1));
  }
  char byte;
  const ssize_t got = ::recv(plain.get(), &byte, 1, 0);
  EXPECT_TRUE(got == 0 || (got == 1 && byte == 0x15) || (got < 0 && errno == ECONNRESET)) << got;
  EXPECT_EQ(refused(), 2U);
  EXPECT_TRUE(asked.empty());
}

TEST_F(TlsFrontTest, ALongAnswerComesWhole) {
  const Paper admin("li.wei", &authority);
  answer_bytes = 3'000'000;
  EXPECT_EQ(ask(&admin, kStatus).size(), answer_bytes + std::string("{\"ok\":\"\"}\n").size());
}

TEST_F(TlsFrontTest, StrangersFillTheirOwnPlacesOnly) {
  std::vector<UniqueFd> strangers;
  for (size_t i = 0; i < kMaxTlsClients + 4; ++i) {
    strangers.push_back(connect());
    loop.run_once(milliseconds(1));
  }
  const Paper admin("li.wei", &authority);
  EXPECT_EQ(ask(&admin, kStatus), "");
  strangers.clear();
  for (int i = 0; i < 50; ++i) {
    loop.run_once(milliseconds(1));
  }
  EXPECT_EQ(ask(&admin, kStatus), "{\"ok\":\"y\"}\n");
}

TEST_F(TlsFrontTest, WhatCannotServeIsSaidAtTheStart) {
  TlsFront second{loop, [](UniqueFd, const LocalUser&) {}, server.counts().refused};
  const auto why = [&](auto change) {
    TlsOptions changed = options();
    change(changed);
    return second.listen(changed);
  };
  EXPECT_NE(why([](TlsOptions& o) { o.address = "127.0.0.1"; }).find("neither"), std::string::npos);
  EXPECT_NE(why([](TlsOptions& o) { o.address = "host.example:1"; }).find("neither"), std::string::npos);
  EXPECT_NE(why([](TlsOptions& o) { o.authority = "/nowhere.pem"; }).find("/nowhere.pem"), std::string::npos);
  EXPECT_NE(why([&](TlsOptions& o) { o.certificate = o.key; }).find("key.pem"), std::string::npos);
  EXPECT_NE(why([&](TlsOptions& o) { o.key = o.certificate; }).find("cert.pem"), std::string::npos);
}

TEST(LocalUsers, RootDoesNotComeByTheNetwork) {
  LocalUser user;
  EXPECT_FALSE(find_local_user("root", user));
  EXPECT_FALSE(find_local_user("no-such-user-here", user));
  ASSERT_TRUE(find_local_user("nobody", user));
  EXPECT_NE(user.uid, 0U);
  EXPECT_FALSE(user.groups.empty());
}

}  // namespace
}  // namespace sluice::control
