// tests: frames and payloads as cases describe them.
#include <algorithm>

#include "tests/cases/case.h"
#include "tests/support/h2.h"
#include "tests/support/payload.h"

namespace sluice::test {
namespace {

using Flows = std::map<std::string, CaseFlow>;

template <typename T>
T get(const YAML::Node& node, const char* key, T otherwise) {
  return node[key] ? node[key].as<T>() : otherwise;
}

std::vector<std::string> strings(const YAML::Node& node) {
  return node ? node.as<std::vector<std::string>>() : std::vector<std::string>();
}

DnsQuery query_of(const YAML::Node& node) {
  if (node.IsScalar()) return {.name = node.as<std::string>()};
  return {.name = node["name"].as<std::string>(),
          .type = get<uint16_t>(node, "type", 1),
          .id = get<uint16_t>(node, "id", 0x1234),
          .edns = get(node, "edns", true),
          .more = strings(node["more"])};
}

std::optional<HttpsText> https_of(const YAML::Node& node) {
  if (!node) return {};
  return HttpsText{.target = get<std::string>(node, "target", ""),
                   .hints = strings(node["hints"]),
                   .ech = get<std::string>(node, "ech", ""),
                   .emptied = get<std::string>(node, "emptied", "")};
}

HelloOptions hello_options(const YAML::Node& node) {
  return {.ech = get(node, "ech", false),
          .esni = get(node, "esni", false),
          .early_data = get(node, "early-data", false),
          .also = get<std::string>(node, "also", ""),
          .padding_bytes = get<size_t>(node, "padding", 0),
          .record_bytes = get<size_t>(node, "record", 0)};
}

Bytes hello_of(const YAML::Node& node) {
  if (node.IsScalar()) return tls_hello(node.as<std::string>());
  return tls_hello(get<std::string>(node, "name", ""), hello_options(node));
}

Bytes dtls_of(const YAML::Node& node) {
  if (node.IsScalar()) return dtls_hello(node.as<std::string>());
  return dtls_hello(get<std::string>(node, "name", ""), {.message = get<uint16_t>(node, "message", 0),
                                                         .cookie_bytes = get<size_t>(node, "cookie", 0),
                                                         .from = get<size_t>(node, "from", 0),
                                                         .to = get<size_t>(node, "to", 0),
                                                         .hello = hello_options(node)});
}

Mac mac_of(const std::string& text) {
  std::string digits;
  for (const char character : text) {
    if (character != ':') digits += character;
  }
  const Bytes raw = from_hex(digits);
  if (raw.size() != 6) throw CaseFailure(text + " is no MAC address");
  Mac out;
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}

Bytes quote_of(const YAML::Node& node, const Flows& flows) {
  const auto found = flows.find(node["flow"].as<std::string>());
  if (found == flows.end()) throw CaseFailure("quotes a flow that is not declared");
  const bool client = get<std::string>(node, "from", "client") == "client";
  Frame frame = flow_frame(found->second, client, kAck);
  const Bytes whole = frame.payload("quoted").build();
  return Bytes(whole.begin() + static_cast<ptrdiff_t>(frame.l3_offset()), whole.end());
}

void set_vlans(Frame& frame, const std::vector<uint16_t>& vlans) {
  for (size_t at = 0; at < vlans.size(); ++at) {
    frame.vlan(vlans[at], at + 1 < vlans.size() ? 0x88a8 : 0x8100);
  }
}

void set_network(Frame& frame, const YAML::Node& node) {
  const auto ip = strings(node["ip"]);
  if (ip.size() == 2) frame.ip(ip[0], ip[1]);
  if (node["ttl"]) frame.ttl(static_cast<uint8_t>(node["ttl"].as<int>()));
  if (node["options"]) frame.ip_options(from_hex(node["options"].as<std::string>()));
  for (const auto& type : node["ext"]) {
    frame.extension(static_cast<uint8_t>(type.as<int>()),
                    type.as<int>() == 0 ? Bytes{5, 2, 0, 0, 1, 0} : Bytes{1, 4, 0, 0, 0, 0});
  }
  if (node["fragment"])
    frame.fragment(node["fragment"][0].as<uint16_t>(), node["fragment"][1].as<bool>(),
                   get<uint32_t>(node, "id", 7));
  if (node["protocol"]) frame.protocol(static_cast<uint8_t>(node["protocol"].as<int>()));
}

void set_transport(Frame& frame, const YAML::Node& node) {
  if (const auto tcp = node["tcp"]) {
    frame.tcp(tcp[0].as<uint16_t>(), tcp[1].as<uint16_t>(), flags_of(tcp[2].as<std::string>()),
              tcp.size() > 3 ? tcp[3].as<uint32_t>() : 1000, tcp.size() > 4 ? tcp[4].as<uint32_t>() : 5000);
  }
  if (const auto udp = node["udp"]) frame.udp(udp[0].as<uint16_t>(), udp[1].as<uint16_t>());
  if (const auto icmp = node["icmp"]) {
    frame.icmp(static_cast<uint8_t>(icmp[0].as<int>()), static_cast<uint8_t>(icmp[1].as<int>()),
               icmp.size() > 2 ? icmp[2].as<uint32_t>() : 0);
  }
}

void set_lies(Frame& frame, const YAML::Node& node) {
  const auto wrong = get<std::string>(node, "wrong", "");
  if (wrong == "ip-checksum") frame.wrong_ip_checksum();
  if (wrong == "checksum") frame.wrong_l4_checksum();
  if (get<std::string>(node, "checksum", "") == "none") frame.no_udp_checksum();
  if (node["ip-length"]) frame.ip_length(node["ip-length"].as<uint16_t>());
  if (node["ip-words"]) frame.ip_header_words(static_cast<uint8_t>(node["ip-words"].as<int>()));
  if (node["udp-length"]) frame.udp_length(node["udp-length"].as<uint16_t>());
  if (node["tcp-words"]) frame.tcp_header_words(static_cast<uint8_t>(node["tcp-words"].as<int>()));
  if (node["pad"]) frame.pad_to(node["pad"].as<size_t>());
}

/// A name: a connection's start and its first request. Else one frame.
Bytes h2_of(const YAML::Node& node) {
  if (node.IsScalar()) return h2_start() + h2_headers(1, h2_get(node.as<std::string>()));
  const auto padding = get<size_t>(node, "padding", 0);
  const auto type = get<uint16_t>(node, "type", kH2Headers);
  auto flags = get<uint16_t>(node, "flags", kH2EndStream | kH2EndHeaders);
  if (padding != 0) flags |= kH2Padded;
  Bytes block;
  if (padding != 0) block.push_back(static_cast<uint8_t>(padding));
  if (type == kH2Headers && !get<bool>(node, "trailers", false)) block = block + h2_get("");
  for (const auto& field : node["fields"])
    block = block + h2_field(field[0].as<std::string>(), field[1].as<std::string>());
  for (const auto& field : node["remembered"])
    block = block + h2_remembered(field[0].as<std::string>(), field[1].as<std::string>());
  if (node["indexed"]) block = block + h2_indexed(node["indexed"].as<size_t>());
  if (node["hex"]) block = block + from_hex(node["hex"].as<std::string>());
  block.resize(block.size() + padding + get<size_t>(node, "zeros", 0));
  return h2_frame(static_cast<uint8_t>(type), static_cast<uint8_t>(flags), get<uint32_t>(node, "stream", 1),
                  block);
}

/// What a tunnel carries: its own header, then a whole frame or its packet.
Bytes carried(const YAML::Node& tunnel, const Bytes& frame, size_t l3_offset) {
  Bytes out = from_hex(get<std::string>(tunnel, "header", ""));
  const bool whole = get(tunnel, "ethernet", false);
  out.insert(out.end(), frame.begin() + static_cast<ptrdiff_t>(whole ? 0 : l3_offset), frame.end());
  return out;
}

Bytes described(const YAML::Node& node, const Flows& flows) {
  if (const auto parts = node["joined"]) {
    Bytes out;
    for (const auto& part : parts) out = out + payload_of(part, flows);
    return out;
  }
  if (node["h2"]) return h2_of(node["h2"]);
  if (node["tls"]) return hello_of(node["tls"]);
  if (node["dtls"]) return dtls_of(node["dtls"]);
  if (const auto http = node["http"]) {
    if (http.IsScalar()) return http_request(http.as<std::string>());
    return http_request(get<std::string>(http, "host", ""), get<std::string>(http, "fields", ""));
  }
  if (node["dns"]) return dns_query(query_of(node["dns"]));
  if (const auto answer = node["dns-answer"]) {
    return dns_answer({.query = query_of(answer),
                       .cname = get<std::string>(answer, "cname", ""),
                       .addresses = strings(answer["addresses"]),
                       .https = https_of(answer["https"]),
                       .ttl_s = get<uint32_t>(answer, "ttl", 300)});
  }
  if (const auto messages = node["stream"]) {
    Bytes out;
    for (const auto& message : messages) put(out, framed(described(message, flows)));
    return out;
  }
  if (node["text"]) return bytes(node["text"].as<std::string>());
  if (node["hex"]) return from_hex(node["hex"].as<std::string>());
  if (node["zeros"]) return Bytes(node["zeros"].as<size_t>());
  if (node["quic"] || node["quic-packets"]) {
    Bytes datagram = node["quic"] ? quic_initial_of(node["quic"]) : Bytes();
    for (const auto& packet : node["quic-packets"]) put(datagram, quic_packet_of(packet));
    return datagram;
  }
  if (node["quotes"]) return quote_of(node["quotes"], flows);
  if (const YAML::Node tunnel = node["carries"]) {
    const YAML::Node& frame = tunnel["frame"];
    const size_t tags = get<std::vector<uint16_t>>(frame, "vlans", {}).size();
    return carried(tunnel, frame_of(frame, flows).frame, 14 + 4 * tags);
  }
  return {};
}

}  // namespace

uint8_t flags_of(const std::string& letters) {
  uint8_t out = 0;
  for (const char letter : letters) {
    switch (letter) {
      case 'F':
        out |= kFin;
        break;
      case 'S':
        out |= kSyn;
        break;
      case 'R':
        out |= kRst;
        break;
      case 'P':
        out |= kPsh;
        break;
      case 'A':
        out |= kAck;
        break;
      case 'U':
        out |= kUrg;
        break;
      case '0':
        break;
      default:
        throw CaseFailure("no TCP flag: " + letters);
    }
  }
  return out;
}

Bytes payload_of(const YAML::Node& node, const Flows& flows) {
  Bytes out = described(node, flows);
  out.resize(std::max(out.size(), get<size_t>(node, "fill", 0)));
  return out;
}

Frame flow_frame(const CaseFlow& flow, bool from_client, uint8_t flags, int64_t ahead) {
  Frame frame;
  set_vlans(frame, flow.vlans);
  const auto& from = from_client ? flow.client : flow.server;
  const auto& to = from_client ? flow.server : flow.client;
  const uint16_t from_port = from_client ? flow.client_port : flow.server_port;
  const uint16_t to_port = from_client ? flow.server_port : flow.client_port;
  frame.ip(from, to);
  if (!flow.tcp) return frame.udp(from_port, to_port);
  const uint32_t next = from_client ? flow.client_next : flow.server_next;
  const uint32_t other = from_client ? flow.server_next : flow.client_next;
  const bool acknowledges = flags & kAck;
  return frame.tcp(from_port, to_port, flags, next + static_cast<uint32_t>(ahead), acknowledges ? other : 0);
}

Bytes arriving(const CaseFlow& flow, bool from_client, const Frame& frame) {
  if (!flow.inside.IsMap()) return frame.build();
  const bool lan = from_client != flow.inbound;
  const auto ends = strings(flow.inside["ip"]);
  Frame outer;
  outer.ip(ends.at(lan ? 0 : 1), ends.at(lan ? 1 : 0));
  if (flow.inside["protocol"]) outer.protocol(static_cast<uint8_t>(flow.inside["protocol"].as<int>()));
  set_transport(outer, flow.inside);
  return outer.payload(carried(flow.inside, frame.build(), frame.l3_offset())).build();
}

Sending frame_of(const YAML::Node& node, const Flows& flows) {
  Sending out;
  out.from = get<std::string>(node, "from", "lan") == "line" ? Side::Line : Side::Lan;
  Frame frame;
  if (node["mac"])
    frame.mac(mac_of(node["mac"][0].as<std::string>()), mac_of(node["mac"][1].as<std::string>()));
  set_vlans(frame, get<std::vector<uint16_t>>(node, "vlans", {}));
  set_network(frame, node);
  set_transport(frame, node);
  frame.payload(payload_of(node, flows));
  set_lies(frame, node);
  if (node["ethertype"]) frame.ethertype(node["ethertype"].as<uint16_t>());
  out.expected = out.frame = frame.build();
  out.l3_offset = frame.l3_offset();
  if (get<std::string>(node, "checksum", "") == "unfinished") out.frame = frame.unfinished_checksum().build();
  if (node["link"]) {
    // Another link header than tags, in place of the ethertype.
    const Bytes link = from_hex(node["link"].as<std::string>());
    out.frame.erase(out.frame.begin() + 12, out.frame.begin() + 14);
    out.frame.insert(out.frame.begin() + 12, link.begin(), link.end());
    out.l3_offset += link.size() - 2;
    out.expected = out.frame;
  }
  if (node["cut"]) {
    out.frame.resize(node["cut"].as<size_t>());
    out.expected = out.frame;
  }
  return out;
}

std::string kind_of(const Wire& answer) {
  const std::string text(answer.payload.begin(), answer.payload.end());
  if (answer.protocol == 1 && answer.icmp_type == 3 && answer.icmp_code == 13) return "icmp-prohibited";
  if (answer.protocol == 58 && answer.icmp_type == 1 && answer.icmp_code == 1) return "icmp-prohibited";
  const size_t dns = answer.protocol == 6 ? 2 : 0;
  const bool whole = answer.payload.size() >= dns + 12;
  if (whole && (answer.payload[dns + 2] & 0x80) && (answer.payload[dns + 3] & 0x0f) == 3) return "nxdomain";
  if (answer.protocol != 6) return "other";
  if (answer.flags & kRst) return text.empty() ? "reset" : "other";
  if (!(answer.flags & kFin)) return "other";
  if (text.starts_with("HTTP/1.1 403 ")) return "http-page";
  return text.starts_with("\x15\x03") ? "tls-alert" : "other";
}

}  // namespace sluice::test
