// tests: names written in each format are read back as the same set.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

#include "tests/unit/control_policy/list_taken.h"

namespace sluice::control::test {
namespace {

using Set = std::set<std::string>;

std::string random_name(std::mt19937& random) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto up_to = [&](size_t most) { return std::uniform_int_distribution<size_t>(1, most)(random); };
  std::string name;
  for (size_t labels = up_to(5); labels > 0; --labels) {
    for (size_t size = up_to(20); size > 0; --size) name += kLetters[up_to(kLetters.size()) - 1];
    name += '.';
  }
  return name + "example";
}

/// With some letters in upper case, and a final dot at times; those change nothing.
std::string disguised(std::string name, std::mt19937& random) {
  for (char& c : name)
    if (c >= 'a' && c <= 'z' && random() % 4 == 0) c = static_cast<char>(c - 'a' + 'A');
  return name;
}

struct Written {
  ListFormat format;
  const char* head;
  std::function<std::string(const std::string&)> line;
  const char* tail;
  const char* scope;  ///< with which each name is read
};

const Written kWritten[] = {
    {ListFormat::Names, "# x\n", [](const std::string& name) { return name + ".\n"; }, "", ""},
    {ListFormat::Names, "", [](const std::string& name) { return " *." + name + " # x\r\n"; }, "", "*."},
    {ListFormat::Hosts, "127.0.0.1 localhost\n",
     [](const std::string& name) { return "0.0.0.0\t" + name + "\n"; }, "", ""},
    {ListFormat::Adblock, "[Adblock Plus]\n",
     [](const std::string& name) { return "||" + name + "^$important\n"; }, "", ""},
    {ListFormat::Adblock, "", [](const std::string& name) { return "|" + name + "^\n"; }, "", "="},
    {ListFormat::Dnsmasq, "", [](const std::string& name) { return "address=/" + name + "/#\n"; }, "", ""},
    {ListFormat::Rpz, "$ORIGIN z.\n", [](const std::string& name) { return name + " CNAME .\n"; }, "", "="},
    {ListFormat::Rpz, "$ORIGIN z.\n",
     [](const std::string& name) { return "*." + name + ".Z. 60 CNAME ( . )\n"; }, "", "*."},
    {ListFormat::Microsoft365, "[",
     [](const std::string& name) { return "{\"urls\":[\"" + name + "\"]},\n"; }, "{}]", "="},
};

TEST(ListRoundTrip, EveryFormatGivesTheSameNames) {
  std::mt19937 random(20261123);
  for (const Written& written : kWritten) {
    Set expected, read_back;
    std::string text = written.head;
    for (int i = 0; i < 2000; ++i) {
      const std::string name = random_name(random);
      expected.insert(written.scope + name);
      text += written.line(disguised(name, random));
    }
    const ListTaken read(text + written.tail, written.format);
    for (const std::string& entry : read.entries)
      if (entry != "on") read_back.insert(entry);
    EXPECT_EQ(read.problems, Lines{}) << kListFormatWords[static_cast<size_t>(written.format)];
    EXPECT_EQ(read_back, expected) << kListFormatWords[static_cast<size_t>(written.format)];
  }
}

}  // namespace
}  // namespace sluice::control::test
