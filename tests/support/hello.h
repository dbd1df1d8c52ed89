// tests: TLS ClientHellos, made by hand.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

using Bytes = std::vector<uint8_t>;

inline Bytes to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

inline void append(Bytes& out, std::span<const uint8_t> more) {
  out.insert(out.end(), more.begin(), more.end());
}

/// size: the length field's bytes, 0 for none.
inline void append_sized(Bytes& out, std::span<const uint8_t> body, size_t size) {
  for (size_t i = size; i > 0; --i) out.push_back(static_cast<uint8_t>(body.size() >> 8 * (i - 1)));
  append(out, body);
}

inline Bytes make_extension(uint16_t type, std::span<const uint8_t> body) {
  Bytes out = {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)};
  append_sized(out, body, 2);
  return out;
}

/// One entry of a ServerNameList (RFC 6066 3).
struct ServerName {
  std::string text;
  uint8_t type = 0;
};

inline Bytes make_server_name(const std::vector<ServerName>& names) {
  Bytes list, body;
  for (const ServerName& name : names) {
    list.push_back(name.type);
    append_sized(list, to_bytes(name.text), 2);
  }
  append_sized(body, list, 2);
  return make_extension(0, body);
}

/// key_share: bytes of the client's share; 1216 is X25519MLKEM768's (group 0x11ec), 32 is X25519's.
inline Bytes make_key_share(size_t key_share) {
  Bytes entry, list, body;
  entry = key_share == 1216 ? Bytes{0x11, 0xec} : Bytes{0x00, 0x1d};
  append_sized(entry, Bytes(key_share, 0x5a), 2);
  append_sized(list, entry, 2);
  return make_extension(51, list);
}

inline Bytes make_handshake(uint8_t type, std::span<const uint8_t> body) {
  Bytes out = {type};
  append_sized(out, body, 3);
  return out;
}

/// A hello up to its extensions; with none at all (not even their length) where extensions is null.
inline Bytes make_hello_of(const Bytes* extensions, uint16_t version = 0x0303) {
  Bytes body = {static_cast<uint8_t>(version >> 8), static_cast<uint8_t>(version)};
  append(body, Bytes(32, 0xa7));
  append_sized(body, Bytes(32, 0x11), 1);
  append_sized(body, Bytes{0x0a, 0x0a, 0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f}, 2);
  append_sized(body, Bytes{0}, 1);
  if (extensions) append_sized(body, *extensions, 2);
  return make_handshake(1, body);
}

/// A hello as browsers send it: GREASE first, then server_name (if name is not empty), supported groups,
/// ALPN, versions, a key share, then the extensions in extra.
inline Bytes make_client_hello(std::string_view name, std::span<const uint8_t> extra = {},
                               size_t key_share = 32) {
  Bytes extensions = make_extension(0x2a2a, {});
  if (!name.empty()) append(extensions, make_server_name({{std::string(name)}}));
  append(extensions, make_extension(10, Bytes{0, 4, 0x11, 0xec, 0, 0x1d}));
  append(extensions, make_extension(16, Bytes{0, 3, 2, 'h', '2'}));
  append(extensions, make_extension(43, Bytes{2, 3, 4}));
  append(extensions, make_key_share(key_share));
  append(extensions, extra);
  return make_hello_of(&extensions);
}

inline Bytes make_record(uint8_t type, std::span<const uint8_t> body, uint16_t version = 0x0301) {
  Bytes out = {type, static_cast<uint8_t>(version >> 8), static_cast<uint8_t>(version)};
  append_sized(out, body, 2);
  return out;
}

/// The handshake bytes in records of at most record_size bytes each.
inline Bytes as_records(std::span<const uint8_t> handshake, size_t record_size = 1 << 14) {
  Bytes out;
  for (size_t at = 0; at < handshake.size(); at += record_size) {
    append(out, make_record(22, handshake.subspan(at, std::min(record_size, handshake.size() - at))));
  }
  return out;
}

}  // namespace sluice::test
