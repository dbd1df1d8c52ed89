// control/cli: has the daemon write down that somebody reads people's accesses.
#include "control/cli/note_reading.h"

#include <chrono>
#include <iostream>
#include <optional>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// Whoever asks why something is blocked is not kept waiting by a daemon that hangs.
constexpr std::chrono::seconds kReadingPatience{5};

}  // namespace

std::string put_reading(const std::string& socket, std::string_view what, const json& query) {
  json asked = json::object();
  for (const auto& [key, value] : query.items()) {
    if (!value.is_null() && !(value.is_string() && value.get_ref<const std::string&>().empty())) {
      asked[key] = value;
    }
  }
  std::string error;
  const std::optional<json> answer =
      try_ask(socket, {{"command", "reading"}, {"what", what}, {"query", asked}}, kReadingPatience, error);
  if (answer && answer->contains("error")) {
    error = text_at(*answer, "error");
    return error.empty() ? "sluice-control refuses it" : error;
  }
  return error;
}

void note_reading(const std::string& socket, std::string_view what, const json& query) {
  if (const std::string why = put_reading(socket, what, query); !why.empty()) {
    std::cerr << "sluicectl: this reading is not on record: " << printable(why) << "\n";
  }
}

json reading_query(const QueryOptions& query, const std::string& log) {
  return {{"from", query.from}, {"to", query.to},       {"action", query.action},
          {"rule", query.rule}, {"since", query.since}, {"until", query.until},
          {"log", log}};
}

}  // namespace sluice::control
