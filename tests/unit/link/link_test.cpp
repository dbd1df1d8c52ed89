// link tests: the protocol against a data plane that behaves, and one that does not.
#include "control/link/link.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "tests/unit/link/fake_data_plane.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

using std::chrono::milliseconds;

struct LinkTest : testing::Test {
  FakeDataPlane plane;
  FakeShared shared{2, 64};
  EventLoop loop;
  std::vector<std::shared_ptr<SharedRegion>> regions;
  std::vector<uint32_t> welcomed;
  std::vector<std::string> answers;
  int lost = 0;
  Link link{loop,
            plane.path(),
            {[this](auto region, uint32_t generation) {
               regions.push_back(std::move(region));
               welcomed.push_back(generation);
             },
             [this](uint32_t generation, bool accepted, const std::string& why) {
               answers.push_back(std::to_string(generation) + (accepted ? " yes" : " no: " + why));
             },
             [this] { ++lost; }}};

  template <typename Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 300; ++i) {
      if (condition()) {
        return true;
      }
      loop.run_once(milliseconds(10));
    }
    return false;
  }
  bool hello() {
    Message message{};
    UniqueFd fd;
    return plane.accept() && plane.take(message, fd) && message.magic == kMessageMagic &&
           message.type == static_cast<uint16_t>(MessageType::Hello) && !fd;
  }
  void meet(uint32_t generation = 0) {
    link.start();
    ASSERT_TRUE(hello());
    ASSERT_TRUE(plane.say(plane.message(MessageType::Welcome, generation), shared.fd.get()));
    ASSERT_TRUE(until([&] { return link.up(); }));
  }
  static std::shared_ptr<const SealedImage> image(uint32_t generation) {
    std::string error;
    const std::vector<std::byte> bytes(1000, std::byte{0x5a});
    return SealedImage::make(bytes, generation, error);
  }
};

TEST_F(LinkTest, WelcomeMapsTheMemory) {
  meet(17);
  ASSERT_EQ(regions.size(), 1u);
  EXPECT_EQ(welcomed[0], 17u);
  EXPECT_EQ(regions[0]->worker_count(), 2u);
  EXPECT_EQ(regions[0]->pair(0), "iplc-sg");
  EXPECT_EQ(regions[0]->pair(1), "");
  shared.stats(1).rejudged.add(5);
  EXPECT_EQ(regions[0]->stats(1).rejudged.get(), 5u);
}

TEST_F(LinkTest, ImageComesSealed) {
  meet();
  link.send(image(3));
  Message message{};
  UniqueFd fd;
  ASSERT_TRUE(plane.take(message, fd));
  EXPECT_EQ(message.type, static_cast<uint16_t>(MessageType::Load));
  EXPECT_EQ(message.generation, 3u);
  ASSERT_TRUE(fd);
  EXPECT_EQ(::fcntl(fd.get(), F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_END), 1000);
}

TEST_F(LinkTest, OneImageAtATimeAndTheNewestNext) {
  meet();
  link.send(image(1));
  link.send(image(2));
  link.send(image(3));
  Message message{};
  UniqueFd fd;
  ASSERT_TRUE(plane.take(message, fd));
  EXPECT_EQ(message.generation, 1u);
  ASSERT_TRUE(plane.say(plane.message(MessageType::Loaded, 1, 1)));
  ASSERT_TRUE(until([&] { return answers.size() == 1; }));
  ASSERT_TRUE(plane.take(message, fd));
  EXPECT_EQ(message.generation, 3u);
  Message refusal = plane.message(MessageType::Loaded, 3, 0);
  std::memset(refusal.text, 'x', sizeof refusal.text);  // not terminated
  refusal.text[1] = '\n';
  ASSERT_TRUE(plane.say(refusal));
  ASSERT_TRUE(until([&] { return answers.size() == 2; }));
  EXPECT_EQ(answers[0], "1 yes");
  EXPECT_EQ(answers[1], "3 no: x " + std::string(kMessageText - 2, 'x'));
}

