// control/copies: which field of a line goes into which column.
#include "control/copies/rows.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "control/base/sha256.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;

enum class Type : uint8_t {
  Text,
  Number16,
  Number32,
  Number64,
};

/// A column that is a field as it stands. path: at most three names.
struct Column {
  std::string_view name;
  std::string_view path[3];
  Type type;
};
constexpr Column kColumns[] = {
    {"site", {"observer", "name"}, Type::Text},
    {"action", {"event", "action"}, Type::Text},
    {"reason", {"event", "reason"}, Type::Text},
    {"would", {"sluice", "would"}, Type::Text},
    {"transport", {"network", "transport"}, Type::Text},
    {"protocol", {"network", "protocol"}, Type::Text},
    {"ip_type", {"network", "type"}, Type::Text},
    {"vlan", {"network", "vlan", "id"}, Type::Text},
    {"source_port", {"source", "port"}, Type::Number16},
    {"source_bytes", {"source", "bytes"}, Type::Number64},
    {"source_packets", {"source", "packets"}, Type::Number64},
    {"source_mac", {"source", "mac"}, Type::Text},
    {"user", {"user", "name"}, Type::Text},
    {"destination_port", {"destination", "port"}, Type::Number16},
    {"destination_bytes", {"destination", "bytes"}, Type::Number64},
    {"destination_packets", {"destination", "packets"}, Type::Number64},
    {"domain", {"destination", "domain"}, Type::Text},
    {"rule", {"rule", "name"}, Type::Text},
    {"list", {"rule", "ruleset"}, Type::Text},
    {"network", {"sluice", "network"}, Type::Text},
    {"line_name", {"sluice", "line"}, Type::Text},
    {"seen", {"sluice", "seen"}, Type::Text},
    {"generation", {"sluice", "generation"}, Type::Number32},
    {"ended", {"sluice", "ended"}, Type::Text},
    {"access", {"sluice", "access"}, Type::Text},
    {"left_out", {"sluice", "left_out"}, Type::Number64},
    {"ttl", {"sluice", "ttl"}, Type::Number16},
    {"duration_ns", {"event", "duration"}, Type::Number64},
    {"lost", {"sluice", "lost"}, Type::Number64},
    {"worker", {"sluice", "worker"}, Type::Number32},
};
/// Those that are made of more than one field, before and behind kColumns.
constexpr std::string_view kFirst[] = {"time", "microsecond", "id", "kind", "source_ip", "destination_ip"};
constexpr std::string_view kLast[] = {"end_time", "end_microsecond", "repeats", "pseudonyms", "line"};
constexpr int64_t kMicrosecond = 1000, kSecond = 1'000'000'000;
constexpr int64_t kMostSeconds =
    4'291'747'199;  ///< 2105-12-31 23:59:59, the last that a DateTime surely holds

/// nullptr where there is no such value.
const json* member_at(const json& line, const std::string_view (&path)[3]) {
  const json* out = &line;
  for (const std::string_view name : path) {
    if (name.empty()) {
      break;
    }
    if (!out->is_object()) {
      return nullptr;
    }
    const auto found = out->find(std::string(name));
    if (found == out->end()) {
      return nullptr;
    }
    out = &*found;
  }
  return out;
}

const std::string& text_of(const json* value) {
  static const std::string kNone;
  const auto* text = value != nullptr ? value->get_ptr<const json::string_t*>() : nullptr;
  return text != nullptr ? *text : kNone;
}

/// Larger ones become max: ClickHouse would take them modulo.
uint64_t number_of(const json* value, uint64_t max) {
  return value != nullptr && value->is_number_unsigned() ? std::min(value->get<uint64_t>(), max) : 0;
}

uint64_t greatest(Type type) {
  switch (type) {
    case Type::Number16:
      return std::numeric_limits<uint16_t>::max();
    case Type::Number32:
      return std::numeric_limits<uint32_t>::max();
    default:
      return std::numeric_limits<uint64_t>::max();
  }
}

/// As ClickHouse's format has it: tab, line feed, backslash and NUL escaped.
void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\0':
        out += "\\0";
        break;
      default:
        out += c;
    }
  }
  out += '\t';
}

void append_number(std::string& out, uint64_t number) {
  out += std::to_string(number);
  out += '\t';
}

/// A DateTime and the microseconds beside it. As text: ClickHouse 18.16 takes seconds since 1970 too, but not
/// where they lie across the end of one of its buffers.
void append_time(std::string& out, int64_t time_ns) {
  constexpr size_t kSeconds = sizeof "2026-11-23T04:05:06" - 1;
  const int64_t held_ns = std::clamp<int64_t>(time_ns, 0, kMostSeconds * kSecond);
  std::string text = utc_text(held_ns);
  text[kSeconds - sizeof "04:05:06"] = ' ';
  append_text(out, std::string_view(text).substr(0, kSeconds));
  append_number(out, static_cast<uint64_t>(held_ns % kSecond / kMicrosecond));
}

/// What a line tells of: an access, an end, a flow that goes on, records that are missing.
std::string_view kind_of(const json& line) {
  if (text_of(member_at(line, {"event", "kind"})) == "pipeline_error") {
    return "gap";
  }
  const std::string& ended = text_of(member_at(line, {"sluice", "ended"}));
  if (!ended.empty()) {
    return ended == "continues" ? "continues" : "end";
  }
  return member_at(line, {"event", "action"}) != nullptr ? "access" : "other";
}

/// Of an `ip`, or of the `address` that stands in its place.
void append_address(std::string& out, const json& line, std::string_view side) {
  const std::string& ip = text_of(member_at(line, {side, "ip"}));
  append_text(out, ip.empty() ? text_of(member_at(line, {side, "address"})) : ip);
}

}  // namespace

const std::string& row_columns() {
  static const std::string kNames = [] {
    std::string out;
    const auto add = [&](std::string_view name) { out += (out.empty() ? "" : ", ") + std::string(name); };
    std::ranges::for_each(kFirst, add);
    for (const Column& each : kColumns) {
      add(each.name);
    }
    std::ranges::for_each(kLast, add);
    return out;
  }();
  return kNames;
}

bool append_row(std::string& out, std::string_view line, int64_t else_ns) {
  const json parsed = json::parse(line, nullptr, false);
  const json said = parsed.is_object() ? parsed : json::object();
  const std::string& id = text_of(member_at(said, {"event", "id"}));
  append_time(out, parse_utc(text_of(member_at(said, {"@timestamp"}))).value_or(else_ns));
  append_text(out, id.empty() ? sha256_hex(line) : id);
  append_text(out, kind_of(said));
  append_address(out, said, "source");
  append_address(out, said, "destination");
  for (const Column& each : kColumns) {
    const json* value = member_at(said, each.path);
    if (each.type == Type::Text) {
      append_text(out, text_of(value));
    } else {
      append_number(out, number_of(value, greatest(each.type)));
    }
  }
  append_time(out, parse_utc(text_of(member_at(said, {"event", "end"}))).value_or(0));
  append_number(out, std::max<uint64_t>(1, number_of(member_at(said, {"event", "count"}), UINT64_MAX)));
  const json* pseudonyms = member_at(said, {"sluice", "pseudonyms"});
  append_number(out, pseudonyms != nullptr && *pseudonyms == true ? 1 : 0);
  append_text(out, line);
  out.back() = '\n';
  return !id.empty();
}

}  // namespace sluice::control
