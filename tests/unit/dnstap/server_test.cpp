// dnstap tests: the socket, with resolvers that behave, and others.
#include "control/dnstap/dnstap_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "control/base/unix_socket.h"
#include "tests/unit/dnstap/frames.h"

namespace sluice::control {
namespace {

using namespace sluice::test;
using std::chrono::milliseconds;

struct DnstapServerTest : testing::Test {
  const std::string path =
      std::filesystem::temp_directory_path() / ("sluice-dnstap-" + std::to_string(::getpid()));
  EventLoop loop;
  std::vector<std::string> bound;
  DnstapServer server{loop, [this](std::span<const Binding> bindings) {
                        for (const Binding& each : bindings) bound.emplace_back(each.name, each.name_size);
                      }};
  const std::string start = control_frame(kStart, kDnstapContent);
  const std::string frame = data_frame(
      tap(kClientResponse, answer("erp.example", kA, record("erp.example", kA, 60, "\x0a\x01\x02\x03"), 1)));

  UniqueFd resolver() {
    std::string error;
    UniqueFd out = connect_unix(path, error);
    EXPECT_EQ(error, "");
    return out;
  }
  static void say(const UniqueFd& socket, const std::string& text) {
    ASSERT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  template <typename Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 300 && !condition(); ++i) loop.run_once(milliseconds(10));
    return condition();
  }
  static bool hung_up(const UniqueFd& socket) {
    char byte;
    return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
};

TEST_F(DnstapServerTest, AnswersOfSeveralResolversAreGivenOn) {
  server.listen(path);
  const UniqueFd one = resolver(), two = resolver();
  say(one, start + frame);
  say(two, start + frame + frame);
  ASSERT_TRUE(until([&] { return bound.size() == 3; }));
  EXPECT_EQ(bound.front(), "erp.example");
  EXPECT_EQ(server.counts().answers, 3u);
  EXPECT_EQ(server.counts().connected, 2u);
}

TEST_F(DnstapServerTest, WhoSpeaksAnotherLanguageIsHungUpOnAndTheOthersStay) {
  server.listen(path);
  const UniqueFd good = resolver();
  say(good, start);
  for (const std::string& nonsense :
       {std::string("GET / HTTP/1.1\r\n\r\n"), start + data_frame("no dnstap")}) {
    const UniqueFd bad = resolver();
    say(bad, nonsense);
    EXPECT_TRUE(until([&] { return hung_up(bad); }));
  }
  EXPECT_EQ(server.counts().refused, 2u);
  say(good, frame);
  EXPECT_TRUE(until([&] { return bound.size() == 1; }));
  EXPECT_EQ(server.counts().connected, 1u);
}

TEST_F(DnstapServerTest, WhatAResolverWasToldByOthersDoesNotEndItsConnection) {
  server.listen(path);
  const UniqueFd socket = resolver();
  say(socket, start + data_frame(tap(kResolverResponse, "no DNS")) + frame);
  ASSERT_TRUE(until([&] { return bound.size() == 1; }));
  EXPECT_EQ(server.counts().unreadable, 1u);
  EXPECT_EQ(server.counts().refused, 0u);
}

TEST_F(DnstapServerTest, AHangUpIsNoFault) {
  server.listen(path);
  UniqueFd socket = resolver();
  say(socket, start + frame + "\x00\x00");
  ASSERT_TRUE(until([&] { return bound.size() == 1; }));
  socket.reset();
  EXPECT_TRUE(until([&] { return server.counts().connected == 0; }));
  EXPECT_EQ(server.counts().refused, 0u);
}

TEST_F(DnstapServerTest, OneMoreThanItsBoundIsTurnedAway) {
  server.listen(path);
  std::vector<UniqueFd> sockets;
  for (size_t i = 0; i < kMaxResolvers; ++i) {
    sockets.push_back(resolver());
    ASSERT_TRUE(until([&] { return server.counts().connected == i + 1; }));
  }
  const UniqueFd late = resolver();
  EXPECT_TRUE(until([&] { return hung_up(late); }));
  EXPECT_EQ(server.counts().refused, 1u);
}

TEST_F(DnstapServerTest, AnotherPathEndsTheOneBefore) {
  server.listen(path);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  const UniqueFd socket = resolver();
  ASSERT_TRUE(until([&] { return server.counts().connected == 1; }));
  server.listen(path + "-2");
  EXPECT_TRUE(until([&] { return hung_up(socket); }));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::exists(path + "-2"));
  server.listen({});
  EXPECT_FALSE(std::filesystem::exists(path + "-2"));
}

}  // namespace
}  // namespace sluice::control
