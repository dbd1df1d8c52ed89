// unit tests: when each line was without the gateway.
#include "control/lines/without.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

std::string said(std::string_view text) {
  std::string out;
  for (const Without& each : last_without(text)) {
    out += each.line + (each.open ? " open " : " closed ") + each.since + "-" + each.until + ";";
  }
  return out;
}

TEST(Without, TheLastStretchOfEachLine) {
  EXPECT_EQ(said("1 a gateway\n2 a closed\n3 b open\n4 a gateway\n5 a closed\n6 a gateway\n"),
            "a closed 5-6;b open 3-;");
}

TEST(Without, OpenForSomeOfItIsOpen) {
  EXPECT_EQ(said("1 a closed\n2 a open\n3 a closed\n4 a gateway\n"), "a open 1-4;");
}

TEST(Without, WithTheGatewayAllTheTimeIsNone) {
  EXPECT_EQ(said("1 a gateway\n2 a gateway\n"), "");
  EXPECT_EQ(said(""), "");
}

TEST(Without, WhatIsNoSuchLineCountsForNothing) {
  EXPECT_EQ(said("a open\n1 a ajar\n2 a open x\n\n3 a open"), "a open 3-;");
}

TEST(Without, LinesWithoutEndAreBounded) {
  std::string text;
  for (int line = 0; line < 1000; ++line) {
    text += "1 line" + std::to_string(line) + " open\n";
  }
  EXPECT_EQ(last_without(text).size(), 64U);
}

TEST(Without, AFileIsToldAndNoFileIsNone) {
  const std::string path = testing::TempDir() + "without-" + std::to_string(getpid());
  EXPECT_EQ(without_json(path).dump(), "[]");
  std::ofstream(path) << "1 a open\n2 a gateway\n3 b open\n";
  EXPECT_EQ(
      without_json(path).dump(),
      R"([{"line":"a","open":true,"since":"1","until":"2"},{"line":"b","open":true,"since":"3","until":null}])");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::control
