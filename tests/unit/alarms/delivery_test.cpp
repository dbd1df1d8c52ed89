// alarms tests: every notice reaches those who are told, once they take it; by a clock of the tests' own.
#include "control/alarms/delivery.h"

#include <gmock/gmock.h>

namespace sluice::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000'000;

struct AlarmDelivery : testing::Test {
  AlarmBook book;
  Delivery delivery{DeliveryLimits{}};
  int64_t now = 1'795'406'706 * kSecond;
  std::string why[kSinkCount];   ///< what a sink answers
  std::vector<std::string> got;  ///< `sink first-last +more`
  int strangers = 0;

  AlarmDelivery() {
    book.set({.webhook = "https://alarms.example/",
              .mail = {"smtps://mail.example", "a@b.example", {"c@d.example"}},
              .ca = "",
              .rules = {{"stranger", AlarmKind::NewSource}}},
             now);
  }
  void raise(int count = 1) {
    for (int i = 0; i < count; ++i) {
      const std::string address =
          "172.16." + std::to_string(strangers / 256) + "." + std::to_string(strangers % 256);
      ++strangers;
      AccessFields fields;
      fields.source_ip = address;
      fields.action = "blocked";
      fields.reason = "unregistered-source";
      book.take(fields, now, now);
    }
  }
  std::vector<std::string> turn(int64_t after_s = 0) {
    now += after_s * kSecond;
    got.clear();
    delivery.turn(book, "site", now, [this](AlarmSink sink, const AlarmPolicy&, const NoticeBatch& batch) {
      got.push_back(std::string(kSinkWords[static_cast<size_t>(sink)]) + " " +
                    std::to_string(batch.notices.front().number) + "-" +
                    std::to_string(batch.notices.back().number) + " +" + std::to_string(batch.more));
      return why[static_cast<size_t>(sink)];
    });
    return got;
  }
};

TEST_F(AlarmDelivery, EachSinkGetsEachNoticeOnce) {
  raise(2);
  EXPECT_THAT(turn(), ElementsAre("webhook 1-2 +0", "mail 1-2 +0"));
  EXPECT_THAT(turn(1000), IsEmpty());
  EXPECT_TRUE(book.notices().empty());
  EXPECT_EQ(delivery.status(AlarmSink::Mail, book).sent, 2U);
}

TEST_F(AlarmDelivery, MailsAreAMinuteApart) {
  raise();
  turn();
  raise();
  EXPECT_THAT(turn(1), ElementsAre("webhook 2-2 +0"));
  raise();
  EXPECT_THAT(turn(58), ElementsAre("webhook 3-3 +0"));
  EXPECT_THAT(turn(1), ElementsAre("mail 2-3 +0"));
}

TEST_F(AlarmDelivery, WhatIsNotTakenIsTriedAgainLaterAndLater) {
  why[0] = "the server answers 503";
  raise();
  EXPECT_THAT(turn(), ElementsAre("webhook 1-1 +0", "mail 1-1 +0"));
  EXPECT_THAT(turn(9), IsEmpty());
  EXPECT_THAT(turn(1), ElementsAre("webhook 1-1 +0"));
  EXPECT_THAT(turn(19), IsEmpty());
  raise();
  EXPECT_THAT(turn(1), ElementsAre("webhook 1-2 +0"));
  const SinkStatus status = delivery.status(AlarmSink::Webhook, book);
  EXPECT_EQ(status.failed, 3U);
  EXPECT_EQ(status.waiting, 2U);
  EXPECT_EQ(status.error, "the server answers 503");
  EXPECT_EQ(status.waiting_since_ns, book.notices().front().made_ns);
  for (int i = 0; i < 20; ++i) {
    turn(3600);  // an hour is the most
    EXPECT_THAT(got, testing::Contains("webhook 1-2 +0"));
  }
  why[0].clear();
  EXPECT_THAT(turn(3600), ElementsAre("webhook 1-2 +0"));
  EXPECT_EQ(delivery.status(AlarmSink::Webhook, book).error, "");
  EXPECT_EQ(delivery.status(AlarmSink::Webhook, book).waiting, 0U);
  raise();
  EXPECT_THAT(turn(), ElementsAre("webhook 3-3 +0", "mail 3-3 +0")) << "at once again";
}

TEST_F(AlarmDelivery, AClockThatIsSetBackDelaysNothing) {
  why[0] = "no";
  raise();
  turn();
  now -= 10 * 86'400 * kSecond;
  EXPECT_THAT(turn(), ElementsAre("webhook 1-1 +0"));
}

TEST_F(AlarmDelivery, AFloodGoesInPieces) {
  raise(250);
  EXPECT_THAT(turn(), ElementsAre("webhook 1-100 +0", "mail 1-100 +0"));
  EXPECT_THAT(turn(1), ElementsAre("webhook 101-200 +0"));
  EXPECT_THAT(turn(1), ElementsAre("webhook 201-250 +0"));
  EXPECT_THAT(turn(60), ElementsAre("mail 101-200 +0"));
}

TEST_F(AlarmDelivery, WhatIsNotNamedIsCountedOnce) {
  raise(static_cast<int>(AlarmBook::kMaxOpen) + 7);
  EXPECT_THAT(turn(), ElementsAre("webhook 1-100 +7", "mail 1-100 +7"));
  EXPECT_THAT(turn(1), ElementsAre("webhook 101-200 +0"));
}

}  // namespace
}  // namespace sluice::control
