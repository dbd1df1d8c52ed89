// control/segment: what somebody outside this machine has acknowledged of heads.jsonl.
#include "control/segment/acknowledged.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/json_fields.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxFile = 4096;

std::filesystem::path file_of(const std::filesystem::path& log) {
  return log / "witness.json";
}

}  // namespace

Acknowledged read_acknowledged(const std::filesystem::path& log) {
  const json said = json::parse(read_tail(file_of(log), kMaxFile).value_or(""), nullptr, false);
  if (!said.is_object() || !is_sha256_text(text_at(said, "sha256"))) {
    return {};
  }
  return {number_at(said, "line"), text_at(said, "sha256"), text_at(said, "time")};
}

std::string write_acknowledged(const std::filesystem::path& log, const Acknowledged& what) {
  const std::string text =
      json{{"line", what.line}, {"sha256", what.sha256}, {"time", what.time}}.dump() + "\n";
  return replace_file(file_of(log), std::as_bytes(std::span(text)));
}

std::string read_witnessed(const std::filesystem::path& file, WitnessedLines& out) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return errno_text("cannot read " + file.string());
  }
  for (std::string line; std::getline(in, line);) {
    const json said = json::parse(line, nullptr, false);
    if (!said.is_object() || number_at(said, "line") == 0) {
      return file.string() + " holds what is no line of heads.jsonl";
    }
    out[number_at(said, "line")] = line;
  }
  return {};
}

}  // namespace sluice::control