TEST_F(LinkTest, HangUpIsNoticedAndTheSameBootKeepsItsMapping) {
  meet();
  plane.hang_up();
  ASSERT_TRUE(until([&] { return lost == 1; }));
  ASSERT_TRUE(until([&] { return hello(); }));
  ASSERT_TRUE(plane.say(plane.message(MessageType::Welcome), shared.fd.get()));
  ASSERT_TRUE(until([&] { return regions.size() == 2; }));
  EXPECT_EQ(regions[0], regions[1]);
}

TEST_F(LinkTest, AnotherBootIsAnotherMapping) {
  meet();
  plane.die();
  ASSERT_TRUE(until([&] { return lost == 1; }));
  FakeShared other(1, 64, 0xb008);
  plane.listen();
  ASSERT_TRUE(until([&] { return hello(); }));
  ASSERT_TRUE(plane.say(plane.message(MessageType::Welcome), other.fd.get()));
  ASSERT_TRUE(until([&] { return regions.size() == 2; }));
  EXPECT_NE(regions[0], regions[1]);
  EXPECT_EQ(regions[0]->worker_count(), 2u);  // still mapped
}

TEST_F(LinkTest, DataPlaneThatComesLaterIsFound) {
  plane.die();
  link.start();
  loop.run_once(milliseconds(10));
  plane.listen();
  EXPECT_TRUE(until([&] { return hello(); }));
}

TEST_F(LinkTest, WrongPacketEndsTheConnection) {
  const Message good = FakeDataPlane::message(MessageType::Welcome);
  for (int kind = 0; kind < 9; ++kind) {
    SCOPED_TRACE(kind);
    FakeDataPlane fresh;
    Link other(loop, fresh.path(), {[](auto, uint32_t) { FAIL(); }, nullptr, nullptr});
    other.start();
    Message hello{};
    UniqueFd fd;
    ASSERT_TRUE(fresh.accept() && fresh.take(hello, fd));
    Message bad = good;
    switch (kind) {
      case 0:
        bad.magic ^= 1;
        fresh.say(bad, shared.fd.get());
        break;
      case 1:
        bad.version += 1;
        fresh.say(bad, shared.fd.get());
        break;
      case 2:
        bad.type = 99;
        fresh.say(bad, shared.fd.get());
        break;
      case 3:
        fresh.say(bad);
        break;  // no descriptor
      case 4:
        fresh.say(bad, shared.fd.get(), 2);
        break;
      case 5:
        fresh.say(bad, shared.fd.get(), 8);
        break;
      case 6:
        fresh.say(bad, shared.fd.get(), 1, sizeof bad - 1);
        break;
      case 7:
        fresh.say(bad, shared.fd.get(), 1, sizeof bad + 1);
        break;
      case 8:
        fresh.say(FakeDataPlane::message(MessageType::Loaded, 1, 1));
        break;
    }
    ASSERT_TRUE(until([&] { return fresh.accept(); }));  // it came again
    EXPECT_FALSE(other.up());
  }
}

TEST_F(LinkTest, AnswerNobodyAskedForEndsTheConnection) {
  meet();
  ASSERT_TRUE(plane.say(plane.message(MessageType::Loaded, 4, 1)));
  EXPECT_TRUE(until([&] { return lost == 1; }));
  EXPECT_TRUE(answers.empty());
}

std::vector<Binding> bindings(size_t count) {
  std::vector<Binding> out(count);
  for (size_t i = 0; i < count; ++i) {
    out[i].ttl_s = static_cast<uint32_t>(i);
    out[i].name_size = 1;
    out[i].name[0] = 'a';
  }
  return out;
}

TEST_F(LinkTest, BindingsGoSomeAtATimeInTheirOrder) {
  meet();
  link.bind(bindings(kMaxBindings + 3));
  std::vector<Binding> taken;
  ASSERT_TRUE(plane.take_bind(taken));
  ASSERT_EQ(taken.size(), kMaxBindings);
  EXPECT_EQ(taken[5].ttl_s, 5u);
  ASSERT_TRUE(plane.say(plane.message(MessageType::Bound, 0, kMaxBindings - 2)));
  ASSERT_TRUE(until([&] { return link.counts().bound == kMaxBindings - 2; }));
  EXPECT_EQ(link.counts().bind_lost, 2u);
  ASSERT_TRUE(plane.take_bind(taken));
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].ttl_s, kMaxBindings);
}

