// tests: any line of a log as a row, as a message, and with pseudonyms: whole, and with nobody's address in
// it.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "control/copies/rows.h"
#include "control/copies/syslog_form.h"
#include "control/pseudonyms/pseudonyms.h"

namespace {

using namespace sluice::control;

std::unique_ptr<const Pseudonyms> pseudonyms() {
  const auto key =
      std::filesystem::temp_directory_path() / ("sluice-copied-line-" + std::to_string(getpid()) + ".key");
  std::string error;
  auto out = Pseudonyms::open_or_make(key, "recipient", error);
  std::filesystem::remove(key);
  if (!out) std::abort();
  return out;
}

void check_row(const std::string& line) {
  static const auto kTabs = std::ranges::count(row_columns(), ',');
  std::string row;
  append_row(row, line, 0);
  if (std::ranges::count(row, '\t') != kTabs || row.find('\n') != row.size() - 1 ||
      row.find('\0') != row.npos) {
    std::abort();
  }
}

void check_message(const std::string& line) {
  std::string text;
  append_syslog(text, line, "host");
  const size_t space = text.find(' ');
  if (std::stoul(text.substr(0, space)) != text.size() - space - 1 || !text.ends_with(line)) std::abort();
}

/// The client's address, wherever the line has it among its values, does not come out as it is.
void check_pseudonyms(const std::string& line) {
  static const auto kPseudonyms = pseudonyms();
  const auto out = kPseudonyms->line(line);
  const nlohmann::json said = nlohmann::json::parse(line, nullptr, false);
  if (out.has_value() != said.is_object()) std::abort();
  if (!out) return;
  const nlohmann::json left = nlohmann::json::parse(*out, nullptr, false);
  if (!left.is_object() || out->find('\n') != out->npos || left.contains("message")) std::abort();
  for (const char* key : {"ip", "nat", "geo"}) {
    if (left.contains("source") && left["source"].contains(key)) std::abort();
  }
  check_row(*out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  if (line.find('\n') == line.npos) check_row(line);
  check_message(line);
  check_pseudonyms(line);
  return 0;
}
