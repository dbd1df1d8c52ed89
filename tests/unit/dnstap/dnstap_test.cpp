// dnstap tests: frames cut anywhere, and what an answer binds.
#include <gtest/gtest.h>

#include "control/dnstap/answer_reader.h"
#include "control/dnstap/frame_stream.h"
#include "tests/unit/dnstap/frames.h"

namespace sluice::control {
namespace {

using namespace sluice::test;
using std::string;

struct Heard {
  std::vector<string> frames;
  string reply, error;
  bool ended = false;
};

/// Feeds a stream in pieces of so many bytes, until it is refused.
Heard hear(const string& stream, size_t piece) {
  Heard out;
  FrameStream reader;
  for (size_t at = 0; at < stream.size() && out.error.empty(); at += piece) {
    // A heap block of the exact size, so that a sanitizer sees a read beyond it.
    const std::vector<uint8_t> part(
        stream.begin() + static_cast<ptrdiff_t>(at),
        stream.begin() + static_cast<ptrdiff_t>(std::min(stream.size(), at + piece)));
    out.error = reader.take(
        part, [&](std::span<const uint8_t> frame) { out.frames.emplace_back(frame.begin(), frame.end()); },
        out.reply);
  }
  out.ended = reader.ended();
  return out;
}

TEST(FrameStream, BothWaysIsAcceptedAndFinished) {
  const string stream = control_frame(kReady, kDnstapContent) + control_frame(kStart, kDnstapContent) +
                        data_frame("one") + data_frame("another") + control_frame(kStop);
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    const Heard heard = hear(stream, piece);
    EXPECT_EQ(heard.error, "");
    EXPECT_EQ(heard.frames, (std::vector<string>{"one", "another"}));
    EXPECT_EQ(heard.reply, control_frame(kAccept, kDnstapContent) + control_frame(kFinish));
    EXPECT_TRUE(heard.ended);
  }
}

TEST(FrameStream, OneWayIsNotAnswered) {
  const Heard heard =
      hear(control_frame(kStart, kDnstapContent) + data_frame("one") + control_frame(kStop), 3);
  EXPECT_EQ(heard.error, "");
  EXPECT_EQ(heard.frames, std::vector<string>{"one"});
  EXPECT_EQ(heard.reply, "");
  EXPECT_TRUE(heard.ended);
}

TEST(FrameStream, AContentTypeMayBeLeftOut) {
  EXPECT_EQ(hear(control_frame(kStart) + data_frame("one"), 100).frames, std::vector<string>{"one"});
}

TEST(FrameStream, WhatIsOutOfTurnIsRefused) {
  const string start = control_frame(kStart, kDnstapContent);
  for (const string& stream :
       {data_frame("early"), control_frame(kStop), control_frame(kFinish), control_frame(kAccept),
        start + start, start + control_frame(kReady, kDnstapContent),
        start + control_frame(kStop) + data_frame("late"), control_frame(kReady) + data_frame("early"),
        control_frame(kReady) + control_frame(kReady), control_frame(kStart, "protobuf:other"),
        control_frame(77)}) {
    const Heard heard = hear(stream, 1);
    EXPECT_NE(heard.error, "");
    EXPECT_TRUE(heard.frames.empty());
  }
}

TEST(FrameStream, SizesAreBounded) {
  const string start = control_frame(kStart);
  const string largest(kMaxFrame, 'x');
  EXPECT_EQ(hear(start + data_frame(largest), 65536).frames, std::vector<string>{largest});
  EXPECT_NE(hear(start + big_endian(kMaxFrame + 1, 4), 1).error, "");
  EXPECT_NE(hear(start + big_endian(0xffffffff, 4), 1).error, "");
  EXPECT_NE(hear(big_endian(0, 4) + big_endian(513, 4), 1).error,
            "");                                   // a control frame has at most 512 bytes
  EXPECT_NE(hear(big_endian(0, 8), 1).error, "");  // and at least its type
}

FrameKind read(const string& frame, std::vector<Binding>& out) {
  const std::vector<uint8_t> heap(frame.begin(), frame.end());
  return read_answer(heap, out);
}
/// What a frame binds, as `name address TTL` with the address' last byte.
std::vector<string> bound(const string& frame) {
  std::vector<Binding> out;
  const FrameKind kind = read(frame, out);
  EXPECT_EQ(kind == FrameKind::Answer, !out.empty());
  std::vector<string> words;
  for (const Binding& each : out)
    words.push_back(each.kind == Binding::Kind::EchName
                        ? "ECH " + string(each.name, each.name_size)
                        : string(each.name, each.name_size) + (each.address.is_v4() ? " v4 " : " v6 ") +
                              std::to_string(each.address.bytes[15]) + " " + std::to_string(each.ttl_s));
  return words;
}
const string kFour("\xc6\x33\x64\x0a", 4), kFive("\xc6\x33\x64\x0b", 4);
const string kSix = string("\x20\x01\x0d\xb8", 4) + string(11, '\0') + "\x09";

TEST(AnswerReader, AddressesAreBoundToTheNameAskedFor) {
  const string records = record("ERP.example", kA, 60, kFour) + record("erp.example", kA, 30, kFive);
  for (const int type : {kClientResponse, kResolverResponse})
    EXPECT_EQ(bound(tap(type, answer("Erp.Example", kA, records, 2))),
              (std::vector<string>{"erp.example v4 10 60", "erp.example v4 11 30"}));
  EXPECT_EQ(
      bound(tap(kClientResponse, answer("erp.example", kAaaa, record("erp.example", kAaaa, 5, kSix), 1))),
      std::vector<string>{"erp.example v6 9 5"});
}

TEST(AnswerReader, AChainOfAliasesIsFollowedInAnyOrderAndHasItsShortestTtl) {
  const string records = record("edge.cdn.example", kA, 60, kFour) +
                         record("mid.example", kCname, 7, wire_name("EDGE.cdn.example")) +
                         record("erp.example", kCname, 300, wire_name("mid.example"));
  EXPECT_EQ(bound(tap(kClientResponse, answer("erp.example", kA, records, 3))),
            std::vector<string>{"erp.example v4 10 7"});
}

TEST(AnswerReader, WhatIsBesideTheChainBindsNothing) {
  const string alien = record("other.example", kA, 60, kFive);
  EXPECT_EQ(bound(tap(kClientResponse, answer("erp.example", kA, alien, 1))), std::vector<string>{});
  const string both = alien + record("erp.example", kA, 60, kFour);
  EXPECT_EQ(bound(tap(kClientResponse, answer("erp.example", kA, both, 2))),
            std::vector<string>{"erp.example v4 10 60"});
}

TEST(AnswerReader, ALoopOfAliasesBindsNothing) {
  const string loop = record("a.example", kCname, 60, wire_name("b.example")) +
                      record("b.example", kCname, 60, wire_name("a.example")) +
                      record("a.example", kA, 60, kFour);
  EXPECT_EQ(bound(tap(kClientResponse, answer("a.example", kA, loop, 3))), std::vector<string>{});
}

TEST(AnswerReader, AChainEndsAtItsBound) {
  for (const size_t links : {kMaxAliases, kMaxAliases + 1}) {
    string records;
    for (size_t i = 0; i < links; ++i)
      records += record("n" + std::to_string(i) + ".example", kCname, 60,
                        wire_name("n" + std::to_string(i + 1) + ".example"));
    records += record("n" + std::to_string(links) + ".example", kA, 60, kFour);
    EXPECT_EQ(bound(tap(kClientResponse, answer("n0.example", kA, records, static_cast<uint16_t>(links + 1))))
                  .size(),
              links <= kMaxAliases ? 1u : 0u);
  }
}

/// The parameters of an HTTPS record with one ECHConfigList.
string with_ech(const string& list) {
  return big_endian(1, 2) + string(1, '\0') + big_endian(1, 2) + big_endian(3, 2) + "\2h2" +
         big_endian(5, 2) + big_endian(list.size(), 2) + list;
}
string ech_config(uint16_t version, const string& public_name) {
  const string contents = string(1, '\7') + big_endian(0x20, 2) + big_endian(32, 2) + string(32, 'k') +
                          big_endian(4, 2) + big_endian(0x10001, 4) + string(1, '\0') +
                          big_endian(public_name.size(), 1) + public_name + big_endian(0, 2);
  return big_endian(version, 2) + big_endian(contents.size(), 2) + contents;
}
string ech_list(const string& configs) {
  return big_endian(configs.size(), 2) + configs;
}
string https_answer(const string& list) {
  return tap(kClientResponse,
             answer("www.example", kHttps, record("www.example", kHttps, 60, with_ech(list)), 1));
}

TEST(AnswerReader, PublicNamesOfEchAreTaught) {
  const string two = ech_config(0xfe0d, "Front.example") + ech_config(0xfe0d, "other.example");
  EXPECT_EQ(bound(https_answer(ech_list(two))),
            (std::vector<string>{"ECH front.example", "ECH other.example"}));
  EXPECT_EQ(bound(https_answer(ech_list(ech_config(0xfe0c, "old.example") + two))).size(), 2u);
}

TEST(AnswerReader, EchThatDoesNotFitTeachesNothing) {
  const string config = ech_config(0xfe0d, "front.example");
  EXPECT_EQ(bound(https_answer(ech_list(ech_config(0xfe0d, "not a host")))), std::vector<string>{});
  EXPECT_EQ(bound(https_answer(ech_list(ech_config(0xfe0d, "")))), std::vector<string>{});
  for (size_t size = 0; size + 2 < config.size(); ++size)  // the last two bytes are extensions' length
    EXPECT_EQ(bound(https_answer(ech_list(config.substr(0, size)))), std::vector<string>{}) << size;
}

TEST(AnswerReader, AnAnswerBindsABoundedNumberOfAddresses) {
  string records;
  for (size_t i = 0; i <= kMaxAnswerBindings; ++i) records += record("erp.example", kA, 60, kFour);
  EXPECT_EQ(bound(tap(kClientResponse, answer("erp.example", kA, records, kMaxAnswerBindings + 1))).size(),
            kMaxAnswerBindings);
}

TEST(AnswerReader, OtherMessagesBindNothing) {
  const string records = record("erp.example", kA, 60, kFour);
  std::vector<Binding> out;
  const auto other = [&](const string& frame) { return read(frame, out) == FrameKind::Other && out.empty(); };
  EXPECT_TRUE(other(tap(kClientQuery, answer("erp.example", kA, records, 1))));
  EXPECT_TRUE(other(tap(kClientResponse, answer("erp.example", kA, records, 1, 0x0180))));  // a question
  EXPECT_TRUE(other(tap(kClientResponse, answer("erp.example", kA, records, 1, 0x8183))));  // NXDOMAIN
  EXPECT_TRUE(other(tap(kClientResponse, answer("a b.example", kA, record("a b.example", kA, 1, kFour), 1))));
  EXPECT_TRUE(other(tap(kClientResponse, answer("", kA, record("", kA, 1, kFour), 1))));
  EXPECT_TRUE(other(number(15, 1)));                                          // no message
  EXPECT_TRUE(other(number(15, 2) + bytes(14, number(1, kClientResponse))));  // of a type to come
  EXPECT_TRUE(other(number(15, 1) + bytes(14, number(1, kClientResponse))));  // no answer in it
}

TEST(AnswerReader, UnreadableDnsIsNotTheResolversFault) {
  std::vector<Binding> out;
  const string good = answer("erp.example", kA, record("erp.example", kA, 60, kFour), 1);
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(read(tap(kClientResponse, good.substr(0, size)), out), FrameKind::UnreadableDns) << size;
  EXPECT_TRUE(out.empty());
}

TEST(AnswerReader, WhatIsNoDnstapIsSaidToBeNone) {
  std::vector<Binding> out;
  const string good =
      tap(kClientResponse, answer("erp.example", kA, record("erp.example", kA, 60, kFour), 1));
  EXPECT_EQ(read("", out), FrameKind::NotDnstap);  // its type is missing
  EXPECT_EQ(read(string(40, '\xff'), out), FrameKind::NotDnstap);
  EXPECT_EQ(read(good.substr(0, good.size() - 1), out), FrameKind::NotDnstap);
  EXPECT_TRUE(out.empty());
}

TEST(AnswerReader, EveryFlippedByteIsSurvived) {
  const string good =
      tap(kClientResponse, answer("erp.example", kA, record("erp.example", kA, 60, kFour), 1));
  for (size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      std::vector<Binding> out;
      (void)read(bad, out);
      for (const Binding& each : out) EXPECT_TRUE(each.name_size > 0 && each.name_size <= kMaxName);
    }
}

}  // namespace
}  // namespace sluice::control
