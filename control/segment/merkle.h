// control/segment: the Merkle tree over the lines of a frame, so that one of them can be shown and no other.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "control/base/sha256.h"

namespace sluice::control {

// The tree is RFC 9162's (section 2.1), its leaves salted: leaf i is SHA-256(0x00 || salt_i || line), without
// the line feed; a node SHA-256(0x01 || left || right). salt_i is SHA-256(salt || i as eight bytes, big
// endian), so who is shown one line with its salt can neither guess nor test what its neighbours say.

/// The salt of one line. salt: the frame's, kSaltBytes.
[[nodiscard]] Sha256Bytes line_salt(std::string_view salt, uint64_t index);
[[nodiscard]] Sha256Bytes merkle_leaf(const Sha256Bytes& line_salt, std::string_view line);

/// The leaves of all lines of a frame. lines: each ends with a line feed.
[[nodiscard]] std::vector<Sha256Bytes> merkle_leaves(std::string_view salt, std::string_view lines);
/// leaves: at least one.
[[nodiscard]] Sha256Bytes merkle_root(std::span<const Sha256Bytes> leaves);

/// The tree with all its nodes, for whoever wants the paths of many leaves.
class MerkleTree {
 public:
  /// leaves: at least one.
  explicit MerkleTree(std::vector<Sha256Bytes> leaves);
  [[nodiscard]] const Sha256Bytes& root() const { return levels_.back()[0]; }
  /// The inclusion proof of leaf index, from its sibling upwards (RFC 9162 2.1.3.1).
  [[nodiscard]] std::vector<Sha256Bytes> path(uint64_t index) const;

 private:
  std::vector<std::vector<Sha256Bytes>> levels_;  ///< from the leaves to the root
};

/// Whether path leads from leaf, the index-th of count, to root (RFC 9162 2.1.3.2).
[[nodiscard]] bool merkle_verify(const Sha256Bytes& leaf, uint64_t index, uint64_t count,
                                 std::span<const Sha256Bytes> path, const Sha256Bytes& root);

}  // namespace sluice::control
