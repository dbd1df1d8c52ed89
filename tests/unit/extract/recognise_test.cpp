// tests: recognise_stream.
#include "dataplane/extract/recognise.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "dataplane/extract/http.h"
#include "dataplane/extract/method.h"
#include "dataplane/extract/tls.h"
#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

Stream recognise(std::string_view text) {
  return recognise_stream(ExactCopy(to_bytes(text)));
}

/// Every shorter prefix needs more; text and whatever follows it are decided.
void expect_decided_at_its_end(const std::string& text, Stream stream) {
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(recognise(text.substr(0, size)), Stream::NeedMore) << text;
  EXPECT_EQ(recognise(text), stream) << text;
  EXPECT_EQ(recognise(text + "\r\n \x16\x80"), stream) << text;
}

TEST(RecogniseStream, FewestBytesDecide) {
  expect_decided_at_its_end("\x16\x03", Stream::Tls);
  expect_decided_at_its_end(std::string("\x14\x03\x03\x00\x01\x01", 6), Stream::Tls);
  expect_decided_at_its_end(std::string("\x15\x03\x03\x00\x02\x01\x5a", 7), Stream::Tls);
  expect_decided_at_its_end("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Stream::H2c);
  expect_decided_at_its_end("\r\n\nGET ", Stream::Http);
  for (const char* method : {"GET", "POST", "HEAD", "CONNECT", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND",
                             "REPORT", "UPDATEREDIRECTREF", "VERSION-CONTROL", "RPC_IN_DATA"}) {
    expect_decided_at_its_end(std::string(method) + ' ', Stream::Http);
  }
  for (const char* method : {"OPTIONS", "SUBSCRIBE", "NOTIFY", "UPDATE"}) {  // SIP's, too
    expect_decided_at_its_end(std::string(method) + " /", Stream::Http);
    expect_decided_at_its_end(std::string(method) + " sip/", Stream::Http);
    expect_decided_at_its_end(std::string(method) + " sip:a@b H", Stream::Http);
  }
  // A length of 29, an id, RD, one question.
  expect_decided_at_its_end(std::string("\0\x1d\xbe\xef\1\0\0\1\0\0\0\0\0\0", 14), Stream::Dns);
  expect_decided_at_its_end(std::string("\1\x2d\xbe\xef\1\x20\0\1\0\0\0\0\0\1", 14), Stream::Dns);
  expect_decided_at_its_end(std::string("\7\xff\xbe\xef\1\x20\0\1\0\0\0\0\0\1", 14), Stream::Dns);
  expect_decided_at_its_end(std::string("\0\x1d\xbe\xef\x81\0", 6), Stream::Unknown);
  expect_decided_at_its_end("EHLO ", Stream::Prelude);
  expect_decided_at_its_end(std::string("\0\0\0\x08\4\xd2\x16\x2f", 8), Stream::Prelude);
  expect_decided_at_its_end(std::string("\x80\x2e\1\3\1\0\x15\0\0\0\x10", 11), Stream::Tls);
  expect_decided_at_its_end(std::string("\x80\x1c\1\0\2\0\3\0\0\0\x10", 11), Stream::Tls);
  expect_decided_at_its_end(std::string("\0\x9c\0\1\x1a\x2b\x3c\x4d", 8), Stream::Pptp);
  expect_decided_at_its_end("GETS+\x01", Stream::Unknown);
  expect_decided_at_its_end("FROBNICATE /", Stream::Http);
  expect_decided_at_its_end("\r\nget /", Stream::Http);
  expect_decided_at_its_end("PRI * HTTP/1", Stream::Unknown);
}

TEST(RecogniseStream, OtherProtocolsAreUnknown) {
  for (std::string_view text : {"SSHD\x01", "MAIL x\r\n", "USER a\r\n", "GET\x01/", "\x16\x02", "\x17\x03",
                                "\x80\x2e\x02", "\xff\xff\xff", "\r\rX\x01"}) {
    EXPECT_EQ(recognise(text), Stream::Unknown) << text;
  }
  EXPECT_EQ(recognise(std::string_view("\x15\x03\x03\x00\x02\x02", 6)), Stream::Unknown);  // fatal
  EXPECT_EQ(recognise(std::string_view("\0\0\0\0\0", 5)), Stream::Unknown);
  for (const size_t wrong : {5, 6, 7, 8, 9, 10, 0, 1}) {  // SSLv2's lengths
    std::string hello("\x80\x2e\1\3\1\0\x15\0\0\0\x10", 11);
    ++hello[wrong];
    EXPECT_EQ(recognise(hello), Stream::Unknown) << wrong;
  }
}

Stream on_dns_port(const std::string& text) {
  return recognise_dns_port(ExactCopy(to_bytes(text)));
}

TEST(RecogniseDnsPort, QueriesOfAnyLengthAndFlagsAreDns) {
  const std::string header("\xea\x60\xbe\xef\1\0\0\1\0\0\0\0\0\1", 14);
  EXPECT_EQ(recognise(header), Stream::Unknown);
  for (const std::string_view length : {"\xea\x60", "\x16\x03", "\x14\x03", "GE", "\xff\xff", "\x03\x01"}) {
    const std::string query = std::string(length) + header.substr(2);
    for (size_t size = 0; size < 8; ++size) EXPECT_EQ(on_dns_port(query.substr(0, size)), Stream::NeedMore);
    EXPECT_EQ(on_dns_port(query), Stream::Dns);
  }
  std::string odd = header;
  odd[4] = '\7';  // AA, TC
  odd[5] = '\xff';
  EXPECT_EQ(on_dns_port(odd), Stream::Dns);
}

TEST(RecogniseDnsPort, OthersAreWhatTheyAreOrDns) {
  // A record of 256 + 4 bytes: its header's end reads as a query.
  const std::string hello("\x16\3\1\1\4\1\0\1\0\3\3", 11);
  for (size_t size = 0; size < 10; ++size) EXPECT_EQ(on_dns_port(hello.substr(0, size)), Stream::NeedMore);
  EXPECT_EQ(on_dns_port(hello), Stream::Tls);
  EXPECT_EQ(on_dns_port("GET / "), Stream::Http);
  EXPECT_EQ(on_dns_port(std::string("\5\1\0", 3)), Stream::Prelude);
  // An update, and no text that is known.
  EXPECT_EQ(on_dns_port(std::string("\0\x1d\xbe\xef\x28\0\0\1\0\0\0\1\0\0", 14)), Stream::Dns);
  EXPECT_EQ(on_dns_port("MAIL x\r\n"), Stream::Dns);
}

TEST(RecogniseStream, SipByItsFirstLine) {
  for (const char* method : {"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY",
                             "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "OPTIONS"})
    expect_decided_at_its_end(std::string(method) + " sip:a@b.example SIP/2.0\r\n", Stream::Sip);
  expect_decided_at_its_end("INVITE SIPS:a@b;x=y?z SIP/2.0\n", Stream::Sip);
  expect_decided_at_its_end("\r\n\r\nINVITE tel:+4930 SIP/2.0\r\n", Stream::Sip);
  expect_decided_at_its_end("INVITE urn:service:sos SIP/2.0\r\n", Stream::Sip);
  expect_decided_at_its_end("SIP/2.0 100 ", Stream::Sip);
  for (const char* other :
       {"INVITE sip:a SIP/2.0 \r\n", "INVITE sip:a HTTP/1.1\r\n", "INVITE  sip:a SIP/2.0\r\n",
        "INVITE sip:a\x01 SIP/2.0\r\n", "INVITE sip:a SIP/2.1\r\n", "INVITES sip:a SIP/2.0\r\n",
        "invite sip:a SIP/2.0\r\n", "INVITE http:a SIP/2.0\r\n", "SIP/2.0 1x0 ", "SIP/2.1 100 "})
    EXPECT_EQ(recognise(other), Stream::Unknown) << other;
  // HTTP servers heed the version alone, so what is no line of SIP's is HTTP's reader's to judge.
  EXPECT_EQ(recognise("OPTIONS sip:a HTTP/1.1\rHost: b SIP/2.0\r\n"), Stream::Http);
  const std::string longest = "OPTIONS sip:" + std::string(kMaxSipStart - 21, 'a');
  expect_decided_at_its_end(longest + " SIP/2.0\r", Stream::Http);
  expect_decided_at_its_end(longest + " SIP/2.0\n", Stream::Sip);
}

TEST(ProtocolOf, OnlyOfStreamsThatShowNoName) {
  EXPECT_EQ(protocol_of(Stream::Smb), Protocol::Smb);
  EXPECT_EQ(protocol_of(Stream::OpenVpn), Protocol::OpenVpn);
  for (const Stream stream : {Stream::NeedMore, Stream::Tls, Stream::Dns, Stream::Prelude, Stream::Unknown})
    EXPECT_EQ(protocol_of(stream), Protocol::Unknown);
}

TEST(RecogniseStream, EmptyLinesAreBounded) {
  std::string blank;
  for (size_t i = 0; i < kMaxHttpBlankLines; ++i) blank += "\r\n";
  EXPECT_EQ(recognise(blank + "GET "), Stream::Http);
  EXPECT_EQ(recognise(blank + "\r"), Stream::Http);
  EXPECT_EQ(recognise(blank + "UPDATEREDIRECTREF"), Stream::NeedMore);
  EXPECT_LT((blank + "UPDATEREDIRECTREF").size(), kMaxRecogniseBytes);
}

TEST(RecogniseStream, WhiteSpaceThatSomeServersTakeIsHttp) {
  for (std::string_view text : {" GET ", "\t\fGET ", "GET\t", "POST\v", "\rGET ", "\r\rGET ", "\n\n \nGET\f"})
    expect_decided_at_its_end(std::string(text), Stream::Http);
}

/// A decision holds for every longer input, and the reader it names does not disown the stream.
TEST(RecogniseStream, DecisionsHoldAndReadersAgree) {
  std::mt19937 random(3);
  const std::string bytes = std::string("\0\1\2\3", 4) + "\x14\x15\x16\r\nGETPUSHRI/*. 2";
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    for (unsigned i = 0; i < 1 + random() % 8; ++i) text += bytes[random() % bytes.size()];
    Stream decided = Stream::NeedMore;
    for (size_t size = 0; size <= text.size(); ++size) {
      const Stream now = recognise(text.substr(0, size));
      if (decided != Stream::NeedMore) {
        ASSERT_EQ(now, decided) << text;
      }
      decided = now;
    }
    const std::string tls = to_string(feed_whole<TlsHello>(to_bytes(text)));
    auto requests = HttpRequests::of_any_method();
    const auto all = [](size_t left) { return left; };
    const std::string http = to_string(feed_pieces(requests, to_bytes(text), all));
    if (decided == Stream::Tls) {
      ASSERT_NE(tls, "NotMine") << text;
    }
    // At its first line's end a request may turn out to be none.
    const size_t line = text.find_first_not_of("\r\n");
    const bool line_ended = line != std::string::npos && text.find('\n', line) != std::string::npos;
    if (decided == Stream::Http && !line_ended) {
      ASSERT_NE(http, "NotMine") << text;
    }
    if (decided == Stream::Unknown || decided == Stream::Prelude) {
      const std::string known = to_string(feed_whole<HttpRequests>(to_bytes(text)));
      ASSERT_TRUE(known == "NotMine" || known == "Malformed") << text;
    }
  }
}

TEST(MatchMethod, PrefixesAreTold) {
  EXPECT_EQ(match_method(""), MethodMatch::Prefix);
  EXPECT_EQ(match_method("PROP"), MethodMatch::Prefix);
  EXPECT_EQ(match_method("UPDATE"), MethodMatch::Known);  // though UPDATEREDIRECTREF is longer
  EXPECT_EQ(match_method("UPDATER"), MethodMatch::Prefix);
  EXPECT_EQ(match_method("Get"), MethodMatch::No);
}

}  // namespace
}  // namespace sluice::test
