// control/api: who may ask what.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

/// What somebody is to the gateway. Each is a group of the machine; one may be in several.
enum class Role : uint8_t {
  Read,   ///< looks: how the gateway does, what the policy says
  Admin,  ///< changes what passes
  Audit,  ///< reads who did what, and signs what was found
};
inline constexpr std::string_view kRoleGroups[] = {"sluice-read", "sluice-admin", "sluice-audit"};
inline constexpr size_t kRoleCount = std::size(kRoleGroups);

/// A set of roles.
class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (const Role role : roles) add(role);
  }
  static constexpr RoleSet all() { return {Role::Read, Role::Admin, Role::Audit}; }
  constexpr void add(Role role) { bits_ |= 1U << static_cast<unsigned>(role); }
  constexpr bool has(Role role) const { return (bits_ >> static_cast<unsigned>(role) & 1U) != 0; }
  constexpr bool meets(RoleSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool operator==(const RoleSet&) const = default;

 private:
  unsigned bits_ = 0;
};

/// The roles of which one is needed for a command; none where it is not known: it is nobody's.
[[nodiscard]] RoleSet roles_for(std::string_view command);
/// All that somebody may ask.
[[nodiscard]] std::vector<std::string_view> known_commands();
/// The same in words: `sluice-admin`, or `sluice-read, sluice-admin or sluice-audit`.
[[nodiscard]] std::string groups_of(RoleSet roles);

/// The ids of the roles' groups, as the machine knew them when this was made.
class RoleGroups {
 public:
  RoleGroups();  ///< by kRoleGroups' names
  explicit RoleGroups(const std::array<std::optional<gid_t>, kRoleCount>& ids) : ids_(ids) {}

  /// Who is root, or control's own user, has all roles; anybody else those whose groups its process is in.
  [[nodiscard]] RoleSet roles_of(uid_t user, std::span<const gid_t> groups) const;

 private:
  std::array<std::optional<gid_t>, kRoleCount> ids_;
};

/// The groups of the process at the other end of a connected Unix socket: its own and the supplementary ones,
/// as they were when it connected (SO_PEERCRED, SO_PEERGROUPS). Returns false where the kernel does not say,
/// or there are more than kMaxPeerGroups.
inline constexpr size_t kMaxPeerGroups = 65536;  ///< NGROUPS_MAX of Linux
[[nodiscard]] bool groups_of_peer(int socket, uid_t& user, std::vector<gid_t>& groups);

}  // namespace sluice::control
