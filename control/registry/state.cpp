// control/registry: a file of JSON with its sum.
#include "control/registry/state.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/base/files.h"
#include "control/base/sha256.h"

namespace sluice::control {

using nlohmann::json;

std::string keep_state(const std::filesystem::path& path, const json& value) {
  std::string text = value.dump();
  text = sha256_hex(text) + "\n" + text;
  return make_private_file(path, text);
}

std::string set_state_aside(const std::filesystem::path& path, const std::string& why) {
  std::filesystem::path aside = path;
  aside += ".damaged";
  std::error_code error;
  std::filesystem::rename(path, aside, error);
  return path.string() + " " + why + ": " +
         (error ? "it cannot be set aside: " + error.message()
                : "it is set aside as " + aside.filename().string());
}

std::optional<json> read_state(const std::filesystem::path& path, std::string& problem) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream whole;
  whole << file.rdbuf();
  const std::string text = whole.str();
  const std::string_view rest = std::string_view(text).substr(std::min(text.size(), kSha256Digits + 1));
  if (text.size() > kSha256Digits && text[kSha256Digits] == '\n' &&
      text.compare(0, kSha256Digits, sha256_hex(rest)) == 0) {
    json value = json::parse(rest, nullptr, false);
    if (!value.is_discarded()) return value;
  }
  problem = set_state_aside(path, "is not as it was written");
  return std::nullopt;
}

}  // namespace sluice::control
