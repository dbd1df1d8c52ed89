// tests: QUIC datagrams as cases describe them.
#include "tests/cases/case.h"
#include "tests/support/payload.h"
#include "tests/support/quic.h"

namespace sluice::test {
namespace {

template <typename T>
T get(const YAML::Node& node, const char* key, T otherwise) {
  return node[key] ? node[key].as<T>() : otherwise;
}

Bytes get_hex(const YAML::Node& node, const char* key, const Bytes& otherwise) {
  return node[key] ? from_hex(node[key].as<std::string>()) : otherwise;
}

uint32_t version_of(const YAML::Node& node) {
  const auto text = get<std::string>(node, "version", "v1");
  if (text == "v1") return kQuicV1;
  if (text == "v2") return kQuicV2;
  if (text.starts_with("draft-")) return 0xff000000U + static_cast<uint32_t>(std::stoul(text.substr(6)));
  return static_cast<uint32_t>(std::stoul(text, nullptr, 16));
}

/// The handshake message alone, without its record.
Bytes handshake_of(const YAML::Node& node) {
  constexpr ptrdiff_t kRecordHeader = 5;
  const Bytes record =
      tls_hello(get<std::string>(node, "name", ""),
                {.ech = get(node, "ech", false), .padding_bytes = get<size_t>(node, "padding", 0)});
  return Bytes(record.begin() + kRecordHeader, record.end());
}

Bytes frame_of(const YAML::Node& node, const Bytes& hello) {
  if (node.IsScalar()) {
    const auto word = node.as<std::string>();
    if (word == "ping") return {1};
    if (word == "ack") return quic_ack(3);
    if (word == "close") return quic_close();
    return from_hex(word);
  }
  if (node["padding"]) return Bytes(node["padding"].as<size_t>());
  const auto ends = node["crypto"].as<std::vector<size_t>>();
  return quic_crypto(get<size_t>(node, "at", ends.at(0)), part_of(hello, ends.at(0), ends.at(1)));
}

}  // namespace

Bytes quic_initial_of(const YAML::Node& node) {
  if (node.IsScalar()) {
    YAML::Node whole;
    whole["name"] = node.as<std::string>();
    return quic_initial_of(whole);
  }
  QuicClient client;
  client.version = version_of(node);
  client.id = get_hex(node, "id", client.id);
  client.source = get_hex(node, "source", client.source);
  client.keys_from = get_hex(node, "keys", {});
  client.token = get_hex(node, "token", {});
  const Bytes hello = handshake_of(node);
  Bytes frames;
  if (!node["frames"]) frames = quic_crypto(0, hello);
  for (const auto& frame : node["frames"]) put(frames, frame_of(frame, hello));
  return quic_initial(client, frames, get<uint64_t>(node, "number", 0), get<size_t>(node, "size", 1200));
}

Bytes quic_packet_of(const YAML::Node& node) {
  const QuicClient client;
  const auto type = node["type"].as<std::string>();
  const uint32_t version = version_of(node);
  const Bytes id = get_hex(node, "id", client.id), source = get_hex(node, "source", client.source);
  const auto size = get<size_t>(node, "size", 60);
  if (type == "initial") return quic_noise(QuicType::Initial, version, id, source, size);
  if (type == "zero-rtt") return quic_noise(QuicType::ZeroRtt, version, id, source, size);
  if (type == "handshake") return quic_noise(QuicType::Handshake, version, id, source, size);
  if (type == "retry") return quic_retry(version, id, source, get_hex(node, "token", {1, 2, 3}));
  if (type == "versions") return quic_version_negotiation(id, source, {kQuicV1, kQuicV2});
  if (type == "short") return quic_short(id, size);
  throw CaseFailure("no type of QUIC packet: " + type);
}

}  // namespace sluice::test
