// control/policy: what the YAML says, checked one by one but not yet against each other.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/alarm_policy.h"
#include "control/policy/company.h"
#include "control/policy/diagnostics.h"
#include "control/policy/host_name.h"
#include "control/policy/identity_policy.h"
#include "control/policy/log_policy.h"
#include "control/policy/prefix.h"
#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"
#include "dataplane/contract/reasons.h"

namespace sluice::control {

struct Word {
  std::string text;
  Position at;
};

struct PrefixSource {
  Prefix prefix;
  Position at;
};

/// An entry of the line register.
struct LineSource {
  Word name;
  std::string operator_name, licence, contract, filing, purpose;
  uint64_t bandwidth_bits_per_s = 0;  ///< 0: not said
  std::vector<Address> link;
  std::optional<std::chrono::local_days> valid_from, valid_until;  ///< both days included
  bool ends_with_term = false;                                     ///< `on-expiry: block`
  std::vector<Word> papers;                                        ///< files
};

/// `company`, which one file may give.
struct CompanySource {
  std::optional<Position> at;
  Company said;
};

/// A register of days on which nobody works.
struct HolidaysSource {
  struct Days {
    std::chrono::local_days first, last;  ///< both included
  };
  Word name;
  std::vector<Days> days;
};

/// A span of a day, in minutes. One that ends before it begins passes midnight, and belongs to the day on
/// which it begins.
struct HourSpan {
  uint16_t begin, end;
};

struct ScheduleSource {
  Word name;
  uint8_t days = kEveryDay;      ///< bit 0 is Monday
  std::vector<HourSpan> hours;   ///< empty: all day
  std::vector<Word> except;      ///< holidays on which it does not hold
  std::optional<Word> timezone;  ///< nothing: the site's
  static constexpr uint8_t kEveryDay = 0x7f;
};

/// A person, and the addresses that are theirs alone.
struct UserSource {
  Word name;
  std::vector<PrefixSource> addresses;  ///< single ones
  std::vector<Word> groups;
};

struct SettingSource {
  Setting setting;
  Position at;
};

/// By situation; what is not said is inherited.
using UnidentifiedSource = std::array<std::optional<SettingSource>, kSituationCount>;

struct NetworkSource {
  Word name;
  std::vector<PrefixSource> prefixes;  ///< with the addresses of the groups' users, once they are resolved
  std::vector<Word> groups;
  std::vector<uint16_t> vlans;            ///< ascending; 0 for untagged; empty: any
  std::optional<Word> line;               ///< nothing: `none`
  std::optional<SettingSource> fallback;  ///< nothing: the site's
  UnidentifiedSource unidentified;
  bool shared = false;                       ///< many people behind each address
  std::string public_reason;                 ///< why it has public addresses; empty: it must not
  bool canaries = false, strip_ech = false;  ///< of `dns`
};

struct OfficeSource {
  Word name;
  std::string entity;
  std::vector<PrefixSource> prefixes;
};

struct NameSource {
  std::string name;  ///< canonical
  NameScope scope = NameScope::Both;
  Position at;
};

enum class ListFormat : uint8_t {
  Names,
  Hosts,
  Adblock,
  Dnsmasq,
  Rpz,
  Prefixes,
  Microsoft365
};
/// As a policy writes them.
inline constexpr std::string_view kListFormatWords[] = {"names", "hosts",    "adblock",     "dnsmasq",
                                                        "rpz",   "prefixes", "microsoft365"};

/// Where a list is fetched from, and how far that is believed.
struct FeedSource {
  static constexpr uint32_t kMinRefreshS = 300, kMaxRefreshS = 30 * 86'400, kDefaultRefreshS = 86'400;
  static constexpr uint32_t kMostChangePercent = 1'000, kDefaultChangePercent = 50;

