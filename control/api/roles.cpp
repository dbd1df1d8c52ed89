// control/api: who may ask what.
#include "control/api/roles.h"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::control {
namespace {

constexpr RoleSet kAnyRole = RoleSet::all();
constexpr RoleSet kAdmin{Role::Admin}, kAudit{Role::Audit};

/// The one list of who may ask what.
constexpr struct {
  std::string_view command;
  RoleSet roles;
} kCommands[] = {
    // What the gateway does, and what its policy says: no person's accesses.
    {"status", kAnyRole},
    {"check", kAnyRole},
    {"policy", kAnyRole},
    {"history", kAnyRole},
    {"lines", kAnyRole},
    {"hits", kAnyRole},
    {"feeds", kAnyRole},
    {"holds", kAnyRole},
    // What changes what passes, or whom an address is taken for.
    {"apply", kAdmin},
    {"confirm", kAdmin},
    {"rollback", kAdmin},
    {"bypass", kAdmin},
    {"feeds-refresh", kAdmin},
    {"feeds-accept", kAdmin},
    {"bind", kAdmin},
    {"unbind", kAdmin},
    // People: who they are, what they did, what was found of it, and what is kept or given away of it.
    {"who", kAudit},
    {"reading", kAudit},
    {"finding", kAudit},
    {"review", kAudit},
    {"evidence", kAudit},
    {"disclose", kAudit},
    {"hold", kAudit},
    {"release", kAudit},
};

}  // namespace

RoleSet roles_for(std::string_view command) {
  const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                   [&](const auto& each) { return each.command == command; });
  return found == std::end(kCommands) ? RoleSet() : found->roles;
}

std::vector<std::string_view> known_commands() {
  std::vector<std::string_view> out;
  for (const auto& each : kCommands) out.push_back(each.command);
  return out;
}

std::string groups_of(RoleSet roles) {
  std::vector<std::string_view> names;
  for (size_t role = 0; role < kRoleCount; ++role) {
    if (roles.has(static_cast<Role>(role))) {
      names.push_back(kRoleGroups[role]);
    }
  }
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
  }
  return out;
}

RoleGroups::RoleGroups() {
  for (size_t role = 0; role < kRoleCount; ++role) {
    if (const group* entry = ::getgrnam(std::string(kRoleGroups[role]).c_str()); entry != nullptr) {
      ids_[role] = entry->gr_gid;
    }
  }
}

RoleSet RoleGroups::roles_of(uid_t user, std::span<const gid_t> groups) const {
  if (user == 0 || user == ::geteuid()) {
    return RoleSet::all();
  }
  RoleSet out;
  for (size_t role = 0; role < kRoleCount; ++role) {
    if (ids_[role] && std::find(groups.begin(), groups.end(), *ids_[role]) != groups.end()) {
      out.add(static_cast<Role>(role));
    }
  }
  return out;
}

bool groups_of_peer(int socket, uid_t& user, std::vector<gid_t>& groups) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return false;
  }
  user = peer.uid;
  groups.assign(16, 0);
  while (true) {
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
      break;
    }
    if (errno != ERANGE || groups.size() >= kMaxPeerGroups) {
      return false;
    }
    groups.resize(std::min(groups.size() * 16, kMaxPeerGroups));
  }
  groups.resize(size / sizeof(gid_t));
  groups.push_back(peer.gid);
  return true;
}

}  // namespace sluice::control
