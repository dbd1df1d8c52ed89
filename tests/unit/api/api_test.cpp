// api tests: requests whole, cut, long, wrong and many; clients that are slow or go.
#include "control/api/api_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/base/files.h"
#include "control/base/unix_socket.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

/// A request that is like no other, and what the handler below says of it.
std::string asking(int n) {
  return R"({"command":"status","n":)" + std::to_string(n) + "}\n";
}
std::string echoed(int n) {
  return R"({"echo":{"command":"status","n":)" + std::to_string(n) + "}}\n";
}

struct ApiTest : testing::Test {
  EventLoop loop;
  std::vector<std::pair<uint64_t, json>> requests;
  bool echo = true;
  std::string path =
      (std::filesystem::temp_directory_path() / ("sluice-api-" + std::to_string(::getpid()))).string();
  ApiServer server{loop, [this](uint64_t client, uid_t user, const json& request) {
                     EXPECT_EQ(user, ::getuid());
                     requests.emplace_back(client, request);
                     if (echo) {
                       server.answer(client, {{"echo", request}});
                     }
                   }};

  void SetUp() override {
    std::filesystem::remove(path);
    ASSERT_EQ(server.listen(path), "");
  }
  UniqueFd connect() {
    std::string error;
    UniqueFd out = connect_unix(path, error);
    EXPECT_TRUE(out) << error;
    ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
    turn();
    return out;
  }
  void turn(int times = 5) {
    for (int i = 0; i < times; ++i) {
      loop.run_once(milliseconds(1));
    }
  }
  void say(const UniqueFd& client, const std::string& text) {
    for (size_t done = 0; done < text.size();) {
      const ssize_t sent = ::send(client.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) {
        return;  // turned away
      }
      done += sent > 0 ? static_cast<size_t>(sent) : 0;
      turn(1);
    }
  }
  /// What the server has said by now; "gone" at the end where it hung up.
  std::string hear(const UniqueFd& client) {
    std::string out;
    for (int i = 0; i < 20; ++i) {
      turn(1);
      char bytes[65536];
      const ssize_t got = ::recv(client.get(), bytes, sizeof bytes, 0);
      if (got == 0) {
        return out + "gone";
      }
      out.append(bytes, got > 0 ? static_cast<size_t>(got) : 0);
    }
    return out;
  }
};

TEST_F(ApiTest, RequestCutAtEveryByteIsAnsweredOnce) {
  const std::string line = R"({"command":"status"})"
                           "\n";
  for (size_t cut = 0; cut <= line.size(); ++cut) {
    const UniqueFd client = connect();
    say(client, line.substr(0, cut));
    turn();
    say(client, line.substr(cut));
    EXPECT_EQ(hear(client), R"({"echo":{"command":"status"}})"
                            "\n");
  }
}

TEST_F(ApiTest, SeveralRequestsAreAnsweredInOrder) {
  const UniqueFd client = connect();
  say(client, asking(1) + asking(2) + asking(3));
  EXPECT_EQ(hear(client), echoed(1) + echoed(2) + echoed(3));
}

TEST_F(ApiTest, MalformedRequestIsAnErrorAndTheNextOneIsServed) {
  for (const char* bad : {"", "x", "[]", "1", "{", "\"a\"", "{\"a\":\xff}", "null"}) {
    const UniqueFd client = connect();
    say(client, std::string(bad) + "\n" + asking(1));
    const std::string heard = hear(client);
    EXPECT_TRUE(heard.starts_with("{\"error\":")) << bad;
    EXPECT_TRUE(heard.ends_with(echoed(1))) << heard;
  }
}

TEST_F(ApiTest, DeepNestingIsRefusedOrServed) {
  const UniqueFd client = connect();
  say(client, std::string(30000, '[') + "\n");
  EXPECT_TRUE(hear(client).starts_with("{\"error\":"));
}

