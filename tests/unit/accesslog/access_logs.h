// accesslog tests: a log in a directory of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "control/accesslog/access_log.h"
#include "control/segment/reader.h"
#include "tests/unit/accesslog/image_maker.h"

namespace sluice::control {

struct AccessLogTest : testing::Test {
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("sluice-log-" + std::to_string(::getpid()));
  std::string error;

  AccessLogTest() { std::filesystem::remove_all(directory); }
  ~AccessLogTest() override { std::filesystem::remove_all(directory); }

  /// All lines of all segments, in order.
  std::vector<nlohmann::json> lines() {
    std::vector<nlohmann::json> out;
    for (const SegmentFile& file : list_segments(directory, error)) {
      const auto reader = SegmentReader::open(file.path, error);
      while (reader->next() == SegmentReader::Step::Frame) {
        std::istringstream in{std::string(reader->lines())};
        for (std::string line; std::getline(in, line);) {
          out.push_back(nlohmann::json::parse(line));
        }
      }
    }
    return out;
  }
  std::vector<std::string> ids() {
    std::vector<std::string> out;
    for (const nlohmann::json& line : lines()) {
      out.push_back(line["event"]["id"].get<std::string>());
    }
    return out;
  }
  /// keepers: two together can undo the pseudonyms that lines have then.
  std::unique_ptr<AccessLog> start(const std::vector<LogKeeper>& keepers) {
    auto writer = SegmentWriter::open(directory, directory / "state", {}, error);  // makes the directories
    auto pseudonyms = LogPseudonyms::open(directory, directory / "state", error);
    EXPECT_NE(pseudonyms, nullptr) << error;
    auto out = std::make_unique<AccessLog>(std::move(writer), names_of(), WhoOf{}, std::move(pseudonyms));
    out->set_keepers(keepers);
    return out;
  }
  static AccessLog::NamesOf names_of() {
    return [](uint32_t generation) {
      return std::make_shared<const ImageNames>(*ImageNames::read(make_image(generation, "site")));
    };
  }
  std::unique_ptr<AccessLog> start() {
    return std::make_unique<AccessLog>(SegmentWriter::open(directory, directory / "state", {}, error),
                                       names_of());
  }
};

}  // namespace sluice::control
