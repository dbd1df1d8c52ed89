// accesslog tests: the line of a record, and the names of an image.
#include "control/accesslog/format.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/unit/accesslog/image_maker.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string text(const json& value) {
  return value.get<std::string>();
}

Record sample() {
  Record record{};
  record.number = 5;
  record.time_ns = 1'795'406'706'123'456'789;
  record.slots = 1;
  record.action = static_cast<uint8_t>(Action::Blocked);
  record.reason = static_cast<uint8_t>(Reason::Rule);
  record.transport = 6;
  record.protocol = static_cast<uint8_t>(Protocol::Tls);
  record.seen = static_cast<uint8_t>(Seen::Sni);
  const uint8_t mac[6] = {0x02, 0, 0, 0xab, 0xcd, 0x0f};
  std::memcpy(record.mac, mac, sizeof mac);
  record.vlan = 20;
  const uint8_t client[4] = {10, 20, 1, 7}, server[4] = {198, 51, 100, 9};
  record.source = Address::from_v4(client);
  record.destination = Address::from_v4(server);
  record.source_port = 51724;
  record.destination_port = 443;
  record.generation = 17;
  record.source_bytes = 517;
  record.rule = record.list = record.network = 0;
  return record;
}

ImageNames names() {
  return *ImageNames::read(make_image(17, "shanghai-office"));
}

TEST(FormatRecord, BlockedTlsIsTheLineOfTheDesign) {
  EXPECT_EQ(
      format_record(sample(), "www.example.com", names(), "iplc-sg", event_id(0x1234, 3, 5)),
      R"({"@timestamp":"2026-11-23T04:05:06.123456Z","event":{"action":"blocked","reason":"rule",)"
      R"("id":"0000000000001234-3-5"},"network":{"transport":"tcp","protocol":"tls","type":"ipv4",)"
      R"("vlan":{"id":"20"}},"source":{"ip":"10.20.1.7","port":51724,"bytes":517,"mac":"02-00-00-AB-CD-0F"},)"
      R"("destination":{"ip":"198.51.100.9","port":443,"bytes":0,"domain":"www.example.com"},)"
      R"("rule":{"name":"no-malware","ruleset":"malware"},"observer":{"name":"shanghai-office"},)"
      R"("sluice":{"network":"staff","line":"iplc-sg","seen":"sni","generation":17}})");
}

TEST(FormatRecord, PseudonymsStandForTheLanSideAlone) {
  const RecordPseudonyms people{"p-client", "p-mac"};
  const ImageNames image = names();
  const std::string id = event_id(0x1234, 3, 5);
  Record record = sample();
  std::string out;
  append_record(
      out, record, "www.example.com",
      {.names = image, .line = "iplc-sg", .event_id = id, .log_file_path = {}, .pseudonyms = &people});
  json line = json::parse(out);
  EXPECT_EQ(line["source"],
            (json{{"address", "p-client"}, {"port", 51724}, {"bytes", 517}, {"mac", "p-mac"}}));
  EXPECT_EQ(line["destination"]["ip"], "198.51.100.9");
  EXPECT_EQ(line["destination"]["domain"], "www.example.com");
  EXPECT_EQ(line["sluice"]["pseudonyms"], true);
  record.direction = Direction::Inbound;
  std::memset(record.mac, 0, sizeof record.mac);
  out.clear();
  append_record(
      out, record, "",
      {.names = image, .line = "iplc-sg", .event_id = id, .log_file_path = {}, .pseudonyms = &people});
  line = json::parse(out);
  EXPECT_EQ(line["source"]["ip"], "10.20.1.7") << "who came in over the line";
  EXPECT_FALSE(line["source"].contains("mac"));
  EXPECT_EQ(line["destination"]["address"], "p-client");
  EXPECT_FALSE(line["destination"].contains("ip"));
}

TEST(FormatRecord, AnEndSaysWhatPassedAndHowItEnded) {
  Record record = sample();
  record.number = 9;
  record.action = static_cast<uint8_t>(Action::Allowed);
  record.reason = static_cast<uint8_t>(Reason::Decided);
  std::memset(record.mac, 0, sizeof record.mac);
  record.rule = record.list = kNone16;
  record.destination_bytes = 90'000;
  record.ended = Ended::Fin;
  record.end = {.access = 5,
                .source_packets = 12,
                .destination_packets = 70,
                .duration_ms = 1'234,
                .idle_ms = 20'456,
                .left_out = 0,
                .reserved = 0};
  EXPECT_EQ(
      format_record(record, "www.example.com", names(), "iplc-sg", event_id(0x1234, 3, 9)),
      R"({"@timestamp":"2026-11-23T04:05:06.123456Z","event":{"action":"allowed","reason":"decided",)"
      R"("id":"0000000000001234-3-9","type":["end"],"duration":1234000000,"end":"2026-11-23T04:04:45.667456Z"},)"
      R"("network":{"transport":"tcp","protocol":"tls","type":"ipv4","vlan":{"id":"20"}},)"
      R"("source":{"ip":"10.20.1.7","port":51724,"bytes":517,"packets":12},)"
      R"("destination":{"ip":"198.51.100.9","port":443,"bytes":90000,"packets":70,"domain":"www.example.com"},)"
      R"("observer":{"name":"shanghai-office"},"sluice":{"network":"staff","line":"iplc-sg","seen":"sni",)"
      R"("generation":17,"ended":"fin","access":"0000000000001234-3-5"}})");
}

