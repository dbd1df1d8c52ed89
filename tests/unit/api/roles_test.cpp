// api tests: who may ask what; the kernel says in which groups somebody is.
#include "control/api/roles.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "control/api/api_server.h"
#include "control/base/unix_socket.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr uid_t kSomebody = 54321;
constexpr gid_t kReaders = 50001, kAdmins = 50002, kAuditors = 50003, kOthers = 50009;
const RoleGroups kGroups({kReaders, kAdmins, kAuditors});

RoleSet roles(const std::vector<gid_t>& groups) {
  return kGroups.roles_of(kSomebody, groups);
}

TEST(Roles, EachGroupIsARoleAndNoOtherGroupIsOne) {
  EXPECT_EQ(roles({}), RoleSet());
  EXPECT_EQ(roles({kOthers}), RoleSet());
  EXPECT_EQ(roles({kReaders}), RoleSet{Role::Read});
  EXPECT_EQ(roles({kOthers, kAdmins}), RoleSet{Role::Admin});
  EXPECT_EQ(roles({kAuditors, kReaders}), (RoleSet{Role::Read, Role::Audit}));
}

TEST(Roles, RootAndControlsOwnUserHaveAll) {
  EXPECT_EQ(kGroups.roles_of(0, {}), RoleSet::all());
  EXPECT_EQ(kGroups.roles_of(::geteuid(), {}), RoleSet::all());
}

TEST(Roles, WhereNoGroupIsThereNobodyElseHasOne) {
  const RoleGroups none(std::array<std::optional<gid_t>, kRoleCount>{});
  const gid_t root = 0;
  EXPECT_EQ(none.roles_of(kSomebody, {&root, 1}), RoleSet());
}

constexpr const char* kChanging[] = {"apply",         "confirm",      "rollback", "bypass",
                                     "feeds-refresh", "feeds-accept", "bind",     "unbind"};
constexpr const char* kOfPeople[] = {"who",      "reading",  "finding", "review",
                                     "evidence", "disclose", "hold",    "release"};
constexpr const char* kLooking[] = {"status", "check", "policy", "history",
                                    "lines",  "hits",  "feeds",  "holds"};

TEST(Roles, WhoChangesWhatPassesReadsNoLogAndTheOtherWayRound) {
  const RoleSet admin{Role::Admin}, audit{Role::Audit}, read{Role::Read};
  for (const char* command : kChanging) {
    EXPECT_TRUE(admin.meets(roles_for(command))) << command;
    EXPECT_FALSE(audit.meets(roles_for(command))) << command;
    EXPECT_FALSE(read.meets(roles_for(command))) << command;
  }
  for (const char* command : kOfPeople) {
    EXPECT_TRUE(audit.meets(roles_for(command))) << command;
    EXPECT_FALSE(admin.meets(roles_for(command))) << command;
    EXPECT_FALSE(read.meets(roles_for(command))) << command;
  }
  for (const char* command : kLooking) {
    for (const RoleSet each : {admin, audit, read}) {
      EXPECT_TRUE(each.meets(roles_for(command))) << command;
    }
    EXPECT_FALSE(RoleSet().meets(roles_for(command))) << command;
  }
}

TEST(Roles, EveryCommandThereIsIsOneOfThese) {
  std::vector<std::string_view> wanted;
  for (const auto& each : {std::span(kChanging), std::span(kOfPeople), std::span(kLooking)}) {
    wanted.insert(wanted.end(), each.begin(), each.end());
  }
  std::vector<std::string_view> found = known_commands();
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, wanted);
}

TEST(Roles, ACommandThatThereIsNotIsNobodys) {
  for (const char* command : {"frobnicate", "", "?", "Status", "statu", "status ", "feeds-"}) {
    EXPECT_EQ(roles_for(command), RoleSet()) << command;
    EXPECT_FALSE(RoleSet::all().meets(roles_for(command))) << command;
  }
}

TEST(Roles, GroupsAreSaidByName) {
  EXPECT_EQ(groups_of({Role::Admin}), "sluice-admin");
  EXPECT_EQ(groups_of(RoleSet::all()), "sluice-read, sluice-admin or sluice-audit");
}

