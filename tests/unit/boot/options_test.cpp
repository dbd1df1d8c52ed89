// tests: the data plane's command line.
#include "dataplane/boot/options.h"

#include <getopt.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

struct Outcome {
  Parsed parsed;
  Options options;
  std::string why;
};

Outcome parse(std::vector<std::string> words) {
  words.insert(words.begin(), "sluice-dataplane");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  optind = 0;  // getopt starts afresh
  Outcome out;
  out.parsed = parse_options(static_cast<int>(words.size()), argv.data(), out.options, out.why);
  return out;
}

TEST(Options, PairsOfEveryKindOfPort) {
  const Outcome out =
      parse({"--pair", "iplc-sg", "af_packet:lan0", "0000:03:00.1", "--pair", "iplc-hk", "af_xdp:lan1",
             "net_tap7,iface=t7", "--workers", "2", "--cores", "2,3", "--follow", "iplc-hk"});
  ASSERT_EQ(out.parsed, Parsed::Run) << out.why;
  ASSERT_EQ(out.options.pairs.size(), 2u);
  EXPECT_EQ(out.options.pairs[0].lan.device, "net_af_packet0");
  EXPECT_EQ(out.options.pairs[0].lan.interface, "lan0");
  EXPECT_NE(out.options.pairs[0].lan.eal.find("qpairs=2"), std::string::npos);
  EXPECT_EQ(out.options.pairs[0].toward_line.eal, "--allow=0000:03:00.1");
  EXPECT_EQ(out.options.pairs[1].lan.device, "net_af_xdp2");
  EXPECT_EQ(out.options.pairs[1].toward_line.device, "net_tap7");
  EXPECT_EQ(out.options.cores, (std::vector<unsigned>{2, 3}));
  EXPECT_FALSE(out.options.pairs[0].follow);
  EXPECT_TRUE(out.options.pairs[1].follow);
  EXPECT_FALSE(out.options.pairs[1].is_cards()) << "an interface is the kernel's";
}

TEST(Options, HelpIsHelp) {
  EXPECT_EQ(parse({"--help"}).parsed, Parsed::Help);
  EXPECT_EQ(parse({"--version"}).parsed, Parsed::Version);
}

TEST(Options, WrongOnesAreNamedInOneLine) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "--pair"},
      {{"--pair", "a", "net_null0"}, "LINE LANPORT LINEPORT"},
      {{"--pair", "a", "eth0", "net_null0"}, "eth0"},
      {{"--pair", "a", "af_packet:", "net_null0"}, "af_packet:"},
      {{"--pair", "", "net_null0", "net_null1"}, "line"},
      {{"--pair", std::string(32, 'x'), "net_null0", "net_null1"}, "31 bytes"},
      {{"--pair", "a", "net_null0", "net_null1", "--workers", "0"}, "--workers 0"},
      {{"--pair", "a", "net_null0", "net_null1", "--workers", "many"}, "--workers many"},
      {{"--pair", "a", "net_null0", "net_null1", "--flows", "-1"}, "--flows -1"},
      {{"--pair", "a", "net_null0", "net_null1", "--flows", "99999999999999999999"}, "--flows"},
      {{"--pair", "a", "net_null0", "net_null1", "--workers", "2", "--cores", "1"}, "--cores"},
      {{"--pair", "a", "net_null0", "net_null1", "--cores", "1,,2"}, "--cores"},
      {{"--pair", "a", "net_null0", "net_null1", "--what"}, "--help"},
      {{"--pair", "a", "net_null0", "net_null1", "extra"}, "extra"},
      {{"--pair", "a", "net_null0", "net_null1", "--follow", "b"}, "--follow b"},
      {{"--pair", "a", "af_packet:lan0", "af_packet:lan0"}, "af_packet:lan0: the port is named twice"},
      {{"--pair", "a", "net_null0", "net_null1", "--pair", "b", "net_null1,x=1", "net_null2"}, "named twice"},
  };
  for (const auto& [words, said] : cases) {
    const Outcome out = parse(words);
    EXPECT_EQ(out.parsed, Parsed::Wrong) << said;
    EXPECT_NE(out.why.find(said), std::string::npos) << out.why;
    EXPECT_EQ(out.why.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice
