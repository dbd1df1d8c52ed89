// control/search: sets that answer "surely not" or "perhaps".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::control {

/// What a key is of: the same text as a client and as a rule are two keys.
enum class KeyKind : char {
  From = 'f',  ///< a client's address, or a user
  To = 't',    ///< a destination's address, its name, and every name that that one is below
  Rule = 'r'
};
[[nodiscard]] uint64_t key_of(KeyKind kind, std::string_view text);

/// A split-block Bloom filter: eight bits in one block of 32 bytes for each key. With kFilterBits bits a key
/// about one in a hundred that are not in it looks as if it were.
inline constexpr size_t kFilterBlock = 32, kFilterBits = 12;

/// keys: each once. Returns whole blocks, at least one.
[[nodiscard]] std::vector<uint32_t> make_filter(std::span<const uint64_t> keys);
/// filter: as make_filter made it.
[[nodiscard]] bool filter_has(std::span<const uint32_t> filter, uint64_t key);

}  // namespace sluice::control
