// replay: a reader of pcapng (draft-ietf-opsawg-pcapng 3 and 4).
#include <cmath>
#include <cstring>

#include "dataplane/replay/capture.h"

namespace sluice::replay {
namespace {

constexpr uint32_t kSection = 0x0a0d0d0a, kInterface = 1, kOldPacket = 2, kSimplePacket = 3, kPacket = 6;
constexpr uint32_t kNativeOrder = 0x1a2b3c4d, kSwappedOrder = 0x4d3c2b1a;
constexpr uint32_t kMaxBlock = 16 * 1024 * 1024;
constexpr uint16_t kEndOfOptions = 0, kResolution = 9, kTimeOffset = 14;

struct Interface {
  uint32_t link = 0, snap = 0;
  double ns_per_unit = 1000;
  int64_t units_per_s = 1'000'000;
  int64_t offset_s = 0;
};

/// A block's body, read in the section's byte order; a read beyond its end gives 0 and is remembered.
class Body {
 public:
  Body(std::span<const uint8_t> bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}
  uint16_t u16() { return static_cast<uint16_t>(number<uint16_t>()); }
  uint32_t u32() { return number<uint32_t>(); }
  std::span<const uint8_t> take(size_t size) {
    if (size > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  size_t left() const { return bytes_.size() - at_; }
  bool failed() const { return failed_; }
  bool swapped() const { return swapped_; }

 private:
  template <typename T>
  T number() {
    const auto raw = take(sizeof(T));
    if (raw.empty()) return 0;
    T value;
    std::memcpy(&value, raw.data(), sizeof value);
    if (!swapped_) return value;
    if constexpr (sizeof(T) == 2) {
      return __builtin_bswap16(value);
    } else {
      return __builtin_bswap32(value);
    }
  }
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool swapped_, failed_ = false;
};

void set_resolution(Interface& interface, uint8_t value) {
  const int exponent = value & 0x7f;
  const double units = value & 0x80 ? std::ldexp(1.0, exponent) : std::pow(10.0, exponent);
  if (units > 1e18) return;  // finer than 64 bits of seconds can count: damage
  interface.units_per_s = static_cast<int64_t>(units);
  interface.ns_per_unit = 1e9 / units;
}

Interface read_interface(Body body) {
  Interface out;
  out.link = body.u16();
  body.u16();
  out.snap = body.u32();
  while (body.left() >= 4 && !body.failed()) {
    const uint16_t code = body.u16(), size = body.u16();
    if (code == kEndOfOptions) break;
    const auto value = body.take((size + 3U) & ~3U);
    if (body.failed()) break;
    if (code == kResolution && size >= 1) set_resolution(out, value[0]);
    if (code == kTimeOffset && size >= 8) {
      Body number(value, body.swapped());
      const uint64_t first = number.u32(), second = number.u32();
      out.offset_s = static_cast<int64_t>(body.swapped() ? first << 32 | second : second << 32 | first);
    }
  }
  return out;
}

int64_t time_of(const Interface& interface, uint64_t units) {
  const auto per_s = static_cast<uint64_t>(interface.units_per_s);
  const uint64_t seconds = units / per_s + static_cast<uint64_t>(interface.offset_s);
  const auto rest = static_cast<double>(units % per_s) * interface.ns_per_unit;
  return static_cast<int64_t>(seconds * 1'000'000'000 + static_cast<uint64_t>(rest));
}

class PcapngCapture : public Capture {
 public:
  explicit PcapngCapture(File file) : file_(std::move(file)) {}

  /// The first block's type has been read already. Returns false, and error() says why.
  bool start() { return read_section(); }

  ReadResult next(CapturedFrame& out) override {
    while (error_.empty()) {
      uint8_t raw[4];
      const size_t got = std::fread(raw, 1, sizeof raw, file_.get());
      if (got == 0 && !std::ferror(file_.get())) return ReadResult::End;
      if (got != sizeof raw) return fail("is cut off in a block");
      const uint32_t type = Body(raw, swapped_).u32();
      if (type == kSection) {
        if (!read_section()) return ReadResult::Failed;
        continue;
      }
      if (!read_block(type)) return ReadResult::Failed;
      if (take_block(type, out)) return ReadResult::Frame;
    }
    return ReadResult::Failed;
  }

 private:
  ReadResult fail(const char* why) {
    error_ = why;
    return ReadResult::Failed;
  }

  bool read_exactly(uint8_t* to, size_t size) {
    if (std::fread(to, 1, size, file_.get()) == size) return true;
    fail("is cut off in a block");
    return false;
  }

  /// Reads what follows a block's length into block_: its body without the second length.
  bool read_body(uint32_t length, uint32_t have) {
    if (length < have + 4 || length % 4 != 0 || length > kMaxBlock) {
      fail("has a block of an impossible length");
      return false;
    }
    block_.resize(length - have);
    if (!read_exactly(block_.data(), block_.size())) return false;
    block_.resize(block_.size() - 4);
    return true;
  }

  bool read_section() {
    uint8_t raw[8];
    if (!read_exactly(raw, sizeof raw)) return false;
    uint32_t order;
    std::memcpy(&order, raw + 4, 4);
    if (order != kNativeOrder && order != kSwappedOrder) {
      fail("has a section of no known byte order");
      return false;
    }
    swapped_ = order == kSwappedOrder;
    interfaces_.clear();
    return read_body(Body(raw, swapped_).u32(), 12);
  }

  bool read_block(uint32_t) {
    uint8_t raw[4];
    return read_exactly(raw, sizeof raw) && read_body(Body(raw, swapped_).u32(), 8);
  }

  /// Returns true where the block is a packet; damage sets error_.
  bool take_block(uint32_t type, CapturedFrame& out) {
    Body body(block_, swapped_);
    uint32_t interface = 0, captured;
    uint64_t units = 0;
    if (type == kInterface) {
      interfaces_.push_back(read_interface(body));
      return false;
    }
    if (type != kPacket && type != kOldPacket && type != kSimplePacket) return false;
    if (type == kSimplePacket) {
      captured = out.original_size = body.u32();
      const uint32_t snap = interfaces_.empty() ? 0 : interfaces_[0].snap;
      if (snap != 0 && captured > snap) captured = snap;
    } else {
      interface = type == kPacket ? body.u32() : body.u16();
      if (type == kOldPacket) body.u16();
      units = uint64_t{body.u32()} << 32;
      units |= body.u32();
      captured = body.u32();
      out.original_size = body.u32();
    }
    out.bytes = body.take(captured);
    if (body.failed() || interface >= interfaces_.size() || captured > kMaxFrame) {
      fail("has a damaged packet block");
      return false;
    }
    out.link = interfaces_[interface].link;
    out.time_ns = time_of(interfaces_[interface], units);
    return true;
  }

  File file_;
  bool swapped_ = false;
  std::vector<Interface> interfaces_;
  std::vector<uint8_t> block_;
};

}  // namespace

std::unique_ptr<Capture> open_pcapng(File file, std::string& error) {
  auto capture = std::make_unique<PcapngCapture>(std::move(file));
  if (capture->start()) return capture;
  error = capture->error();
  return nullptr;
}

}  // namespace sluice::replay
