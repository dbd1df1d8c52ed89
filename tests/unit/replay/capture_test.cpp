// tests: capture files, whole, damaged and cut anywhere.
#include "dataplane/replay/capture.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstring>
#include <fstream>

#include "tests/support/frame.h"

namespace sluice::test {
namespace {

using replay::Capture;
using replay::CapturedFrame;
using replay::ReadResult;

struct Read {
  std::vector<CapturedFrame> frames;  // their bytes are gone
  std::vector<Bytes> bytes;
  std::string error;  // empty: read to its end
};

class File {
 public:
  explicit File(const Bytes& content) {
    const int fd = mkstemp(path_);
    EXPECT_EQ(write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    close(fd);
  }
  ~File() { unlink(path_); }
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/sluice-capture-XXXXXX";
};

Read read_path(const std::string& path) {
  Read out;
  const auto capture = Capture::open(path, out.error);
  if (capture == nullptr) {
    EXPECT_FALSE(out.error.empty());
    return out;
  }
  CapturedFrame frame;
  ReadResult result;
  while ((result = capture->next(frame)) == ReadResult::Frame) {
    out.frames.push_back(frame);
    out.bytes.emplace_back(frame.bytes.begin(), frame.bytes.end());
  }
  out.error = capture->error();
  EXPECT_EQ(result == ReadResult::Failed, !out.error.empty());
  return out;
}
Read read_bytes(const Bytes& content) {
  return read_path(File(content).path());
}

/// Writes numbers of either byte order.
struct Writer {
  bool swapped = false;
  Bytes out;
  void u16(uint16_t value) { number(swapped ? __builtin_bswap16(value) : value); }
  void u32(uint32_t value) { number(swapped ? __builtin_bswap32(value) : value); }
  template <typename T>
  void number(T value) {
    uint8_t raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    out.insert(out.end(), raw, raw + sizeof value);
  }
  void block(uint32_t type, const Bytes& body) {
    u32(type);
    const auto size = static_cast<uint32_t>(12 + (body.size() + 3) / 4 * 4);
    u32(size);
    put(out, body);
    while (out.size() % 4 != 0) out.push_back(0);
    u32(size);
  }
  Bytes body(std::initializer_list<uint32_t> words) const {
    Writer inner{swapped, {}};
    for (const uint32_t word : words) inner.u32(word);
    return inner.out;
  }
  void section() {
    block(0x0a0d0d0a, body({0x1a2b3c4d, swapped ? 0x00010000u : 1u, 0xffffffff, 0xffffffff}));
  }
  void interface(uint16_t link, const Bytes& options = {}) {
    Writer inner{swapped, {}};
    inner.u16(link);
    inner.u16(0);
    inner.u32(262144);
    put(inner.out, options);
    block(1, inner.out);
  }
  void packet(uint32_t interface, uint64_t units, const Bytes& data) {
    const auto size = static_cast<uint32_t>(data.size());
    Bytes inner =
        body({interface, static_cast<uint32_t>(units >> 32), static_cast<uint32_t>(units), size, size + 10});
    put(inner, data);
    block(6, inner);
  }
};

constexpr uint64_t kMicroseconds = 1'700'000'000'123'456;

Bytes two_interfaces(bool swapped) {
  Writer file{swapped, {}};
  file.section();
  file.interface(1);
  Writer options{swapped, {}};
  options.u16(9);
  options.u16(1);
  put(options.out, {9, 0, 0, 0});  // if_tsresol: nanoseconds
  options.u32(0);
  file.interface(101, options.out);
  file.block(5, file.body({0, 1, 2}));  // statistics: passed over
  file.packet(0, kMicroseconds, {1, 2, 3});
  file.packet(1, kMicroseconds * 1000 + 7, {4, 5, 6, 7});
  file.block(3, [&] {
    Bytes simple = file.body({2});
    put(simple, {8, 9});
    return simple;
  }());
  return file.out;
}

TEST(Pcapng, InterfacesOfSeveralLinkTypesInEitherByteOrder) {
  for (const bool swapped : {false, true}) {
    const Read read = read_bytes(two_interfaces(swapped));
    EXPECT_EQ(read.error, "");
    ASSERT_EQ(read.frames.size(), 3u);
    EXPECT_EQ(read.frames[0].link, 1u);
    EXPECT_EQ(read.frames[0].time_ns, static_cast<int64_t>(kMicroseconds * 1000));
    EXPECT_EQ(read.frames[0].original_size, 13u);
    EXPECT_EQ(read.bytes[0], (Bytes{1, 2, 3}));
    EXPECT_EQ(read.frames[1].link, 101u);
    EXPECT_EQ(read.frames[1].time_ns, static_cast<int64_t>(kMicroseconds * 1000 + 7));
    EXPECT_EQ(read.bytes[1], (Bytes{4, 5, 6, 7}));
    EXPECT_EQ(read.bytes[2], (Bytes{8, 9}));
  }
}

TEST(Pcapng, CutAnywhereGivesWhatWasWholeAndSaysSo) {
  const Bytes whole = two_interfaces(false);
  const Read all = read_bytes(whole);
  size_t whole_cuts = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Read read = read_bytes(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    ASSERT_LE(read.bytes.size(), all.bytes.size());
    for (size_t at = 0; at < read.bytes.size(); ++at) EXPECT_EQ(read.bytes[at], all.bytes[at]);
    whole_cuts += read.error.empty();
  }
  EXPECT_EQ(whole_cuts, 6u);  // after each block but the last
}

TEST(Pcapng, EveryByteFlippedIsReadOrRefused) {
  const Bytes whole = two_interfaces(false);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      Bytes changed = whole;
      changed[at] ^= flip;
      EXPECT_LE(read_bytes(changed).frames.size(), 3u);
    }
  }
}

Bytes classic(uint32_t link) {
  Writer file;
  for (const uint32_t word : {0xa1b2c3d4u, 0x00040002u, 0u, 0u, 65535u, link}) file.u32(word);
  for (const uint32_t word : {1'700'000'000u, 123'456u, 4u, 4u}) file.u32(word);
  put(file.out, {1, 2, 3, 4});
  return file.out;
}

TEST(Pcap, ClassicFileIsRead) {
  const Read read = read_bytes(classic(1));
  EXPECT_EQ(read.error, "");
  ASSERT_EQ(read.frames.size(), 1u);
  EXPECT_EQ(read.frames[0].time_ns, 1'700'000'000'123'456'000);
  EXPECT_EQ(read.bytes[0], (Bytes{1, 2, 3, 4}));
}

TEST(Pcap, CutAnywhereIsSaid) {
  const Bytes whole = classic(1);
  for (size_t size = 0; size < whole.size(); ++size) {
    const Read read = read_bytes(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    EXPECT_EQ(read.error.empty(), size == 24) << size;  // the header alone is a capture of nothing
  }
}

TEST(Capture, CompressedFilesAreReadAsTheyLie) {
  for (const Bytes& content : {classic(1), two_interfaces(false)}) {
    const File file({});
    gzFile gzip = gzopen(file.path(), "wb");
    gzwrite(gzip, content.data(), static_cast<unsigned>(content.size()));
    gzclose(gzip);
    const Read read = read_path(file.path());
    EXPECT_EQ(read.error, "");
    EXPECT_EQ(read.bytes, read_bytes(content).bytes);
  }
}

TEST(Capture, WhatIsNoCaptureIsRefused) {
  EXPECT_NE(read_bytes(bytes("this is no capture at all, only words")).error, "");
  EXPECT_NE(read_path("/nowhere/at/all.pcap").error.find("No such file"), std::string::npos);
  EXPECT_EQ(read_path("/tmp").error, "is a directory");
  EXPECT_NE(read_bytes({}).error, "");
}

}  // namespace
}  // namespace sluice::test
