// control/lines: when each line was without the gateway, as sluice-setup noted it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

/// A stretch of time in which the data plane did not stand before a line.
struct Without {
  std::string line;
  bool open = false;  ///< everybody passed, unjudged, for some of it; else nobody did
  std::string since;  ///< as it was noted: UTC
  std::string until;  ///< empty: it still is
};

/// The last stretch of each line. text: `TIME LINE gateway|open|closed` a line; what is no such line counts
/// for nothing.
[[nodiscard]] std::vector<Without> last_without(std::string_view text);

/// The same of a file's end, as status tells it; none where there is no file.
[[nodiscard]] nlohmann::json without_json(const std::filesystem::path& path);

}  // namespace sluice::control
