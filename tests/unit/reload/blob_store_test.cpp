// reload tests: blobs, damaged anywhere.
#include "control/reload/blob_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>

#include "control/base/sha256.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

struct BlobStoreTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-blobs-" + std::to_string(::getpid()));
  BlobStore store{directory};
  BlobStoreTest() {
    fs::remove_all(directory);
    fs::create_directories(directory);
  }
  ~BlobStoreTest() override { fs::remove_all(directory); }

  std::string put(const std::string& text) {
    const std::string sha256 = sha256_hex(text);
    EXPECT_EQ(store.put(sha256, text), "");
    return sha256;
  }
  fs::path file(const std::string& sha256) const { return directory / (sha256 + ".zst"); }
  void age(const std::string& sha256) const {
    const timespec old{::time(nullptr) - 2 * BlobStore::kUnnamedFor.count(), 0};
    const timespec times[] = {old, old};
    ASSERT_EQ(::utimensat(AT_FDCWD, file(sha256).c_str(), times, 0), 0);
  }
};

TEST_F(BlobStoreTest, WhatWasPutIsGot) {
  std::string large;
  for (int i = 0; i < 200'000; ++i) {
    large += "name" + std::to_string(i) + ".example\n";
  }
  for (const std::string& text : {std::string(), std::string("a"), large}) {
    std::string got;
    EXPECT_EQ(store.get(put(text), text.size(), got), "");
    EXPECT_EQ(got, text);
  }
}

TEST_F(BlobStoreTest, AnotherSizeIsRefused) {
  const std::string text(100'000, 'x');
  const std::string sha256 = put(text);
  std::string got;
  EXPECT_NE(store.get(sha256, text.size() - 1, got), "");
  EXPECT_NE(store.get(sha256, text.size() + 1, got), "");
  EXPECT_NE(store.get(sha256, 0, got), "");
  EXPECT_LE(got.size(), text.size() + 1);
}

TEST_F(BlobStoreTest, EveryFlippedByteAndEveryCutIsFound) {
  const std::string text = "site: shanghai-office\nmode: enforce\n";
  const std::string sha256 = put(text);
  std::ifstream in(file(sha256), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  std::string got;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(file(sha256), std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_TRUE(!store.get(sha256, text.size(), got).empty() || got == text) << at;
    std::ofstream(file(sha256), std::ios::binary | std::ios::trunc) << whole.substr(0, at);
    EXPECT_NE(store.get(sha256, text.size(), got), "") << at;
  }
}

TEST_F(BlobStoreTest, NameThatIsNoSumIsNoPath) {
  std::string got;
  for (const char* name : {"", "../../etc/passwd", "a", "ABCDEF"}) {
    EXPECT_NE(store.get(name, 10, got), "") << name;
    EXPECT_FALSE(store.touch(name)) << name;
  }
}

TEST_F(BlobStoreTest, PruneLeavesWhatIsNamedAndWhatIsNew) {
  const std::string named = put("named"), fresh = put("fresh"), old = put("old");
  age(named);
  age(old);
  store.prune({named});
  EXPECT_TRUE(fs::exists(file(named)));
  EXPECT_TRUE(fs::exists(file(fresh)));
  EXPECT_FALSE(fs::exists(file(old)));
}

TEST_F(BlobStoreTest, WhatIsPutAgainIsNew) {
  const std::string again = put("again");
  age(again);
  put("again");
  store.prune({});
  EXPECT_TRUE(fs::exists(file(again)));
}

}  // namespace
}  // namespace sluice::control