TEST_F(ApiTest, TooLongARequestEndsTheConnection) {
  for (const char* end : {"", "\n"}) {
    const UniqueFd client = connect();
    say(client, std::string(kMaxRequestBytes + 1, 'x') + end);
    const std::string heard = hear(client);
    EXPECT_NE(heard.find("error"), std::string::npos);
    EXPECT_TRUE(heard.ends_with("gone"));
  }
  EXPECT_TRUE(requests.empty());
}

TEST_F(ApiTest, ClientThatEndsItsSideIsStillAnswered) {
  const UniqueFd client = connect();
  say(client, asking(1));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(hear(client), echoed(1) + "gone");
}

TEST_F(ApiTest, AnswerMayComeLater) {
  echo = false;
  const UniqueFd client = connect();
  say(client, asking(1) + asking(2));
  turn();
  ASSERT_EQ(requests.size(), 1u);  // the second waits for the first one's answer
  server.answer(requests[0].first, {{"late", true}});
  turn();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(hear(client), "{\"late\":true}\n");
}

TEST_F(ApiTest, AnswerToAClientThatIsGoneIsPassedOver) {
  echo = false;
  {
    const UniqueFd client = connect();
    say(client, asking(1));
    turn();
  }
  turn();
  ASSERT_EQ(requests.size(), 1u);
  server.answer(requests[0].first, {{"late", true}});
  server.answer(99, {{"late", true}});
  turn();
}

TEST_F(ApiTest, ClientThatDoesNotReadBlocksNobody) {
  const UniqueFd slow = connect();
  const std::string large(60000, 'y');
  for (int i = 0; i < 100; ++i) {
    const std::string line = "{\"command\":\"status\",\"n\":\"" + large + "\"}\n";
    [[maybe_unused]] const ssize_t sent = ::send(slow.get(), line.data(), line.size(), MSG_NOSIGNAL);
    turn(2);
  }
  EXPECT_LT(requests.size(), 50u);  // it is not read on, either
  const UniqueFd client = connect();
  say(client, asking(1));
  EXPECT_EQ(hear(client), echoed(1));
}

TEST_F(ApiTest, ClientThatIsOwedAnAnswerIsNotReadOn) {
  echo = false;
  const UniqueFd client = connect();
  say(client, asking(1));
  const std::string more(size_t{64} << 10, 'x');
  size_t taken = 0;
  for (int i = 0; i < 200; ++i) {
    const ssize_t sent = ::send(client.get(), more.data(), more.size(), MSG_NOSIGNAL);
    taken += sent > 0 ? static_cast<size_t>(sent) : 0;
    turn(8);
  }
  EXPECT_LT(taken, size_t{2} << 20);  // what the kernel holds for it, and no more
}

TEST_F(ApiTest, MoreClientsThanTheBoundAreTurnedAway) {
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i < kMaxClients; ++i) {
    clients.push_back(connect());
  }
  EXPECT_EQ(hear(connect()), "gone");
  clients.pop_back();
  turn();
  const UniqueFd client = connect();
  say(client, asking(1));
  EXPECT_EQ(hear(client), echoed(1));
}

TEST_F(ApiTest, SocketInUseAndFilesAreNotReplaced) {
  std::string error;
  EXPECT_FALSE(listen_unix(path, 0660, error));
  EXPECT_NE(error.find("already"), std::string::npos);
  const std::string file = path + ".file";
  std::ofstream(file) << "x";
  EXPECT_FALSE(listen_unix(file, 0660, error));
  EXPECT_TRUE(std::filesystem::exists(file));
  std::filesystem::remove(file);
}

TEST_F(ApiTest, StaleSocketIsReplaced) {
  const std::string stale = path + ".stale";
  std::string error;
  { const UniqueFd left = listen_unix(stale, 0660, error); }
  ASSERT_TRUE(std::filesystem::exists(stale));
  EXPECT_TRUE(listen_unix(stale, 0660, error)) << error;
  std::filesystem::remove(stale);
}

}  // namespace
}  // namespace sluice::control
