// copies tests: syslog messages and rows of a table, of any line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "control/base/sha256.h"
#include "control/copies/rows.h"
#include "control/copies/syslog_form.h"

namespace sluice::control {
namespace {

constexpr const char* kLine =
    R"({"@timestamp":"2026-11-23T04:05:06.123456Z","event":{"action":"blocked","reason":"rule","id":"b007-0-7"},)"
    R"("network":{"transport":"tcp","protocol":"tls","type":"ipv4","vlan":{"id":"20"}},)"
    R"("source":{"ip":"10.20.1.7","port":51724,"bytes":517,"mac":"02-00"},)"
    R"("destination":{"ip":"198.51.100.9","port":443,"bytes":0,"domain":"www.example.com"},)"
    R"("rule":{"name":"no-malware","ruleset":"malware"},"user":{"name":"li.wei"},"observer":{"name":"office"},)"
    R"("sluice":{"network":"staff","line":"iplc-sg","seen":"sni","generation":17}})";

std::string message(std::string_view line, std::string_view host = "gw1") {
  std::string out;
  append_syslog(out, line, host);
  return out;
}

/// The row of a line, by column; every text unescaped.
std::map<std::string, std::string> row(std::string_view line, bool* whole = nullptr) {
  std::string text;
  const bool good = append_row(text, line, 1'000'000'000'000'002'000);
  if (whole != nullptr) {
    *whole = good;
  }
  std::vector<std::string> names, values(1);
  std::string columns = row_columns() + ", ";
  for (size_t at = 0, end = columns.find(", "); end != std::string::npos;
       at = end + 2, end = columns.find(", ", at)) {
    names.push_back(columns.substr(at, end - at));
  }
  EXPECT_TRUE(text.ends_with('\n'));
  text.pop_back();
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_NE(text[i], '\n');
    if (text[i] == '\t') {
      values.emplace_back();
    } else if (text[i] == '\\') {
      ++i;
      values.back() += text[i] == 't' ? '\t' : text[i] == 'n' ? '\n' : text[i] == '0' ? '\0' : text[i];
    } else {
      values.back() += text[i];
    }
  }
  EXPECT_EQ(names.size(), values.size());
  std::map<std::string, std::string> out;
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) {
    out[names[i]] = values[i];
  }
  return out;
}

TEST(SyslogForm, MessageIsCountedAndHasTheLogsTime) {
  const std::string wanted = "<109>1 2026-11-23T04:05:06.123456Z gw1 sluice - access - " + std::string(kLine);
  EXPECT_EQ(message(kLine), std::to_string(wanted.size()) + " " + wanted);
}

TEST(SyslogForm, SeverityTellsRefusedAndMissing) {
  const std::string time = R"({"@timestamp":"2026-11-23T04:05:06.123456Z")";
  EXPECT_THAT(message(time + R"(,"event":{"action":"allowed"}})"), testing::HasSubstr("<110>1 "));
  EXPECT_THAT(message(time + R"(,"event":{"kind":"pipeline_error"}})"), testing::HasSubstr("<108>1 "));
  // A name that looks like it, elsewhere in the line, changes nothing.
  EXPECT_THAT(message(time + R"(,"event":{"action":"allowed"},"a":{"action":"blocked"}})"),
              testing::HasSubstr("<110>1 "));
}

