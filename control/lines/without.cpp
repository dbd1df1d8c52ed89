// control/lines: when each line was without the gateway.
#include "control/lines/without.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/base/files.h"

namespace sluice::control {
namespace {

constexpr size_t kReadBytes = 64 << 10;  ///< what sluice-setup keeps
constexpr size_t kMostLines = 64;        ///< a gateway has eight; the file is not ours

}  // namespace

std::vector<Without> last_without(std::string_view text) {
  std::vector<Without> out;
  std::istringstream lines{std::string(text)};
  for (std::string each; std::getline(lines, each);) {
    std::istringstream words(each);
    std::string time, line, state, more;
    if (!(words >> time >> line >> state) || words >> more ||
        (state != "gateway" && state != "open" && state != "closed")) {
      continue;
    }
    auto known = std::ranges::find(out, line, &Without::line);
    if (state == "gateway") {
      if (known != out.end() && known->until.empty()) {
        known->until = time;
      }
      continue;
    }
    if (known == out.end()) {
      if (out.size() == kMostLines) {
        continue;
      }
      known = out.insert(out.end(), Without{line, false, time, {}});
    } else if (!known->until.empty()) {
      *known = Without{line, false, time, {}};
    }
    known->open |= state == "open";
  }
  return out;
}

nlohmann::json without_json(const std::filesystem::path& path) {
  nlohmann::json out = nlohmann::json::array();
  for (const Without& each : last_without(read_tail(path, kReadBytes).value_or(""))) {
    out.push_back({{"line", each.line},
                   {"open", each.open},
                   {"since", each.since},
                   {"until", each.until.empty() ? nlohmann::json() : nlohmann::json(each.until)}});
  }
  return out;
}

}  // namespace sluice::control
