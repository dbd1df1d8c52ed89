// tests: recognise_prelude, is_greeting, Prelude.
#include "dataplane/extract/prelude.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "dataplane/extract/recognise.h"
#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

using namespace std::string_literals;

const std::string kMysqlRequest =
    "\x20\0\0\1"s + "\x85\xae\x3f\x20" + "\0\0\0\1"s + "\x2d" + std::string(23, '\0');
const std::string kStartTls =
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
    "1.3.6.1.4.1.1466.20037"s;
const std::string kProxyV2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + std::string(12, '\1');
const std::string kRdp = "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\x0b\0\0\0"s;
const std::string kPrelogin = "\x12\1\0\x14\0\0\0\0"s + std::string(12, '\0');

PreludeForm form_of(std::string_view text) {
  return recognise_prelude(ExactCopy(to_bytes(text)));
}

/// What the reader says of text in pieces of size bytes, and how much of it belongs to the prelude.
std::string read_by(const std::string& text, size_t size) {
  Prelude reader(form_of(text));
  const auto events =
      feed_pieces(reader, to_bytes(text), [size](size_t left) { return std::min(size, left); });
  return to_string(events);
}

size_t size_of_prelude(const std::string& text) {
  Prelude reader(form_of(text));
  const Bytes bytes = to_bytes(text);
  size_t total = 0;
  for (;;) {
    size_t consumed = 0;
    const Extract result = reader.feed(std::span(bytes).subspan(total), consumed);
    total += consumed;
    if (result != Extract::Name && result != Extract::NoName) return total;
  }
}

/// A prelude is recognised, ends where it ends, and says events, however it is cut.
void expect_prelude(const std::string& text, const std::string& events = "Done") {
  for (const std::string& behind : {""s, "\x16\x03\x01"s, "\xff"s, text}) {
    for (const size_t size : {size_t{1}, size_t{2}, size_t{3}, text.size(), text.size() + 9})
      EXPECT_EQ(read_by(text + behind, size), events) << text;
    EXPECT_EQ(size_of_prelude(text + behind), text.size()) << text;
  }
  for (size_t size = 0; size < text.size(); ++size) {
    const std::string part = text.substr(0, size);
    const PreludeKind kind = form_of(part).kind;
    ASSERT_NE(kind, PreludeKind::None) << part;
    const Stream stream = recognise_stream(ExactCopy(to_bytes(part)));
    ASSERT_EQ(stream, kind == PreludeKind::NeedMore ? Stream::NeedMore : Stream::Prelude) << part;
  }
}

TEST(Prelude, LinesThatLeadToTlsAreRead) {
  for (const char* line : {"EHLO client.example\r\n",
                           "helo x\r\n",
                           "LHLO x\n",
                           "STARTTLS\r\n",
                           "starttls\n",
                           "NOOP\r\n",
                           "CAPA\r\n",
                           "STLS\r\n",
                           "AUTH TLS\r\n",
                           "AUTH SSL\r\n",
                           "AUTH TLS-C\r\n",
                           "AUTH\r\n",
                           "FEAT\r\n",
                           "HOST a.example\r\n",
                           "CAPABILITIES\r\n",
                           "MODE READER\r\n",
                           "a001 CAPABILITY\r\n",
                           ". STARTTLS\r\n",
                           "A1 ID (\"name\" \"x\")\r\n",
                           "x starttls\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.1 4000 443\r\n",
                           "PROXY UNKNOWN\r\n"}) {
    expect_prelude(line);
  }
}

TEST(Prelude, OtherLinesAreNone) {
  for (const char* line :
       {"MAIL FROM:<a@b>\r\n", "USER a\r\n", "AUTH PLAIN AAA\r\n", "AUTH LOGIN\r\n", "a1 LOGIN a b\r\n",
        "a1 AUTHENTICATE PLAIN\r\n", "EHLOX a\r\n", "STARTTLS2\r\n", "PROXY UDP4 1\r\n", "QUIT\r\n",
        "PING\r\n", "stats\r\n", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "a-tag-of-17-bytes STARTTLS\r\n",
        " STARTTLS\r\n", "{\"a\":1}"}) {
    EXPECT_EQ(form_of(line).kind, PreludeKind::None) << line;
  }
}

