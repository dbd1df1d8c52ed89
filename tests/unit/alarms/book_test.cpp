// alarms tests: when an alarm is raised, told of again, and over; by a clock of the tests' own.
#include "control/alarms/book.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
constexpr int64_t kStart = 1'795'406'706 * kSecond;

AlarmPolicy policy_of(std::vector<AlarmRule> rules) {
  return {.webhook = "https://alarms.example/",
          .mail = {"smtps://mail.example", "sluice@office.example", {"it@office.example"}},
          .ca = "",
          .repeat_s = 4 * 3600,
          .rules = std::move(rules)};
}

struct AlarmBookTest : testing::Test {
  AlarmBook book;
  int64_t now = kStart;
  GatewayState gateway{true, 0};

  void set(std::vector<AlarmRule> rules) { book.set(policy_of(std::move(rules)), now); }
  void access(const std::string& client, const std::string& action, const std::string& reason,
              const std::string& network = "staff", uint64_t count = 1) {
    AccessFields fields;
    fields.source_ip = client;
    fields.destination_ip = "198.51.100.9";
    fields.action = action;
    fields.reason = reason;
    fields.network = network;
    fields.protocol = "tls";
    fields.count = count;
    book.take(fields, now, now);
  }
  void blocked(const std::string& client, uint64_t count = 1) {
    access(client, "blocked", "rule", "staff", count);
  }
  void wait(int64_t ns) {
    now += ns;
    book.tick(now, gateway);
  }
  /// `alarm state subject count` of each notice that was made since the last call.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const Notice& each : book.notices()) {
      out.push_back(each.alarm + " " + std::string(kNoticeWords[static_cast<size_t>(each.state)]) + " " +
                    each.subject + " " + std::to_string(each.count));
    }
    for (const AlarmSink sink : {AlarmSink::Webhook, AlarmSink::Mail}) {
      book.taken(sink, UINT64_MAX);
    }
    return out;
  }
};

const AlarmRule kBlocks{"many", AlarmKind::Blocks, 5, 3600};

TEST_F(AlarmBookTest, ManyBlocksOfOneClientRaiseIt) {
  set({kBlocks});
  for (int i = 0; i < 4; ++i) {
    blocked("10.20.1.7");
    blocked("10.20.1.8");
  }
  EXPECT_THAT(told(), ElementsAre());
  blocked("10.20.1.7");
  EXPECT_THAT(told(), ElementsAre("many raised 10.20.1.7 5"));
  blocked("10.20.1.7");
  EXPECT_THAT(told(), ElementsAre()) << "it is open";
  EXPECT_EQ(book.open().size(), 1U);
  EXPECT_EQ(book.open().begin()->second.count, 6U);
  EXPECT_EQ(book.raised().at("many"), 1U);
}

