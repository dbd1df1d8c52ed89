// tests: what a policy says of the access log, wrong and right, and its way to the daemon.
#include "control/policy/log_policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

using nlohmann::json;

class LogDiagnosed : public testing::TestWithParam<Case> {};

TEST_P(LogDiagnosed, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml), GetParam().expected);
}

/// A log with a witness, so that there is no warning of that.
std::string with(const std::string& keys) {
  return "log: {witness: {folder: /w}, " + keys + "}\n";
}
std::string witness(const std::string& value) {
  return "log: {witness: " + value + "}\n";
}
std::string copy(const std::string& keys) {
  return "log:\n  witness: {folder: /w}\n  copies: {c: {" + keys + "}}\n";
}
const std::string kLi = "MCowBQYDK2VuAyEA8ZRD3/2BWvKfDv4dy1Pxcjc+IXWwSuOOoS2xu3HcEgs=",
                  kZhang = "MCowBQYDK2VuAyEA7BwPfD8P+YwMxaq9pEbtkUl1TNq6vI6AZHMR5iZH5SA=",
                  kWang = "MCowBQYDK2VuAyEAk0tVMaNNB+EKAuaEPufB0pjIb7TvWwPUotPn2kaTCjQ=";
std::string keepers(const std::string& value) {
  return "log:\n  witness: {folder: /w}\n  pseudonyms:\n    keepers:\n" + value;
}
const std::string kTo = "syslog: \"tls://s.example\", recipient: SOC, country: CN";