TEST_F(LinkTest, AnImageDoesNotWaitForBindings) {
  meet();
  link.bind(bindings(1));
  link.send(image(3));
  std::vector<Binding> taken;
  Message message{};
  UniqueFd fd;
  EXPECT_TRUE(plane.take_bind(taken));
  EXPECT_TRUE(plane.take(message, fd) && message.type == static_cast<uint16_t>(MessageType::Load));
}

TEST_F(LinkTest, BindingsThatNobodyTakesAreLostAndCounted) {
  link.bind(bindings(2));
  EXPECT_EQ(link.counts().bind_lost, 2u);
  meet();
  link.bind(bindings(kMaxBindingsWaiting + 7));
  EXPECT_EQ(link.counts().bind_lost, 9u);
  plane.hang_up();
  ASSERT_TRUE(until([&] { return lost == 1; }));
  EXPECT_EQ(link.counts().bind_lost, 9u + kMaxBindingsWaiting);
  EXPECT_EQ(link.counts().bound, 0u);
}

TEST_F(LinkTest, MoreThanWasBoundEndsTheConnection) {
  meet();
  link.bind(bindings(2));
  ASSERT_TRUE(plane.say(plane.message(MessageType::Bound, 0, 3)));
  EXPECT_TRUE(until([&] { return lost == 1; }));
  EXPECT_EQ(link.counts().bound, 0u);
}

TEST(SharedRegion, HeaderThatDoesNotFitIsRefused) {
  const auto refused = [](auto breaking) {
    FakeShared shared(2, 64);
    breaking(shared);
    std::string error;
    const bool out = SharedRegion::map(shared.fd.get(), error) == nullptr;
    EXPECT_EQ(out, !error.empty());
    return out;
  };
  EXPECT_FALSE(refused([](FakeShared&) {}));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().magic ^= 1; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().version += 1; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().size += 1; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().worker_count = 0; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().worker_count = kMaxWorkers + 1; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().pair_count = kMaxPairs + 1; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().workers[1].stats_offset = s.size - 64; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().workers[1].stats_offset = UINT64_MAX - 63; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().workers[1].stats_offset += 8; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().workers[0].ring_offset = s.size; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.header().workers[0].ring_offset += 1; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.ring(1).slot_count = 128; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.ring(1).slot_count = 63; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.ring(1).slot_count = 0; }));
  EXPECT_TRUE(refused([](FakeShared& s) { s.ring(1).slot_count = uint64_t{1} << 63; }));
}

TEST(SharedRegion, MemoryCutAnywhereIsRefused) {
  FakeShared whole(1, 8);
  for (size_t size = 0; size < whole.size; size += 16) {
    UniqueFd fd(::memfd_create("cut", MFD_CLOEXEC));
    ASSERT_EQ(::write(fd.get(), whole.memory, size), static_cast<ssize_t>(size));
    std::string error;
    EXPECT_EQ(SharedRegion::map(fd.get(), error), nullptr) << size;
  }
}

TEST(SharedRegion, EachHeaderByteFlippedIsRefusedOrHarmless) {
  FakeShared shared(2, 8);
  for (size_t at = 0; at < sizeof(SharedHeader); ++at) {
    shared.memory[at] ^= std::byte{0xff};
    std::string error;
    if (const auto region = SharedRegion::map(shared.fd.get(), error)) {
      for (size_t worker = 0; worker < region->worker_count(); ++worker) {
        (void)region->stats(worker).names.get();
        (void)region->ring(worker).header->head.load();
      }
    }
    shared.memory[at] ^= std::byte{0xff};
  }
}

TEST(SharedRegion, SomethingElseIsRefused) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd one(ends[0]), two(ends[1]);
  std::string error;
  EXPECT_EQ(SharedRegion::map(one.get(), error), nullptr);
  EXPECT_FALSE(error.empty());
}

}  // namespace
}  // namespace sluice::control
