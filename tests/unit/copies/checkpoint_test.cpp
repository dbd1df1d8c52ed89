// copies tests: a checkpoint comes back as it was written, and nothing else is one.
#include "control/copies/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "control/base/sha256.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct CheckpointTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-checkpoint-" + std::to_string(::getpid()));
  fs::path file = root / "siem.json";
  std::string error;
  Checkpoint some{sha256_hex("target"),
                  {"access-20261123T040000Z-0000000017.jsonl.zst", 4096, 1024, sha256_hex("header"), 77},
                  3,
                  4,
                  1'795'406'706'000'000'000};

  CheckpointTest() { fs::create_directories(root); }
  ~CheckpointTest() override { fs::remove_all(root); }

  Checkpoint read_text(const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    return read_checkpoint(file, error);
  }
  std::string written() {
    EXPECT_EQ(write_checkpoint(file, some), "");
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(CheckpointTest, WrittenOneComesBack) {
  EXPECT_EQ(write_checkpoint(file, some), "");
  EXPECT_EQ(read_checkpoint(file, error), some);
  EXPECT_EQ(error, "");
  const Checkpoint fresh{some.target, {}, 0, 0, 0};
  EXPECT_EQ(write_checkpoint(file, fresh), "");
  EXPECT_EQ(read_checkpoint(file, error), fresh);
}

TEST_F(CheckpointTest, NoFileIsNoErrorAndNoPlace) {
  EXPECT_EQ(read_checkpoint(file, error), Checkpoint());
  EXPECT_EQ(error, "");
}

TEST_F(CheckpointTest, CutAnywhereIsAnError) {
  const std::string text = written();
  for (size_t size = 0; size + 1 < text.size(); ++size) {  // the line feed alone may be missing
    EXPECT_EQ(read_text(text.substr(0, size)), Checkpoint()) << size;
    EXPECT_NE(error, "") << size;
  }
}

TEST_F(CheckpointTest, AnyByteChangedNeverCrashes) {
  const std::string text = written();
  for (size_t at = 0; at < text.size(); ++at) {
    for (const char byte : {'\0', '"', '}', '9', '\xff'}) {
      std::string changed = text;
      changed[at] = byte;
      const Checkpoint read = read_text(changed);
      EXPECT_EQ(error.empty(), !read.target.empty()) << at;
    }
  }
}

TEST_F(CheckpointTest, ValuesThatCannotBeAreErrors) {
  const json good = json::parse(written());
  const std::pair<const char*, json> changes[] = {{"target", "elsewhere"},
                                                  {"target", 1},
                                                  {"file", "../../etc/passwd"},
                                                  {"file", 17},
                                                  {"file", ""},
                                                  {"offset", -1},
                                                  {"offset", 1.5},
                                                  {"offset", UINT64_MAX},
                                                  {"offset", 1024},
                                                  {"frame", 4096},
                                                  {"header", "0"},
                                                  {"header", nullptr},
                                                  {"records", "77"},
                                                  {"missed_segments", -3},
                                                  {"taken", UINT64_MAX},
                                                  {"header", ""}};
  for (const auto& [key, value] : changes) {
    json changed = good;
    changed[key] = value;
    EXPECT_EQ(read_text(changed.dump()), Checkpoint()) << key << value;
    EXPECT_NE(error, "") << key << value;
    changed.erase(key);
    EXPECT_EQ(read_text(changed.dump()), Checkpoint()) << key;
  }
}

TEST_F(CheckpointTest, DirectoryInItsPlaceIsAnError) {
  fs::create_directory(file);
  EXPECT_EQ(read_checkpoint(file, error), Checkpoint());
  EXPECT_NE(error, "");
}

}  // namespace
}  // namespace sluice::control
