// registry tests: files of leases, whole, cut and wrong.
#include "control/registry/leases.h"

#include <gmock/gmock.h>

#include "control/base/utc.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kDay = 86'400 * kSecond;
const LeaseReading kReading{1'795'406'706 * kSecond, 8 * kDay, {}};

constexpr std::string_view kDnsmasq =
    "1795410306 02:00:00:00:00:01 10.20.1.7 pc-7 01:02:00:00:00:00:01\n"
    "0 02:00:00:00:00:02 10.20.1.8 * *\n"
    "duid 00:01:00:01:2c\n"
    "1795410306 12345 fd12::7 pc-7 00:01:00:01:2c:02:00:00:00:00:01\n";
constexpr std::string_view kKea =
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,"
    "pool_id\n"
    "10.20.1.7,02:00:00:00:00:01,01:02,3600,1795410306,1,0,0,pc-7.,0,,0\n"
    "10.20.1.8,02:00:00:00:00:02,,3600,1795410306,1,0,0,pc&#x2c8,0,,0\n"
    "10.20.1.7,02:00:00:00:00:01,01:02,3600,1795412106,1,0,0,pc-7.,0,,0\n"
    "10.20.1.8,02:00:00:00:00:02,,0,1795406800,1,0,0,,0,,0\n"
    "10.20.1.8,02:00:00:00:00:03,,3600,1795410500,1,0,0,pc-9,0,,0\n"
    "10.20.1.9,,,3600,1795410500,1,0,0,,1,,0\n";
constexpr std::string_view kKea6 =
    "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,"
    "hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n"
    "fd12::7,00:01,3600,1795410306,1,3000,0,7,128,0,0,pc-7,02:00:00:00:00:01,0,,1,2,0\n"
    "fd12:1::,00:01,3600,1795410306,1,3000,2,7,56,0,0,pc-7,02:00:00:00:00:01,0,,1,2,0\n";
constexpr std::string_view kDhcpd =
    "# The format of this file is documented in the dhcpd.leases(5) manual page.\n"
    "authoring-byte-order little-endian;\n"
    "failover peer \"x\" state { my state normal at 1 2026/11/23 04:05:06; }\n"
    "lease 10.20.1.7 {\n  starts 1 2026/11/23 04:05:06;\n  ends 1 2026/11/23 05:05:06;\n  cltt 1 2026/11/23 "
    "04:05:06;\n"
    "  binding state active;\n  next binding state free;\n  hardware ethernet 02:00:00:00:00:01;\n"
    "  uid \"\\001\\002};\";\n  client-hostname \"pc-7\";\n  on expiry { set x = \"}\"; }\n}\n"
    "lease 10.20.1.8 {\n  starts epoch 1795406706; # Mon\n  ends never;\n  binding state active;\n"
    "  hardware ethernet 02:00:00:00:00:02;\n}\n"
    "lease 10.20.1.8 {\n  starts epoch 1795406706;\n  ends epoch 1795406800;\n  binding state free;\n"
    "  hardware ethernet 02:00:00:00:00:02;\n}\n";
constexpr std::string_view kWindows =
    "\t\tMicrosoft DHCP Service Activity Log\r\n\r\n\r\nEvent ID  Meaning\r\n00\tThe log was started.\r\n"
    "ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID\r\n"
    "00,11/23/26,00:00:01,Started,,,,,0,6,,,,,,,,,0\r\n"
    "10,11/23/26,12:05:06,Assign,10.20.1.7,pc-7.corp.example,020000000001,,1234,0,,,,,,,,,0\r\n"
    "11,11/23/26,13:05:06,Renew,10.20.1.7,pc-7.corp.example,020000000001,,1235,0,,,,,,,,,0\r\n"
    "12,11/23/26,14:05:06,Release,10.20.1.7,pc-7.corp.example,020000000001,,1236,0,,,,,,,,,0\r\n"
    "10,11/23/26,15:05:06,Assign,10.20.1.7,pc-9.corp.example,020000000003,,1237,0,,,,,,,,,0\r\n";

std::vector<std::string> shown(LeaseFormat format, std::string_view text,
                               const LeaseReading& reading = kReading) {
  std::vector<std::string> out;
  LeaseFile file = read_leases(format, text, reading);
  for (const SaidHolding& each : lease_periods(std::move(file.events), 0)) {
    const Holding& one = each.holding;
    out.push_back(to_string(Prefix{each.key.address, 128}) + ' ' +
                  (one.mac == 0 ? "-" : mac_text(one.mac).substr(15)) + ' ' + one.machine + ' ' +
                  utc_text(one.from_ns).substr(11, 8) + ' ' + utc_text(one.until_ns).substr(8, 11));
  }
  return out;
}
using testing::ElementsAre;

TEST(Leases, DnsmasqSaysWhatIsLetNow) {
  EXPECT_THAT(shown(LeaseFormat::Dnsmasq, kDnsmasq),
              ElementsAre("10.20.1.7 01 pc-7 04:05:06 23T05:05:06", "10.20.1.8 02  04:05:06 01T04:05:06",
                          "fd12::7 - pc-7 04:05:06 23T05:05:06"));
}

TEST(Leases, KeaSaysWhatHappened) {
  EXPECT_THAT(shown(LeaseFormat::Kea, kKea),
              ElementsAre("10.20.1.7 01 pc-7 04:05:06 23T05:35:06", "10.20.1.8 02 pc,8 04:05:06 23T04:06:40",
                          "10.20.1.8 03 pc-9 04:08:20 23T05:08:20"));
}

TEST(Leases, KeaOfIpv6LeavesOutPrefixes) {
  EXPECT_THAT(shown(LeaseFormat::Kea, kKea6), ElementsAre("fd12::7 01 pc-7 04:05:06 23T05:05:06"));
}

TEST(Leases, DhcpdSaysWhatHappened) {
  EXPECT_THAT(shown(LeaseFormat::Dhcpd, kDhcpd),
              ElementsAre("10.20.1.7 01 pc-7 04:05:06 23T05:05:06", "10.20.1.8 02  04:05:06 23T04:06:40"));
}

TEST(Leases, WindowsSaysWhatItsClockShowed) {
  LeaseReading reading = kReading;
  reading.zone = *TimeZone::find("Asia/Shanghai");
  EXPECT_THAT(shown(LeaseFormat::Windows, kWindows, reading),
              ElementsAre("10.20.1.7 01 pc-7.corp.example 04:05:06 23T06:05:06",
                          "10.20.1.7 03 pc-9.corp.example 07:05:06 01T07:05:06"));
}

struct Sample {
  LeaseFormat format;
  std::string_view text;
};
const Sample kSamples[] = {{LeaseFormat::Dnsmasq, kDnsmasq},
                           {LeaseFormat::Kea, kKea},
                           {LeaseFormat::Kea, kKea6},
                           {LeaseFormat::Dhcpd, kDhcpd},
                           {LeaseFormat::Windows, kWindows}};

TEST(Leases, WholeIsNotCutAndRight) {
  for (const Sample& each : kSamples) {
    const LeaseFile file = read_leases(each.format, each.text, kReading);
    EXPECT_FALSE(file.cut) << each.text;
    EXPECT_EQ(file.problems.count, 0u) << file.problems.said.front();
  }
}

TEST(Leases, CutAnywhereNothingIsMadeUpAndTheCutIsSaid) {
  for (const Sample& each : kSamples) {
    const std::vector<LeaseEvent> whole = read_leases(each.format, each.text, kReading).events;
    for (size_t size = 0; size < each.text.size(); ++size) {
      const std::string part(each.text.substr(0, size));
      const LeaseFile file = read_leases(each.format, part, kReading);
      EXPECT_EQ(file.problems.count, 0u) << part;
      ASSERT_LE(file.events.size(), whole.size());
      for (size_t i = 0; i < file.events.size(); ++i) {
        EXPECT_EQ(file.events[i].address, whole[i].address) << part;
        EXPECT_EQ(file.events[i].mac, whole[i].mac) << part;
        EXPECT_EQ(file.events[i].until_ns, whole[i].until_ns) << part;
      }
      const bool between =
          size == 0 || part.back() == '\n' || (each.format == LeaseFormat::Dhcpd && part.back() == '}');
      if (!between && each.format != LeaseFormat::Dhcpd) {
        EXPECT_TRUE(file.cut) << part;
      }
    }
  }
}

TEST(Leases, WithAnyByteChangedNothingBreaks) {
  for (const Sample& each : kSamples) {
    for (size_t at = 0; at < each.text.size(); ++at) {
      for (const char byte : {'\0', '\xff', '9', ',', '{', '"'}) {
        std::string changed(each.text);
        changed[at] = byte;
        LeaseFile file = read_leases(each.format, changed, kReading);
        for (const SaidHolding& one : lease_periods(std::move(file.events), 0))
          EXPECT_LE(one.holding.from_ns, one.holding.until_ns) << changed;
      }
    }
  }
}

TEST(Leases, WrongLinesAreSaidAndTheOthersKept) {
  const LeaseFile file =
      read_leases(LeaseFormat::Dnsmasq,
                  "x 02:00:00:00:00:01 10.20.1.7 pc-7 *\n1795410306 02:00:00:00:00:01 nowhere pc-7 *\n"
                  "1795410306 02:00:00:00:00:01 10.20.1.9 pc-9 *\n",
                  kReading);
  EXPECT_EQ(file.events.size(), 1u);
  EXPECT_THAT(file.problems.said, ElementsAre("line 1: begins with no time", "line 2: has no address"));
}

TEST(Leases, OfAnotherFormatNothingIsLet) {
  EXPECT_TRUE(read_leases(LeaseFormat::Kea, kDnsmasq, kReading).events.empty());
  EXPECT_TRUE(read_leases(LeaseFormat::Dnsmasq, kKea, kReading).events.empty());
  EXPECT_TRUE(read_leases(LeaseFormat::Windows, kDhcpd, kReading).events.empty());
}

TEST(Leases, TooLongANameIsLeftOutAndTheLeaseKept) {
  const LeaseFile file =
      read_leases(LeaseFormat::Dnsmasq,
                  "1795410306 02:00:00:00:00:01 10.20.1.9 " + std::string(4096, 'x') + " *\n", kReading);
  ASSERT_EQ(file.events.size(), 1u);
  EXPECT_EQ(file.events[0].machine, "");
}

TEST(Mac, IsReadInEveryWayItIsWritten) {
  for (const char* text : {"02:00:5e:00:00:1f", "02-00-5E-00-00-1F", "0200.5e00.001f", "02005e00001f"})
    EXPECT_EQ(parse_mac(text), 0x02005e00001fu) << text;
  for (const char* text : {"", "02:00:5e:00:00:1", "02:00-5e:00:00:1f", "01:00:5e:00:00:01",
                           "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:00:5e:00:00:1g", "0200.5e00:001f"})
    EXPECT_EQ(parse_mac(text), std::nullopt) << text;
  EXPECT_EQ(mac_text(0x02005e00001f), "02-00-5E-00-00-1F");
}

}  // namespace
}  // namespace sluice::control