TEST_F(AlarmBookTest, WhatIsNotThatDoesNotCount) {
  set({kBlocks});
  for (int i = 0; i < 20; ++i) {
    access("10.20.1.7", "allowed", "rule");
    access("10.20.1.7", "observed", "default");
    access("10.20.1.7", "blocked", "unregistered-source", "");  // anybody may bear any address
  }
  AccessFields fields;
  fields.source_ip = "203.0.113.9";
  fields.destination_ip = "10.20.1.7";
  fields.direction = "inbound";
  fields.action = "blocked";
  fields.reason = "inbound-refused";
  fields.network = "staff";
  for (int i = 0; i < 20; ++i) {
    book.take(fields, now, now);
  }
  fields.direction = {};
  fields.ended = "blocked";
  for (int i = 0; i < 20; ++i) {
    book.take(fields, now, now);
  }
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(AlarmBookTest, FoldedLinesCountAsWhatTheyStandFor) {
  set({kBlocks});
  blocked("10.20.1.7", 7);
  EXPECT_THAT(told(), ElementsAre("many raised 10.20.1.7 7"));
}

TEST_F(AlarmBookTest, OldBlocksAreForgotten) {
  set({kBlocks});
  for (int i = 0; i < 12; ++i) {
    blocked("10.20.1.7");
    wait(16 * kMinute);  // four within the hour
  }
  EXPECT_THAT(told(), ElementsAre());
  for (int i = 0; i < 2; ++i) {
    blocked("10.20.1.7");
  }
  EXPECT_THAT(told(), ElementsAre("many raised 10.20.1.7 5"));
}

TEST_F(AlarmBookTest, ItIsOverWhenItIsQuietAndMayComeAgain) {
  set({kBlocks});
  blocked("10.20.1.7", 5);
  wait(59 * kMinute);
  blocked("10.20.1.7", 3);
  told();
  wait(kMinute + kSecond);
  EXPECT_THAT(told(), ElementsAre()) << "three within the hour are more than half";
  wait(kHour);
  EXPECT_THAT(told(), ElementsAre("many ended 10.20.1.7 8"));
  EXPECT_TRUE(book.open().empty());
  blocked("10.20.1.7", 5);
  EXPECT_THAT(told(), ElementsAre("many raised 10.20.1.7 5"));
  EXPECT_EQ(book.raised().at("many"), 2U);
}

TEST_F(AlarmBookTest, ItIsRepeatedWhileItGoesOn) {
  set({kBlocks});
  for (int i = 0; i < 9 * 60; ++i) {
    blocked("10.20.1.7");
    wait(kMinute);
  }
  EXPECT_THAT(told(),
              ElementsAre("many raised 10.20.1.7 5", "many still 10.20.1.7 244", "many still 10.20.1.7 484"));
}

TEST_F(AlarmBookTest, TunnelAttemptsCountWhetherRefusedOrObserved) {
  set({{"tunnels", AlarmKind::Tunnels, 2, 600}});
  access("10.20.1.7", "blocked", "tunnel");
  access("10.20.1.8", "observed", "tunnel");
  EXPECT_THAT(told(), ElementsAre());
  AccessFields fields;
  fields.source_ip = "10.20.1.7";
  fields.action = "blocked";
  fields.reason = "rule";
  fields.protocol = "wireguard";
  fields.network = "staff";
  book.take(fields, now, now);
  EXPECT_THAT(told(), ElementsAre("tunnels raised 10.20.1.7 2"));
  access("10.20.1.8", "observed", "tunnel");
  EXPECT_THAT(told(), ElementsAre("tunnels raised 10.20.1.8 2"));
}

TEST_F(AlarmBookTest, ANewSourceIsToldOfOnce) {
  set({{"stranger", AlarmKind::NewSource}});
  access("172.16.5.5", "blocked", "unregistered-source", "");
  EXPECT_THAT(told(), ElementsAre("stranger raised 172.16.5.5 1"));
  access("172.16.5.5", "blocked", "unregistered-source", "");
  wait(2 * kHour);
  EXPECT_THAT(told(), ElementsAre("stranger ended 172.16.5.5 2"));
  access("172.16.5.5", "blocked", "unregistered-source", "");
  EXPECT_THAT(told(), ElementsAre()) << "it is known";
  now += 31 * 24 * kHour;
  access("172.16.5.5", "observed", "unregistered-source", "");
  EXPECT_THAT(told(), ElementsAre("stranger raised 172.16.5.5 1")) << "after a month it is not";
}

TEST_F(AlarmBookTest, ASilentGatewayIsToldOf) {
  set({{"silence", AlarmKind::NoRecords, 1, 900}});
  wait(kMinute);
  access("10.20.1.7", "allowed", "default");
  wait(kSecond);
  gateway.asked = 9;
  wait(20 * kMinute);
  EXPECT_THAT(told(), ElementsAre()) << "a quiet night";
  gateway.asked = 60;
  wait(kSecond);
  EXPECT_THAT(told(), ElementsAre("silence raised gateway 60"));
  wait(kHour);
  EXPECT_THAT(told(), ElementsAre());
  access("10.20.1.7", "allowed", "default");
  wait(kSecond);
  EXPECT_THAT(told(), ElementsAre("silence ended gateway 60"));
}

TEST_F(AlarmBookTest, ADataPlaneThatIsAwayIsToldOf) {
  set({{"silence", AlarmKind::NoRecords, 1, 900}});
  gateway.up = false;
  wait(14 * kMinute);
  EXPECT_THAT(told(), ElementsAre());
  wait(kMinute);
  ASSERT_EQ(book.notices().size(), 1U);
  EXPECT_THAT(text_of(book.notices().front()), HasSubstr("its data plane is away"));
  told();
  gateway = {true, 0};
  wait(kSecond);
  EXPECT_THAT(told(), ElementsAre("silence ended gateway 0"));
}

TEST_F(AlarmBookTest, ManyStrangersAreBounded) {
  set({{"stranger", AlarmKind::NewSource}});
  for (size_t i = 0; i < AlarmBook::kMaxSources + 500; ++i) {
    access("172.16." + std::to_string(i / 256) + "." + std::to_string(i % 256), "blocked",
           "unregistered-source", "");
  }
  EXPECT_EQ(book.open().size(), AlarmBook::kMaxOpen);
  EXPECT_EQ(book.notices().size(), AlarmBook::kMaxNotices);
  EXPECT_EQ(book.unnamed(), AlarmBook::kMaxSources + 500 - AlarmBook::kMaxOpen);
  EXPECT_EQ(book.raised().at("stranger"), AlarmBook::kMaxSources + 500);
  wait(2 * kHour);
  EXPECT_EQ(book.notices().size(), AlarmBook::kMaxNotices);
  EXPECT_EQ(book.dropped(), AlarmBook::kMaxOpen);
}

TEST_F(AlarmBookTest, ManyClientsAreBounded) {
  set({kBlocks});
  for (size_t i = 0; i < AlarmBook::kMaxClients + 500; ++i) {
    blocked("10.20." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  }
  EXPECT_EQ(book.json()["windows"].size(), AlarmBook::kMaxClients);
}

TEST_F(AlarmBookTest, ATimeOfTheFutureCountsAsNow) {
  set({kBlocks});
  AccessFields fields;
  fields.source_ip = "10.20.1.7";
  fields.action = "blocked";
  fields.network = "staff";
  fields.count = 5;
  book.take(fields, INT64_MAX, now);
  EXPECT_THAT(told(), ElementsAre("many raised 10.20.1.7 5"));
  wait(2 * kHour);
  EXPECT_THAT(told(), ElementsAre("many ended 10.20.1.7 5"));
}

TEST_F(AlarmBookTest, AnAlarmThatThePolicyHasNoLongerIsGone) {
  set({kBlocks});
  blocked("10.20.1.7", 5);
  set({{"many", AlarmKind::Tunnels, 5, 3600}});
  EXPECT_TRUE(book.open().empty());
  blocked("10.20.1.7", 5);
  set({});
  EXPECT_TRUE(book.raised().empty());
  wait(kHour);
}

TEST_F(AlarmBookTest, WhoIsNoLongerToldIsNotWaitedFor) {
  set({kBlocks});
  blocked("10.20.1.7", 5);
  AlarmPolicy policy = policy_of({kBlocks});
  policy.mail = {};
  book.set(policy, now);
  ASSERT_EQ(book.notices().size(), 1U);
  book.taken(AlarmSink::Webhook, UINT64_MAX);
  EXPECT_TRUE(book.notices().empty());
}

TEST_F(AlarmBookTest, ItIsTheSameAfterItWasWrittenAndRead) {
  set({kBlocks, {"stranger", AlarmKind::NewSource}});
  blocked("10.20.1.7", 5);
  blocked("10.20.1.8", 4);
  access("172.16.5.5", "blocked", "unregistered-source", "");
  book.taken(AlarmSink::Mail, 1);
  AlarmBook other;
  ASSERT_TRUE(other.read(book.json()));
  EXPECT_EQ(other.json(), book.json());
  book = other;
  set({kBlocks, {"stranger", AlarmKind::NewSource}});
  told();
  blocked("10.20.1.8");
  access("172.16.5.5", "blocked", "unregistered-source", "");
  EXPECT_THAT(told(), ElementsAre("many raised 10.20.1.8 5"));
}

TEST_F(AlarmBookTest, AFileWithAnythingWrongInItIsNone) {
  set({kBlocks});
  blocked("10.20.1.7", 5);
  const nlohmann::json whole = book.json();
  AlarmBook other;
  for (const auto& [key, value] : whole.items()) {
    for (const auto& wrong :
         {nlohmann::json(), nlohmann::json(-1), nlohmann::json("x"), nlohmann::json::array({1})}) {
      nlohmann::json changed = whole;
      changed[key] = wrong;
      if (!other.read(changed)) {
        EXPECT_TRUE(other.open().empty() && other.notices().empty()) << key;
      }
    }
  }
  EXPECT_FALSE(other.read({}));
}

TEST(AlarmNotice, ItIsJsonForProgramsAndASentenceForPeople) {
  const Notice notices[] = {{.number = 3,
                             .alarm = "many",
                             .subject = "li.wei",
                             .network = "staff",
                             .count = 57,
                             .within_s = 3600,
                             .since_ns = kStart,
                             .last_ns = kStart + kMinute,
                             .made_ns = kStart + kMinute}};
  const auto said = nlohmann::json::parse(webhook_text({"shanghai", notices, 2}));
  EXPECT_EQ(said["site"], "shanghai");
  EXPECT_EQ(said["more"], 2);
  EXPECT_EQ(said["notices"][0]["number"], 3);
  EXPECT_EQ(said["notices"][0]["state"], "raised");
  EXPECT_EQ(said["notices"][0]["kind"], "blocks-of-one-client");
  EXPECT_EQ(said["notices"][0]["text"],
            "li.wei of staff was blocked 57 times since 2026-11-23T04:05:06Z; `sluicectl why` says of what");
  EXPECT_EQ(mail_subject({"shanghai", notices, 2}), "Sluice shanghai: alarm many raised, and 2 more");
  EXPECT_THAT(mail_text({"shanghai", notices, 2}), HasSubstr("and 2 more that are not named"));
  EXPECT_EQ(notice_from(notice_json(notices[0])), notices[0]);
}

}  // namespace
}  // namespace sluice::control
