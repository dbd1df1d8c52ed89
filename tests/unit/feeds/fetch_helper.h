// feeds tests: what tests of a fetch need: a server, a store, one look at it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "control/feeds/fetch.h"
#include "tests/unit/feeds/http_server.h"

namespace sluice::control::test {

namespace fs = std::filesystem;
using Connection = HttpServer::Connection;
inline constexpr auto kWhole = "200 OK";

inline std::string names(int count, const std::string& of = "n") {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += of + std::to_string(i) + ".example\n";
  }
  return out;
}

struct FetchTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-fetch-" + std::to_string(::getpid()));
  HttpServer server;
  FetchLimits limits;
  FeedStore store{directory};
  FeedSpec spec{"a", ListFormat::Names, {}};

  FetchTest() {
    fs::remove_all(directory);
    fs::create_directories(directory);
    limits.most_bytes = 1 << 20;
    limits.connect = limits.whole = std::chrono::seconds(5);
    limits.slow_for = std::chrono::seconds(1);
    spec.source.url = server.url("/lists/a.names");
  }
  ~FetchTest() override { fs::remove_all(directory); }

  FetchOutcome fetch() const {
    const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi(curl_multi_init(), curl_multi_cleanup);
    Fetch fetch(spec, store, limits);
    curl_multi_add_handle(multi.get(), fetch.handle());
    while (true) {
      int count = 0;
      curl_multi_perform(multi.get(), &count);
      while (const CURLMsg* message = curl_multi_info_read(multi.get(), &count)) {
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(multi.get(), fetch.handle());
        if (std::optional<FetchOutcome> outcome = fetch.next(code)) {
          return *outcome;
        }
        curl_multi_add_handle(multi.get(), fetch.handle());
      }
      curl_multi_poll(multi.get(), nullptr, 0, 100, nullptr);
    }
  }
  /// The fetch ended so, and what was in force before still is.
  void expect(FetchResult result, const std::string& why) const {
    const std::optional<FeedCopy> before = store.read(spec).in_force;
    const FetchOutcome outcome = fetch();
    EXPECT_EQ(outcome.result, result) << outcome.why;
    EXPECT_EQ(outcome.why, why);
    EXPECT_EQ(store.read(spec).in_force, before);
    EXPECT_FALSE(fs::exists(store.temporary(spec)));
  }
  std::string text(CopyKind kind = CopyKind::InForce) const {
    const FeedCopies copies = store.read(spec);
    const std::optional<FeedCopy>& copy = kind == CopyKind::Held ? copies.held : copies.in_force;
    if (!copy) {
      return "none";
    }
    std::ifstream in(feed_text_path(directory, spec, *copy));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }
  bool asked(size_t which, const std::string& header) const {
    return server.requests().at(which).find("\r\n" + header + "\r\n") != std::string::npos;
  }
};

struct WithCopy : FetchTest {
  WithCopy() {
    server.serve(kWhole, names(10));
    EXPECT_EQ(fetch().result, FetchResult::New);
  }
};

}  // namespace sluice::control::test
