// reload tests: a reloader with a compiler and a data plane that do as they are told.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "control/reload/reloader.h"
#include "tests/unit/reload/policy_maker.h"

namespace sluice::control {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

struct ReloaderTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-reload-" + std::to_string(::getpid()));
  fs::path policies = root / "policies";
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<StateStore> store;
  FakeCompiler compiler;
  std::unique_ptr<Reloader> reloader;
  std::vector<uint32_t> sent;
  std::map<uint64_t, json> answers;

  ReloaderTest() {
    fs::remove_all(root);
    save_policy(policies, "one");
  }
  ~ReloaderTest() override {
    stop();
    fs::remove_all(root);
  }

  /// Starts control; a data plane that enforces `generation` is there at once.
  void start(uint32_t generation = 0) {
    std::string error;
    sent.clear();
    loop = std::make_unique<EventLoop>();
    store = StateStore::open(root / "state", error);
    ASSERT_NE(store, nullptr) << error;
    reloader = std::make_unique<Reloader>(
        *loop, *store, policies, compiler,
        Reloader::Callbacks{
            [this](std::shared_ptr<const SealedImage> image) { sent.push_back(image->generation()); },
            [this](uint64_t client, const json& answer) { answers[client] = answer; },
            [] { return UINT32_MAX; }, [] {}});
    reloader->start();
    reloader->on_welcome(generation);
  }
  void stop() {
    reloader.reset();
    store.reset();
    loop.reset();
  }
  template <typename Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 300; ++i) {
      if (condition()) {
        return true;
      }
      loop->run_once(milliseconds(10));
    }
    return false;
  }
  bool in_force(uint32_t generation) {
    if (!until([&] { return !sent.empty() && sent.back() == generation; })) {
      return false;
    }
    reloader->on_loaded(generation, true, "");
    return true;
  }
  bool answered(uint64_t client) {
    return until([&] { return answers.contains(client); });
  }
  void settle() {
    for (int i = 0; i < 40; ++i) {
      loop->run_once(milliseconds(10));
    }
  }
};

}  // namespace sluice::control
