// control/policy: the public key of somebody who keeps the log's identities.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

/// An X25519 public key (RFC 7748).
using KeeperKey = std::array<uint8_t, 32>;

/// Reads a key's SubjectPublicKeyInfo (RFC 8410): PEM, or the one line of base64 that stands in it. Nothing
/// where text is none, or a key to which nothing can be encrypted: a point of small order.
[[nodiscard]] std::optional<KeeperKey> parse_keeper_key(std::string_view text);
/// The line of base64.
[[nodiscard]] std::string keeper_key_text(const KeeperKey& key);

}  // namespace sluice::control
