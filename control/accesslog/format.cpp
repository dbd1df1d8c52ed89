// accesslog: writes one record as a line of JSON. Appends only: a busy gateway writes 200,000 lines a second.
#include "control/accesslog/format.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace sluice::control {
namespace {

void append_number(std::string& out, uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

/// The bytes of the UTF-8 sequence that text starts with, 0 where there is none (RFC 3629 4).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                        : (first & 0xf0) == 0xe0         ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const uint8_t second = byte(1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

void append_escaped_byte(std::string& out, uint8_t byte) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

/// Appends `"key":"text"`, the text escaped.
void append_field(std::string& out, std::string_view key, std::string_view text) {
  out += '"';
  out += key;
  out += "\":\"";
  append_json_text(out, text);
  out += '"';
}

void append_address(std::string& out, const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (!address.is_v4()) {
    inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
    out += text;
    return;
  }
  // inet_ntop takes a third of a line's instructions for its two addresses.
  constexpr size_t kByteDigits = 3;
  char* at = text;
  for (size_t i = 12; i < address.bytes.size(); ++i) {
    at = std::to_chars(at, at + kByteDigits, address.bytes[i]).ptr;
    *at++ = '.';
  }
  out.append(text, at - 1);
}

/// `"ip":"…"` of one side; `"address":"…"` where a pseudonym stands for it (ECS: an ip holds addresses
/// alone).
void append_side(std::string& out, const Address& address, const RecordContext& context, bool client) {
  if (client && context.pseudonyms != nullptr) {
    return append_field(out, "address", context.pseudonyms->client);
  }
  out += R"("ip":")";
  append_address(out, address);
  out += '"';
}

void append_mac(std::string& out, const uint8_t (&mac)[6]) {
  static constexpr char kDigits[] = "0123456789ABCDEF";  // ECS: upper case, RFC 7042 dashes
  for (size_t i = 0; i < sizeof mac; ++i) {
    if (i != 0) {
      out += '-';
    }
    out += kDigits[mac[i] >> 4];
    out += kDigits[mac[i] & 15];
  }
}

bool is_address(std::string_view name) {
  if (!name.empty() && name.front() == '[' && name.back() == ']') {
    name = name.substr(1, name.size() - 2);
  }
  char text[INET6_ADDRSTRLEN] = "";
  if (name.size() >= sizeof text) {
    return false;
  }
  std::memcpy(text, name.data(), name.size());
  in6_addr parsed{};
  return inet_pton(AF_INET, text, &parsed) == 1 || inet_pton(AF_INET6, text, &parsed) == 1;
}

constexpr uint64_t kMsNs = 1'000'000;

/// time_ns comes from another process: it may be any.
int64_t earlier(int64_t time_ns, uint32_t by_ms) {
  int64_t out = 0;
  return __builtin_sub_overflow(time_ns, static_cast<int64_t>(by_ms * kMsNs), &out) ? time_ns : out;
}

void append_packets(std::string& out, const Record& record, uint32_t packets) {
  if (record.ended == Ended::No) {
    return;
  }
  out += R"(,"packets":)";
  append_number(out, packets);
}

void append_event(std::string& out, const Record& record, const RecordContext& context) {
  out += R"("event":{"action":")";
  out += word_of(static_cast<Action>(record.action));
  out += R"(","reason":")";
  out += word_of(static_cast<Reason>(record.reason));
  out += "\",";
  append_field(out, "id", context.event_id);
  if (context.folded != nullptr) {
    out += R"(,"count":)";
    append_number(out, context.folded->count);
    out += R"(,"end":")";
    append_utc(out, context.folded->last_ns);
    out += '"';
  }
  if (record.ended != Ended::No) {
    out += record.ended == Ended::Continues ? R"(,"type":["info"],"duration":)"
                                            : R"(,"type":["end"],"duration":)";
    append_number(out, record.end.duration_ms * kMsNs);
    out += R"(,"end":")";
    append_utc(out, earlier(record.time_ns, record.end.idle_ms));
    out += '"';
  }
  out += '}';
}

void append_network(std::string& out, const Record& record) {
  out += R"("network":{"transport":")";
  switch (record.transport) {
    case IPPROTO_TCP:
      out += "tcp";
      break;
    case IPPROTO_UDP:
      out += "udp";
      break;
    case IPPROTO_ICMP:
      out += "icmp";
      break;
    case IPPROTO_ICMPV6:
      out += "ipv6-icmp";
      break;
    default:
      append_number(out, record.transport);
  }
  out += R"(","protocol":")";
  out += word_of(static_cast<Protocol>(record.protocol));
  out += record.source.is_v4() ? R"(","type":"ipv4")" : R"(","type":"ipv6")";
  // What the LAN opened is the rule, and says nothing.
  if (record.direction == Direction::Inbound) {
    out += R"(,"direction":"inbound")";
  }
  if (record.vlan != kNoVlan) {
    out += R"(,"vlan":{"id":")";
    append_number(out, record.vlan);
    out += "\"}";
  }
  out += '}';
}

void append_source(std::string& out, const Record& record, const RecordContext& context) {
  out += R"("source":{)";
  append_side(out, record.source, context, record.direction != Direction::Inbound);
  out += R"(,"port":)";
  append_number(out, record.source_port);
  out += R"(,"bytes":)";
  append_number(out, record.source_bytes);
  append_packets(out, record, record.end.source_packets);
  static constexpr uint8_t kNoMac[6] = {};
  if (std::memcmp(record.mac, kNoMac, sizeof kNoMac) != 0) {
    out += R"(,"mac":")";
    if (context.pseudonyms != nullptr) {
      out += context.pseudonyms->mac;
    } else {
      append_mac(out, record.mac);
    }
    out += '"';
  }
  out += '}';
}