/// What the server answers to somebody whose process is in these groups, to one request after the other.
class AskedBySomebody : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can be somebody else";
    }
    std::filesystem::remove(path_);
    ASSERT_EQ(server_.listen(path_), "");
    ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  }
  std::string ask(const std::vector<gid_t>& groups, const std::string& lines) {
    int out[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      std::string error;
      const bool somebody = ::setgroups(groups.size(), groups.data()) == 0 &&
                            ::setresgid(kOthers, kOthers, kOthers) == 0 &&
                            ::setresuid(kSomebody, kSomebody, kSomebody) == 0;
      const UniqueFd socket = somebody ? connect_unix(path_, error) : UniqueFd();
      if (!socket || ::send(socket.get(), lines.data(), lines.size(), 0) < 0) {
        ::_exit(1);
      }
      ::shutdown(socket.get(), SHUT_WR);
      char bytes[4096];
      for (ssize_t got; (got = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;) {
        [[maybe_unused]] const ssize_t put = ::write(out[1], bytes, static_cast<size_t>(got));
      }
      ::_exit(0);
    }
    int status = -1;
    for (int i = 0; i < 2000 && ::waitpid(child, &status, WNOHANG) == 0; ++i) {
      loop_.run_once(milliseconds(1));
    }
    EXPECT_EQ(status, 0);
    char bytes[4096];
    const ssize_t got = ::read(out[0], bytes, sizeof bytes);
    ::close(out[0]);
    ::close(out[1]);
    return got > 0 ? std::string(bytes, static_cast<size_t>(got)) : "";
  }

  EventLoop loop_;
  std::vector<std::string> handled_;
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("sluice-roles-" + std::to_string(::getpid()))).string();
  ApiServer server_{loop_,
                    [this](uint64_t client, uid_t user, const json& request) {
                      EXPECT_EQ(user, kSomebody);
                      handled_.push_back(request.value("command", ""));
                      server_.answer(client, {{"ok", true}});
                    },
                    kGroups};
};

TEST_F(AskedBySomebody, InNoGroupIsAnsweredByAnErrorThatNamesThem) {
  const std::string heard = ask({}, "{\"command\":\"status\"}\n");
  EXPECT_EQ(heard,
            "{\"error\":\"`status` is for members of sluice-read, sluice-admin or sluice-audit; "
            "uid 54321 is not one of them\"}\n");
  EXPECT_TRUE(handled_.empty());
  EXPECT_EQ(server_.counts().refused.load(), 1U);
}

TEST_F(AskedBySomebody, AReaderLooksAndChangesNothing) {
  const std::string heard =
      ask({kReaders}, "{\"command\":\"apply\",\"reason\":\"x\"}\n{\"command\":\"status\"}\n");
  EXPECT_EQ(heard,
            "{\"error\":\"`apply` is for members of sluice-admin; uid 54321 is not one of them\"}\n"
            "{\"ok\":true}\n");
  EXPECT_EQ(handled_, std::vector<std::string>{"status"});
}

TEST_F(AskedBySomebody, AnAdminAppliesAndAnAuditorReviews) {
  const std::string both = "{\"command\":\"apply\"}\n{\"command\":\"review\"}\n";
  ask({kReaders, kAdmins}, both);
  EXPECT_EQ(handled_, std::vector<std::string>{"apply"});
  handled_.clear();
  ask({kReaders, kAuditors}, both);
  EXPECT_EQ(handled_, std::vector<std::string>{"review"});
  EXPECT_EQ(server_.counts().refused.load(), 2U);
}

TEST_F(AskedBySomebody, InManyGroupsIsStillKnown) {
  std::vector<gid_t> many;
  for (gid_t each = 60000; each < 60500; ++each) many.push_back(each);
  many.push_back(kReaders);
  EXPECT_EQ(ask(many, "{\"command\":\"status\"}\n"), "{\"ok\":true}\n");
}

TEST_F(AskedBySomebody, ACommandThatIsNoWordIsNotRepeated) {
  const std::string heard = ask({}, "{\"command\":\"\\u001b[2Jx\"}\n{\"command\":7}\n");
  EXPECT_EQ(heard.find("\\u001b"), std::string::npos);
  EXPECT_TRUE(heard.starts_with("{\"error\":\"what was asked is no command")) << heard;
}

TEST_F(AskedBySomebody, ACommandThatThereIsNotIsRefusedToEachRole) {
  for (const gid_t role : {kReaders, kAdmins, kAuditors}) {
    const std::string heard = ask({role}, "{\"command\":\"frobnicate\"}\n");
    EXPECT_TRUE(heard.starts_with("{\"error\":\"`frobnicate` is no command; there are status, ")) << heard;
  }
  EXPECT_TRUE(handled_.empty());
  EXPECT_EQ(server_.counts().refused.load(), 3U);
}

}  // namespace
}  // namespace sluice::control
