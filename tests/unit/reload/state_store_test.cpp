// reload tests: the state on disk, whole and cut anywhere.
#include "control/reload/state_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

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
  /// A policy whose one file holds text; rollback_to: as Origin has it.
  static void save(StateStore& store, uint32_t generation, const std::string& text = "",
                   uint32_t rollback_to = 0) {
    std::string why, sha256;
    const auto image =
        SealedImage::make(make_image(generation, "site " + std::to_string(generation)), generation, why);
    ASSERT_NE(image, nullptr) << why;
    const SourceList sources{
        describe(SourceFile::Kind::Policy, "a.yaml", text.empty() ? std::to_string(generation) : text)};
    EXPECT_EQ(store.record(*image, Origin{"li.wei", "because", 1, rollback_to}, sources, "digest", sha256),
              "");
    EXPECT_EQ(store.keep_image(*image), "");
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
  EXPECT_EQ(stored->applied.site, "site 2");
  EXPECT_EQ(stored->applied.origin.author, "li.wei");
  EXPECT_EQ(stored->applied.digest, "digest");
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
  std::ifstream in(directory / "history.jsonl");
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (size_t size = 0; size < whole.size(); size += 29) {
    std::ofstream(directory / "history.jsonl", std::ios::trunc) << whole.substr(0, size);
    const auto store = open();
    const auto stored = store->last_good();
    EXPECT_TRUE(!stored || stored->applied.generation == 1) << size;
    EXPECT_EQ(store->next_generation(), 3u);
    EXPECT_FALSE(store->alterations().empty()) << size;
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

TEST_F(StateStoreTest, NamesOutliveTheirImage) {
  {
    const auto store = open();
    for (uint32_t generation = 1; generation <= 5; ++generation) {
      save(*store, generation);
    }
    store->prune(5);
    EXPECT_FALSE(fs::exists(image(1)));
  }
  EXPECT_EQ(open()->names_of(1)->site(), "site 1");
}

TEST_F(StateStoreTest, PruneKeepsTheNewestAndWhatIsNeeded) {
  const auto store = open();
  for (uint32_t generation = 1; generation <= 50; ++generation) {
    save(*store, generation);
  }
  store->prune(8);
  EXPECT_EQ(store->names_of(8)->rule(0), "no-malware");
  EXPECT_EQ(store->names_of(7)->rule(0), "");
  EXPECT_EQ(store->applied().size(), StateStore::kPoliciesKept);
  EXPECT_FALSE(fs::exists(image(48)));
  EXPECT_TRUE(fs::exists(image(49)));
  store->prune(50);
  EXPECT_EQ(store->names_of(18)->rule(0), "");
  EXPECT_EQ(store->names_of(19)->rule(0), "no-malware");
}

struct BeforeLast : StateStoreTest {
  uint32_t back(StateStore& store, size_t steps) {
    const auto found = store.before_last(steps, error);
    return found ? found->generation : 0;
  }
};

TEST_F(BeforeLast, PoliciesWrittenAlikeCountOnce) {
  const auto store = open();
  save(*store, 1, "A");
  save(*store, 2, "A");
  save(*store, 3, "B");
  save(*store, 4, "B");
  EXPECT_EQ(back(*store, 1), 2u);
  EXPECT_EQ(back(*store, 2), 0u);
  EXPECT_NE(error.find("1 other"), std::string::npos);
}

TEST_F(BeforeLast, WhatWasRolledBackIsNotGoneBackTo) {
  const auto store = open();
  save(*store, 1, "A");
  save(*store, 2, "B");
  save(*store, 3, "A", 1);  // B was wrong
  EXPECT_EQ(back(*store, 1), 0u);
  save(*store, 4, "C");
  EXPECT_EQ(back(*store, 1), 3u);
  EXPECT_EQ(back(*store, 2), 0u);
}

TEST_F(BeforeLast, SecondRollbackGoesFurtherBack) {
  const auto store = open();
  save(*store, 1, "A");
  save(*store, 2, "B");
  save(*store, 3, "C");
  save(*store, 4, "B", 2);
  EXPECT_EQ(back(*store, 1), 1u);
}

TEST_F(BeforeLast, RefusedOneIsPassedOver) {
  const auto store = open();
  save(*store, 1, "A");
  save(*store, 2, "B");
  store->note_refused(2, "no");
  save(*store, 3, "C");
  EXPECT_EQ(back(*store, 1), 1u);
}

}  // namespace
}  // namespace sluice::control
