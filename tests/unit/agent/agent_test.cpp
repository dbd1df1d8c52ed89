// tests: the data plane's side of the socket, with a control that is right, wrong, rude or gone.
#include "dataplane/agent/agent.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rte_rcu_qsbr.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "dataplane/agent/last_good.h"
#include "tests/support/policy.h"

namespace sluice {
namespace {

constexpr uid_t kSomebody = 65'000;
constexpr gid_t kSomeGroup = 4711;
constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

Message message(MessageType type, uint32_t generation = 0) {
  Message out{};
  out.magic = kMessageMagic;
  out.version = kMessageVersion;
  out.type = static_cast<uint16_t>(type);
  out.generation = generation;
  return out;
}

int memfd_with(std::span<const std::byte> bytes, int seals) {
  const int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  if (seals != 0) {
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, seals), 0);
  }
  return fd;
}

/// An agent on a thread of its own, a worker that reads the generation as the poll loop does, and a client.
class AgentTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("sluice-agent-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
    config_.socket_path = directory_ / "dataplane.sock";
    config_.state_directory = directory_;
    config_.peer = geteuid();
    shared_fd_ = config_.shared_fd = memfd_create("shared", MFD_CLOEXEC);
    stop_fd_ = eventfd(0, EFD_CLOEXEC);
    ASSERT_TRUE(generations_.create(1));
    worker_ = std::thread([this] { work(); });
  }
  void TearDown() override {
    end_agent();
    stop_worker_ = true;
    worker_.join();
    for (int fd : {stop_fd_, shared_fd_, client_}) close(fd);
    std::filesystem::remove_all(directory_);
  }

  void start_agent() {
    agent_ = std::make_unique<Agent>(config_, generations_);
    std::string why;
    ASSERT_TRUE(agent_->listen(why)) << why;
    serving_ = std::thread([this] { agent_->serve(stop_fd_); });
    connect_client();
  }
  void end_agent() {
    if (!serving_.joinable()) return;
    const uint64_t one = 1;
    ASSERT_EQ(write(stop_fd_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    serving_.join();
    uint64_t drained;
    ASSERT_EQ(read(stop_fd_, &drained, sizeof drained), static_cast<ssize_t>(sizeof drained));
    agent_.reset();
  }
  void connect_client() {
    if (client_ >= 0) close(client_);
    client_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, config_.socket_path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(connect(client_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
    const timeval patience{5, 0};
    setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(const void* bytes, size_t size, int fd = -1) {
    iovec part{const_cast<void*>(bytes), size};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
      header.msg_control = rights;
      header.msg_controllen = sizeof rights;
      cmsghdr* control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = SOL_SOCKET;
      control->cmsg_type = SCM_RIGHTS;
      control->cmsg_len = CMSG_LEN(sizeof fd);
      std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
    }
    ASSERT_EQ(sendmsg(client_, &header, MSG_NOSIGNAL), static_cast<ssize_t>(size));
  }
  /// False where the agent has hung up.
  bool receive(Message& out) { return recv(client_, &out, sizeof out, 0) == sizeof out; }
  Message load(std::span<const std::byte> image, uint32_t generation, int seals = kAllSeals) {
    const int fd = memfd_with(image, seals);
    const Message request = message(MessageType::Load, generation);
    send(&request, sizeof request, fd);
    close(fd);
    Message answer{};
    EXPECT_TRUE(receive(answer));
    return answer;
  }

  void work() {
    rte_rcu_qsbr* quiescence = generations_.quiescence();
    rte_rcu_qsbr_thread_register(quiescence, 0);
    rte_rcu_qsbr_thread_online(quiescence, 0);
    while (!stop_worker_) {
      Generation* now = generations_.current().load(std::memory_order_acquire);
      if (now != nullptr) {
        Subject subject{.transport = 6, .service_port = 443, .name = "bad.example"};
        (void)now->policy().judge(subject, now->scratch(0));
        judged_ = judged_ + 1;
      }
      rte_rcu_qsbr_quiescent(quiescence, 0);
      std::this_thread::yield();
    }
    rte_rcu_qsbr_thread_offline(quiescence, 0);
    rte_rcu_qsbr_thread_unregister(quiescence, 0);
  }

  std::filesystem::path directory_;
  AgentConfig config_;
  GenerationSwitch generations_;
  std::unique_ptr<Agent> agent_;
  std::thread serving_, worker_;
  std::atomic<bool> stop_worker_{false};
  std::atomic<uint64_t> judged_{0};
  int client_ = -1, stop_fd_ = -1, shared_fd_ = -1;
};

constexpr const char* kRules =
    "lists: {bad: {names: [bad.example]}}\nrules: [{name: no-bad, to: [bad], action: block}]\n";

TEST_F(AgentTest, LooksNowAndThenWhoeverSpeaks) {
  std::atomic<unsigned> looked{0};
  config_.each_second = [&looked] { ++looked; };
  start_agent();
  const Message hello = message(MessageType::Hello);
  for (int wait = 0; wait < 300 && looked < 2; ++wait) {
    if (wait == 0) send(&hello, sizeof hello);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(looked, 2u) << "at once, and after a second";
  end_agent();
}

TEST_F(AgentTest, HelloIsAnsweredWithTheSharedMemoryAndTheGeneration) {
  start_agent();
  const Message hello = message(MessageType::Hello);
  send(&hello, sizeof hello);
  Message answer{};
  iovec part{&answer, sizeof answer};
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = rights;
  header.msg_controllen = sizeof rights;
  ASSERT_EQ(recvmsg(client_, &header, MSG_CMSG_CLOEXEC), static_cast<ssize_t>(sizeof answer));
  EXPECT_EQ(answer.type, static_cast<uint16_t>(MessageType::Welcome));
  EXPECT_EQ(answer.generation, 0u);
  ASSERT_NE(CMSG_FIRSTHDR(&header), nullptr);
  int fd;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof fd);
  struct stat ours {
  }, theirs{};
  fstat(shared_fd_, &ours);
  fstat(fd, &theirs);
  EXPECT_EQ(ours.st_ino, theirs.st_ino);
  close(fd);
}

TEST_F(AgentTest, GoodImagesSwapUnderAJudgingWorkerAndTheLastIsKept) {
  start_agent();
  for (uint32_t generation = 1; generation <= 30; ++generation) {
    const auto made = test::make_policy(test::kOffice + kRules, generation);
    const Message answer = load(made->compiled.image(), generation);
    ASSERT_EQ(answer.accepted, 1u) << answer.text;
    ASSERT_EQ(answer.generation, generation);
    EXPECT_EQ(generations_.number(), generation);
  }
  EXPECT_GT(judged_, 0u);
  end_agent();  // which keeps what it has not yet kept
  std::string why;
  const auto kept = load_last_good(directory_, 1, why);
  ASSERT_TRUE(kept) << why;
  EXPECT_EQ(kept->policy().generation(), 30u);
}

TEST_F(AgentTest, WhatCannotBeKeptIsInForceAndControlHearsOfIt) {
  config_.state_directory = directory_ / "is-not-there";
  start_agent();
  const auto made = test::make_policy(test::kOffice + kRules, 5);
  const Message answer = load(made->compiled.image(), 5);
  EXPECT_EQ(answer.type, static_cast<uint16_t>(MessageType::Loaded));
  EXPECT_EQ(answer.accepted, 1u);
  Message notice{};
  ASSERT_TRUE(receive(notice));
  EXPECT_EQ(notice.type, static_cast<uint16_t>(MessageType::NotKept));
  EXPECT_EQ(notice.generation, 5u);
  EXPECT_EQ(std::string_view(notice.text), "not kept for the next start: No such file or directory");
  EXPECT_EQ(generations_.number(), 5u);
}

TEST_F(AgentTest, BadImagesAreRefusedWithAReasonAndTheOldStaysInForce) {
  start_agent();
  const auto made = test::make_policy(test::kOffice + kRules, 5);
  const auto image = made->compiled.image();
  ASSERT_EQ(load(image, 5).accepted, 1u);
  std::vector<std::byte> bent(image.begin(), image.end());
  bent[bent.size() / 2] ^= std::byte{1};
  std::vector<std::byte> other(image.begin(), image.end());
  other[8] = std::byte{99};
  const struct {
    const char* what;
    Message answer;
    const char* why;
  } cases[] = {
      {"corrupt", load(bent, 6), "its checksum is wrong"},
      {"truncated", load(image.first(image.size() - 64), 6),
       "its header names another size, or no generation"},
      {"tiny", load(image.first(16), 6), "shorter than its header"},
      {"other version", load(other, 6), "made for another version"},
      {"empty", load({}, 6), "shorter than its header"},
      {"not sealed", load(image, 5, 0), "the image is not sealed"},
      {"half sealed", load(image, 5, F_SEAL_GROW | F_SEAL_SHRINK), "the image is not sealed"},
      {"other generation", load(image, 6), "the image is of another generation than the message says"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(one.answer.accepted, 0u) << one.what;
    EXPECT_STREQ(one.answer.text, one.why) << one.what;
  }
  const Message without = message(MessageType::Load, 6);
  send(&without, sizeof without);
  Message answer{};
  ASSERT_TRUE(receive(answer));
  EXPECT_STREQ(answer.text, "no image came with the message");
  EXPECT_EQ(generations_.number(), 5u);
}

TEST_F(AgentTest, NonsenseEndsTheConnectionAndTheNextOneWorks) {
  start_agent();
  Message wrong_magic = message(MessageType::Hello), wrong_version = wrong_magic, wrong_type = wrong_magic;
  wrong_magic.magic = 1;
  wrong_version.version = 99;
  wrong_type.type = 77;
  for (const Message& bad : {wrong_magic, wrong_version, wrong_type}) {
    send(&bad, sizeof bad);
    Message answer{};
    EXPECT_FALSE(receive(answer));
    connect_client();
  }
  const Message good = message(MessageType::Hello);
  for (size_t size = 1; size < sizeof good; size += 13) {
    send(&good, size);
    Message answer{};
    EXPECT_FALSE(receive(answer)) << size;
    connect_client();
  }
  std::vector<char> large(4096);
  std::memcpy(large.data(), &good, sizeof good);
  send(large.data(), large.size());
  Message answer{};
  EXPECT_FALSE(receive(answer));
  connect_client();
  send(&good, sizeof good);
  EXPECT_TRUE(receive(answer));
}

TEST_F(AgentTest, BindingsAreGivenOnAndThoseWithoutRoomAreToldOf) {
  std::vector<uint32_t> taken;
  config_.bind = [&](const Binding& binding) {
    taken.push_back(binding.ttl_s);
    return binding.ttl_s != 2;
  };
  start_agent();
  struct {
    Message head = message(MessageType::Bind);
    Binding bindings[5]{};
  } request;
  const uint32_t sizes[] = {1, 253, 0, 254, 1};  // the last three cannot be
  for (uint32_t i = 0; i < 5; ++i) request.bindings[i] = {Binding::Kind::EchName, {}, i + 1, sizes[i], {}};
  request.bindings[4].kind = static_cast<Binding::Kind>(2);
  send(&request, sizeof request);
  Message answer{};
  ASSERT_TRUE(receive(answer));
  EXPECT_EQ(answer.type, static_cast<uint16_t>(MessageType::Bound));
  EXPECT_EQ(answer.accepted, 1u);
  EXPECT_EQ(taken, (std::vector<uint32_t>{1, 2}));
}

TEST_F(AgentTest, ABindOfAnotherSizeEndsTheConnection) {
  config_.bind = [](const Binding&) { return true; };
  start_agent();
  struct {
    Message head = message(MessageType::Bind);
    Binding bindings[kMaxBindings + 1]{};
  } request;
  for (const size_t bytes : {size_t{0}, sizeof(Binding) - 1, sizeof(Binding) + 1, sizeof request.bindings}) {
    connect_client();
    send(&request, sizeof request.head + bytes);
    Message answer{};
    EXPECT_FALSE(receive(answer)) << bytes;
  }
}

TEST_F(AgentTest, ANewControlReplacesAHungOne) {
  start_agent();
  const int hung = client_;
  client_ = -1;
  connect_client();
  const Message hello = message(MessageType::Hello);
  send(&hello, sizeof hello);
  Message answer{};
  EXPECT_TRUE(receive(answer));
  close(hung);
}

TEST_F(AgentTest, RootGivesTheSocketToControlsUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
  config_.peer = kSomebody;
  Agent agent(config_, generations_);
  std::string why;
  ASSERT_TRUE(agent.listen(why)) << why;
  struct stat info {};
  ASSERT_EQ(lstat(config_.socket_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kSomebody);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(AgentTest, WhoIsNotRootOpensTheSocketToTheGroupOfItsFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may become somebody else";
  ASSERT_EQ(chown(directory_.c_str(), kSomebody, kSomeGroup), 0);
  ASSERT_EQ(chmod(directory_.c_str(), 02750), 0);
  config_.peer = kSomebody + 1;
  // The system call changes this one thread, the library's function all of them.
  std::thread([this] {
    ASSERT_EQ(syscall(SYS_setresuid, -1, kSomebody, -1), 0);
    Agent agent(config_, generations_);
    std::string why;
    ASSERT_TRUE(agent.listen(why)) << why;
    struct stat info {};
    ASSERT_EQ(lstat(config_.socket_path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, kSomebody);
    EXPECT_EQ(info.st_gid, kSomeGroup);
    EXPECT_EQ(info.st_mode & 07777, 0660U);
  }).join();
}

TEST_F(AgentTest, StaleSocketIsReplacedAndALiveOneIsNot) {
  start_agent();
  const Message first = message(MessageType::Hello);
  send(&first, sizeof first);
  Message welcome{};
  ASSERT_TRUE(receive(welcome));
  {
    Agent second(config_, generations_);
    std::string why;
    EXPECT_FALSE(second.listen(why));
    EXPECT_NE(why.find("another data plane"), std::string::npos) << why;
  }
  // Asking disturbs neither its control nor its socket.
  const Message hello = message(MessageType::Hello);
  send(&hello, sizeof hello);
  Message answer{};
  EXPECT_TRUE(receive(answer));
  connect_client();
  end_agent();
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, config_.socket_path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);  // its file stays, and nobody listens
  start_agent();
}

TEST_F(AgentTest, LastGoodThatIsCutOrBentIsRefused) {
  const auto made = test::make_policy(test::kOffice + kRules, 3);
  std::string why;
  EXPECT_EQ(load_last_good(directory_, 1, why), nullptr);
  EXPECT_NE(why.find("No such file"), std::string::npos);
  ASSERT_TRUE(store_last_good(directory_, made->compiled.image()));
  ASSERT_NE(load_last_good(directory_, 1, why), nullptr);
  const auto path = directory_ / kLastGoodName;
  for (const uintmax_t size : {uintmax_t{0}, uintmax_t{100}, made->compiled.image().size() - 1}) {
    ASSERT_TRUE(store_last_good(directory_, made->compiled.image()));
    std::filesystem::resize_file(path, size);
    EXPECT_EQ(load_last_good(directory_, 1, why), nullptr) << size;
    EXPECT_NE(why.find("refused"), std::string::npos) << why;
  }
}

}  // namespace
}  // namespace sluice
