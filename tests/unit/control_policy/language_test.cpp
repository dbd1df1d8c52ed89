// tests: what may be wrong with times, people and exceptions, each at its place with what would be right.
#include <gtest/gtest.h>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

class Language : public testing::TestWithParam<Case> {};

TEST_P(Language, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml), GetParam().expected);
}

/// A rule that holds in the schedule s.
const std::string kScheduleUse = "rules: [{name: a, action: block, when: s}]\n";
const std::string kAllDay =
    "write \"08:30-18:30\", or \"22:00-06:00\" for one that passes midnight; leave `hours` out for all day";

INSTANTIATE_TEST_SUITE_P(
    Site, Language,
    testing::Values(
        Case{
            "Right",
            "default: observe\nunidentified: {ech: allow}\n"
            "networks: {lab: {prefixes: [10.21.0.0/16], line: l, unidentified: {ech: block, no-name: allow}, "
            "shared: nat}}\n",
            {}},
        Case{"Default",
             "default: deny\n",
             {"t:1:10: `default` cannot be 'deny'; write allow, block or observe"}},
        Case{"DefaultByAddress",
             "default: by-address\n",
             {"t:1:10: `default` cannot be 'by-address'; write allow, block or observe"}},
        Case{"DefaultSpelt",
             "networks: {lab: {prefixes: [10.21.0.0/16], line: l, defualt: allow}}\n",
             {"t:1:53: unknown key 'defualt' in a network; did you mean `default`?"}},
        Case{"Unidentified",
             "networks: {lab: {prefixes: [10.21.0.0/16], line: l, unidentified: {name-mismatch: by-address, "
             "hec: "
             "block}}}\n",
             {"t:1:83: `name-mismatch` cannot be 'by-address'; write allow, block or observe",
              "t:1:95: unknown key 'hec' in `unidentified`; did you mean `ech`?"}},
        Case{"UnidentifiedNoMap",
             "networks: {lab: {prefixes: [10.21.0.0/16], line: l, unidentified: block}}\n",
             {"t:1:67: `unidentified` is written as a single value; write {no-name: ...}"}},
        Case{"Shared",
             "networks: {lab: {prefixes: [10.21.0.0/16], line: l, shared: true}}\n",
             {"t:1:61: `shared` cannot be 'true'; write proxy, nat or terminal-server"}},
        Case{"Zone",
             "timezone: Asia/Shanghia\n",
             {"t:1:11: no time zone is named 'Asia/Shanghia'; did you mean Asia/Shanghai?"}},
        Case{"ZoneIsAFile",
             "timezone: ../../../etc/passwd\n",
             {"t:1:11: no time zone is named '../../../etc/passwd'; write one of the IANA database, as "
              "Europe/Berlin"}},
        Case{"OnExpiry",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: "
             "{from: 2020-01-01, until: 2090-01-01}, on-expiry: stop}}\n",
             {"t:1:145: `on-expiry` cannot be 'stop'; write warn or block"}},
        Case{"OnExpiryWithoutTerm",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, "
             "on-expiry: "
             "block}}\n",
             {"t:1:9: warning: the line 'm' has no valid; an auditor will ask for it",
              "t:1:99: `on-expiry: block` without a day on which the line's term ends; write valid: {from: "
              "2026-04-01, until: 2027-03-31}"}},
        Case{"OnExpiryOver",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: "
             "{from: 2020-01-01, until: 2026-11-22}, on-expiry: block}}\n",
             {"t:1:9: warning: the term of the line 'm' is over, and it is refused; renew its contract"}},
        Case{"TermEndsTonight",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: "
             "{from: 2020-01-01, until: 2026-11-23}, on-expiry: block}}\n",
             {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Times, Language,
    testing::Values(
        Case{"Right",
             "holidays: {cn: [2026-12-01, 2027-10-01..2027-10-07]}\n"
             "schedules: {s: {days: [mon-wed, sat], hours: [\"08:00-12:00\", \"22:00-06:00\"], except: [cn], "
             "timezone: Europe/Berlin}, all: {}}\n"
             "rules: [{name: a, action: block, when: [s, all]}]\n",
             {}},
        Case{"HolidaysNoList",
             "holidays: {cn: 2026-10-01}\n",
             {"t:1:12: warning: no schedule uses the holidays 'cn'; name them in a schedule's `except`, or "
              "leave them out",
              "t:1:16: `holidays` has a single value; write [2026-10-01]"}},
        Case{"HolidaysNoDay",
             "holidays: {cn: [2026-02-29, 2026-10-07..2026-10-01, 2026-1-1, 2026-01-01..2027-01-02]}\n"
             "schedules: {s: {except: [cn]}}\n" +
                 kScheduleUse,
             {"t:1:17: '2026-02-29' is no day, and no range of days; write 2026-10-01, or "
              "2026-10-01..2026-10-07 for at most 366 days",
              "t:1:29: '2026-10-07..2026-10-01' is no day, and no range of days; write 2026-10-01, or "
              "2026-10-01..2026-10-07 for at most 366 days",
              "t:1:53: '2026-1-1' is no day, and no range of days; write 2026-10-01, or "
              "2026-10-01..2026-10-07 for at most 366 days",
              "t:1:63: '2026-01-01..2027-01-02' is no day, and no range of days; write 2026-10-01, or "
              "2026-10-01..2026-10-07 for at most 366 days"}},
        Case{"HolidaysOver",
             "holidays: {cn: [2026-10-01]}\nschedules: {s: {except: cn}}\n" + kScheduleUse,
             {"t:1:12: warning: the holidays 'cn' are all over; add those to come"}},
        Case{"HolidaysTwice",
             "holidays: {cn: [2027-10-01], cn: [2027-10-01]}\nschedules: {s: {except: cn}}\n" + kScheduleUse,
             {"t:1:30: 'cn' is given twice; it stands at t:1:12 already"}},
        Case{
            "HolidaysUndeclared",
            "holidays: {china: [2027-10-01]}\nschedules: {s: {except: [chian]}}\n" + kScheduleUse,
            {"t:1:12: warning: no schedule uses the holidays 'china'; name them in a schedule's `except`, or "
             "leave them out",
             "t:2:26: no holidays are named 'chian'; did you mean china?"}},
        Case{"Key",
             "schedules: {s: {day: mon}}\n" + kScheduleUse,
             {"t:1:17: unknown key 'day' in a schedule; did you mean `days`?"}},
        Case{"Days",
             "schedules: {s: {days: [monday, mon-, fri-sonntag]}}\n" + kScheduleUse,
             {"t:1:24: 'monday' is no day of the week; write mon, tue, wed, thu, fri, sat or sun, or a range "
              "of them, as mon-fri",
              "t:1:32: 'mon-' is no day of the week; write mon, tue, wed, thu, fri, sat or sun, or a range "
              "of them, as mon-fri",
              "t:1:38: 'fri-sonntag' is no day of the week; write mon, tue, wed, thu, fri, sat or sun, or a "
              "range of them, as mon-fri"}},
        Case{"Hours",
             "schedules: {s: {hours: [\"8:30-18:30\", \"08:30\", \"08:00-08:00\", \"24:00-06:00\", "
             "\"08:00-24:01\", \"08:60-09:00\"]}}\n" +
                 kScheduleUse,
             {"t:1:25: '8:30-18:30' is no span of a day; " + kAllDay,
              "t:1:39: '08:30' is no span of a day; " + kAllDay,
              "t:1:48: '08:00-08:00' is no span of a day; " + kAllDay,
              "t:1:63: '24:00-06:00' is no span of a day; " + kAllDay,
              "t:1:78: '08:00-24:01' is no span of a day; " + kAllDay,
              "t:1:93: '08:60-09:00' is no span of a day; " + kAllDay}},
        Case{"Zone",
             "schedules: {s: {timezone: Europe/Berln}}\n" + kScheduleUse,
             {"t:1:27: no time zone is named 'Europe/Berln'; did you mean Europe/Berlin?"}},
        Case{"Never",
             "holidays: {out: [2025-11-20..2026-11-18, 2026-11-18..2027-11-18, 2027-11-19..2028-11-17, "
             "2028-11-18..2028-12-31]}\nschedules: {s: {except: out}}\n" +
                 kScheduleUse,
             {"t:2:13: warning: the schedule 's' never holds; see its days, its hours and its holidays"}},
        Case{"Unused",
             "schedules: {s: {days: mon}}\n",
             {"t:1:13: warning: no rule uses the schedule 's'; name it in a rule's `when`, or leave it out"}},
        Case{"Undeclared",
             "schedules: {office: {}}\nrules: [{name: a, action: block, when: [office, ofice]}]\n",
             {"t:2:49: no schedule is named 'ofice'; did you mean office?"}},
        Case{"WhenIsAMap",
             "rules: [{name: a, action: block, when: {days: mon}}]\n",
             {"t:1:40: `when` has a mapping; write a list, as [a, b]"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Users, Language,
    testing::Values(
        Case{"Right",
             "users: {li.wei: {addresses: [10.20.1.7, \"fd12:3456:20::7\"], groups: [auditors]}}\n"
             "networks: {auditors: {groups: [auditors], line: l}}\n",
             {}},
        Case{"Key",
             "users: {li.wei: {adresses: [10.20.1.7], groups: [a]}}\nnetworks: {n: {groups: [a], line: l}}\n",
             {"t:1:9: the user 'li.wei' has no `addresses`; write addresses: [10.20.1.7]",
              "t:1:18: unknown key 'adresses' in a user; did you mean `addresses`?"}},
        Case{"Prefix",
             "users: {li.wei: {addresses: [10.20.1.0/24], groups: [a]}}\nnetworks: {n: {groups: [a], line: "
             "l}}\n",
             {"t:1:30: '10.20.1.0/24' is not an address; write the addresses that are this person's alone"}},
        Case{
            "Name",
            "users: {li wei: {addresses: [10.20.1.7], groups: [a]}}\nnetworks: {n: {groups: [a], line: l}}\n",
            {"t:1:9: 'li wei' cannot be a name here; use letters, digits, -, _ and dots, beginning with a "
             "letter or a digit"}},
        Case{"Claimed",
             "users: {li.wei: {addresses: [10.20.1.7], groups: [a]}, wang: {addresses: [10.20.1.7], groups: "
             "[a]}}\nnetworks: {n: {groups: [a], line: l}}\n",
             {"t:1:75: 10.20.1.7 belongs to the user 'li.wei' already; give each address to one user",
              "t:1:75: warning: 10.20.1.7 is given twice in this network; leave one out"}},
        Case{"NoGroup", "users: {li.wei: {addresses: [10.20.1.7]}}\n", {}},
        Case{"GroupOfNoNetwork",
             "users: {li.wei: {addresses: [10.20.1.7], groups: [auditors]}}\n",
             {"t:1:51: warning: no network takes the group 'auditors'; write groups: [auditors] in a "
              "network"}},
        Case{"GroupOfNobody",
             "users: {li.wei: {addresses: [10.20.1.7], groups: [auditors]}}\nnetworks: {n: {groups: "
             "[auditor], "
             "line: l}}\n",
             {"t:1:51: warning: no network takes the group 'auditors'; write groups: [auditors] in a network",
              "t:2:25: no user is in the group 'auditor'; did you mean auditors?"}},
        Case{"TwoNetworks",
             "users: {li.wei: {addresses: [10.20.1.7], groups: [a, b]}}\nnetworks: {n: {groups: [a], line: "
             "l}, "
             "m: {groups: [b], line: l}}\n",
             {"t:1:30: 10.20.1.7 belongs to the network 'n' too, and so do its VLANs; it stands at t:1:30: "
              "give each `vlans` of its own, or one a longer prefix"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Exceptions, Language,
    testing::Values(
        Case{"Right",
             "exceptions:\n- {name: a, to: [x.example], action: allow, owner: li.wei, ticket: IT-1, expires: "
             "2028-11-22}\n- {name: b, to: [y.example], action: block, owner: li.wei, ticket: IT-1, expires: "
             "2026-12-31T18:00}\n",
             {}},
        Case{"NotAList",
             "exceptions: {a: {}}\n",
             {"t:1:13: `exceptions` is not a list; begin each exception with a dash: - {name: ..., ...}"}},
        Case{"Bare",
             "exceptions: [{to: [x.example]}]\n",
             {"t:1:14: an exception without `name`; write {name: audit-2026, ...}: the log shows it",
              "t:1:14: an exception without `owner`; write owner: li.wei, who answers for it",
              "t:1:14: an exception without `ticket`; write ticket: IT-4711, where it was agreed to",
              "t:1:14: an exception without `expires`; write expires: 2026-12-31, its last day: none is for "
              "ever",
              "t:1:14: an exception without `action`; write action: allow or block"}},
        Case{"Observe",
             "exceptions: [{name: a, action: observe, owner: o, ticket: t, expires: 2026-12-31}]\n",
             {"t:1:32: `action` cannot be 'observe'; write allow or block"}},
        Case{"Key",
             "exceptions: [{name: a, action: allow, owner: o, ticket: t, expries: 2026-12-31, when: s}]\n",
             {"t:1:14: an exception without `expires`; write expires: 2026-12-31, its last day: none is for "
              "ever",
              "t:1:60: unknown key 'expries' in an exception; did you mean `expires`?",
              "t:1:81: unknown key 'when' in an exception; it may have name, direction, from, to, protocols, "
              "ports, action, owner, ticket or expires"}},
        Case{"Expires",
             "exceptions: [{name: a, action: allow, owner: o, ticket: t, expires: never}, {name: b, action: "
             "allow, owner: o, ticket: t, expires: 2026-12-31T25:00}]\n",
             {"t:1:69: `expires` cannot be 'never'; write the last day, as 2026-12-31, or a time of it, as "
              "2026-12-31T18:00",
              "t:1:132: `expires` cannot be '2026-12-31T25:00'; write the last day, as 2026-12-31, or a time "
              "of it, as 2026-12-31T18:00"}},
        Case{"TooLong",
             "exceptions: [{name: a, action: allow, owner: o, ticket: t, expires: 2028-11-24}]\n",
             {"t:1:69: an exception may last two years, and this one lasts longer; write a day up to "
              "2028-11-22"}},
        Case{"Expired",
             "exceptions: [{name: a, action: allow, owner: li.wei, ticket: IT-1, expires: 2026-11-22}]\n",
             {"t:1:77: warning: the exception 'a' of 'li.wei', 'IT-1', has expired, and is off; take it out, "
              "or agree to it again"}},
        Case{"NameOfARule",
             "exceptions: [{name: a, action: allow, owner: o, ticket: t, expires: 2026-12-31}]\nrules: "
             "[{name: "
             "a, action: block}]\n",
             {"t:2:16: 'a' is declared twice; it is an exception at t:1:21 already: rename one"}},
        Case{"Word",
             "exceptions: [{name: a, from: [stuff], action: allow, owner: o, ticket: t, expires: "
             "2026-12-31}]\n",
             {"t:1:31: no network, office or list is named 'stuff'; did you mean staff?"}},
        Case{"Tunnel",
             "exceptions: [{name: a, protocols: [openvpn], action: allow, owner: o, ticket: t, expires: "
             "2026-12-31}]\n",
             {"t:1:36: 'openvpn' is a tunnel, and no rule opens one; register it under `tunnels`, or write "
              "action: block"}},
        Case{"MessageAllow",
             "rules: [{name: a, action: allow, message: hello}]\n",
             {"t:1:43: `message` says how to block, but the action is allow; leave it out, or write action: "
              "block"}},
        Case{"MessageTooLong",
             "rules: [{name: a, action: block, message: " + std::string(256, 'x') + "}]\n",
             {"t:1:43: `message` is longer than 255 bytes; shorten it"}},
        Case{"MessageOverThePage",
             "rules: [{name: a, action: block, message: " + std::string(157, 'x') + "<}]\n",
             {"t:1:43: `message` takes 161 bytes of the page, and 160 are free; shorten it; < > & and quotes "
              "take 4 to 6 bytes, a Chinese character 3"}},
        Case{
            "Keyword",
            "lists: {a: {keywords: [casino, ab, \"ca sino\", CASINO, '.*']}}\nrules: [{name: a, to: [a], "
            "action: block}]\n",
            {"t:1:32: 'ab' cannot be a keyword; write at least 3 characters of a host name: letters, digits, "
             "-, _ and dots",
             "t:1:36: 'ca sino' cannot be a keyword; write at least 3 characters of a host name: letters, "
             "digits, -, _ and dots",
             "t:1:55: '.*' cannot be a keyword; write at least 3 characters of a host name: letters, digits, "
             "-, _ and dots"}}),
    name_of);

/// What two files give both.
TEST(LanguageOfTwoFiles, ASingleValueIsGivenOnce) {
  const auto compiled =
      compile({{"base", std::string(kBase) + "default: allow\nunidentified: {ech: block}\n"},
               {"t", "default: block\nunidentified: {ech: block}\n"}});
  std::vector<std::string> texts;
  for (const Diagnostic& diagnostic : compiled.diagnostics) texts.push_back(to_string(diagnostic));
  EXPECT_EQ(texts,
            (std::vector<std::string>{"t:1:10: `default` is given twice; it stands at base:4:10 already",
                                      "t:2:21: `ech` is given twice; it stands at base:5:21 already"}));
}

TEST(LanguageOfTwoFiles, NothingIsMissingWhereAFileCannotBeRead) {
  const auto compiled =
      compile({{"base", std::string(kBase) +
                            "rules: [{name: a, action: block, when: s}]\nnetworks: {n: {groups: [g], "
                            "line: l}}\n"},
               {"t", "schedules: [\n"}});
  EXPECT_EQ(compiled.diagnostics.size(), 2u);  // the file itself, and `networks` given twice
}

}  // namespace
}  // namespace sluice::control::test