TEST(Prelude, ALineBeyondTheBoundIsNone) {
  EXPECT_EQ(read_by("EHLO " + std::string(kMaxPrelude, 'a') + "\r\n", 1000), "NotMine");
  EXPECT_EQ(read_by("EHLO " + std::string(kMaxPrelude - 6, 'a') + "\n", 1000), "Done");
}

TEST(Prelude, XmppTagsAreRead) {
  expect_prelude("<?xml version='1.0'?>");
  expect_prelude("<stream:stream to='a.example' xmlns=\"jabber:client\" x='>' y=\"'>\">");
  expect_prelude("\r\n <stream:stream\tto='x'>");
  expect_prelude("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  expect_prelude("<starttls/>");
  expect_prelude("<starttls>");
  expect_prelude("</starttls>");
  for (const char* tag :
       {"<iq>", "<auth mechanism='PLAIN'>", "<policy-file-request/>", "<!DOCTYPE x>", "<stream>"})
    EXPECT_EQ(form_of(tag).kind, PreludeKind::None) << tag;
}

TEST(Prelude, SizedMessagesAreRead) {
  for (const std::string& message :
       {"\0\0\0\x08\x04\xd2\x16\x2f"s, "\0\0\0\x08\x04\xd2\x16\x30"s, kMysqlRequest, kStartTls, kProxyV2,
        kRdp, kPrelogin, "\x30\x84\0\0\0\x1d"s + kStartTls.substr(2),
        "\x30\x0c\x02\x01\x01\x63\x07\x04\x00xxxxx"s}) {
    expect_prelude(message);
  }
}

TEST(Prelude, TdsOpensThePacketWithTheHello) {
  EXPECT_EQ(size_of_prelude("\x12\1\2\0\0\0\0\0\x16\x03\1\1\xf3"s), 8u);
}

TEST(Prelude, WhatOnlyBeginsLikeAMessageIsNone) {
  for (const std::string& message :
       {"\0\0\0\x08\x04\xd2\x16\x2e"s,                       // PostgreSQL: cancel
        "\0\0\0\x4c\0\3\0\0"s,                               // PostgreSQL: startup
        "\x30\x0c\x02\x01\x01\x60\x07"s,                     // LDAP: bind
        "\x30\x26\x02\x01\x01\x04\x06public"s,               // SNMP
        "\x30\x80\x02\x01\x01\x77"s,                         // LDAP: indefinite length
        "\x30\x84\xff\xff\xff\xff\x02\x01\x01\x77"s,         // LDAP: too long
        "\3\0\0\x13\x02\xf0\x80"s,                           // X.224 data
        "\3\0\0\x13\x0f\xe0"s, "\3\0\0\x0a\x05\xe0"s,        // RDP: lengths that do not fit
        "\x12\1\0\x08\0\0\0\0\0"s, "\x10\1\0\x90\0\0\0\0"s,  // TDS: empty; login
        "\r\n\r\n\0\r\nQUIT\n\x11"s}) {                      // PROXY protocol of version 1, binary
    EXPECT_EQ(form_of(message).kind, PreludeKind::None) << to_string({}) << message.size();
  }
  std::string plain_login = kMysqlRequest;
  plain_login[5] = '\xa6';  // without CLIENT_SSL
  EXPECT_EQ(form_of(plain_login).kind, PreludeKind::None);
}

TEST(Prelude, SocksGivesWhatItConnectsTo) {
  expect_prelude("\4\1\0\x50\xcb\0\x71\5\0"s, "NoName Done");
  expect_prelude("\4\1\0\x50\xcb\0\x71\5user\0"s, "NoName Done");
  expect_prelude("\4\1\1\xbb\0\0\0\1\0WWW.example.com\0"s, "www.example.com Done");
  expect_prelude("\4\1\1\xbb\0\0\0\1me\0\x31\x30.0.0.1\0"s, "NoName Done");
  expect_prelude("\5\1\0\5\1\0\3\7a.tests\1\xbb"s, "a.tests Done");
  expect_prelude("\5\2\0\2\1\4user\4pass\5\1\0\3\7a.tests\1\xbb"s, "a.tests Done");
  expect_prelude("\5\1\0\5\1\0\1\xcb\0\x71\5\1\xbb"s, "NoName Done");
  expect_prelude("\5\1\0\5\1\0\4"s + std::string(16, '\x20') + "\1\xbb", "NoName Done");
  expect_prelude(
      "\5\1\x80\5\1\0\3\x08"
      "10.0.0.1\1\xbb"s,
      "NoName Done");
}

TEST(Prelude, SocksThatGoesOnOtherwiseIsNone) {
  EXPECT_EQ(read_by("\5\1\0\x16\3\1"s, 100), "NotMine");
  EXPECT_EQ(read_by("\5\1\0\5\0\0\3"s, 100), "NotMine");
  EXPECT_EQ(read_by("\5\1\0\5\4\0\3"s, 100), "NotMine");
  EXPECT_EQ(read_by("\5\1\0\5\1\1\3"s, 100), "NotMine");
  EXPECT_EQ(read_by("\5\1\0\5\1\0\2"s, 100), "NotMine");
  EXPECT_EQ(read_by("\5\1\0\5\1\0\3\0"s, 100), "Malformed");
  EXPECT_EQ(read_by("\5\1\0\5\1\0\3\3a b"s, 100), "Malformed");
  EXPECT_EQ(read_by("\4\1\1\xbb\0\0\0\1\0"s + std::string(256, 'a') + '\0', 100), "Malformed");
  EXPECT_EQ(read_by("\4\1\1\xbb\0\0\0\1\0\0"s, 100), "Malformed");
  EXPECT_EQ(read_by("\4\1\0\x50\xcb\0\x71\5"s + std::string(kMaxPrelude, 'a'), 1000), "Malformed");
  std::string endless = "\5\1\2";
  while (endless.size() <= kMaxPrelude) endless += "\1\4user\4pass";
  EXPECT_EQ(read_by(endless, 1000), "Malformed");
}

TEST(Prelude, WhatIsNoSocksIsNone) {
  for (const std::string& message : {"\4\3\0\x50"s, "\4\1\0\0\xcb"s, "\4\1\0\x50\xcb\0\x71\5\1"s, "\5\0"s,
                                     "\5\1\x0b"s, "\5\2\0\x50"s, "\5\1\xff"s}) {
    EXPECT_EQ(form_of(message).kind, PreludeKind::None) << message.size();
  }
  EXPECT_EQ(form_of("\4\1\0\x50\xcb\0\x71\5"s + std::string(16, 'u')).kind, PreludeKind::Socks4);
}

TEST(Greeting, OnlyOfProtocolsThatLeadToTls) {
  for (const std::string& greeting :
       {"220 mx.example ESMTP\r\n"s, "220-ftp"s, "* OK IMAP4rev1"s, "+OK POP3"s, "200 news"s, "2"s, "*"s,
        "220"s, "* O"s, "\"IMPLEMENTATION\" \"x\""s, "\x4a\0\0\0\x0a\x38.0.36"s, "\x4a\0"s}) {
    EXPECT_TRUE(is_greeting(to_bytes(greeting))) << greeting;
  }
  for (const std::string& greeting : {"SSH-2.0-x"s, "RFB 003.008\n"s, "HTTP/1.1 200 OK"s, "\x16\3\3"s,
                                      "\x4a\0\0\1\x0a"s, "* BYE"s, "\x4a\0\0\0\x0a\0"s}) {
    EXPECT_FALSE(is_greeting(to_bytes(greeting))) << greeting;
  }
}

/// A decision holds for every longer input and comes within the bound.
TEST(Prelude, DecisionsHold) {
  std::mt19937 random(5);
  const std::string bytes = "\0\1\2\3\4\5\x12\x16\x30\x77\x80\xe0\r\n <?AUTHLSEa1.x/ "s;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    for (unsigned i = 0; i < 1 + random() % 12; ++i) text += bytes[random() % bytes.size()];
    PreludeForm decided{PreludeKind::NeedMore};
    for (size_t size = 0; size <= text.size(); ++size) {
      const PreludeForm now = form_of(text.substr(0, size));
      if (decided.kind != PreludeKind::NeedMore) {
        ASSERT_EQ(now.kind, decided.kind) << text;
        ASSERT_EQ(now.size, decided.size) << text;
      }
      decided = now;
    }
    text.resize(kMaxPreludeForm, ' ');
    ASSERT_NE(form_of(text).kind, PreludeKind::NeedMore) << text;
  }
}

}  // namespace
}  // namespace sluice::test
