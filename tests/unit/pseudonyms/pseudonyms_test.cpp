// pseudonyms tests: nothing of a person leaves the country, in no kind of line, and counting still works.
#include "control/pseudonyms/pseudonyms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "control/accesslog/format.h"
#include "control/accesslog/gap.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kTime = 1'795'406'706'123'456'000;
constexpr const char* kClient = "10.20.1.7";
constexpr const char* kMac = "02-00-5E-10-00-07";

struct PseudonymsTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-pseudonyms-" + std::to_string(::getpid()));
  fs::path key = root / "copies.key";
  std::string error;
  ImageNames names = ImageNames::only_site("shanghai-office");

  PseudonymsTest() { fs::create_directories(root); }
  ~PseudonymsTest() override { fs::remove_all(root); }

  std::unique_ptr<const Pseudonyms> open(const std::string& recipient = "Example Pte") {
    auto out = Pseudonyms::open_or_make(key, recipient, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  static Address address(const char* text) {
    Address out;
    EXPECT_TRUE(parse_address(text, out)) << text;
    return out;
  }
  /// An access from the LAN.
  static Record access(const char* source, const char* destination) {
    Record out{};
    out.number = 7;
    out.time_ns = kTime;
    out.transport = IPPROTO_TCP;
    out.source = address(source);
    out.destination = address(destination);
    out.source_port = 51724;
    out.destination_port = 443;
    out.rule = out.list = out.network = kNone16;
    out.vlan = kNoVlan;
    const uint8_t mac[6] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x07};
    std::memcpy(out.mac, mac, sizeof mac);
    return out;
  }
  static Record inbound(const char* source, const char* destination) {
    Record out = access(source, destination);
    std::memset(out.mac, 0, sizeof out.mac);
    return out;
  }
  json out(const Record& record, std::string_view name = {}) {
    return out(format_record(record, name, names, "iplc-sg", "000000000000b007-0-7", "/tmp/li.wei.pcap"));
  }
  json out(const std::string& line) {
    const auto text = open()->line(line);
    EXPECT_TRUE(text.has_value());
    EXPECT_THAT(*text, Not(HasSubstr(kClient)));
    EXPECT_THAT(*text, Not(HasSubstr(kMac)));
    EXPECT_THAT(*text, Not(HasSubstr("li.wei")));
    EXPECT_THAT(*text, Not(HasSubstr("\n")));
    json said = json::parse(*text);
    EXPECT_EQ(said["sluice"]["pseudonyms"], true);
    return said;
  }
};

TEST_F(PseudonymsTest, AccessFromTheLanHasItsClientReplacedAndTheSiteLeft) {
  const json said = out(access(kClient, "198.51.100.9"), "www.example.com");
  EXPECT_FALSE(said["source"].contains("ip"));
  EXPECT_EQ(said["source"]["address"], open()->of("ip", kClient));
  EXPECT_EQ(said["source"]["mac"], open()->of("mac", kMac));
  EXPECT_EQ(said["destination"]["ip"], "198.51.100.9");
  EXPECT_EQ(said["destination"]["domain"], "www.example.com");
  EXPECT_EQ(said["@timestamp"], "2026-11-23T04:05:06.123456Z");
  EXPECT_EQ(said["event"]["id"], "000000000000b007-0-7");
  EXPECT_EQ(said["network"]["transport"], "tcp");
  EXPECT_EQ(said["observer"]["name"], "shanghai-office");
  EXPECT_EQ(said["sluice"]["line"], "iplc-sg");
  EXPECT_FALSE(said.contains("log"));
}

TEST_F(PseudonymsTest, PseudonymsOfTheLogItselfBecomeOthers) {
  const RecordPseudonyms people{"p-client", "p-mac"};
  std::string line;
  append_record(
      line, access(kClient, "198.51.100.9"), "www.example.com",
      {.names = names, .line = {}, .event_id = "1-0-7", .log_file_path = {}, .pseudonyms = &people});
  const json said = out(line);
  EXPECT_EQ(said["source"]["address"], open()->of("ip", "p-client"));
  EXPECT_EQ(said["source"]["mac"], open()->of("mac", "p-mac"));
  EXPECT_EQ(said["destination"]["ip"], "198.51.100.9");
  EXPECT_EQ(said["destination"]["domain"], "www.example.com");
  EXPECT_EQ(said.dump().find("p-client"), std::string::npos);
}