void append_destination(std::string& out, const Record& record, std::string_view name,
                        const RecordContext& context) {
  out += R"("destination":{)";
  append_side(out, record.destination, context, record.direction == Direction::Inbound);
  out += R"(,"port":)";
  append_number(out, record.destination_port);
  out += R"(,"bytes":)";
  append_number(out, record.destination_bytes);
  append_packets(out, record, record.end.destination_packets);
  if (!name.empty() && !is_address(name)) {
    out += ',';
    append_field(out, "domain", name);
  }
  out += '}';
}

void append_rule(std::string& out, const Record& record, const ImageNames& names) {
  const std::string_view rule = names.rule(record.rule), list = names.list(record.list);
  if (rule.empty() && list.empty()) {
    return;
  }
  out += R"("rule":{)";
  if (!rule.empty()) {
    append_field(out, "name", rule);
  }
  if (!list.empty()) {
    out += rule.empty() ? "" : ",";
    append_field(out, "ruleset", list);
  }
  out += "},";
}

void append_who(std::string& out, const RecordContext& context) {
  for (const auto& [key, name] :
       {std::pair(R"("user":{)", context.user), std::pair(R"("host":{)", context.machine)}) {
    if (name.empty()) {
      continue;
    }
    out += key;
    append_field(out, "name", name);
    out += "},";
  }
}

/// The flow's record before is of the same worker since the same start, so its id differs in the number
/// alone.
void append_ended(std::string& out, const Record& record, const RecordContext& context) {
  out += R"(,"ended":")";
  out += word_of(record.ended);
  out += '"';
  if (record.end.access != 0) {
    out += R"(,"access":")";
    append_json_text(out, context.event_id.substr(0, context.event_id.rfind('-') + 1));
    append_number(out, record.end.access);
    out += '"';
  }
  if (record.end.left_out != 0) {
    out += R"(,"left_out":)";
    append_number(out, record.end.left_out);
  }
}

/// `3,5-9`: the numbers of the repeats, whose event.ids differ from the line's own in the number alone.
void append_folded(std::string& out, const Folded& folded) {
  out += R"(,"folded":")";
  for (const NumberRange& range : folded.numbers) {
    if (&range != &folded.numbers.front()) {
      out += ',';
    }
    append_number(out, range.first);
    if (range.last != range.first) {
      out += '-';
      append_number(out, range.last);
    }
  }
  out += '"';
}

void append_sluice(std::string& out, const Record& record, const RecordContext& context) {
  out += R"("sluice":{)";
  if (const std::string_view network = context.names.network(record.network); !network.empty()) {
    append_field(out, "network", network);
    out += ',';
  }
  if (!context.line.empty()) {
    append_field(out, "line", context.line);
    out += ',';
  }
  out += R"("seen":")";
  out += word_of(static_cast<Seen>(record.seen));
  out += R"(","generation":)";
  append_number(out, record.generation);
  if (record.ttl != 0) {
    out += R"(,"ttl":)";
    append_number(out, record.ttl);
  }
  if (record.ended != Ended::No) {
    append_ended(out, record, context);
  } else if (static_cast<Action>(record.action) == Action::Observed) {
    out += R"(,"would":")";
    out += word_of(static_cast<Action>(record.would));
    out += '"';
  }
  if (context.folded != nullptr) {
    append_folded(out, *context.folded);
  }
  if (context.pseudonyms != nullptr) {
    out += R"(,"pseudonyms":true)";
  }
  out += '}';
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  size_t plain = 0;  // where the run that needs no escaping began
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    if (const size_t length = byte >= 0x80 ? utf8_length(text.substr(at)) : 0; length != 0) {
      at += length;
      continue;
    }
    out.append(text.data() + plain, at - plain);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += static_cast<char>(byte);
    } else {
      append_escaped_byte(out, byte);
    }
    plain = ++at;
  }
  out.append(text.data() + plain, text.size() - plain);
}

void append_record(std::string& out, const Record& record, std::string_view name,
                   const RecordContext& context) {
  out += R"({"@timestamp":")";
  append_utc(out, record.time_ns);
  out += "\",";
  append_event(out, record, context);
  out += ',';
  append_network(out, record);
  out += ',';
  append_source(out, record, context);
  out += ',';
  append_destination(out, record, name, context);
  out += ',';
  append_rule(out, record, context.names);
  append_who(out, context);
  if (!context.names.site().empty()) {
    out += R"("observer":{)";
    append_field(out, "name", context.names.site());
    out += "},";
  }
  append_sluice(out, record, context);
  if (!context.log_file_path.empty()) {
    out += R"(,"log":{"file":{)";
    append_field(out, "path", context.log_file_path);
    out += "}}";
  }
  out += "}\n";
}

std::string format_record(const Record& record, std::string_view name, const ImageNames& names,
                          std::string_view line_name, std::string_view event_id,
                          std::string_view log_file_path) {
  std::string out;
  append_record(out, record, name, RecordContext{names, line_name, event_id, log_file_path});
  out.pop_back();
  return out;
}

std::string event_id(uint64_t boot, uint32_t worker, uint64_t number) {
  char digits[16];
  for (size_t i = sizeof digits; i-- > 0; boot >>= 4) {
    digits[i] = "0123456789abcdef"[boot & 15];
  }
  std::string out(digits, sizeof digits);
  out += '-';
  append_number(out, worker);
  out += '-';
  append_number(out, number);
  return out;
}

}  // namespace sluice::control