  std::string url;  ///< may hold a password: is never shown but by shown_url
  uint32_t refresh_s = kDefaultRefreshS;
  std::string checksum;  ///< 64 lower-case hexadecimal digits, or the URL of a file of sums; empty: none
  uint32_t max_change_percent = kDefaultChangePercent;  ///< of its entries; beyond, it waits to be accepted
  bool operator==(const FeedSource&) const = default;
};

/// The list that says what `protocols: [doh]` is.
inline constexpr std::string_view kDohList = "doh-resolvers";

struct ListSource {
  Word name;
  std::vector<NameSource> names;
  std::vector<Word> files;
  ListFormat format = ListFormat::Names;  ///< of files and feed
  std::optional<FeedSource> feed;
  Position feed_at;
  std::vector<Word> patterns;
  std::vector<Word> keywords;  ///< in lower case; found anywhere in a name
  std::vector<PrefixSource> prefixes;
};

/// An entry of the tunnels' register. It becomes a rule for each direction.
inline constexpr size_t kRulesOfTunnel = 2;
struct TunnelSource {
  Word name;
  std::string owner;
  uint64_t protocols = 0;  ///< as RuleInfo has them
  std::vector<Word> from;  ///< its ends on the LAN
  std::vector<Word> to;    ///< and beyond the line
  bool inspect = false;
};

struct RuleSource {
  Word name;
  Direction direction = Direction::Outbound;
  std::vector<Word> from, to;  ///< empty: anything
  uint64_t protocols = 0;      ///< as RuleInfo has them
  Position doh_at;             ///< with Protocol::Doh
  std::vector<PortRange> ports;
  RuleAction action = RuleAction::Block;
  bool silent = false, violation = false;
  std::string message;     ///< for whoever is blocked; may be empty
  std::vector<Word> when;  ///< schedules, any of which must hold; empty: always
};

/// A rule that stands before the others, until it expires.
struct ExceptionSource {
  RuleSource rule;
  std::string owner, ticket;
  std::optional<std::chrono::local_seconds> expires;  ///< the first moment at which it is off
  Position expires_at;
};

/// A copy of the access log.
struct LogCopySource {
  Word name;
  LogCopy copy;
  Position country_at;
};

/// `log`, as all files together have it.
struct LogSource {
  std::optional<Position> at;                    ///< where it is said first
  LogPolicy said;                                ///< without the copies
  std::array<std::optional<Position>, 5> given;  ///< keep, country, fold, witness, pseudonyms
  std::vector<LogCopySource> copies;
  bool witness_given() const { return given[3].has_value(); }
};

inline constexpr size_t kMaxLeaseSources = 32;
struct LeasesSource {
  Word name;
  IdentityLeases leases;
  Position timezone_at;
};

/// `identity`, as all files together have it.
struct IdentitySource {
  IdentityPolicy said;                           ///< without the leases and the users
  std::array<std::optional<Position>, 4> given;  ///< table, lease-max-age, neighbours, radius
  std::vector<LeasesSource> leases;
};

struct AlarmSource {
  Word name;
  AlarmRule rule;
};

/// `alarms`, as all files together have it.
struct AlarmsSource {
  std::optional<Position> at;                    ///< where it is said first
  AlarmPolicy said;                              ///< without the rules
  std::array<std::optional<Position>, 4> given;  ///< webhook, mail, ca, repeat
  std::vector<AlarmSource> rules;
};

/// What holds where neither a network nor the site says.
inline constexpr Setting kDefaultFallback = Setting::Block;
inline constexpr std::array<Setting, kSituationCount> kDefaultUnidentified = {
    Setting::ByAddress,  // no-name
    Setting::Block,      // ech
    Setting::Block,      // incomplete-hello
    Setting::Block,      // undecodable-quic
    Setting::Block,      // unparsable-http
    Setting::ByAddress,  // unknown-protocol
    Setting::Allow,      // midstream
    Setting::Observe,    // name-mismatch
    Setting::Block,      // fragment
    Setting::Block,      // table-full
    Setting::Block,      // log-full
};

struct PolicySource {
  std::optional<Word> site, mode, timezone, contact, reload;
  std::optional<Word> dnstap;  ///< path of the socket
  bool observe = false;
  bool reload_on_save = false;
  uint32_t midstream_grace_s = 600;
  std::optional<Position> midstream_grace_at;
  std::optional<SettingSource> fallback;  ///< of a network that does not say
  UnidentifiedSource unidentified;
  CompanySource company;
  std::vector<LineSource> lines;
  std::vector<HolidaysSource> holidays;
  std::vector<ScheduleSource> schedules;
  std::vector<UserSource> users;
  std::vector<NetworkSource> networks;
  std::vector<PrefixSource> resolvers;
  std::vector<OfficeSource> offices;
  std::vector<ListSource> lists;
  std::vector<TunnelSource> tunnels;
  std::vector<ExceptionSource> exceptions;
  std::vector<RuleSource> rules;
  LogSource log;
  IdentitySource identity;
  AlarmsSource alarms;
  bool complete = true;  ///< every file could be read to its end, so that what is missing is really missing
};

}  // namespace sluice::control
