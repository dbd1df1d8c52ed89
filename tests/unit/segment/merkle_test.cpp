// segment tests: the Merkle tree, against RFC 9162's own definition.
#include "control/segment/merkle.h"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

Sha256Bytes leaf(uint8_t number) {
  return sha256_of(std::string(1, static_cast<char>(number)));
}

Sha256Bytes node(const Sha256Bytes& left, const Sha256Bytes& right) {
  return sha256_of("\x01" + std::string(text_of(left)) + std::string(text_of(right)));
}

/// RFC 9162, 2.1.5: the tree of seven leaves.
TEST(Merkle, RootAndPathsAreThoseOfTheRfcsExample) {
  std::vector<Sha256Bytes> d;
  for (uint8_t i = 0; i < 7; ++i) {
    d.push_back(leaf(i));
  }
  const Sha256Bytes g = node(d[0], d[1]), h = node(d[2], d[3]), i = node(d[4], d[5]), j = d[6];
  const Sha256Bytes k = node(g, h), l = node(i, j), root = node(k, l);
  EXPECT_EQ(merkle_root(d), root);
  const MerkleTree tree(d);
  EXPECT_EQ(tree.root(), root);
  EXPECT_EQ(tree.path(0), (std::vector{d[1], h, l}));
  EXPECT_EQ(tree.path(3), (std::vector{d[2], g, l}));
  EXPECT_EQ(tree.path(4), (std::vector{d[5], j, k}));
  EXPECT_EQ(tree.path(6), (std::vector{i, k}));
}

TEST(Merkle, PathProvesItsLeafAndNoOther) {
  for (uint64_t count = 1; count <= 33; ++count) {
    std::vector<Sha256Bytes> leaves;
    for (uint64_t i = 0; i < count; ++i) {
      leaves.push_back(leaf(static_cast<uint8_t>(i)));
    }
    const Sha256Bytes root = merkle_root(leaves);
    const MerkleTree tree(leaves);
    EXPECT_EQ(tree.root(), root);
    for (uint64_t i = 0; i < count; ++i) {
      const auto path = tree.path(i);
      EXPECT_TRUE(merkle_verify(leaves[i], i, count, path, root));
      EXPECT_FALSE(merkle_verify(leaf(200), i, count, path, root));
      EXPECT_FALSE(merkle_verify(leaves[i], count, count, path, root));
      for (uint64_t other = 0; other < count; ++other) {
        EXPECT_EQ(merkle_verify(leaves[i], other, count, path, root), other == i);
      }
      auto longer = path;
      longer.push_back(root);
      EXPECT_FALSE(merkle_verify(leaves[i], i, count, longer, root));
    }
  }
}

TEST(Merkle, LeavesAreSaltedEachByItself) {
  const std::string salt(32, 's');
  const auto leaves = merkle_leaves(salt, "same\nsame\n");
  ASSERT_EQ(leaves.size(), 2u);
  EXPECT_NE(leaves[0], leaves[1]);
  const std::string index{"\0\0\0\0\0\0\0\1", 8};
  const Sha256Bytes own = sha256_of(salt + index);
  EXPECT_EQ(leaves[1], sha256_of(std::string(1, '\0') + std::string(text_of(own)) + "same"));
}

}  // namespace
}  // namespace sluice::control
