// tests: model: a policy as its generator made it: the YAML is written from this, and the model decides by
// it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::model {

using Words = std::vector<std::string>;

/// One part of a pattern: `text`, or a class of characters, `least` to `most` times in a row.
struct Atom {
  std::string members;      ///< the characters that fit
  bool is_class = false;    ///< written [members]
  bool others = false;      ///< written [^members]: what fits is anything else
  int least = 1, most = 1;  ///< most -1: any number
};
enum class Begin : uint8_t {
  Anywhere,
  Name,  ///< ^
  Label  ///< (^|\.)
};
struct Pattern {
  Begin begin = Begin::Anywhere;
  std::vector<Atom> atoms;
  bool ends_name = false;  ///< $
};

struct List {
  std::string name;
  Words names;  ///< as they are written
  Words in_file;
  bool hosts_file = false;
  std::vector<Pattern> patterns;
  Words keywords, prefixes;
};

struct Line {
  std::string name;
};

using Settings = std::map<std::string, std::string>;  ///< situation: what is set

struct Network {
  std::string name;
  Words prefixes, groups, vlans;
  std::string line = "none";
  std::optional<std::string> fallback;
  Settings unidentified;
};

struct User {
  std::string name;
  Words addresses, groups;
};

struct Office {
  std::string name;
  Words prefixes;
};

struct Tunnel {
  std::string name;
  Words protocols, from, to;
  bool inspect = false;
};

using Day = std::string;  ///< 2026-10-01
struct Holidays {
  std::string name;
  std::vector<std::pair<Day, Day>> spans;  ///< both included
};
struct Schedule {
  std::string name;
  std::array<bool, 7> days = {true, true, true, true, true, true, true};  ///< Monday first
  std::vector<std::pair<int, int>> hours;  ///< minutes of the day; none: all day
  Words except;
  std::string timezone;  ///< empty: the site's
};

struct Port {
  std::string transport;  ///< tcp, udp, or empty: both
  int first = 0, last = 0;
};

struct Rule {
  std::string name;
  bool inbound = false;
  Words from, to, protocols, when;
  std::vector<Port> ports;
  std::string action;
  bool silent = false, violation = false;
  std::string expires;  ///< of an exception: 2026-12-31 or 2026-12-31T18:00
};

struct World {
  bool observe = false;
  std::string timezone;  ///< empty: UTC
  std::string fallback;  ///< empty: not said
  Settings unidentified;
  std::vector<Line> lines;
  std::vector<Network> networks;
  std::vector<User> users;
  Words resolvers;
  std::vector<Office> offices;
  std::vector<List> lists;
  std::vector<Tunnel> tunnels;
  std::vector<Holidays> holidays;
  std::vector<Schedule> schedules;
  std::vector<Rule> rules, exceptions;
};

/// When the policies are compiled: 2026-06-15T12:00:00Z.
inline constexpr int64_t kNow = 1781524800;

/// One access.
struct Question {
  std::string local, remote;
  bool inbound = false;
  std::string line;  ///< empty: any line (a capture's)
  std::optional<int> vlan;
  std::string transport;
  int port = 0;
  std::string protocol;
  std::string name;             ///< empty: none seen
  bool asked_of_proxy = false;  ///< the name is what a proxy was told
  std::string situation;        ///< why no name is to be seen; empty: it is not so
  bool for_somebody = false;    ///< asked by a registered resolver
  bool mismatch = false, in_grace = false;
  int64_t at = kNow;  ///< seconds since 1970
};

/// What becomes of it, in the words of the record.
struct Decision {
  std::string action, would, reason, rule, list, network;
  bool silent = false, opens = false;
  bool operator==(const Decision&) const = default;
};

/// Why a rule does not hold for a question, as far as one condition goes.
enum class Condition : uint8_t {
  From,
  To,
  Direction,
  Protocol,
  Port,
  Time
};

}  // namespace sluice::model
