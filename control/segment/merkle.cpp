// control/segment: Merkle trees by RFC 9162, section 2.1.
#include "control/segment/merkle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace sluice::control {
namespace {

Sha256Bytes node(const Sha256Bytes& left, const Sha256Bytes& right) {
  std::array<char, 1 + 2 * sizeof(Sha256Bytes)> bytes{'\x01'};
  std::copy(right.begin(), right.end(), std::copy(left.begin(), left.end(), bytes.begin() + 1));
  return sha256_of({bytes.data(), bytes.size()});
}

/// The greatest power of two below count; count: at least 2.
uint64_t split(uint64_t count) {
  return std::bit_floor(count - 1);
}

}  // namespace

Sha256Bytes line_salt(std::string_view salt, uint64_t index) {
  static thread_local Sha256 sum;
  char number[8];
  for (int i = 0; i < 8; ++i) {
    number[i] = static_cast<char>(index >> (56 - 8 * i));
  }
  sum.update(salt);
  sum.update({number, sizeof number});
  return sum.finish();
}

Sha256Bytes merkle_leaf(const Sha256Bytes& line_salt, std::string_view line) {
  static thread_local Sha256 sum;
  std::array<char, 1 + sizeof(Sha256Bytes)> start{};  // 0x00 and the salt
  std::copy(line_salt.begin(), line_salt.end(), start.begin() + 1);
  sum.update({start.data(), start.size()});
  sum.update(line);
  return sum.finish();
}

std::vector<Sha256Bytes> merkle_leaves(std::string_view salt, std::string_view lines) {
  std::vector<Sha256Bytes> out;
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    out.push_back(merkle_leaf(line_salt(salt, out.size()), lines.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

Sha256Bytes merkle_root(std::span<const Sha256Bytes> leaves) {
  if (leaves.size() == 1) {
    return leaves[0];
  }
  const uint64_t left = split(leaves.size());
  return node(merkle_root(leaves.first(left)), merkle_root(leaves.subspan(left)));
}

/// Level by level: a node without a sibling goes up as it is. That is the tree that the greatest powers of
/// two split.
MerkleTree::MerkleTree(std::vector<Sha256Bytes> leaves) {
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const std::vector<Sha256Bytes>& below = levels_.back();
    std::vector<Sha256Bytes> level;
    level.reserve((below.size() + 1) / 2);
    for (size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(node(below[i], below[i + 1]));
    }
    if (below.size() % 2 == 1) {
      level.push_back(below.back());
    }
    levels_.push_back(std::move(level));
  }
}

std::vector<Sha256Bytes> MerkleTree::path(uint64_t index) const {
  std::vector<Sha256Bytes> out;
  for (const std::vector<Sha256Bytes>& level : levels_) {
    if (const uint64_t sibling = index ^ 1; sibling < level.size()) {
      out.push_back(level[sibling]);
    }
    index /= 2;
  }
  return out;
}

bool merkle_verify(const Sha256Bytes& leaf, uint64_t index, uint64_t count, std::span<const Sha256Bytes> path,
                   const Sha256Bytes& root) {
  if (index >= count) {
    return false;
  }
  uint64_t place = index, last = count - 1;
  Sha256Bytes sum = leaf;
  for (const Sha256Bytes& sibling : path) {
    if (last == 0) {
      return false;
    }
    if (place % 2 == 1 || place == last) {
      sum = node(sibling, sum);
      while (place % 2 == 0 && place != 0) {
        place /= 2;
        last /= 2;
      }
    } else {
      sum = node(sum, sibling);
    }
    place /= 2;
    last /= 2;
  }
  return last == 0 && sum == root;
}

}  // namespace sluice::control