TEST(FormatRecord, AnEndOfNothingDecidedLeadsNowhere) {
  Record record = sample();
  record.ended = Ended::Continues;
  record.time_ns = INT64_MIN;  // of another process: it may be any
  record.end = {.access = 0,
                .source_packets = 1,
                .destination_packets = 0,
                .duration_ms = UINT32_MAX,
                .idle_ms = UINT32_MAX,
                .left_out = 3,
                .reserved = 0};
  const json line = json::parse(format_record(record, "", names(), "", "id"));
  EXPECT_EQ(line["event"]["type"][0], "info");
  EXPECT_EQ(line["event"]["duration"], 4'294'967'295'000'000);
  EXPECT_FALSE(line["sluice"].contains("access"));
  EXPECT_EQ(line["sluice"]["ended"], "continues");
  EXPECT_EQ(line["sluice"]["left_out"], 3);
}

TEST(FormatRecord, AddressesAreThoseOfTheLibrary) {
  for (uint32_t i = 0; i < 1'000; ++i) {
    Record record = sample();
    const uint32_t number = i * 4'295'000U + i;
    char wanted[INET_ADDRSTRLEN] = "";
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    record.source = record.destination = Address::from_v4(bytes.data());
    ASSERT_NE(inet_ntop(AF_INET, bytes.data(), wanted, sizeof wanted), nullptr);
    const json line = json::parse(format_record(record, "", names(), "", "id"));
    ASSERT_EQ(text(line["source"]["ip"]), wanted);
    ASSERT_EQ(text(line["destination"]["ip"]), wanted);
  }
}

TEST(FormatRecord, NothingKnownLeavesFieldsOut) {
  Record record = sample();
  std::memset(record.mac, 0, sizeof record.mac);
  record.vlan = kNoVlan;
  record.rule = record.list = record.network = kNone16;
  record.transport = 47;
  record.source.bytes = {0x20, 0x01, 0x0d, 0xb8};
  const json line = json::parse(format_record(record, "", names(), "", "id"));
  EXPECT_EQ(text(line["network"]["transport"]), "47");
  EXPECT_EQ(text(line["network"]["type"]), "ipv6");
  EXPECT_EQ(text(line["source"]["ip"]), "2001:db8::");
  EXPECT_FALSE(line["network"].contains("vlan"));
  EXPECT_FALSE(line["source"].contains("mac"));
  EXPECT_FALSE(line["destination"].contains("domain"));
  EXPECT_FALSE(line.contains("rule"));
  EXPECT_FALSE(line.contains("log"));
  EXPECT_FALSE(line["sluice"].contains("network"));
  EXPECT_FALSE(line["sluice"].contains("line"));
  EXPECT_FALSE(line["sluice"].contains("would"));
  EXPECT_FALSE(line["sluice"].contains("ttl"));
}

TEST(FormatRecord, TheTtlOfTheOpenersPacketIsANumber) {
  Record record = sample();
  record.ttl = 127;
  EXPECT_EQ(json::parse(format_record(record, "a.example", names(), "l", "id"))["sluice"]["ttl"], 127);
}

TEST(FormatRecord, ObservedSaysWhatWouldHaveBeen) {
  Record record = sample();
  record.action = static_cast<uint8_t>(Action::Observed);
  record.would = static_cast<uint8_t>(Action::Blocked);
  const json line = json::parse(format_record(record, "a.example", names(), "l", "id", "/tmp/\"x\".pcap"));
  EXPECT_EQ(text(line["event"]["action"]), "observed");
  EXPECT_EQ(text(line["sluice"]["would"]), "blocked");
  EXPECT_EQ(text(line["log"]["file"]["path"]), "/tmp/\"x\".pcap");
}

TEST(FormatRecord, AddressAsNameIsNoDomain) {
  for (const char* name : {"192.0.2.1", "2001:db8::1", "[2001:db8::1]"}) {
    EXPECT_FALSE(
        json::parse(format_record(sample(), name, names(), "l", "id"))["destination"].contains("domain"));
  }
  EXPECT_EQ(
      json::parse(format_record(sample(), "192.0.2.1.example", names(), "l", "id"))["destination"]["domain"],
      "192.0.2.1.example");
}

TEST(FormatRecord, EveryByteInANameStaysValidJson) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::string& name :
         {std::string(1, static_cast<char>(byte)), "ab" + std::string(3, static_cast<char>(byte)) + "c"}) {
      const json line = json::parse(format_record(sample(), name, names(), "l", "id"));
      if (byte < 0x80) {
        EXPECT_EQ(text(line["destination"]["domain"]), name) << byte;
      }
    }
  }
}

