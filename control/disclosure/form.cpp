// control/disclosure: how a disclosure is written.
#include "control/disclosure/form.h"

#include <nlohmann/json.hpp>

#include "control/base/hex.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string entry(const json& said) {
  return said.dump() + "\n";
}

}  // namespace

std::string start_entry(const DisclosureStart& start) {
  json query = json::object();
  const QueryOptions& asked = start.query;
  for (const auto& [name, value] : {std::pair{"from", &asked.from},
                                    {"to", &asked.to},
                                    {"action", &asked.action},
                                    {"rule", &asked.rule},
                                    {"since", &asked.since},
                                    {"until", &asked.until}}) {
    if (!value->empty()) {
      query[name] = *value;
    }
  }
  json out{{"kind", "disclosure"}, {"version", kDisclosureVersion}, {"case", start.name},
           {"time", start.time},   {"query", std::move(query)},     {"key", start.key}};
  if (const Acknowledged& had = start.acknowledged; had.line != 0) {
    out["acknowledged"] = {{"line", had.line}, {"sha256", had.sha256}, {"time", had.time}};
  }
  return entry(out);
}

std::string segment_entry(std::string_view signed_line) {
  return entry({{"kind", "segment"}, {"signed", signed_line}});
}

std::string frame_entry(const FrameHeader& header) {
  return entry({{"kind", "frame"}, {"header", header_text(header)}});
}

std::string line_entry(uint64_t index, const Sha256Bytes& salt, const std::vector<Sha256Bytes>& path,
                       std::string_view line) {
  json nodes = json::array();
  for (const Sha256Bytes& each : path) {
    nodes.push_back(hex_text(each));
  }
  return entry({{"kind", "line"},
                {"index", index},
                {"salt", hex_text(salt)},
                {"path", std::move(nodes)},
                {"line", line}});
}

std::string record_entry(std::string_view signed_line) {
  return entry({{"kind", "record"}, {"signed", signed_line}});
}

}  // namespace sluice::control
