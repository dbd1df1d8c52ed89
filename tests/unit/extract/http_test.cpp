// tests: HttpRequests.
#include "dataplane/extract/http.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

struct Case {
  const char* stream;
  const char* events;
};

const Case kCases[] = {
    // The host of each request.
    {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"GET / HTTP/1.1\r\nhOsT:\t A.Example:8080 \t\r\n\r\n", "a.example"},
    {"GET / HTTP/1.0\r\nHost:a.example.\r\n\r\n", "a.example"},
    {"GET / HTTP/1.1\r\nAccept: */*\r\nCookie: a=b\r\nHost: a.example\r\nX: y\r\n\r\n", "a.example"},
    {"OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"PROPFIND /x HTTP/1.1\r\nHost: a_b.example\r\n\r\n", "a_b.example"},
    {"GET /?a=b;c=%20\xc3\xa9 HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"GET / HTTP/1.1\nHost: a.example\n\n", "a.example"},
    {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\nGET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
     "a.example b.example"},
    {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n\r\nFOO /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
     "a.example b.example"},
    {"GET   / HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    // The target's authority.
    {"GET http://A.example:80/x HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"GET http://a.example HTTP/1.1\r\n\r\n", "a.example"},
    {"GET HTTPS://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    {"GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n", "a.example Malformed"},
    {"GET http://a.example/ HTTP/1.1\r\nHost:\r\n\r\n", "a.example Malformed"},
    {"GET http://u@a.example/ HTTP/1.1\r\n\r\n", "Malformed"},
    {"GET http:///x HTTP/1.1\r\n\r\n", "Malformed"},
    {"GET a.example/ HTTP/1.1\r\n\r\n", "Malformed"},
    {"GET http:a.example/ HTTP/1.1\r\n\r\n", "Malformed"},
    {"GET ?x HTTP/1.1\r\n\r\n", "Malformed"},
    {"GET http://1.2.3.4/ HTTP/1.1\r\nHost: 1.2.3.4\r\n\r\n", "NoName"},
    {"GET http://1.2.3.4/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "Malformed"},
    // What follows CONNECT and Upgrade is recognised anew.
    {"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n\x16\x03\x01",
     "a.example Complete NotMine"},
    {"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "NoName Complete"},
    {"CONNECT a.example:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
     "a.example Complete b.example"},
    {"CONNECT a.example HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "a.example Complete"},
    {"CONNECT a.example HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "a.example Malformed"},
    {"CONNECT a.example/x HTTP/1.1\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n\x82\x85GET / HTTP/1.1\r\n",
     "a.example Complete NotMine"},
    {"GET / HTTP/1.1\r\nUPGRADE:h2c\r\n\r\n", "NoName Complete"},
    {"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nxyzGET http://b/ HTTP/1.1\r\n",
     "a Complete b"},
    {"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: "
     "b\r\n\r\nPRI",
     "a Complete"},
    // Bodies.
    {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 11\r\n\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: "
     "b\r\n\r\n",
     "a.example b"},
    {"POST / HTTP/1.1\r\nContent-Length: 0\r\nHost: a.example\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
     "a.example b"},
    {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nxyGET / "
     "HTTP/1.1\r\nHost: b\r\n"
     "\r\n",
     "a.example b"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nGET /\r\n1A;x=y\r\n"
     "abcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
     "a b"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: t\r\n x\r\n\r\nGET / "
     "HTTP/1.1\r\n"
     "Host: b\r\n\r\n",
     "a b"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nabcde\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdefg\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n", "a Malformed"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000000000000000000000000002\r\n\r\nxyGET / "
     "HTTP/1.1\r\n"
     "Host: b\r\n\r\n",
     "a b"},
    // No host.
    {"GET / HTTP/1.0\r\n\r\n", "NoName"},
    {"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n", "NoName b"},
    {"GET / HTTP/1.1\r\nHost: \r\n\r\n", "NoName"},
    {"GET / HTTP/1.1\r\nHost: 1.2.3.4:80\r\n\r\n", "NoName"},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "NoName"},
    {"GET / HTTP/1.1\r\nX-Host: a.example\r\nHostname: b\r\n\r\n", "NoName"},
    // Hosts that not all servers read alike.
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "a Malformed"},
    {"GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: %61.example\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a\r\n .example\r\n\r\n", "a Malformed"},
    {"GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nX: y\r\n Host: b\r\n\tz\r\nHost: a\r\n\r\n", "a"},
    {"GET / HTTP/1.1\r\nX: y\r\n \t\r\nHost: a\r\n\r\n", "Malformed"},
    // Lines.
    {"GET / HTTP/1.1\r\nX: y\nHost: a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\nX: y\r\nHost: a\n\n", "Malformed"},
    {"GET / HTTP/1.1\r\nX: y\rHost: a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nX: y\r\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\n: a\r\n\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nH\xc3\xb6st: a\r\n\r\n", "Malformed"},
    {"GET /\r\n", "Malformed"},
    {"GET / HTTP/2.0\r\n", "Malformed"},
    {"GET / HTTP/1.10\r\n", "Malformed"},
    {"GET / HTTP/1.1 \r\n", "Malformed"},
    {"GET /a b HTTP/1.1\r\n", "Malformed"},
    {"GET\t/ HTTP/1.1\r\n", "Malformed"},
    {"GET\v/ HTTP/1.1\r\n", "Malformed"},
    {"GET /\tHTTP/1.1\r\n", "Malformed"},
    {"GET /  HTTP/1.1\r\n", "Malformed"},
    {"GET foo HTTP/1.1\r\n", "Malformed"},
    {"GET a.example/ SIP/2.0 HTTP/1.1\r\n", "Malformed"},
    {"CONNECT SIP/2.0\r\n", "Malformed"},
    {"GET rtsp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example"},
    // Another protocol at the start, or later.
    {"OPTIONS sip:probe@edge.example SIP/2.0\r\nVia: x\r\n", "NotMine"},
    {"OPTIONS rtsp://u@cam.example:554/1 RTSP/1.0\r\nCSeq: 1\r\n", "NotMine"},
    {"OPTIONS * RTSP/1.0\r\n", "NotMine"},
    {"OPTIONS icap://av.example/ ICAP/1.0\r\n", "NotMine"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS sip:x SIP/2.0\r\n", "a Malformed"},
    {"\x16\x03\x01", "NotMine"},
    {"get / HTTP/1.1\r\n", "NotMine"},
    {"GETS / HTTP/1.1\r\n", "NotMine"},
    {"SSH-2.0-OpenSSH_9.2\r\n", "NotMine"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "NotMine"},
    {"\r\rGET / HTTP/1.1\r\n", "Malformed"},
    {"\rGET / HTTP/1.1\r\n", "Malformed"},
    {" GET / HTTP/1.1\r\n", "Malformed"},
    {"\r\n\fGET / HTTP/1.1\r\n", "Malformed"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01", "a Malformed"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n\rGET", "a Malformed"},
};

TEST(HttpRequests, StreamsGiveTheirEventsAtEveryCut) {
  for (const Case& test : kCases) {
    const Bytes stream = to_bytes(test.stream);
    const auto whole = feed_whole<HttpRequests>(stream);
    EXPECT_EQ(to_string(whole), test.events) << test.stream;
    for (size_t cut = 1; cut < stream.size(); ++cut) {
      ASSERT_EQ(feed_cut<HttpRequests>(stream, cut), whole) << cut << '\n' << test.stream;
    }
    for (size_t size : {1, 2, 5})
      ASSERT_EQ(feed_by<HttpRequests>(stream, size), whole) << size << '\n' << test.stream;
  }
}

TEST(HttpRequests, EveryBitFlippedGivesTheSameInPieces) {
  for (const Case& test : kCases) {
    const Bytes stream = to_bytes(test.stream);
    for (size_t at = 0; at < stream.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes flipped = stream;
        flipped[at] ^= static_cast<uint8_t>(1 << bit);
        ASSERT_EQ(feed_by<HttpRequests>(flipped, 1), feed_whole<HttpRequests>(flipped)) << at << '\n'
                                                                                        << test.stream;
      }
    }
  }
}

TEST(HttpRequests, NameIsGivenAtTheEndOfItsLine) {
  const std::string before = "GET / HTTP/1.1\r\nHost: a.example\r\n";
  const auto events = feed_whole<HttpRequests>(to_bytes(before + "X: y\r\n\r\n"));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].offset, before.size());
}

TEST(HttpRequests, NulIsMalformedAnywhereInAHeaderSection) {
  const std::string stream = "GET /x HTTP/1.1\r\nX: y\r\nHost: a.example\r\n\r\n";
  for (size_t at = 4; at < stream.size(); ++at) {
    std::string wrong = stream;
    wrong.insert(at, 1, '\0');
    EXPECT_TRUE(to_string(feed_whole<HttpRequests>(to_bytes(wrong))).ends_with("Malformed")) << at;
  }
}

TEST(HttpRequests, BodiesAndChunksMayBeSkipped) {
  HttpRequests reader{};
  size_t consumed;
  const auto feed = [&](std::string_view text) { return reader.feed(to_bytes(text), consumed); };
  EXPECT_EQ(feed("POST http://a/ HTTP/1.1\r\n"), Extract::Name);
  EXPECT_EQ(feed("Content-Length: 5000000000\r\n"), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(feed("\r\nxyz"), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 4999999997u);
  reader.skip(4999999990u);
  EXPECT_EQ(reader.skippable(), 7u);
  reader.skip(7);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(feed("POST http://b/ HTTP/1.1\r\n"), Extract::Name);
  EXPECT_EQ(feed("Transfer-Encoding: chunked\r\n\r\nff\r"), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(feed("\n"), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 255u);
  reader.skip(255);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(feed("\r\n0\r\n\r\nGET http://c/ HTTP/1.1\r\n"), Extract::Name);
  EXPECT_EQ(reader.host().view(), "c");
}

TEST(HttpRequests, SwitchesAreToldWhereAnotherProtocolBegins) {
  const auto at_its_end = [](const std::string& stream, bool tunnels) {
    HttpRequests reader{};
    size_t consumed;
    const Bytes bytes = to_bytes(stream + "\x16\x03");
    for (size_t at = 0; at < bytes.size(); at += consumed) {
      if (reader.feed(std::span(bytes).subspan(at), consumed) != Extract::Complete) continue;
      EXPECT_EQ(at + consumed, stream.size()) << stream;
      EXPECT_EQ(reader.tunnels(), tunnels) << stream;
      return;
    }
    ADD_FAILURE() << stream;
  };
  at_its_end("CONNECT a:443 HTTP/1.1\r\n\r\n", true);
  at_its_end("CONNECT 1.2.3.4:443 HTTP/1.1\r\nHost: 1.2.3.4:443\r\n\r\n", true);
  at_its_end("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", false);
  at_its_end("GET / HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\nGET ", false);
  at_its_end("GET / HTTP/1.1\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false);
}

TEST(HttpRequests, ABodySkippedBeforeASwitchIsNotForgotten) {
  HttpRequests reader{};
  size_t consumed;
  const Bytes head = to_bytes("GET http://a/ HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(reader.feed(head, consumed), Extract::Name);
  EXPECT_EQ(reader.feed(std::span(head).subspan(consumed), consumed), Extract::NeedMore);
  reader.skip(9);
  EXPECT_EQ(reader.feed({}, consumed), Extract::Complete);
  EXPECT_EQ(reader.feed({}, consumed), Extract::NeedMore);
}

/// What a reader says of stream behind a request with an Upgrade.
std::string after_switch(std::string_view stream) {
  std::string upgrade = "GET http://x/ HTTP/1.1\r\nUpgrade: y\r\n\r\n";
  const std::string events = to_string(feed_whole<HttpRequests>(to_bytes(upgrade.append(stream))));
  EXPECT_TRUE(events.starts_with("x Complete")) << events;
  return events.substr(std::min<size_t>(events.size(), 11));
}

TEST(HttpRequests, AfterASwitchAnyMethodIsARequest) {
  EXPECT_EQ(after_switch("FOO / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n"), "a b");
  EXPECT_EQ(after_switch("\r\nfoo http://a/ HTTP/1.1\r\n"), "a");
  EXPECT_EQ(after_switch("FOO http://u@a/ HTTP/1.1\r\n"), "Malformed");
  EXPECT_EQ(after_switch("FOO / HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03"), "a Malformed");
  EXPECT_EQ(after_switch("FOO\t/ HTTP/1.1\r\n"), "Malformed");
  EXPECT_EQ(after_switch(" FOO / HTTP/1.1\r\n"), "Malformed");
  EXPECT_EQ(after_switch("GET http://a/\r\n"), "Malformed");
  EXPECT_EQ(after_switch("CONNECT a HTTP/1.1\r\n\r\nFOO http://b/ HTTP/1.1\r\n\r\n\x16"),
            "a Complete b Malformed");
  EXPECT_EQ(after_switch("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "NotMine");
  EXPECT_EQ(after_switch("SSH-2.0-OpenSSH_9.2p1\r\n"), "NotMine");
  EXPECT_EQ(after_switch("EHLO a.example\r\n"), "NotMine");
  EXPECT_EQ(after_switch("\x82\x85GET / HTTP/1.1\r\n"), "NotMine");
}

TEST(HttpRequests, AHostThatIsRefusedCanBeShown) {
  const auto refused = [](const std::string& fields) {
    HttpRequests reader{};
    const std::string stream = "GET / HTTP/1.1\r\n" + fields + "\r\n\r\n";
    feed_pieces(reader, to_bytes(stream), [](size_t left) { return std::min<size_t>(left, 3); });
    return std::string(reader.refused_host());
  };
  EXPECT_EQ(refused("Host: This is  no host \t"), "this is no host");
  EXPECT_EQ(refused("Host: %s"), "%s");
  EXPECT_EQ(refused("Host: a\r\nHost: b"), "b");
  EXPECT_EQ(refused("Host: a"), "");
  EXPECT_EQ(refused("Host: a\r\nContent-Length: x"), "");
  EXPECT_EQ(refused("X y: z"), "");
}

TEST(HttpRequests, ARequestThatIsRefusedShowsTheHostInItsPacket) {
  const auto refused = [](std::string_view fields) {
    HttpRequests reader{};
    const std::string stream = "GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n\r\n";
    feed_pieces(reader, to_bytes(stream), [](size_t left) { return left; });
    return std::string(reader.refused_host());
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(refused("Host: A.example\0.b"sv), "a.example");
  EXPECT_EQ(refused("X: a\0b\r\nHOST:\t%s \0c"sv), "%s");
  EXPECT_EQ(refused("X: a\0b\r\nY: z\nhost: b.example\r\nHost: c"sv), "b.example");
  EXPECT_EQ(refused("X: a\0Host: b.example"sv), "");
  EXPECT_EQ(refused("X: a\0b\r\nHost:"sv), "");
  EXPECT_EQ(refused("Host: a.example\r\nX: a\0b\r\nHost: b.example"sv), "");
}

TEST(HttpRequests, MalformedStays) {
  HttpRequests reader{};
  size_t consumed;
  EXPECT_EQ(reader.feed(to_bytes("GET / HTTP/3.0\r\n"), consumed), Extract::Malformed);
  EXPECT_EQ(reader.feed(to_bytes("GET / HTTP/1.1\r\n"), consumed), Extract::Malformed);
}

/// The outcome of a request with one more header line.
std::string read_with(const std::string& target, const std::string& field) {
  return to_string(feed_whole<HttpRequests>(
      to_bytes("GET /" + target + " HTTP/1.1\r\n" + field + "\r\nHost: a.example\r\n\r\n")));
}

TEST(HttpRequests, BoundsHold) {
  const auto padded = [](size_t size) { return "X: " + std::string(size - 3, 'x'); };
  EXPECT_EQ(read_with("", padded(kMaxHttpLine)), "a.example");
  EXPECT_EQ(read_with("", padded(kMaxHttpLine + 1)), "Malformed");
  EXPECT_EQ(read_with(std::string(kMaxHttpLine, 'x'), "X: y"), "Malformed");
  std::string fields = padded(16000);
  for (int i = 0; i < 3; ++i) fields += "\r\n" + padded(16000);
  EXPECT_EQ(read_with("", fields), "a.example");
  EXPECT_EQ(read_with("", fields + "\r\n" + padded(2000)), "Malformed");
  EXPECT_EQ(read_with("", "Host: " + std::string(265, 'a')), "Malformed");
  EXPECT_EQ(read_with("", std::string(400, 'h') + ": x"), "a.example");
  const auto blank = [](size_t lines) {
    std::string stream;
    for (size_t i = 0; i < lines; ++i) stream += "\r\n";
    return to_string(feed_whole<HttpRequests>(to_bytes(stream + "GET http://a/ HTTP/1.1\r\n")));
  };
  EXPECT_EQ(blank(kMaxHttpBlankLines), "a");
  EXPECT_EQ(blank(kMaxHttpBlankLines + 1), "Malformed");
}

TEST(HttpRequests, EndlessTrailersAreMalformed) {
  std::string stream = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 5000; ++i) stream += "a: xxxxxxxxxxxxxx\r\n";
  EXPECT_EQ(to_string(feed_whole<HttpRequests>(to_bytes(stream))), "a Malformed");
}

TEST(HttpRequests, ManyChunksAreNoHeaderSection) {
  std::string stream = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 40000; ++i) stream += "1\r\nx\r\n";
  EXPECT_EQ(to_string(feed_whole<HttpRequests>(to_bytes(stream + "0\r\n\r\nGET http://b/ HTTP/1.1\r\n"))),
            "a b");
}

TEST(HttpRequests, RandomDamageGivesTheSameInPieces) {
  std::mt19937 random(11);
  for (int round = 0; round < 40000; ++round) {
    Bytes stream = to_bytes(kCases[random() % std::size(kCases)].stream);
    append(stream, to_bytes(kCases[random() % std::size(kCases)].stream));
    constexpr char kBytes[] = "\r\n :;\t\0aZ0/\x80";
    for (unsigned i = 0; i < random() % 4; ++i) {
      stream[random() % stream.size()] = static_cast<uint8_t>(kBytes[random() % (sizeof kBytes - 1)]);
    }
    HttpRequests reader{};
    const auto pieces =
        feed_pieces(reader, stream, [&](size_t left) { return std::min<size_t>(left, 1 + random() % 40); });
    ASSERT_EQ(pieces, feed_whole<HttpRequests>(stream)) << std::string(stream.begin(), stream.end());
  }
}

}  // namespace
}  // namespace sluice::test
