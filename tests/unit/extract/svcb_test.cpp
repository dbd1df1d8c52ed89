// tests: SvcParams, EchConfigs and strip_ech.
#include "dataplane/extract/svcb.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/feed.h"
#include "tests/unit/extract/dns_maker.h"

namespace sluice::test {
namespace {

Bytes make_param(unsigned key, const Bytes& value) {
  Bytes out;
  put16(out, key);
  append_sized(out, value, 2);
  return out;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

/// RFC 9849 4: X25519, HKDF-SHA256, AES-128-GCM.
Bytes make_config(std::string_view public_name, unsigned version = 0xfe0d) {
  Bytes contents = {7, 0, 0x20};
  append_sized(contents, Bytes(32, 0x55), 2);
  append_sized(contents, Bytes{0, 1, 0, 1}, 2);
  contents.push_back(64);
  append_sized(contents, to_bytes(public_name), 1);
  append_sized(contents, Bytes{}, 2);
  Bytes out;
  put16(out, version);
  append_sized(out, contents, 2);
  return out;
}

Bytes make_list(const Bytes& configs) {
  Bytes out;
  append_sized(out, configs, 2);
  return out;
}

Bytes make_ech(std::string_view public_name) {
  return make_param(kSvcEch, make_list(make_config(public_name)));
}

Bytes make_service(const Bytes& params, const Bytes& target = {0}, unsigned priority = 1) {
  Bytes out;
  put16(out, priority);
  append(out, target);
  append(out, params);
  return out;
}

const Bytes kAlpn = make_param(1, {2, 'h', '2'});
const Bytes kHint = make_param(kSvcIpv4Hint, {192, 0, 2, 1, 192, 0, 2, 2});
const Bytes kHint6 = make_param(kSvcIpv6Hint, Bytes(16, 0x20));

Bytes make_answer(const Bytes& data, unsigned type = kDnsHttps) {
  Bytes out = make_header({1, 1}, 0x8180);
  put_question(out, make_name("a.example"), type);
  put_record(out, make_pointer(12), type, data);
  return out;
}

/// The one record of an answer: "Malformed", or its target and the keys of its parameters.
std::string read_service(const Bytes& message) {
  const ExactCopy copy(message);
  DnsMessage parsed;
  if (parse_dns(copy, parsed) != Extract::Name) return "not parsed";
  DnsAnswers answers(copy, parsed);
  DnsAnswer answer;
  if (answers.next(answer) != Extract::Name) return "Malformed";
  std::string out(answer.target.view());
  SvcParams params(answer.params);
  SvcParam param;
  while (params.next(param) == Extract::Name)
    out += ' ' + std::to_string(param.key) + ':' + std::to_string(param.value.size());
  return out;
}

std::string read_configs(const Bytes& list) {
  const ExactCopy copy(list);
  EchConfigs configs(copy);
  std::string out;
  HostName name;
  for (;;) {
    const Extract next = configs.next(name);
    if (next != Extract::Name && next != Extract::NoName) return out + word_of(next);
    out += (next == Extract::Name ? std::string(name.view()) : "NoName") + ' ';
  }
}

TEST(SvcParams, ServiceAndAliasAreRead) {
  EXPECT_EQ(read_service(make_answer(make_service(joined({kAlpn, kHint, make_ech("pub.example"), kHint6})))),
            " 1:3 4:8 5:" + std::to_string(2 + 4 + make_config("pub.example").size() - 4) + " 6:16");
  EXPECT_EQ(read_service(make_answer(make_service({}, make_name("CDN.example"), 0), kDnsSvcb)),
            "cdn.example");
  EXPECT_EQ(read_service(make_answer(make_service({}, {0}, 0))), "");
}

TEST(SvcParams, WhatIsNotWellFormedIsMalformed) {
  const auto of = [](const Bytes& data) { return read_service(make_answer(data)); };
  EXPECT_EQ(of({}), "Malformed");
  EXPECT_EQ(of({0, 1}), "Malformed");
  EXPECT_EQ(of(make_service({}, make_pointer(12))), "Malformed");  // RFC 9460 2.2: never compressed
  EXPECT_EQ(of(make_service(joined({kHint, kAlpn}))), "Malformed");
  EXPECT_EQ(of(make_service(joined({kAlpn, kAlpn}))), "Malformed");
  EXPECT_EQ(of(make_service({0, 1, 0})), "Malformed");
  EXPECT_EQ(of(make_service({0, 1, 0, 2, 'x'})), "Malformed");
  EXPECT_EQ(of(make_service(make_param(kSvcIpv4Hint, {}))), "Malformed");
  EXPECT_EQ(of(make_service(make_param(kSvcIpv4Hint, Bytes(5)))), "Malformed");
  EXPECT_EQ(of(make_service(make_param(kSvcIpv6Hint, Bytes(4)))), "Malformed");
  EXPECT_EQ(of(make_service(make_param(kSvcEch, {}))), "Malformed");
}

TEST(SvcParams, HintsAreAddresses) {
  const Bytes value = {192, 0, 2, 1, 192, 0, 2, 2};
  SvcHints hints(SvcParam{kSvcIpv4Hint, value});
  Address address;
  ASSERT_TRUE(hints.next(address));
  EXPECT_TRUE(address.is_v4());
  EXPECT_EQ(address.bytes[15], 1);
  ASSERT_TRUE(hints.next(address));
  EXPECT_EQ(address.bytes[15], 2);
  EXPECT_FALSE(hints.next(address));
}

TEST(EchConfigs, PublicNamesAreGiven) {
  EXPECT_EQ(read_configs(make_list(make_config("Public.Example"))), "public.example Complete");
  EXPECT_EQ(read_configs(make_list(
                joined({make_config("a.example"), make_config("x", 0xfe0a), make_config("b.example")}))),
            "a.example NoName b.example Complete");
  EXPECT_EQ(read_configs(make_list(make_config("192.0.2.1"))), "NoName Complete");
  EXPECT_EQ(read_configs(make_list(make_config("a b"))), "NoName Complete");
}

TEST(EchConfigs, EveryCutAndEveryWrongLengthIsMalformed) {
  const Bytes list = make_list(make_config("pub.example"));
  EXPECT_EQ(read_configs({}), "Malformed");
  EXPECT_EQ(read_configs({0, 0}), "Malformed");
  EXPECT_EQ(read_configs(make_list(make_config(""))), "Malformed");
  for (size_t size = 0; size < list.size(); ++size)
    EXPECT_EQ(read_configs(Bytes(list.begin(), list.begin() + static_cast<ptrdiff_t>(size))), "Malformed");
  Bytes longer = list;
  longer.push_back(0);
  EXPECT_EQ(read_configs(longer), "Malformed");
  // The lengths: of the list, of the configuration, of its key, its suites, its name, its extensions.
  for (const size_t at : {size_t{1}, size_t{5}, size_t{10}, size_t{44}, size_t{50}, list.size() - 1}) {
    for (const int by : {-1, 1}) {
      Bytes wrong = list;
      wrong[at] = static_cast<uint8_t>(wrong[at] + by);
      EXPECT_EQ(read_configs(wrong), "Malformed") << at;
    }
  }
}

/// What strip_ech makes of an answer, as read_service has it.
std::string stripped(Bytes message, size_t changed = 1) {
  DnsMessage parsed;
  EXPECT_EQ(parse_dns(message, parsed), Extract::Name);
  const size_t size = message.size();
  EXPECT_EQ(strip_ech(message, parsed), changed);
  EXPECT_EQ(message.size(), size);
  const std::string text(message.begin(), message.end());
  EXPECT_EQ(text.find("pub.example"), std::string::npos);
  return read_service(message);
}

TEST(StripEch, ItsPlaceIsTakenByAPrivateKeyOfTheSameSize) {
  const Bytes ech = make_ech("pub.example");
  const std::string size = std::to_string(ech.size() - 4);
  EXPECT_EQ(stripped(make_answer(make_service(ech))), " 65534:" + size);
  EXPECT_EQ(stripped(make_answer(make_service(joined({kAlpn, kHint, ech, kHint6})))),
            " 1:3 4:8 6:16 65534:" + size);
  EXPECT_EQ(stripped(make_answer(make_service(joined({kAlpn, kHint})), kDnsSvcb), 0), " 1:3 4:8");
}

TEST(StripEch, KeysStillAscendBesidePrivateOnes) {
  const Bytes ech = make_ech("pub.example");
  const std::string size = std::to_string(ech.size() - 4);
  EXPECT_EQ(
      stripped(make_answer(make_service(joined({ech, make_param(65533, {1}), make_param(65534, {1, 2})})))),
      " 65532:" + size + " 65533:1 65534:2");
  EXPECT_EQ(stripped(make_answer(make_service(joined({ech, make_param(65533, {1})})))),
            " 65533:1 65534:" + size);
  EXPECT_EQ(stripped(make_answer(make_service(joined({ech, make_param(65535, {1})})))),
            " 65534:" + size + " 65535:1");
  EXPECT_EQ(stripped(make_answer(make_service(joined({ech, make_param(65534, {}), make_param(65535, {1})})))),
            " 65533:" + size + " 65534:0 65535:1");
}

TEST(StripEch, RecordWithEveryPrivateKeyCannotBeStripped) {
  Bytes params = make_ech("pub.example");
  for (unsigned key = kSvcFirstPrivate; key <= kSvcLastPrivate; ++key) append(params, make_param(key, {}));
  Bytes message = make_answer(make_service(params));
  DnsMessage parsed;
  ASSERT_EQ(parse_dns(message, parsed), Extract::Name);
  EXPECT_EQ(strip_ech(message, parsed), kStripFailed);
}

TEST(StripEch, EveryRecordOfEverySectionIsChanged) {
  Bytes message = make_header({1, 2, 0, 1}, 0x8180);
  put_question(message, make_name("a.example"), kDnsHttps);
  put_record(message, make_pointer(12), kDnsHttps, make_service(joined({kAlpn, make_ech("pub.example")})));
  put_record(message, make_pointer(12), kDnsA, Bytes{192, 0, 2, 1});
  put_record(message, make_name("svc.example"), kDnsSvcb, make_service(make_ech("other.example")));
  DnsMessage parsed;
  ASSERT_EQ(parse_dns(message, parsed), Extract::Name);
  EXPECT_EQ(strip_ech(message, parsed), 2u);
  EXPECT_EQ(strip_ech(message, parsed), 0u);
}

TEST(StripEch, RandomDamageNeverOverruns) {
  std::mt19937 random(29);
  const Bytes whole = make_answer(make_service(joined({kAlpn, kHint, make_ech("pub.example"), kHint6})));
  for (int round = 0; round < 50000; ++round) {
    Bytes damaged = whole;
    for (unsigned i = 0; i < 1 + random() % 3; ++i)
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    DnsMessage parsed;
    if (parse_dns(damaged, parsed) != Extract::Name) continue;
    DnsAnswers records = DnsAnswers::of_all_sections(damaged, parsed);
    DnsAnswer record;
    Extract next;
    while ((next = records.next(record)) == Extract::Name) {
    }
    if (next == Extract::Malformed) continue;
    EXPECT_LE(strip_ech(damaged, parsed), parsed.record_count);
  }
}

}  // namespace
}  // namespace sluice::test
