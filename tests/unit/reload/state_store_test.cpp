// reload tests: the state on disk, whole and cut anywhere.
#include "control/reload/state_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/accesslog/image_maker.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

struct StateStoreTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-state-" + std::to_string(::getpid()));
  std::string error;

  StateStoreTest() { fs::remove_all(directory); }
  ~StateStoreTest() override { fs::remove_all(directory); }

  std::unique_ptr<StateStore> open() {
    auto out = StateStore::open(directory, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  static void save(StateStore& store, uint32_t generation) {
    EXPECT_EQ(store.save(make_image(generation, "site " + std::to_string(generation)),
                         Origin{"li.wei", "because", 1}, {"a.yaml"}, "digest"),
              "");
  }
  fs::path image(uint32_t generation) const {
    return directory / "policies" / (std::to_string(generation) + ".image");
  }
};

TEST_F(StateStoreTest, LastGoodSurvivesARestart) {
  {
    const auto store = open();
    EXPECT_FALSE(store->last_good().has_value());
    save(*store, store->next_generation());
    save(*store, store->next_generation());
  }
  const auto store = open();
  const auto stored = store->last_good();
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->image->generation(), 2u);
  EXPECT_EQ(stored->names->site(), "site 2");
  EXPECT_EQ(stored->origin.author, "li.wei");
  EXPECT_EQ(stored->digest, "digest");
  EXPECT_EQ(store->next_generation(), 3u);
}

TEST_F(StateStoreTest, SecondProcessIsTurnedAway) {
  const auto store = open();
  EXPECT_EQ(StateStore::open(directory, error), nullptr);
  EXPECT_NE(error.find("in use"), std::string::npos);
}

TEST_F(StateStoreTest, RefusedOneIsNotTheLastGood) {
  {
    const auto store = open();
    save(*store, 1);
    save(*store, 2);
    store->note_refused(2, "too large");
    EXPECT_EQ(store->last_good()->image->generation(), 1u);
  }
  const auto store = open();
  EXPECT_EQ(store->last_good()->image->generation(), 1u);
  EXPECT_EQ(store->next_generation(), 3u);
}

TEST_F(StateStoreTest, ImageCutAnywhereGivesWayToTheOneBefore) {
  {
    const auto store = open();
    save(*store, 1);
    save(*store, 2);
  }
  const size_t whole = fs::file_size(image(2));
  for (size_t size = whole; size-- > 0;) {
    fs::resize_file(image(2), size);
    const auto store = open();
    ASSERT_EQ(store->last_good()->image->generation(), 1u) << size;
  }
}

TEST_F(StateStoreTest, ImageWithAFlippedByteIsNotUsed) {
  {
    const auto store = open();
    save(*store, 1);
    save(*store, 2);
  }
  const auto store = open();
  for (size_t at = 0; at < fs::file_size(image(2)); at += 5) {
    std::fstream file(image(2), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char before = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(before ^ 0x40));
    file.close();
    EXPECT_EQ(store->last_good()->image->generation(), 1u) << at;
    std::fstream again(image(2), std::ios::in | std::ios::out | std::ios::binary);
    again.seekp(static_cast<std::streamoff>(at));
    again.put(before);
  }
  EXPECT_EQ(store->last_good()->image->generation(), 2u);
}

TEST_F(StateStoreTest, HistoryCutAnywhereNeverReusesAGeneration) {
  {
    const auto store = open();
    save(*store, 1);
    save(*store, 2);
  }
  const size_t whole = fs::file_size(directory / "history.jsonl");
  for (size_t size = whole; size-- > 0;) {
    fs::resize_file(directory / "history.jsonl", size);
    const auto store = open();
    const auto stored = store->last_good();
    EXPECT_TRUE(!stored || stored->image->generation() == 1) << size;
    EXPECT_EQ(store->next_generation(), 3u);
    if (fs::file_size(directory / "history.jsonl") < size) {
      std::ofstream(directory / "history.jsonl", std::ios::app)
          << std::string(size, 'x');  // for the next cut
    }
  }
}

TEST_F(StateStoreTest, HistoryOfGarbageIsPassedOver) {
  fs::create_directories(directory);
  std::ofstream(directory / "history.jsonl")
      << "{\n[]\nnull\n{\"generation\":-1}\n{\"generation\":\"7\"}\n{\"generation\":99999999999}\n"
      << "{\"generation\":5,\"sha256\":5,\"time_ns\":\"x\",\"author\":[]}\n\xff\xfe\n";
  const auto store = open();
  EXPECT_FALSE(store->last_good().has_value());
  EXPECT_EQ(store->next_generation(), 6u);
}

TEST_F(StateStoreTest, NamesComeFromDiskAfterARestart) {
  {
    const auto store = open();
    save(*store, 4);
  }
  const auto store = open();
  EXPECT_EQ(store->names_of(4)->rule(0), "no-malware");
  EXPECT_EQ(store->names_of(9)->rule(0), "");
  EXPECT_EQ(store->names_of(9)->site(), "site 4");
}

TEST_F(StateStoreTest, PruneKeepsTheNewestAndWhatIsNeeded) {
  const auto store = open();
  for (uint32_t generation = 1; generation <= 30; ++generation) {
    save(*store, generation);
  }
  store->prune(8);
  EXPECT_FALSE(fs::exists(image(7)));
  EXPECT_TRUE(fs::exists(image(8)));
  store->prune(30);
  EXPECT_FALSE(fs::exists(image(14)));
  EXPECT_TRUE(fs::exists(image(15)));
}

}  // namespace
}  // namespace sluice::control