TEST(SyslogForm, AnyBytesAreFramedWhole) {
  for (const std::string& line :
       {std::string(), std::string("{"), std::string("\0\xff\r", 3), std::string(100'000, 'x'),
        std::string(R"({"@timestamp":"2026-13-23T04:05:06.123456Z"})"), std::string(R"({"@timestamp":")")}) {
    const std::string head = "<110>1 - gw1 sluice - access - ";
    EXPECT_EQ(message(line), std::to_string(head.size() + line.size()) + " " + head + line);
  }
}

TEST(SyslogForm, HostIsPrintableAndBounded) {
  EXPECT_EQ(syslog_host("gw1.office.example"), "gw1.office.example");
  EXPECT_EQ(syslog_host("a b\n\xe4\xb8\x8a"), "ab");
  EXPECT_EQ(syslog_host(""), "-");
  EXPECT_EQ(syslog_host(std::string(300, 'x')).size(), 255u);
}

TEST(Rows, EveryFieldHasItsColumn) {
  bool whole = false;
  auto fields = row(kLine, &whole);
  EXPECT_TRUE(whole);
  const std::pair<const char*, const char*> wanted[] = {{"time", "2026-11-23 04:05:06"},
                                                        {"microsecond", "123456"},
                                                        {"id", "b007-0-7"},
                                                        {"kind", "access"},
                                                        {"site", "office"},
                                                        {"action", "blocked"},
                                                        {"reason", "rule"},
                                                        {"transport", "tcp"},
                                                        {"protocol", "tls"},
                                                        {"ip_type", "ipv4"},
                                                        {"vlan", "20"},
                                                        {"source_ip", "10.20.1.7"},
                                                        {"source_port", "51724"},
                                                        {"source_bytes", "517"},
                                                        {"source_mac", "02-00"},
                                                        {"user", "li.wei"},
                                                        {"destination_ip", "198.51.100.9"},
                                                        {"destination_port", "443"},
                                                        {"domain", "www.example.com"},
                                                        {"rule", "no-malware"},
                                                        {"list", "malware"},
                                                        {"network", "staff"},
                                                        {"line_name", "iplc-sg"},
                                                        {"seen", "sni"},
                                                        {"generation", "17"},
                                                        {"repeats", "1"},
                                                        {"pseudonyms", "0"},
                                                        {"line", kLine}};
  for (const auto& [name, value] : wanted) {
    EXPECT_EQ(fields[name], value) << name;
  }
}

TEST(Rows, EndsAndGapsAndPseudonyms) {
  auto end = row(
      R"({"event":{"id":"1","type":["end"],"duration":5,"end":"2026-11-23T04:05:06.000007Z","count":3},)"
      R"("source":{"address":"p-12","packets":9},"sluice":{"ended":"fin","access":"0","left_out":2,"pseudonyms":true}})");
  EXPECT_EQ(end["kind"], "end");
  EXPECT_EQ(end["duration_ns"], "5");
  EXPECT_EQ(end["end_time"], "2026-11-23 04:05:06");
  EXPECT_EQ(end["end_microsecond"], "7");
  EXPECT_EQ(end["repeats"], "3");
  EXPECT_EQ(end["source_ip"], "p-12");
  EXPECT_EQ(end["source_packets"], "9");
  EXPECT_EQ(end["access"], "0");
  EXPECT_EQ(end["pseudonyms"], "1");
  EXPECT_EQ(row(R"({"sluice":{"ended":"continues"}})")["kind"], "continues");
  auto gap = row(R"({"event":{"kind":"pipeline_error","id":"1"},"sluice":{"lost":4,"worker":2}})");
  EXPECT_EQ(gap["kind"], "gap");
  EXPECT_EQ(gap["lost"], "4");
  EXPECT_EQ(gap["worker"], "2");
}

TEST(Rows, LineThatCannotBeReadIsKeptUnderItsSum) {
  for (const std::string& line :
       {std::string("\t\\\n{\0", 5), std::string(), std::string("[]"), std::string("\xff\xfe")}) {
    bool whole = true;
    auto fields = row(line, &whole);
    EXPECT_FALSE(whole);
    EXPECT_EQ(fields["line"], line);
    EXPECT_EQ(fields["id"], sha256_hex(line));
    EXPECT_EQ(fields["kind"], "other");
    EXPECT_EQ(fields["time"], "2001-09-09 01:46:40");
    EXPECT_EQ(fields["microsecond"], "2");
  }
}

TEST(Rows, ValuesOfOtherTypesAndSizesFitTheirColumns) {
  auto fields =
      row(R"({"@timestamp":7,"event":"x","source":{"ip":{"a":1},"port":70000,"bytes":-1,"packets":1.5},)"
          R"("destination":{"port":"443","bytes":18446744073709551615},"network":{"vlan":[1]}})");
  EXPECT_EQ(fields["source_port"], "65535");
  EXPECT_EQ(fields["source_bytes"], "0");
  EXPECT_EQ(fields["source_packets"], "0");
  EXPECT_EQ(fields["source_ip"], "");
  EXPECT_EQ(fields["destination_port"], "0");
  EXPECT_EQ(fields["destination_bytes"], "18446744073709551615");
  EXPECT_EQ(fields["vlan"], "");
}

TEST(Rows, TimesBeyondAColumnAreItsEnds) {
  EXPECT_EQ(row(R"({"@timestamp":"2261-11-23T04:05:06.123456Z"})")["time"], "2105-12-31 23:59:59");
  EXPECT_EQ(row(R"({"@timestamp":"1970-01-01T00:00:00.000001Z"})")["time"], "1970-01-01 00:00:00");
  EXPECT_EQ(row(R"({"event":{"id":"1"}})")["end_time"], "1970-01-01 00:00:00");
}

TEST(Rows, EscapesInTextsAreUndoneOnce) {
  EXPECT_EQ(row(R"({"rule":{"name":"a\tb\\c\n\u0000d"}})")["rule"], std::string("a\tb\\c\n\0d", 8));
}

}  // namespace
}  // namespace sluice::control