TEST_F(PseudonymsTest, InboundAccessHasBothEndsReplaced) {
  const json said = out(inbound("203.0.113.66", kClient), "li.wei-laptop.office.example");
  EXPECT_EQ(said["source"]["address"], open()->of("ip", "203.0.113.66"));
  EXPECT_EQ(said["destination"]["address"], open()->of("ip", kClient));
  EXPECT_FALSE(said["destination"].contains("ip"));
  EXPECT_THAT(said["destination"]["domain"].get<std::string>(), testing::EndsWith(".invalid"));
}

TEST_F(PseudonymsTest, InboundToAPublicAddressOfTheLanIsReplacedToo) {
  const json said = out(inbound("2001:db8::66", "2001:db8:20::7"));
  EXPECT_FALSE(said["destination"].contains("ip"));
}

TEST_F(PseudonymsTest, ColleagueAtAnotherOfficeIsReplaced) {
  for (const char* colleague :
       {"10.64.3.2", "172.16.5.5", "192.168.1.9", "100.64.0.3", "fd12:3456:20::7", "fe80::1"}) {
    const json said = out(access(kClient, colleague));
    EXPECT_FALSE(said["destination"].contains("ip")) << colleague;
    EXPECT_EQ(said["destination"]["address"], open()->of("ip", colleague));
  }
}

TEST_F(PseudonymsTest, NamesOfMachinesAreReplaced) {
  for (const char* name : {"7.1.20.10.in-addr.arpa", "liwei", "li.wei-pc", "li.wei.7", "li.wei-pc.local",
                           "li.wei.corp", "li.wei.home.arpa"}) {
    const json said = out(access(kClient, "198.51.100.53"), name);
    EXPECT_EQ(said["destination"]["domain"], open()->of("name", name) + ".invalid");
  }
}

TEST_F(PseudonymsTest, EndOfAFlowKeepsItsNumbers) {
  for (const Ended ended : {Ended::Fin, Ended::Continues}) {
    Record record = access(kClient, "198.51.100.9");
    record.ended = ended;
    record.end = {3, 10, 20, 500, 100, 2, 0};
    const json said = out(record, "www.example.com");
    EXPECT_EQ(said["event"]["duration"], 500'000'000);
    EXPECT_TRUE(said["event"]["type"].is_array());
    EXPECT_EQ(said["source"]["packets"], 10);
    EXPECT_EQ(said["sluice"]["ended"], word_of(ended));
    EXPECT_EQ(said["sluice"]["access"], "000000000000b007-0-3");
    EXPECT_EQ(said["sluice"]["left_out"], 2);
    EXPECT_EQ(said["source"]["address"], open()->of("ip", kClient));
  }
}

TEST_F(PseudonymsTest, LineOfMissingRecordsGoesWhole) {
  std::string line;
  append_gap(line, {.reason = "log-full",
                    .site = "shanghai-office",
                    .boot = 7,
                    .worker = 1,
                    .first = 3,
                    .lost = 4,
                    .from_ns = kTime,
                    .until_ns = kTime});
  line.pop_back();
  json said = out(line);
  said["sluice"].erase("pseudonyms");
  EXPECT_EQ(said, json::parse(line));
}

TEST_F(PseudonymsTest, UserIsReplaced) {
  const json said = out(R"({"user":{"name":"li.wei","full_name":"li.wei"},"event":{"id":"1"}})");
  EXPECT_EQ(said["user"], (json{{"name", open()->of("user", "li.wei")}}));
}

