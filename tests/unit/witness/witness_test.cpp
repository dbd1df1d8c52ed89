// witness tests: every line reaches the witness once it takes it, and only what it took counts.
#include "control/witness/witness.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "control/base/sha256.h"
#include "tests/unit/feeds/http_server.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct WitnessTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-witness-" + std::to_string(::getpid()));
  fs::path log = root / "log", folder = root / "folder";
  std::atomic<bool> stop{false};
  WitnessLimits limits{
      .every = 50ms, .first = 0ms, .first_retry = 10ms, .deliver = {.connect = 2s, .whole = 5s}};

  WitnessTest() {
    fs::remove_all(root);
    fs::create_directories(log);
    fs::create_directories(folder);
    std::ofstream(log / "heads.jsonl");
  }
  ~WitnessTest() override { fs::remove_all(root); }

  static std::string line(uint64_t number) {
    return nlohmann::json{{"line", number},
                          {"time", "2026-11-23T04:05:0" + std::to_string(number) + ".000000Z"}}
        .dump();
  }
  void add(uint64_t first, uint64_t last) const {
    std::ofstream out(log / "heads.jsonl", std::ios::app);
    for (uint64_t number = first; number <= last; ++number) {
      out << line(number) << "\n";
    }
  }
  static std::string lines(uint64_t first, uint64_t last) {
    std::string out;
    for (uint64_t number = first; number <= last; ++number) {
      out += line(number) + "\n";
    }
    return out;
  }
  /// What stands in all files of the folder, in the order of their first lines.
  std::string in_folder() const {
    std::map<uint64_t, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::ifstream in(entry.path());
      files[std::stoull(entry.path().filename().string().substr(6))] = {std::istreambuf_iterator<char>(in),
                                                                        {}};
    }
    std::string out;
    for (const auto& [first, text] : files) {
      out += text;
    }
    return out;
  }
  template <typename Done>
  static bool wait_for(Done done) {
    for (int i = 0; i < 500 && !done(); ++i) {
      std::this_thread::sleep_for(10ms);
    }
    return done();
  }
  LogWitness to_folder() const { return {.kind = LogWitness::Kind::Folder, .where = folder.string()}; }
};

TEST_F(WitnessTest, FolderGetsEveryLineOnceInNewFiles) {
  add(1, 3);
  {
    Witness witness(log, limits);
    witness.set(to_folder(), "site");
    EXPECT_TRUE(wait_for([&] { return read_acknowledged(log).line == 3; }));
    add(4, 4);
    EXPECT_TRUE(wait_for([&] { return read_acknowledged(log).line == 4; }));
    EXPECT_TRUE(wait_for([&] { return witness.status().last_line == 4; }));
    EXPECT_EQ(witness.status().since, "");
  }
  EXPECT_EQ(read_acknowledged(log).sha256, sha256_hex(line(4)));
  add(5, 6);
  Witness again(log, limits);
  again.set(to_folder(), "site");
  EXPECT_TRUE(wait_for([&] { return read_acknowledged(log).line == 6; }));
  EXPECT_EQ(in_folder(), lines(1, 6));
}

TEST_F(WitnessTest, LineThatIsBeingWrittenWaits) {
  add(1, 1);
  std::ofstream(log / "heads.jsonl", std::ios::app) << line(2);
  Witness witness(log, limits);
  witness.set(to_folder(), "site");
  EXPECT_TRUE(wait_for([&] { return read_acknowledged(log).line == 1; }));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(in_folder(), lines(1, 1));
}

