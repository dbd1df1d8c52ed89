// tests: segments of an access log in a directory of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "control/segment/reader.h"
#include "control/segment/writer.h"

namespace sluice::control {

/// 2026-11-23T04:05:06Z.
inline constexpr int64_t kNow = 1'795'406'706'000'000'000, kSecond = 1'000'000'000;

struct Segments : testing::Test {
  static constexpr uint64_t kBoot = 0xb007;
  std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("sluice-segments-" + std::to_string(::getpid()));
  std::filesystem::path log = root / "log", state = root / "state";
  std::string error;

  Segments() { std::filesystem::remove_all(root); }
  ~Segments() override { std::filesystem::remove_all(root); }

  std::unique_ptr<SegmentWriter> open(SegmentLimits limits = {}) {
    auto out = SegmentWriter::open(log, state, limits, error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  static std::string line(uint64_t number) {
    return R"({"@timestamp":"2026-11-23T04:05:06.000000Z","event":{"id":"000000000000b007-0-)" +
           std::to_string(number) + R"("},"destination":{"domain":"www.example.com"}})" + "\n";
  }
  /// Lines with the numbers first to last, a second apart.
  static LogBatch batch(uint64_t first, uint64_t last, uint32_t worker = 0) {
    LogBatch out;
    for (uint64_t number = first; number <= last; ++number) {
      out.lines += line(number);
      out.note(kNow + static_cast<int64_t>(number) * kSecond, {kBoot, worker, number});
    }
    return out;
  }
  /// count frames of three lines each; closed, where so wanted.
  void write_frames(uint64_t count, bool closed) {
    const auto writer = open();
    for (uint64_t i = 0; i < count; ++i) {
      ASSERT_EQ(writer->append(batch(3 * i + 1, 3 * i + 3), kNow), "");
    }
    if (closed) {
      ASSERT_EQ(writer->close(kNow), "");
    }
  }
  std::filesystem::path segment(size_t index = 0) {
    const auto files = list_segments(log, error);
    return index < files.size() ? files[index].path : std::filesystem::path();
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  /// All lines of all segments, as far as they are undamaged.
  std::string lines() {
    std::string out;
    for (const SegmentFile& file : list_segments(log, error)) {
      const auto reader = SegmentReader::open(file.path, error);
      for (auto step = reader->next();
           step == SegmentReader::Step::Frame || step == SegmentReader::Step::Damaged;
           step = reader->next()) {
        out += step == SegmentReader::Step::Frame ? reader->lines() : "";
      }
    }
    return out;
  }
  static std::string lines_to(uint64_t last) { return batch(1, last).lines; }
};

}  // namespace sluice::control
