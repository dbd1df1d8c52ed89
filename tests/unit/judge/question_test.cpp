// judge tests: the question that a line of the access log asks.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "control/accesslog/format.h"
#include "control/judge/question.h"

namespace sluice::control {
namespace {

Address v4(const char* text) {
  uint8_t bytes[4];
  EXPECT_EQ(inet_pton(AF_INET, text, bytes), 1);
  return Address::from_v4(bytes);
}

struct QuestionTest : testing::Test {
  Record record{};
  ImageNames names = ImageNames::only_site("");
  Question question;

  QuestionTest() {
    record.time_ns = 1'790'000'000'123'456'000;
    record.action = static_cast<uint8_t>(Action::Allowed);
    record.reason = static_cast<uint8_t>(Reason::NetworkDefault);
    record.transport = IPPROTO_TCP;
    record.protocol = static_cast<uint8_t>(Protocol::Tls);
    record.seen = static_cast<uint8_t>(Seen::Sni);
    record.vlan = 28;
    record.source = v4("10.20.1.7");
    record.destination = v4("198.51.100.9");
    record.source_port = 50000;
    record.destination_port = 443;
    record.rule = record.list = record.network = kNone16;
  }
  std::string ask(const std::string& name) {
    const std::string line = format_record(record, name, names, "one", "id", "");
    AccessFields fields;
    EXPECT_TRUE(read_access(line, fields)) << line;
    return std::string(question_of(fields, question));
  }
};

TEST_F(QuestionTest, LineSaysAllThatAPolicyDecidesBy) {
  ASSERT_EQ(ask("www.example.com"), "");
  EXPECT_EQ(question.local, v4("10.20.1.7"));
  EXPECT_EQ(question.remote, v4("198.51.100.9"));
  EXPECT_EQ(question.direction, Direction::Outbound);
  EXPECT_EQ(question.line, "one");
  EXPECT_EQ(question.vlan, 28);
  EXPECT_EQ(question.transport, IPPROTO_TCP);
  EXPECT_EQ(question.port, 443);
  EXPECT_EQ(question.protocol, Protocol::Tls);
  EXPECT_EQ(question.seen, Seen::Sni);
  EXPECT_EQ(question.name, "www.example.com");
  EXPECT_FALSE(question.unidentified);
  EXPECT_EQ(question.at_s, 1'790'000'000);
}

TEST_F(QuestionTest, InboundTurnsTheSides) {
  record.direction = Direction::Inbound;
  ASSERT_EQ(ask("www.example.com"), "");
  EXPECT_EQ(question.direction, Direction::Inbound);
  EXPECT_EQ(question.local, v4("198.51.100.9"));
  EXPECT_EQ(question.client(), v4("10.20.1.7"));
}

TEST_F(QuestionTest, SituationIsTheReasonWhereItWasOne) {
  record.seen = static_cast<uint8_t>(Seen::Nothing);
  record.reason = static_cast<uint8_t>(Reason::IncompleteHello);
  ASSERT_EQ(ask(""), "");
  EXPECT_TRUE(question.unidentified);
  EXPECT_EQ(question.situation, Situation::IncompleteHello);
  record.reason = static_cast<uint8_t>(Reason::Rule);
  ASSERT_EQ(ask(""), "");
  EXPECT_EQ(question.situation, Situation::NoName);
  record.protocol = static_cast<uint8_t>(Protocol::Ssh);
  ASSERT_EQ(ask(""), "");
  EXPECT_EQ(question.situation, Situation::UnknownProtocol);
}

TEST_F(QuestionTest, BoundNameIsNoneThatWasSeen) {
  record.seen = static_cast<uint8_t>(Seen::Binding);
  ASSERT_EQ(ask("www.example.com"), "");
  EXPECT_TRUE(question.unidentified);
  EXPECT_EQ(question.name, "www.example.com");
}

TEST_F(QuestionTest, AddressInPlaceOfANameIsTheServers) {
  record.seen = static_cast<uint8_t>(Seen::Host);
  ASSERT_EQ(ask("198.51.100.9"), "");
  EXPECT_FALSE(question.unidentified);
  EXPECT_EQ(question.name, "198.51.100.9");
}

TEST_F(QuestionTest, WhatNoPolicyDecidesAsksNothing) {
  record.ended = Ended::Fin;
  EXPECT_EQ(ask("www.example.com"), "it is the end of a flow");
  record.ended = Ended::No;
  record.reason = static_cast<uint8_t>(Reason::LogFull);
  EXPECT_EQ(ask("www.example.com"), "the event ring was full");
  record.reason = static_cast<uint8_t>(Reason::BlockedFlow);
  EXPECT_EQ(ask("www.example.com"), "it is of a packet, not of an access");
}

TEST_F(QuestionTest, CutAndForeignLinesAskNothing) {
  const std::string line = format_record(record, "www.example.com", names, "one", "id", "");
  for (size_t size = 0; size < line.size(); ++size) {
    AccessFields fields;
    if (!read_access(std::string_view(line).substr(0, size), fields)) continue;
    EXPECT_NE(question_of(fields, question), "") << size;
  }
  for (const char* foreign : {"{}", R"({"event":{"kind":"pipeline_error","reason":"log-full"}})",
                              R"({"source":{"ip":"x"},"network":{"vlan":{"id":"z"}}})"}) {
    AccessFields fields;
    ASSERT_TRUE(read_access(foreign, fields));
    EXPECT_NE(question_of(fields, question), "");
  }
}

}  // namespace
}  // namespace sluice::control
