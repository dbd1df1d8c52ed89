// tests: parse_dns and DnsAnswers.
#include "dataplane/extract/dns.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>

#include "tests/support/feed.h"
#include "tests/unit/extract/dns_maker.h"

namespace sluice::test {
namespace {

/// www.Example.com: CNAME cdn.example.net, which has an A, an AAAA, a TXT; then OPT.
Bytes make_response() {
  Bytes out = make_header({1, 4, 0, 1}, 0x8180);
  put_question(out, make_name("www.Example.com"));
  const unsigned target = static_cast<unsigned>(out.size()) + 12;
  put_record(out, make_pointer(12), kDnsCname, make_name("CDN.example.net"));
  put_record(out, make_pointer(target), kDnsA, Bytes{192, 0, 2, 1}, 60);
  put_record(out, make_pointer(target), kDnsAaaa,
             Bytes{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
  put_record(out, make_pointer(target), 16, Bytes{1, 'x'}, 0x80000001);
  put_record(out, Bytes{0}, 41, Bytes{}, 0, 1232);
  return out;
}

Extract parse(const Bytes& message, DnsMessage& out) {
  return parse_dns(ExactCopy(message), out);
}

/// What is said of a message, in words.
std::string read(const Bytes& message) {
  DnsMessage parsed;
  const Extract result = parse(message, parsed);
  std::string out = word_of(result);
  if (result != Extract::Name) return out;
  for (size_t i = 0; i < parsed.question_count; ++i)
    out += ' ' + std::string(parsed.questions[i].name.view());
  return out;
}

/// All answers, the last word being Complete or Malformed.
std::string read_answers(const Bytes& message) {
  const ExactCopy copy(message);
  DnsMessage parsed;
  if (parse_dns(copy, parsed) != Extract::Name) return "not parsed";
  std::ostringstream out;
  DnsAnswers answers(copy, parsed);
  DnsAnswer answer;
  Extract result;
  while ((result = answers.next(answer)) == Extract::Name) {
    out << answer.owner.view() << ' ' << answer.type << ' ' << answer.ttl_s << ' ' << answer.target.view();
    if (answer.address != Address{}) out << '@' << int{answer.address.bytes[15]};
    out << "; ";
  }
  out << word_of(result);
  return out.str();
}

TEST(ParseDns, QuestionIsRead) {
  DnsMessage parsed;
  const Bytes query = make_query(make_name("WWW._x.Example"), kDnsHttps);
  ASSERT_EQ(parse(query, parsed), Extract::Name);
  EXPECT_EQ(parsed.id, 0xbeef);
  EXPECT_EQ(parsed.flags, 0x0100);
  EXPECT_FALSE(parsed.is_response());
  EXPECT_EQ(parsed.question_count, 1);
  EXPECT_EQ(parsed.questions[0].name.view(), "www._x.example");
  EXPECT_EQ(parsed.questions[0].type, kDnsHttps);
  EXPECT_EQ(parsed.questions[0].qclass, 1);
  EXPECT_EQ(parsed.questions_end, query.size());
  EXPECT_EQ(parsed.answer_count, 0);
  EXPECT_FALSE(parsed.edns);
}

TEST(ParseDns, EdnsIsFoundBehindTheOtherSections) {
  DnsMessage parsed;
  ASSERT_EQ(parse(make_response(), parsed), Extract::Name);
  EXPECT_TRUE(parsed.edns);
  EXPECT_TRUE(parsed.is_response());
  EXPECT_EQ(parsed.answer_count, 4);
  Bytes query = make_header({1, 0, 0, 1});
  put_question(query, make_name("a.example"));
  Bytes odd = query;
  put_record(query, Bytes{0}, 41, Bytes{0, 10, 0, 2, 1, 2});
  ASSERT_EQ(parse(query, parsed), Extract::Name);
  EXPECT_TRUE(parsed.edns);
  put_record(odd, make_name("x"), 41, Bytes{});  // an OPT belongs to the root
  ASSERT_EQ(parse(odd, parsed), Extract::Name);
  EXPECT_FALSE(parsed.edns);
}

TEST(ParseDns, SeveralQuestionsAreRead) {
  for (unsigned count = 0; count <= kMaxDnsQuestions + 1; ++count) {
    Bytes query = make_header({count});
    std::string expected = count == 0 ? "NoName" : count > kMaxDnsQuestions ? "Malformed" : "Name";
    for (unsigned i = 0; i < count; ++i) {
      put_question(query, make_name(std::string(1, static_cast<char>('a' + i)) + ".example"));
      if (expected.starts_with("Name"))
        expected += ' ' + std::string(1, static_cast<char>('a' + i)) + ".example";
    }
    EXPECT_EQ(read(query), expected);
  }
}

TEST(ParseDns, RootIsAnEmptyName) {
  EXPECT_EQ(read(make_query(Bytes{0}, 2)), "Name ");
}

TEST(ParseDns, OddBytesInALabelAreKeptOrEscaped) {
  EXPECT_EQ(read(make_query(make_name("*._tcp.a!b:80.[x]"))), "Name *._tcp.a!b:80.[x]");
  EXPECT_EQ(read(make_query(make_name("1.2.3.4"))), "Name 1.2.3.4");
  EXPECT_EQ(read(make_query(Bytes{3, 'a', '.', 'b', 0})), "Name a\\046b");  // one label, not two
  EXPECT_EQ(read(make_query(make_name("a\\046b"))), "Name a\\092046b");
  EXPECT_EQ(read(make_query(Bytes{6, 'a', 0x00, 0x20, 0x7f, 0x80, 0xff, 1, 'B', 0})),
            "Name a\\000\\032\\127\\128\\255.b");
}

TEST(ParseDns, EscapedNameThatIsTooLongIsMalformed) {
  EXPECT_EQ(read(make_query(make_name(std::string(63, ' ')))).size(), 5u + 252);
  EXPECT_EQ(read(make_query(make_name(std::string(63, ' ') + ".x"))), "Malformed");
}

TEST(ParseDns, OtherOpcodesAreReadIfWellFormed) {
  Bytes notify = make_header({}, 0x2400);
  put_question(notify, make_name("zone.example"), 6);
  EXPECT_EQ(read(notify), "Name zone.example");
  for (size_t size = 12; size < notify.size(); ++size) {
    EXPECT_EQ(read(Bytes(notify.begin(), notify.begin() + static_cast<ptrdiff_t>(size))), "NotMine") << size;
  }
}

TEST(ParseDns, MalformedKeepsTheQuestionsBefore) {
  DnsMessage parsed;
  constexpr unsigned kTooMany = kMaxDnsQuestions + 2;
  Bytes query = make_header({kTooMany});
  for (unsigned i = 0; i < kTooMany; ++i) put_question(query, make_name("a.example"));
  ASSERT_EQ(parse(query, parsed), Extract::Malformed);
  ASSERT_EQ(parsed.question_count, kMaxDnsQuestions);
  EXPECT_EQ(parsed.questions[3].name.view(), "a.example");
  query = make_query(make_name("b.example"));
  query.back() = 1;
  query[5] = 2;
  ASSERT_EQ(parse(query, parsed), Extract::Malformed);
  ASSERT_EQ(parsed.question_count, 1);
  EXPECT_EQ(parsed.questions[0].name.view(), "b.example");
}

TEST(ParseDns, LengthsOfNamesAreBounded) {
  const std::string label(63, 'x');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'y');
  EXPECT_EQ(read(make_query(make_name(longest))), "Name " + longest);
  EXPECT_EQ(read(make_query(make_name(longest + 'y'))), "Malformed");
  EXPECT_EQ(read(make_query(make_name(std::string(64, 'x')))), "Malformed");   // 0x40: no label type
  EXPECT_EQ(read(make_query(make_name(std::string(130, 'x')))), "Malformed");  // 0x80
}

TEST(ParseDns, WhatCannotBeDnsIsNotMine) {
  EXPECT_EQ(read({}), "NotMine");
  EXPECT_EQ(read(Bytes(11)), "NotMine");
  EXPECT_EQ(read(make_header({99})), "NotMine");  // more questions than fit
  EXPECT_EQ(read(to_bytes("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")), "NotMine");
}

TEST(ParseDns, TooManyRecordsAreMalformed) {
  for (const unsigned records : {unsigned{kMaxDnsRecords}, unsigned{kMaxDnsRecords} + 1}) {
    Bytes response = make_header({1, records}, 0x8180);
    put_question(response, make_name("a.example"));
    for (unsigned i = 0; i < records; ++i) put_record(response, make_pointer(12), kDnsA, Bytes{1, 2, 3, 4});
    EXPECT_EQ(read(response), records > kMaxDnsRecords ? "Malformed" : "Name a.example");
  }
}

TEST(ParseDns, EveryCutIsMalformed) {
  for (const Bytes& message : {make_query(make_name("www.example.com")), make_response()}) {
    for (size_t size = 12; size < message.size(); ++size) {
      EXPECT_EQ(read(Bytes(message.begin(), message.begin() + static_cast<ptrdiff_t>(size))), "Malformed")
          << size;
    }
  }
}

TEST(ParseDns, PointersMustLeadBack) {
  const auto with_second = [](const Bytes& name) {
    Bytes query = make_header({2});
    put_question(query, make_name("a.example"));  // at 12; the second question is at 27
    put_question(query, name);
    return read(query);
  };
  EXPECT_EQ(with_second(make_pointer(14)), "Name a.example example");
  EXPECT_EQ(with_second(Bytes{1, 'b', 0xc0, 14}), "Name a.example b.example");
  EXPECT_EQ(with_second(make_pointer(27)), "Malformed");         // itself
  EXPECT_EQ(with_second(Bytes{1, 'b', 0xc0, 27}), "Malformed");  // its own start
  EXPECT_EQ(with_second(Bytes{1, 'b', 0xc0, 29}), "Malformed");  // the pointer
  EXPECT_EQ(with_second(make_pointer(31)), "Malformed");         // ahead
  EXPECT_EQ(with_second(make_pointer(4)), "Malformed");          // into the header
  EXPECT_EQ(with_second(make_pointer(0x3fff)), "Malformed");
  EXPECT_EQ(read(make_query(make_pointer(12))), "Malformed");
}

TEST(ParseDns, ChainOfPointersIsBounded) {
  for (const size_t jumps : {kMaxDnsJumps, kMaxDnsJumps + 1}) {
    Bytes response = make_header({1, 2}, 0x8180);
    put_question(response, make_name("a"));
    Bytes chain;
    const size_t chain_at = response.size() + 11;
    unsigned target = 12;
    for (size_t i = 1; i < jumps; ++i) {
      append(chain, make_pointer(target));
      target = static_cast<unsigned>(chain_at + 2 * (i - 1));
    }
    put_record(response, Bytes{0}, 99, chain);
    put_record(response, make_pointer(target), kDnsA, Bytes{1, 2, 3, 4});
    EXPECT_EQ(read_answers(response),
              jumps > kMaxDnsJumps ? " 99 300 ; Malformed" : " 99 300 ; a 1 300 @4; Complete");
  }
}

TEST(DnsAnswers, ChainIsWalked) {
  EXPECT_EQ(read_answers(make_response()),
            "www.example.com 5 300 cdn.example.net; cdn.example.net 1 60 @1; cdn.example.net 28 300 @9; "
            "cdn.example.net 16 0 ; Complete");
}

TEST(DnsAnswers, AllSectionsAreWalkedWhereAsked) {
  Bytes response = make_header({1, 1, 1, 1}, 0x8180);
  put_question(response, make_name("a"));
  put_record(response, make_pointer(12), kDnsDname, make_name("b.example"));
  put_record(response, make_pointer(12), 2, make_name("ns"));
  put_record(response, make_name("ns"), kDnsA, Bytes{1, 2, 3, 4});
  EXPECT_EQ(read_answers(response), "a 39 300 b.example; Complete");
  DnsMessage parsed;
  ASSERT_EQ(parse(response, parsed), Extract::Name);
  EXPECT_EQ(parsed.record_count, 3);
  DnsAnswers all = DnsAnswers::of_all_sections(response, parsed);
  DnsAnswer record;
  for (const unsigned type : {kDnsDname, uint16_t{2}, kDnsA}) {
    ASSERT_EQ(all.next(record), Extract::Name);
    EXPECT_EQ(record.type, type);
  }
  EXPECT_EQ(all.next(record), Extract::Complete);
}

TEST(DnsQuestion, IsKnownByItsShapeOnAnyPort) {
  const auto is_question = [](const Bytes& message) { return is_dns_question(ExactCopy(message)); };
  EXPECT_TRUE(is_question(make_query(make_name("www.example.com"))));
  Bytes with_opt = make_header({1, 0, 0, 1}, 0x0120);
  put_question(with_opt, make_name("a.example"));
  put_record(with_opt, Bytes{0}, 41, Bytes{}, 0, 1232);
  EXPECT_TRUE(is_question(with_opt));
  EXPECT_FALSE(is_question(make_response()));
  for (const unsigned flags : {0x8100u, 0x2400u, 0x0103u, 0x0300u, 0x0140u}) {
    Bytes other = make_header({}, flags);
    put_question(other, make_name("a.example"));
    EXPECT_FALSE(is_question(other)) << flags;
  }
  for (const unsigned klass : {0u, 2u, 0x8001u}) {
    Bytes other = make_query(make_name("a.example"));
    other[other.size() - 2] = static_cast<uint8_t>(klass >> 8);
    other.back() = static_cast<uint8_t>(klass);
    EXPECT_FALSE(is_question(other)) << klass;
  }
  const Bytes query = make_query(make_name("a.example"));
  for (size_t size = 0; size < query.size(); ++size)
    EXPECT_FALSE(is_question(Bytes(query.begin(), query.begin() + static_cast<ptrdiff_t>(size)))) << size;
}

TEST(DnsQuestion, OtherProtocolsAreNotTakenForIt) {
  const auto is_question = [](const Bytes& message) { return is_dns_question(ExactCopy(message)); };
  // NetBIOS: FHFAEBEE... of type NB, broadcast.
  Bytes netbios = make_header({}, 0x0110);
  put_question(netbios, make_name("FHFAEBEECACACACACACACACACACACAAA"), 0x20);
  EXPECT_FALSE(is_question(netbios));
  Bytes stun = {0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42};
  stun.resize(28);
  EXPECT_FALSE(is_question(stun));
  Bytes wireguard = {1, 0, 0, 0, 0, 1, 0, 0};
  wireguard.resize(148, 0x55);
  EXPECT_FALSE(is_question(wireguard));
  Bytes ntp(48);
  ntp[0] = 0x23;
  EXPECT_FALSE(is_question(ntp));
  Bytes quic = {0xc0, 0, 0, 0, 1, 8};
  quic.resize(1200);
  EXPECT_FALSE(is_question(quic));
  EXPECT_FALSE(is_question(to_bytes("INVITE sip:bob@example.com SIP/2.0\r\n\r\n")));
}

TEST(DnsAnswers, DataOfAWrongSizeIsMalformed) {
  struct Wrong {
    unsigned type;
    Bytes data;
  };
  for (const Wrong& wrong :
       {Wrong{kDnsA, Bytes(3)}, Wrong{kDnsA, Bytes(5)}, Wrong{kDnsA, {}}, Wrong{kDnsAaaa, Bytes(4)},
        Wrong{kDnsCname, {}}, Wrong{kDnsCname, {1, 'a'}}, Wrong{kDnsCname, {1, 'a', 0, 0}}}) {
    Bytes response = make_header({1, 1}, 0x8180);
    put_question(response, make_name("a"));
    put_record(response, make_pointer(12), wrong.type, wrong.data);
    EXPECT_EQ(read_answers(response), "Malformed");
  }
}

TEST(DnsAnswers, OtherClassesBindNothing) {
  Bytes response = make_header({1, 1}, 0x8180);
  put_question(response, make_name("a"));
  put_record(response, make_pointer(12), kDnsA, Bytes{1, 2, 3, 4}, 300, 3);
  EXPECT_EQ(read_answers(response), "a 1 300 ; Complete");
}

TEST(DnsAnswers, MalformedStays) {
  Bytes response = make_header({1, 2}, 0x8180);
  put_question(response, make_name("a"));
  put_record(response, make_pointer(12), kDnsA, Bytes(3));
  put_record(response, make_pointer(12), kDnsA, Bytes(4));
  DnsMessage parsed;
  ASSERT_EQ(parse_dns(response, parsed), Extract::Name);
  DnsAnswers answers(response, parsed);
  DnsAnswer answer;
  EXPECT_EQ(answers.next(answer), Extract::Malformed);
  EXPECT_EQ(answers.next(answer), Extract::Malformed);
}

TEST(DnsAnswers, EveryByteChangedNeverOverruns) {
  const Bytes response = make_response();
  for (size_t at = 0; at < response.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = response;
      changed[at] = static_cast<uint8_t>(value);
      const std::string answers = read_answers(changed);
      EXPECT_TRUE(answers.ends_with("Complete") || answers.ends_with("Malformed") || answers == "not parsed");
    }
  }
}

TEST(DnsAnswers, RandomDamageNeverOverruns) {
  std::mt19937 random(13);
  const Bytes response = make_response();
  for (int round = 0; round < 50000; ++round) {
    Bytes damaged(response.begin(),
                  response.begin() + static_cast<ptrdiff_t>(1 + random() % response.size()));
    for (unsigned i = 0; i < random() % 4; ++i)
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    (void)read_answers(damaged);
  }
}

}  // namespace
}  // namespace sluice::test