TEST(FormatRecord, RandomBytesAnywhereStayValidJson) {
  std::srand(1);
  for (int round = 0; round < 2000; ++round) {
    Record record;
    auto* bytes = reinterpret_cast<uint8_t*>(&record);
    for (size_t i = 0; i < sizeof record; ++i) {
      bytes[i] = static_cast<uint8_t>(std::rand());
    }
    std::string name(static_cast<size_t>(std::rand() % 254), '\0');
    for (char& c : name) {
      c = static_cast<char>(std::rand());
    }
    EXPECT_TRUE(json::accept(format_record(record, name, names(), name, name, name)));
  }
}

TEST(JsonText, Utf8StaysAndOtherBytesAreEscaped) {
  std::string out;
  append_json_text(out, "上海\x7f\xc3(\xed\xa0\x80\xf5\xe4\xb8");
  EXPECT_EQ(out, "上海\\u007f\\u00c3(\\u00ed\\u00a0\\u0080\\u00f5\\u00e4\\u00b8");
}

TEST(UtcText, BeforeTheEpochAndAtItsEnds) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(utc_text(INT64_MAX), "2262-04-11T23:47:16.854775Z");
  EXPECT_EQ(utc_text(INT64_MIN).substr(0, 10), "1677-09-21");
}

TEST(Utc, IsReadAsItIsWritten) {
  for (const int64_t time_ns :
       {int64_t{0}, int64_t{-1'000}, int64_t{1'795'406'706'123'456'000}, int64_t{951'782'399'999'999'000}}) {
    EXPECT_EQ(parse_utc(utc_text(time_ns)), time_ns);
  }
  const std::string right = "2028-02-29T23:59:59.999999Z";
  ASSERT_EQ(utc_text(parse_utc(right).value_or(0)), right);
  for (size_t size = 0; size < right.size(); ++size) {
    EXPECT_EQ(parse_utc(right.substr(0, size)), std::nullopt);
  }
  for (const char* wrong :
       {"2027-02-29T00:00:00.000000Z", "2028-13-01T00:00:00.000000Z", "2028-00-01T00:00:00.000000Z",
        "2028-01-01T24:00:00.000000Z", "2028-01-01T00:60:00.000000Z", "2028-01-01T00:00:60.000000Z",
        "1500-01-01T00:00:00.000000Z", "9999-01-01T00:00:00.000000Z", "2028-01-01 00:00:00.000000Z",
        "2028-01-01T00:00:00.000000+", "2028-01-01T00:00:00.00000xZ", "+028-01-01T00:00:00.000000Z",
        "2028-01-01T00:00:00.000000ZZ"}) {
    EXPECT_EQ(parse_utc(wrong), std::nullopt) << wrong;
  }
}

TEST(ImageNames, IndexOutsideIsEmpty) {
  const ImageNames found = names();
  EXPECT_EQ(found.rule(0), "no-malware");
  EXPECT_EQ(found.rule(1), "");
  EXPECT_EQ(found.network(kNone16), "");
  EXPECT_EQ(found.generation(), 17u);
}

TEST(ImageNames, CutAnywhereIsRefused) {
  const std::vector<std::byte> whole = make_image(1, "s");
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::unique_ptr<std::byte[]> exact(new std::byte[size]);
    std::memcpy(exact.get(), whole.data(), size);
    EXPECT_FALSE(ImageNames::read({exact.get(), size}).has_value()) << size;
    EXPECT_FALSE(image_intact({exact.get(), size})) << size;
  }
}

TEST(ImageNames, AnyByteFlippedIsNotIntactAndNeverReadsOutside) {
  const std::vector<std::byte> whole = make_image(1, "s");
  ASSERT_TRUE(image_intact(whole));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<std::byte> flipped = whole;
    flipped[at] ^= std::byte{0xff};
    EXPECT_FALSE(image_intact(flipped)) << at;
    (void)ImageNames::read(flipped);
  }
}

TEST(FormatRecord, SaysWhoItWasWhateverTheNamesHold) {
  const std::string user = "<b>li\n.wei\"\xff", machine(4096, '\0');
  std::string line;
  append_record(line, sample(), "www.example.com", {names(), "l", "id", {}, nullptr, user, machine});
  const json parsed = json::parse(line);
  EXPECT_EQ(parsed["user"]["name"], "<b>li\n.wei\"\u00ff");
  EXPECT_EQ(parsed["host"]["name"], machine);
  line.clear();
  append_record(line, sample(), "www.example.com", {names(), "l", "id", {}, nullptr, "li.wei", ""});
  EXPECT_FALSE(json::parse(line).contains("host"));
  line.clear();
  append_record(line, sample(), "www.example.com", {names(), "l", "id", {}, nullptr, "", "pc-7"});
  EXPECT_FALSE(json::parse(line).contains("user"));
}

}  // namespace
}  // namespace sluice::control
