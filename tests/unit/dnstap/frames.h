// dnstap tests: Frame Streams and dnstap messages, made byte by byte, so that they do not hang on what is
// tested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::test {

enum : uint32_t {
  kAccept = 1,
  kStart = 2,
  kStop = 3,
  kReady = 4,
  kFinish = 5
};
inline constexpr int kClientResponse = 6, kResolverResponse = 4, kClientQuery = 5;

inline std::string big_endian(uint64_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes));
  return out;
}

inline std::string data_frame(std::string_view payload) {
  return big_endian(payload.size(), 4).append(payload);
}

/// type, and a content type (field 1) where there is one.
inline std::string control_frame(uint32_t type, std::string_view content = {}) {
  std::string body = big_endian(type, 4);
  if (!content.empty()) body += big_endian(1, 4) + big_endian(content.size(), 4).append(content);
  return big_endian(0, 4) + big_endian(body.size(), 4) + body;
}
inline constexpr std::string_view kDnstapContent = "protobuf:dnstap.Dnstap";

/// Protocol Buffers: a varint, a number field, a field of bytes.
inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out += static_cast<char>(value);
}
inline std::string number(int field, uint64_t value) {
  return varint(static_cast<uint64_t>(field) << 3) + varint(value);
}
inline std::string bytes(int field, std::string_view value) {
  return varint(static_cast<uint64_t>(field) << 3 | 2) + varint(value.size()).append(value);
}

/// A dnstap message around a DNS message; with a field of those that are not read before it.
inline std::string tap(int type, std::string_view dns) {
  return bytes(1, "ns1") + number(15, 1) + bytes(14, number(1, static_cast<uint64_t>(type)) + bytes(14, dns));
}

/// A name on the wire; dots part labels.
inline std::string wire_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(dot == name.npos ? name.size() : dot + 1);
  }
  return out += '\0';
}

inline constexpr uint16_t kA = 1, kCname = 5, kAaaa = 28, kHttps = 65;

inline std::string record(std::string_view owner, uint16_t type, uint32_t ttl_s, std::string_view data) {
  return wire_name(owner) + big_endian(type, 2) + big_endian(1, 2) + big_endian(ttl_s, 4) +
         big_endian(data.size(), 2).append(data);
}

/// An answer to one question; flags: of a recursive resolver's answer, with the response code in the low
/// bits.
inline std::string answer(std::string_view name, uint16_t type, std::string_view records, uint16_t count,
                          uint16_t flags = 0x8180) {
  return big_endian(0x1234, 2) + big_endian(flags, 2) + big_endian(1, 2) + big_endian(count, 2) +
         big_endian(0, 4) + wire_name(name) + big_endian(type, 2) + big_endian(1, 2).append(records);
}

}  // namespace sluice::test