TEST_F(WitnessTest, WithoutAWitnessItSaysSinceWhen) {
  add(1, 3);
  const Witness witness(log, limits);
  EXPECT_TRUE(wait_for([&] { return !witness.status().since.empty(); }));
  EXPECT_EQ(witness.status().since, "2026-11-23T04:05:01.000000Z");
  EXPECT_EQ(witness.status().since_s, 1'795'406'701);
  EXPECT_EQ(read_acknowledged(log).line, 0u);
}

TEST_F(WitnessTest, FolderThatIsNotThereIsTriedUntilItIs) {
  fs::remove_all(folder);
  add(1, 2);
  Witness witness(log, limits);
  witness.set(to_folder(), "site");
  EXPECT_TRUE(wait_for([&] { return witness.status().failed >= 3; }));
  EXPECT_NE(witness.status().error, "");
  EXPECT_EQ(witness.status().since, "2026-11-23T04:05:01.000000Z");
  fs::create_directories(folder);
  EXPECT_TRUE(wait_for([&] { return witness.status().last_line == 2; }));
  EXPECT_EQ(witness.status().error, "");
  EXPECT_EQ(in_folder(), lines(1, 2));
}

TEST_F(WitnessTest, ManyLinesGoInSeveralPieces) {
  add(1, 9);
  limits.most_bytes = 150;
  limits.every = 1h;
  Witness witness(log, limits);
  witness.set(to_folder(), "site");
  EXPECT_TRUE(wait_for([&] { return witness.status().last_line == 9; }));
  EXPECT_EQ(in_folder(), lines(1, 9));
  EXPECT_GT(witness.status().delivered, 2u);
}

TEST_F(WitnessTest, OtherLinesUnderTheSameNameAreNotTaken) {
  const HeadLines mine{1, 2, lines(1, 2)};
  EXPECT_EQ(deliver(to_folder(), mine, "", {}, stop), "");
  EXPECT_EQ(deliver(to_folder(), mine, "", {}, stop), "");  // the same again is the same
  EXPECT_NE(deliver(to_folder(), {1, 2, lines(1, 1)}, "", {}, stop), "");
  EXPECT_EQ(in_folder(), lines(1, 2));
}

TEST_F(WitnessTest, ServerTakesThemWithAnyStatusOf2xxOnly) {
  HttpServer server;
  const LogWitness witness{.kind = LogWitness::Kind::Url, .where = server.url("/heads")};
  const HeadLines mine{1, 2, lines(1, 2)};
  for (const auto& [status, taken] : {std::pair{"200 OK", true},
                                      {"201 Created", true},
                                      {"204 No Content", true},
                                      {"301 Moved Permanently", false},
                                      {"403 Forbidden", false},
                                      {"500 Oh", false}}) {
    server.serve(status, "");
    EXPECT_EQ(deliver(witness, mine, "site", limits.deliver, stop).empty(), taken) << status;
  }
  ASSERT_EQ(server.requests().size(), 6u);
  const std::string request = server.requests()[0];
  EXPECT_TRUE(request.starts_with("POST /heads "));
  EXPECT_NE(request.find("application/x-ndjson"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n" + lines(1, 2))) << request;
  server.serve("200 OK", std::string(1 << 20, 'x'));
  EXPECT_NE(deliver(witness, mine, "site", limits.deliver, stop), "");
  server.serve([](const std::string&, const HttpServer::Connection&) {});
  EXPECT_NE(deliver(witness, mine, "site", limits.deliver, stop), "");
}

/// Answers as a mail server does that takes everything; keeps what it heard.
struct MailServer {
  std::string heard;
  std::string last = "250 taken\r\n";
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  uint16_t port = 0;
  std::thread thread;

  MailServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  void serve_one() {
    thread = std::thread([this] {
      const int fd = ::accept(listener, nullptr, nullptr);
      const HttpServer::Connection to(fd);
      to.send("220 ready\r\n");
      size_t read = 0;
      bool data = false;
      char bytes[4096];
      for (ssize_t got; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) {
        heard.append(bytes, static_cast<size_t>(got));
        for (size_t end; (end = heard.find(data ? "\r\n.\r\n" : "\r\n", read)) != std::string::npos;) {
          const std::string command = heard.substr(read, 4);
          read = end + (data ? 5 : 2);
          to.send(data                ? last
                  : command == "DATA" ? "354 go on\r\n"
                  : command == "QUIT" ? "221 bye\r\n"
                                      : "250 ok\r\n");
          data = !data && command == "DATA";
        }
      }
      ::close(fd);
    });
  }
  ~MailServer() {
    if (thread.joinable()) {
      thread.join();
    }
    ::close(listener);
  }
};

TEST_F(WitnessTest, MailCarriesTheLinesSoThatTheyCanBeReadBack) {
  MailServer server;
  const LogWitness witness{.kind = LogWitness::Kind::Mail,
                           .where = "smtp://127.0.0.1:" + std::to_string(server.port),
                           .to = "auditor@example.com",
                           .from = "gateway@example.org"};
  const std::string odd = R"({"line":7,"why":"a=b )" + std::string(2000, 'x') + "\xc3\xa9\"}\n.\n";
  server.serve_one();
  EXPECT_EQ(deliver(witness, {7, 8, odd}, "s h\r\nBcc: a", limits.deliver, stop), "");
  server.thread.join();
  EXPECT_NE(server.heard.find("RCPT TO:<auditor@example.com>"), std::string::npos);
  EXPECT_NE(server.heard.find("Subject: Sluice shBcc:a: heads of the access log, 7 to 8\r\n"),
            std::string::npos);
  const size_t begin = server.heard.find("\r\n\r\n") + 4;
  const std::string body = server.heard.substr(begin, server.heard.find("\r\n.\r\n", begin) + 2 - begin);
  std::string plain;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else if (body[i] == '=') {
      plain += static_cast<char>(std::stoi(body.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (body[i] != '\r') {
      plain += body[i];
    }
  }
  EXPECT_EQ(plain, odd);
}

TEST_F(WitnessTest, MailThatIsRefusedIsNotTaken) {
  MailServer server;
  server.last = "554 no\r\n";
  server.serve_one();
  const LogWitness witness{.kind = LogWitness::Kind::Mail,
                           .where = "smtp://127.0.0.1:" + std::to_string(server.port),
                           .to = "auditor@example.com",
                           .from = "gateway@example.org"};
  EXPECT_NE(deliver(witness, {1, 1, lines(1, 1)}, "", limits.deliver, stop), "");
}

TEST_F(WitnessTest, StopEndsADeliveryThatHangs) {
  HttpServer server;
  server.serve([](const std::string&, const HttpServer::Connection& to) { to.wait_for_end(); });
  add(1, 1);
  limits.deliver.whole = 60s;
  Witness witness(log, limits);
  witness.set({.kind = LogWitness::Kind::Url, .where = server.url("/heads")}, "site");
  EXPECT_TRUE(wait_for([&] { return !server.requests().empty(); }));
  const auto began = std::chrono::steady_clock::now();
  witness.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  EXPECT_EQ(read_acknowledged(log).line, 0u);
}

TEST_F(WitnessTest, DamagedNoteCountsAsNone) {
  for (const char* text : {"", "{", "[]", R"({"line":5})", R"({"line":-1,"sha256":"x"})"}) {
    std::ofstream(log / "witness.json", std::ios::trunc) << text;
    EXPECT_EQ(read_acknowledged(log).line, 0u) << text;
  }
}

}  // namespace
}  // namespace sluice::control