INSTANTIATE_TEST_SUITE_P(
    Log, LogDiagnosed,
    testing::Values(
        Case{"Right", with("keep: 185d, country: SG, fold: 60s"), {}},
        Case{"NoMap", "log: yes\n", {"t:1:6: `log` is written as a single value; write {keep: ...}"}},
        Case{"Key", with("kep: 1d"), {"t:1:30: unknown key 'kep' in `log`; did you mean `keep`?"}},
        Case{"KeepBelowTheLaw",
             with("keep: 184d"),
             {"t:1:36: `keep` cannot be '184d'; the law asks for six months at least (Cybersecurity Law): "
              "write 185d, or more"}},
        Case{"KeepInOtherUnits",
             with("keep: 4439h"),
             {"t:1:36: `keep` cannot be '4439h'; the law asks for six months at least (Cybersecurity Law): "
              "write 185d, or more"}},
        Case{"KeepHasNoUnit",
             with("keep: 185"),
             {"t:1:36: `keep` cannot be '185'; write 90s, 10m, 2h or 7d, at most 316224000s"}},
        Case{"KeepTooLong",
             with("keep: 3661d"),
             {"t:1:36: `keep` cannot be '3661d'; write 90s, 10m, 2h or 7d, at most 316224000s"}},
        Case{"Country",
             with("country: China"),
             {"t:1:39: `country` cannot be 'China'; write the two capital letters of ISO 3166, as CN or SG"}},
        Case{"CountryInSmallLetters",
             with("country: cn"),
             {"t:1:39: `country` cannot be 'cn'; write the two capital letters of ISO 3166, as CN or SG"}},
        Case{"NoSuchCountry",
             with("country: XX"),
             {"t:1:39: `country` cannot be 'XX'; write the two capital letters of ISO 3166, as CN or SG"}},
        Case{"FoldTooLong",
             with("fold: 61s"),
             {"t:1:36: `fold` cannot be '61s'; write 90s, 10m, 2h or 7d, at least 1s and at most 60s"}},
        Case{"FoldOfNothing",
             with("fold: 0s"),
             {"t:1:36: `fold` cannot be '0s'; write 90s, 10m, 2h or 7d, at least 1s and at most 60s"}},
        Case{"NoWitness",
             "log: {keep: 200d}\n",
             {"t:1:6: warning: the log has no `witness`, so whoever holds this machine could write another "
              "log; write witness: {folder: /mnt/witness}, on a machine of somebody else's"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Witness, LogDiagnosed,
    testing::Values(
        Case{"Url", witness("{url: \"https://w.example/x?key=1\"}"), {}},
        Case{"Mail",
             witness("{mail: {to: a.b+c@d.example, from: e@f.example, smtp: \"smtps://m.example:465\"}}"),
             {}},
        Case{"None",
             witness("{}"),
             {"t:1:16: `witness` has none of `url`, `folder` and `mail`; write one of them, as {folder: "
              "/mnt/witness}"}},
        Case{"Two",
             witness("{folder: /w, url: \"https://w.example/\"}"),
             {"t:1:16: `witness` has more than one of `url`, `folder` and `mail`; write one of them, as "
              "{folder: /mnt/witness}"}},
        Case{"UrlInTheClear",
             witness("{url: \"http://u:secret@w.example/\"}"),
             {"t:1:22: the URL of `url` does not begin with https://; write "
              "https://witness.example/sluice"}},
        Case{"UrlIsNone",
             witness("{url: witness.example}"),
             {"t:1:22: the URL of `url` does not begin with http:// or https://; write "
              "https://witness.example/sluice"}},
        Case{"UrlIsList",
             witness("{url: [a]}"),
             {"t:1:22: `url` is no single value; write https://witness.example/sluice"}},
        Case{"FolderIsRelative",
             witness("{folder: mnt/w}"),
             {"t:1:25: `folder` has a path that does not begin with /; write it from the root, as "
              "/etc/sluice/log/folder"}},
        Case{"MailIsNoMap",
             witness("{mail: a@b.example}"),
             {"t:1:23: `mail` is written as a single value; write {to: ...}"}},
        Case{"MailHasNoSmtp",
             witness("{mail: {to: a@b.example, from: a@b.example}}"),
             {"t:1:23: `mail` has no `smtp`; write {to: audit@office.example, from: sluice@office.example, "
              "smtp: \"smtps://mail.example\"}"}},
        Case{"MailInTheClear",
             witness("{mail: {to: a@b.example, from: a@b.example, smtp: smtp://m.example}}"),
             {"t:1:66: `smtp` is not smtps://HOST:PORT; write smtps://mail.example"}},
        Case{"MailWithAPassword",
             witness("{mail: {to: a@b.example, from: a@b.example, smtp: \"smtps://u:secret@m.example\"}}"),
             {"t:1:66: `smtp` is not smtps://HOST:PORT; write smtps://mail.example"}},
        Case{"MailToTwo",
             witness("{mail: {to: \"a@b.example,c@d.example\", from: a@b.example, smtp: "
                     "\"smtps://m.example\"}}"),
             {"t:1:28: `to` cannot be 'a@b.example,c@d.example'; write a mail address, as "
              "audit@office.example"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Copies, LogDiagnosed,
    testing::Values(
        Case{"Right", copy(kTo + ", ca: /a, certificate: /b, key: /c"), {}},
        Case{"NoMap",
             copy("x").replace(copy("x").find("{x}"), 3, "x"),
             {"t:3:15: a copy is written as a single value; write {syslog: ...}"}},
        Case{"Name",
             "log: {witness: {folder: /w}, copies: {\"a b\": {" + kTo + "}}}\n",
             {"t:1:39: 'a b' cannot be a name here; use letters, digits, - and _, beginning with a letter or "
              "a digit"}},
        Case{"Neither",
             copy("recipient: SOC, country: CN"),
             {"t:3:12: the copy 'c' has neither `syslog` nor `clickhouse`; write one of them, as syslog: "
              "\"tls://siem.example:6514\""}},
        Case{"Both",
             copy(kTo + ", clickhouse: \"https://c.example\""),
             {"t:3:12: the copy 'c' has both `syslog` and `clickhouse`; write one of them, as syslog: "
              "\"tls://siem.example:6514\""}},
        Case{"NoRecipientNoCountry",
             copy("syslog: \"tls://s.example\""),
             {"t:3:12: the copy 'c' has no `recipient`; write recipient: Example SOC, who gets it",
              "t:3:12: the copy 'c' has no `country`; write country: CN, where they are"}},
        Case{"InTheClear",
             copy("syslog: \"tcp://s.example\", recipient: SOC, country: CN"),
             {"t:3:24: `syslog` is not tls://HOST:PORT; write \"tls://siem.example:6514\""}},
        Case{"PasswordInTheUrl",
             copy("clickhouse: \"https://u:secret@c.example\", recipient: SOC, country: CN"),
             {"t:3:28: `clickhouse` is not https://HOST:PORT; write \"https://clickhouse.example:8443\""}},
        Case{"PortIsNone",
             copy("syslog: \"tls://s.example:0\", recipient: SOC, country: CN"),
             {"t:3:24: `syslog` is not tls://HOST:PORT; write \"tls://siem.example:6514\""}},
        Case{"CertificateAlone",
             copy(kTo + ", certificate: /a"),
             {"t:3:85: `certificate` without `key`; write both, or leave both out"}},
        Case{"KeyAlone",
             copy(kTo + ", key: /a"),
             {"t:3:77: `key` without `certificate`; write both, or leave both out"}},
        Case{"UserOfSyslog", copy(kTo + ", user: u"), {"t:3:78: `user` without `clickhouse`; leave it out"}},
        Case{"Abroad",
             copy("syslog: \"tls://s.example\", recipient: SOC, country: SG"),
             {"t:3:68: warning: the copy 'c' leaves CN for SG without a `basis`, so it gets pseudonyms "
              "instead of people; write basis: what allows personal data to leave, as the number of a "
              "standard contract"}},
        Case{"AbroadWithABasis",
             copy("syslog: \"tls://s.example\", recipient: SOC, country: SG, basis: b"),
             {}}),
    name_of);

TEST(LogPolicy, SaidTwiceOverFilesIsReportedAndCopiesAreJoined) {
  const Compiled compiled = compile(
      {{"a", std::string(kBase) + copy(kTo)},
       {"b", "log: {country: SG, witness: {folder: /x}, copies: {c: {" + kTo + "}, d: {" + kTo + "}}}\n"}});
  std::vector<std::string> said;
  for (const Diagnostic& each : compiled.diagnostics)
    if (each.severity == Severity::Error) said.push_back(to_string(each));
  EXPECT_EQ(said, (std::vector<std::string>{
                      "b:1:29: `witness` is given twice; it stands at a:5:12 already",
                      "b:1:52: 'c' is declared twice; it is a copy at a:6:12 already: rename one"}));
}

const std::string kThree =
    "      li.wei: " + kLi + "\n      wang.fang: " + kWang + "\n      zhang.min: " + kZhang + "\n";
/// Zero, and one of the points of order 8 (RFC 7748 6.1, and its errata).
const std::string kZero = "MCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                  kOrderEight = "MCowBQYDK2VuAyEA4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=";
constexpr const char* kNoKey =
    " is no X25519 public key; write the X25519 public key that `sluicectl keeper new` prints, as "
    "MCowBQYDK2VuAyEA…=";

INSTANTIATE_TEST_SUITE_P(
    Keepers, LogDiagnosed,
    testing::Values(
        Case{"Three", keepers(kThree), {}},
        Case{"Pem",
             keepers("      li.wei: |\n        -----BEGIN PUBLIC KEY-----\n        " + kLi +
                     "\n        -----END PUBLIC KEY-----\n      w: " + kWang + "\n      z: " + kZhang + "\n"),
             {}},
        Case{
            "TwoLoseAllWithOneKey",
            keepers("      li.wei: " + kLi + "\n      zhang.min: " + kZhang + "\n"),
            {"t:4:5: warning: there are two `keepers`, so where one of them loses the key, nobody can undo a "
             "pseudonym; name a third one: any two of them will do"}},
        Case{"One",
             keepers("      li.wei: " + kLi + "\n"),
             {"t:5:7: `keepers` has 1 of them; name two persons at least, and at most 8: it takes two of "
              "them to undo a pseudonym"}},
        Case{"None",
             "log: {witness: {folder: /w}, pseudonyms: {}}\n",
             {"t:1:42: `pseudonyms` has no `keepers`; write keepers: {li.wei: MCow…, zhang.min: MCow…}, of "
              "whom two together can undo them"}},
        Case{"SameKey",
             keepers(kThree + "      liu.yang: " + kLi + "\n"),
             {"t:4:5: 'liu.yang' has the key of 'li.wei'; each keeper has a key that nobody else has: two "
              "persons, not one"}},
        Case{"NoKey",
             keepers("      li.wei: hello\n      zhang.min: " + kZhang + "\n"),
             {"t:5:15: the key of 'li.wei'" + std::string(kNoKey)}},
        Case{"PointsOfSmallOrder",
             keepers("      li.wei: " + kZero + "\n      zhang.min: " + kOrderEight + "\n"),
             {"t:5:15: the key of 'li.wei'" + std::string(kNoKey),
              "t:6:18: the key of 'zhang.min'" + std::string(kNoKey)}}),
    name_of);

TEST(KeeperKey, OneTextForEachKeyAndNoOther) {
  const auto key = parse_keeper_key(kLi);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(keeper_key_text(*key), kLi);
  for (size_t at = 0; at < kLi.size(); ++at) {
    std::string changed = kLi;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(parse_keeper_key(changed), key) << at;
    EXPECT_EQ(parse_keeper_key(kLi.substr(0, at)), std::nullopt) << at;
  }
  for (const std::string& wrong : {" " + kLi, kLi + " ", kLi + "\n\n", "-----BEGIN PUBLIC KEY-----\n" + kLi,
                                   kLi.substr(0, 59) + "\x00", std::string(60, 'A')})
    EXPECT_EQ(parse_keeper_key(wrong), std::nullopt) << wrong;
}

LogPolicy log_of(const std::string& text) {
  Compiled compiled = compile({{"base", std::string(kBase)}, {"t", text}});
  EXPECT_TRUE(compiled.policy.has_value());
  return compiled.policy ? compiled.policy->log : LogPolicy{};
}

const std::string kWholeLog =
    "log:\n"
    "  keep: 400d\n"
    "  country: DE\n"
    "  fold: 10s\n"
    "  witness: {mail: {to: a@b.example, from: c@d.example, smtp: \"smtps://m.example\"}}\n"
    "  pseudonyms: {keepers: {zhang.min: " +
    kZhang + ", li.wei: " + kLi +
    "}}\n"
    "  copies:\n"
    "    z: {syslog: \"tls://[2001:db8::1]\", ca: /ca, certificate: /own, key: /key, recipient: SOC, "
    "country: "
    "DE}\n"
    "    y: {clickhouse: \"https://c.example:8123\", database: logs, user: me, password-file: /pw, "
    "recipient: "
    "HQ, country: SG, basis: contract}\n"
    "    x: {clickhouse: \"https://c.example\", recipient: HQ, country: SG}\n";

TEST(LogPolicy, SaysWhatThePolicySays) {
  const LogPolicy log = log_of(kWholeLog);
  EXPECT_EQ(log.keep_s, 400u * 86'400);
  EXPECT_EQ(log.country, "DE");
  EXPECT_EQ(log.fold_s, 10u);
  EXPECT_EQ(log.witness,
            (LogWitness{LogWitness::Kind::Mail, "smtps://m.example", "a@b.example", "c@d.example"}));
  ASSERT_EQ(log.keepers.size(), 2u);
  EXPECT_EQ(log.keepers[0].name, "li.wei");
  EXPECT_EQ(keeper_key_text(log.keepers[1].key), kZhang);
  const auto kSyslog = LogCopy::Kind::Syslog, kClickhouse = LogCopy::Kind::Clickhouse;
  EXPECT_EQ(
      log.copies,
      (std::vector<LogCopy>{
          {"x", kClickhouse, "c.example", 8443, "", "", "", "sluice", "sluice", "", "HQ", "SG", ""},
          {"y", kClickhouse, "c.example", 8123, "", "", "", "logs", "me", "/pw", "HQ", "SG", "contract"},
          {"z", kSyslog, "2001:db8::1", 6514, "/ca", "/own", "/key", "sluice", "sluice", "", "SOC", "DE",
           ""}}));
  EXPECT_TRUE(gets_pseudonyms(log, log.copies[0]));
  EXPECT_FALSE(gets_pseudonyms(log, log.copies[1]));
  EXPECT_FALSE(gets_pseudonyms(log, log.copies[2]));
}

TEST(LogPolicy, LeftOutItKeepsTheLawsTermAndSendsNothing) {
  EXPECT_EQ(log_of("{}\n"), LogPolicy{});
  EXPECT_EQ(LogPolicy{}.keep_s, 185u * 86'400);
  EXPECT_EQ(LogPolicy{}.country, "CN");
}

TEST(LogPolicy, SurvivesTheWay) {
  for (const LogPolicy& log :
       {LogPolicy{}, log_of(kWholeLog), log_of(witness("{url: \"https://w.example/\"}"))})
    EXPECT_EQ(log_policy_from(log_policy_json(log)), log);
}

TEST(LogPolicy, WithAnyMemberMissingOrOfAnotherKindIsRefused) {
  const json whole = log_policy_json(log_of(kWholeLog)), flat = whole.flatten();
  ASSERT_GT(flat.size(), 40u);
  for (const auto& [path, value] : flat.items()) {
    const json::json_pointer at(path);
    for (const json& other : {json(-1), json(json::array()), json(nullptr), json(1e300), json(true)}) {
      json changed = whole;
      changed[at] = other;
      EXPECT_EQ(log_policy_from(changed), std::nullopt) << path << ' ' << other;
    }
    json without = whole;
    without.at(at.parent_pointer()).erase(at.back());
    EXPECT_EQ(log_policy_from(without), std::nullopt) << path;
  }
}

TEST(LogPolicy, ValuesThatNoPolicyCouldSayAreRefused) {
  const std::pair<const char*, json> kWrong[] = {{"/keep_s", kMinKeepS - 1},
                                                 {"/keep_s", kMaxKeepS + 1},
                                                 {"/fold_s", kMaxFoldS + 1},
                                                 {"/country", "XX"},
                                                 {"/witness/kind", 0u},
                                                 {"/witness/kind", 1u},
                                                 {"/witness/kind", 2u},
                                                 {"/witness/kind", 4u},
                                                 {"/witness/to", "a@b.example\r\nRCPT TO: c@d.example"},
                                                 {"/copies/0/kind", 2u},
                                                 {"/copies/0/host", "c.example/x"},
                                                 {"/copies/0/port", 0u},
                                                 {"/copies/0/port", 65536u},
                                                 {"/copies/0/recipient", ""},
                                                 {"/copies/0/country", "sg"},
                                                 {"/copies/0/password_file", "pw"},
                                                 {"/copies/2/key", ""},
                                                 {"/keepers/li.wei", kZhang},
                                                 {"/keepers/li.wei", kZero}};
  for (const auto& [path, value] : kWrong) {
    json changed = log_policy_json(log_of(kWholeLog));
    changed[json::json_pointer(path)] = value;
    EXPECT_EQ(log_policy_from(changed), std::nullopt) << path << ' ' << value;
  }
}

}  // namespace
}  // namespace sluice::control::test
