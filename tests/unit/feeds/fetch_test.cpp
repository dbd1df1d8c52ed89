// feeds tests: one look at a server, however it behaves.
#include "control/feeds/fetch.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <csignal>
#include <limits>

#include "control/base/sha256.h"
#include "tests/unit/feeds/fetch_helper.h"

namespace sluice::control::test {
namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_F(FetchTest, TheFirstTextIsKept) {
  server.serve(kWhole, names(3), "ETag: \"one\"\r\nLast-Modified: Mon, 23 Nov 2026 12:00:00 GMT\r\n");
  EXPECT_EQ(fetch().result, FetchResult::New);
  const FeedCopies copies = store.read(spec);
  ASSERT_TRUE(copies.in_force);
  EXPECT_EQ(copies.in_force->entries, 3u);
  EXPECT_EQ(copies.in_force->sha256, sha256_hex(names(3)));
  EXPECT_EQ(copies.in_force->etag, "\"one\"");
  EXPECT_EQ(copies.in_force->last_modified, "Mon, 23 Nov 2026 12:00:00 GMT");
  EXPECT_EQ(text(), names(3));
  EXPECT_EQ(files(), 2u);
  EXPECT_TRUE(asked(0, "User-Agent: sluice/" SLUICE_VERSION));
  EXPECT_EQ(server.requests().at(0).find("If-"), std::string::npos);
}

TEST_F(FetchTest, TheSecondAsksForAnotherOneOnly) {
  server.serve(kWhole, names(3), "ETag: \"one\"\r\nLast-Modified: Mon, 23 Nov 2026 12:00:00 GMT\r\n");
  ASSERT_EQ(fetch().result, FetchResult::New);
  const int64_t checked = store.read(spec).in_force->checked_ns;
  server.serve("304 Not Modified", "");
  EXPECT_EQ(fetch().result, FetchResult::Unchanged);
  EXPECT_TRUE(asked(1, "If-None-Match: \"one\""));
  EXPECT_TRUE(asked(1, "If-Modified-Since: Mon, 23 Nov 2026 12:00:00 GMT"));
  EXPECT_GT(store.read(spec).in_force->checked_ns, checked);
  EXPECT_EQ(text(), names(3));
}

TEST_F(FetchTest, AnotherTextTakesItsPlace) {
  server.serve(kWhole, names(3), "ETag: \"one\"\r\n");
  ASSERT_EQ(fetch().result, FetchResult::New);
  server.serve(kWhole, names(4), "ETag: \"two\"\r\n");
  EXPECT_EQ(fetch().result, FetchResult::New);
  EXPECT_EQ(text(), names(4));
  EXPECT_EQ(store.read(spec).in_force->etag, "\"two\"");
  EXPECT_EQ(files(), 2u) << "the old text is gone";
}

TEST_F(FetchTest, TheSameTextUnderAnotherTagIsUnchanged) {
  server.serve(kWhole, names(3), "ETag: \"one\"\r\n");
  ASSERT_EQ(fetch().result, FetchResult::New);
  const int64_t fetched = store.read(spec).in_force->fetched_ns;
  server.serve(kWhole, names(3), "ETag: \"two\"\r\n");
  EXPECT_EQ(fetch().result, FetchResult::Unchanged);
  EXPECT_EQ(store.read(spec).in_force->etag, "\"two\"");
  EXPECT_EQ(store.read(spec).in_force->fetched_ns, fetched);
}

TEST_F(FetchTest, ATagThatCannotBeSentBackIsNotKept) {
  server.serve(kWhole, names(3), "ETag: \"\x01\xff\"\r\nLast-Modified: " + std::string(2000, 'x') + "\r\n");
  EXPECT_EQ(fetch().result, FetchResult::New);
  EXPECT_EQ(store.read(spec).in_force->etag, "");
  EXPECT_EQ(store.read(spec).in_force->last_modified, "");
}

TEST_F(WithCopy, OtherAnswersAreFailures) {
  for (const char* status :
       {"404 Not Found", "500 Oops", "204 No Content", "206 Partial Content", "304 Not Modified"}) {
    server.serve(status, std::string_view(status).starts_with("2") ? "" : "trouble.example\n");
    expect(FetchResult::Failed, "the server answered " + std::string(status).substr(0, 3));
  }
}

TEST_F(WithCopy, AServerMaySayWhenToComeAgain) {
  server.serve("503 Busy", "", "Retry-After: 90\r\n");
  EXPECT_EQ(fetch().retry_after, std::chrono::seconds(90));
}

TEST_F(WithCopy, NobodyListens) {
  spec.source.url = "http://127.0.0.1:1/";
  expect(FetchResult::Failed, "Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server");
}

TEST_F(WithCopy, ABodyThatNeverEndsIsCut) {
  server.serve([](const std::string&, const Connection& to) {
    to.send("HTTP/1.1 200 OK\r\n\r\n");
    while (to.send(names(1000))) {
    }
  });
  expect(FetchResult::Failed, "it is larger than 1 MiB");
}

TEST_F(WithCopy, AnAnnouncedSizeBeyondTheBoundIsNotFetched) {
  server.serve([](const std::string&, const Connection& to) {
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n");
    to.wait_for_end();
  });
  expect(FetchResult::Failed, "it is larger than 1 MiB");
}

TEST_F(WithCopy, AGzipBombIsCutAfterUnpacking) {
  const std::string bomb = gzipped(std::string(64 << 20, '\n'));
  ASSERT_LT(bomb.size(), 1u << 20);
  server.serve(kWhole, bomb, "Content-Encoding: gzip\r\n");
  expect(FetchResult::Failed, "it is larger than 1 MiB");
}

TEST_F(WithCopy, APackedTransferIsUnpacked) {
  server.serve(kWhole, gzipped(names(9)), "Content-Encoding: gzip\r\n");
  EXPECT_EQ(fetch().result, FetchResult::New);
  EXPECT_EQ(text(), names(9));
}

TEST_F(WithCopy, PackedBytesThatUnpackToNothingAreBoundedToo) {
  server.serve([](const std::string&, const Connection& to) {
    to.send("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n");
    std::string empty_blocks = "\x78\x9c";
    for (int i = 0; i < 100'000; ++i) {
      empty_blocks += std::string("\x00\x00\x00\xff\xff", 5);
    }
    to.send(empty_blocks);
    while (to.send(empty_blocks.substr(2))) {
    }
  });
  expect(FetchResult::Failed, "it is larger than 1 MiB");
}

TEST_F(WithCopy, ASlowServerIsGivenUp) {
  server.serve([](const std::string&, const Connection& to) {
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (to.send("a")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  const FetchOutcome outcome = fetch();
  EXPECT_EQ(outcome.result, FetchResult::Failed);
  EXPECT_EQ(outcome.why, "Operation too slow. Less than 1000 bytes/sec transferred the last 1 seconds");
}

TEST_F(WithCopy, AServerThatSaysNothingIsGivenUp) {
  limits.whole = std::chrono::seconds(1);
  limits.slow_for = std::chrono::seconds(60);
  server.serve([](const std::string&, const Connection& to) { to.wait_for_end(); });
  const FetchOutcome outcome = fetch();
  EXPECT_EQ(outcome.result, FetchResult::Failed);
  EXPECT_TRUE(outcome.why.starts_with("Operation timed out after 1")) << outcome.why;
}

TEST_F(WithCopy, ATruncatedTransferIsNone) {
  server.serve([](const std::string&, const Connection& to) {
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + names(9));
  });
  const FetchOutcome outcome = fetch();
  EXPECT_EQ(outcome.result, FetchResult::Failed);
  EXPECT_TRUE(outcome.why.starts_with("transfer closed with ")) << outcome.why;
  server.serve([](const std::string&, const Connection& to) {
    to.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na.exa");
  });
  EXPECT_EQ(fetch().result, FetchResult::Failed);
  EXPECT_EQ(text(), names(10));
}

TEST_F(WithCopy, RedirectsAreFollowed) {
  server.serve([](const std::string& head, const Connection& to) {
    if (head.starts_with("GET /lists/a.names ")) {
      return to.answer("302 Found", "elsewhere.example\n",
                       "Location: /there\r\nETag: \"of-the-redirect\"\r\n");
    }
    to.answer(kWhole, names(9));
  });
  EXPECT_EQ(fetch().result, FetchResult::New);
  EXPECT_EQ(text(), names(9));
  EXPECT_EQ(store.read(spec).in_force->etag, "") << "a tag of the redirect is none of the text";
}

TEST_F(WithCopy, ARedirectLoopEnds) {
  server.serve("302 Found", "", "Location: /lists/a.names\r\n");
  expect(FetchResult::Failed, "Maximum (5) redirects followed");
  EXPECT_EQ(server.requests().size(), 7u);
}

TEST_F(WithCopy, ARedirectLeadsToNoFile) {
  for (const char* where :
       {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "scp://127.0.0.1/"}) {
    server.serve("302 Found", "", "Location: " + std::string(where) + "\r\n");
    const FetchOutcome outcome = fetch();
    EXPECT_EQ(outcome.result, FetchResult::Failed) << where;
    EXPECT_NE(outcome.why.find("not supported or disabled"), std::string::npos) << outcome.why;
  }
  EXPECT_EQ(text(), names(10));
}

TEST_F(WithCopy, APageIsNoList) {
  for (const char* page :
       {"<!DOCTYPE html>\n<p>\nForbidden\n", "\n <HTML><body>\nlogin\n", "<?xml version='1.0'?>\n"}) {
    server.serve(kWhole, page, "Content-Type: text/html\r\n");
    expect(FetchResult::Refused, "it is a web page; save the list as plain text in UTF-8");
  }
}

TEST_F(WithCopy, ATextWithoutARightLineIsNoList) {
  server.serve(kWhole, "127.0.0.1 a.example\n127.0.0.1 b.example\n");
  expect(FetchResult::Refused, "not one line is right; it looks like hosts: write format: hosts");
  for (const char* nothing : {"", "# nothing today\n"}) {
    server.serve(kWhole, nothing);
    expect(FetchResult::Refused, "there is no entry in it");
  }
}

TEST_F(WithCopy, RandomBytesAreNoList) {
  std::string noise(100'000, '\0');
  uint32_t state = 1;
  for (char& each : noise) {
    each = static_cast<char>((state = state * 1664525 + 1013904223) >> 24 | 0x80);
  }
  server.serve(kWhole, noise);
  EXPECT_EQ(fetch().result, FetchResult::Refused);
  EXPECT_EQ(text(), names(10));
}

}  // namespace
}  // namespace sluice::control::test
