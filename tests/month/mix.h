// month: what the month is a mix of. The one place for its numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::month {

inline constexpr int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute,
                         kDay = 24 * kHour;
inline constexpr int64_t kClocks = 8 * kHour;  ///< the site's clocks are so much ahead of UTC: Asia/Shanghai

/// How people are known, and how many of them there are: 300.
enum class Kind : uint8_t {
  Desk,      ///< DHCP; the table knows their machine by its hardware address
  Wireless,  ///< DHCP and RADIUS with address; they roam, their stops come late or never
  Fixed,     ///< an address of their own, in the policy's `users`; another line
  Branch,    ///< as Desk, behind a router whose hardware address all their frames bear; another line
  Terminal,  ///< all on one terminal server, a `shared` network
  Shift,     ///< two to a machine, one after the other; RADIUS on the port, without address
  Visitor,   ///< DHCP, and nobody knows who they are
};
struct Share {
  Kind kind;
  const char* network;
  size_t people;
};
inline constexpr Share kPeople[] = {{Kind::Desk, "staff", 100},     {Kind::Wireless, "wireless", 60},
                                    {Kind::Fixed, "finance", 40},   {Kind::Branch, "branch", 40},
                                    {Kind::Terminal, "citrix", 30}, {Kind::Shift, "staff", 10},
                                    {Kind::Visitor, "guests", 20}};

// Days. In percent.
inline constexpr size_t kWorksOnWeekday = 92, kWorksOnWeekend = 6;
inline constexpr int64_t kArrives = 8 * kHour + 30 * kMinute, kLeaves = 18 * kHour;  ///< by the site's clocks
inline constexpr int64_t kGiveOrTake = 60 * kMinute;
/// Accesses in each hour of a working day, beside each other; of a weekend's a twentieth.
inline constexpr unsigned kHours[24] = {1,  1,  1,  1,  1,  1,  2,  6,  30, 60, 62, 58,
                                        40, 52, 60, 60, 58, 50, 30, 14, 8,  6,  3,  2};
inline constexpr unsigned kWeekendShare = 20;

// DHCP. An address is let again at the soonest so long after it was given back: as long as control takes to
// read of it, and more.
inline constexpr int64_t kLease = 8 * kHour, kRests = 5 * kSecond;
inline constexpr size_t kReleases = 70;  ///< percent of those who leave; the others' leases run out

// RADIUS, in percent of the ends of wireless sessions.
inline constexpr size_t kStopsLate = 12, kStopsNever = 8;
inline constexpr int64_t kLatest = 5 * kMinute;
inline constexpr size_t kRoams = 3;                     ///< a day
inline constexpr int64_t kBothSessions = 20 * kSecond;  ///< at most, while somebody roams
inline constexpr int64_t kShiftsOverlap = 2 * kMinute;  ///< at most, the next one has logged in already

// ARP and ND: machines are heard of so often; of temporary IPv6 addresses so many percent ever.
inline constexpr int64_t kHeardEvery = 25 * kMinute;
inline constexpr size_t kNdHeard = 50;

// Accesses, in percent; the rest goes to other names.
inline constexpr size_t kEssential = 45, kOffice = 15, kBetting = 2, kMalware = 1, kVideo = 2, kNameless = 1;
inline constexpr size_t kOverIpv6 = 25;  ///< of Desk and Wireless
inline constexpr size_t kInbound = 1;    ///< from the office to Fixed and Desk; of 200
inline constexpr size_t kEnds = 40;      ///< percent of accesses whose flow's end has a line
inline constexpr int64_t kLongestFlow = 20 * kMinute;
inline constexpr size_t kOtherNames = 20'000;

}  // namespace sluice::month