TEST_F(PseudonymsTest, WhatIsNotKnownDoesNotGo) {
  const json said = out(
      R"({"client":{"ip":"10.20.1.7"},"source":{"ip":"10.20.1.7","nat":{"ip":"10.20.1.7"},"geo":1},"message":"li.wei",)"
      R"("event":{"id":"1","action":{"who":"li.wei"},"type":["end",{"who":"li.wei"}],"original":"li.wei"},)"
      R"("rule":"li.wei","sluice":{"seen":["sni",["li.wei"]],"owner":"li.wei"},"li.wei":1})");
  EXPECT_EQ(said, (json{{"source", {{"address", open()->of("ip", kClient)}}},
                        {"event", {{"id", "1"}}},
                        {"sluice", {{"pseudonyms", true}}}}));
}

TEST_F(PseudonymsTest, WhatIsNoObjectDoesNotGoAtAll) {
  const auto pseudonyms = open();
  for (const char* line :
       {"", "10.20.1.7", "[\"10.20.1.7\"]", R"({"source":{"ip":"10.20.1.7")", "null", "\xff"}) {
    EXPECT_EQ(pseudonyms->line(line), std::nullopt) << line;
  }
}

TEST_F(PseudonymsTest, NoTextThatIsCutOrChangedCrashes) {
  const auto pseudonyms = open();
  const std::string line =
      format_record(access(kClient, "198.51.100.9"), "www.example.com", names, "iplc-sg", "1-0-7");
  for (size_t size = 0; size < line.size(); ++size) {
    EXPECT_EQ(pseudonyms->line(line.substr(0, size)), std::nullopt);
    std::string changed = line;
    changed[size] ^= '\x80';
    const auto out = pseudonyms->line(changed);
    EXPECT_TRUE(!out || json::accept(*out)) << size;
  }
}

TEST_F(PseudonymsTest, WhoItWasIsReplaced) {
  std::string line;
  append_record(line, access(kClient, "198.51.100.9"), "www.example.com",
                {names, "iplc-sg", "000000000000b007-0-7", {}, nullptr, "li.wei", "li.wei-laptop"});
  const json said = out(line.substr(0, line.size() - 1));
  EXPECT_EQ(said["user"]["name"], open()->of("user", "li.wei"));
  EXPECT_EQ(said["host"]["name"], open()->of("host", "li.wei-laptop"));
}

TEST_F(PseudonymsTest, LineOfRepeatsKeepsTheirCountTimesAndNumbers) {
  const Folded folded{.count = 5, .last_ns = kTime + 1'000'000, .numbers = {{8, 8}, {10, 12}}};
  std::string line;
  append_record(line, access(kClient, "198.51.100.9"), "www.example.com",
                {names, "iplc-sg", "000000000000b007-0-7", {}, &folded});
  const json said = out(line.substr(0, line.size() - 1));
  EXPECT_EQ(said["event"]["count"], 5);
  EXPECT_EQ(said["event"]["end"], json::parse(line)["event"]["end"]);
  EXPECT_EQ(said["sluice"]["folded"], "8,10-12");
}

TEST_F(PseudonymsTest, StableOverRestartsAndOtherForOthers) {
  const std::string first = open()->of("ip", kClient);
  EXPECT_EQ(first.size(), 34u);
  EXPECT_EQ(open()->of("ip", kClient), first);
  EXPECT_NE(open()->of("ip", "10.20.1.8"), first);
  EXPECT_NE(open()->of("user", kClient), first);
  EXPECT_NE(open("Other SOC")->of("ip", kClient), first);
  struct stat status {};
  ASSERT_EQ(::stat(key.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  fs::remove(key);
  EXPECT_NE(open()->of("ip", kClient), first);
}

TEST_F(PseudonymsTest, FileThatHoldsNoKeyIsNeverReplaced) {
  const std::string good = std::string(64, 'a') + "\n";
  for (const std::string& text :
       {std::string(), std::string("key\n"), good.substr(1), good.substr(0, 64), good + "a\n"}) {
    std::ofstream(key, std::ios::trunc) << text;
    EXPECT_EQ(Pseudonyms::open_or_make(key, "Example Pte", error), nullptr) << text;
    EXPECT_THAT(error, HasSubstr("holds no key"));
    std::ifstream in(key);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
  }
}

}  // namespace
}  // namespace sluice::control
