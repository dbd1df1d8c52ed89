// flow: the bytes of one stream, kept until they are no longer in question: what passed first counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "dataplane/flow/memory.h"

namespace sluice {

inline constexpr uint32_t kStreamBlock = 2048;  ///< bytes of a block
inline constexpr uint32_t kMaxJump = 1 << 29;   ///< bytes from what is acknowledged to the read place
inline constexpr uint32_t kStreamBlocks = 33;   ///< blocks that one stream may hold
/// Bytes ahead of the next unread one, a whole DNS message among them; more are TooFar.
inline constexpr uint32_t kStreamWindow = 2 + UINT16_MAX;
static_assert(kStreamBlocks * kStreamBlock >= kStreamWindow + kStreamBlock - 1);
/// Runs of bytes with gaps between; more are TooFar, but for the bytes that are read next.
inline constexpr uint32_t kStreamRuns = 32;

/// The blocks of one worker's streams; never grows.
class BlockPool {
 public:
  [[nodiscard]] bool create(uint32_t capacity);
  /// The index of a block, or kNoIndex where there is none left.
  [[nodiscard]] uint32_t take();
  void give_back(uint32_t index) { free_[free_count_++] = index; }
  uint8_t* operator[](uint32_t index) const { return bytes_.get() + size_t{index} * kStreamBlock; }
  uint32_t used() const { return capacity_ - free_count_; }
  uint32_t capacity() const { return capacity_; }

 private:
  FixedArray<uint8_t> bytes_;
  FixedArray<uint32_t> free_;
  uint32_t capacity_ = 0, free_count_ = 0;
};

/// Puts a stream's pieces in order, whatever order, overlap and repetition they come in, and keeps what was
/// read until it is released, so that a later copy of the same bytes can be compared. Bytes have 32-bit
/// numbers that wrap: TCP's sequence numbers, QUIC's CRYPTO offsets.
class ByteStream {  // NOLINT(cppcoreguidelines-pro-type-member-init): begin() makes it one
 public:
  enum class Offer : uint8_t {
    Taken,     ///< some of the bytes are new; all others are as before
    Old,       ///< nothing new in them
    Differs,   ///< some contradict what came first; none was taken
    TooFar,    ///< beyond the window, or too many runs or blocks; none was taken
    NoMemory,  ///< the pool is empty; none was taken
  };

  /// An empty stream whose first byte has number at.
  void begin(uint32_t at);
  /// bytes: those from number at on. What lies before the read place and is not kept was skipped or released,
  /// and is not in question.
  [[nodiscard]] Offer offer(BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes);
  /// True where the bytes contradict some that are kept.
  [[nodiscard]] bool contradicts(const BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) const;

  /// The next unread bytes that lie in one piece; empty where the next one is missing. Valid until offer or
  /// release_to.
  [[nodiscard]] std::span<const uint8_t> readable(const BlockPool& pool) const { return piece(pool, read_); }
  /// Copies the next unread bytes into out, without reading them. Returns how many there were.
  size_t peek(const BlockPool& pool, std::span<uint8_t> out) const;
  /// Moves the read place, also over bytes that are not there and will not be looked at.
  void consume(uint32_t size) { read_ += size; }
  /// How many bytes that are not there consume may move the read place over, so that they are still known to
  /// lie before it.
  uint32_t may_jump() const { return kMaxJump - std::min(kMaxJump, read_ - floor_); }
  /// Nothing more will be read: what is kept is only compared.
  void end_reading();
  /// Begins again at number at, before the present start; what is kept behind it stays.
  void begin_again(uint32_t at) { floor_ = read_ = at; }
  uint32_t read_place() const { return read_; }
  /// Past the last byte that is there in one piece from the read place on.
  uint32_t contiguous_end() const;

  /// Unread bytes that are there, from number at on, are from now on these.
  void amend(BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) { store(pool, at, bytes); }
  /// Writes those kept of the bytes from number at on over out.
  void restore(const BlockPool& pool, uint32_t at, std::span<uint8_t> out) const;

  /// The other side has the bytes before number at: they are no longer in question. Unread ones are kept.
  void release_to(BlockPool& pool, uint32_t at);
  void clear(BlockPool& pool);
  /// Number at is that of a byte in question, or the next one after them.
  [[nodiscard]] bool covers(uint32_t at) const;
  /// Some bytes are still in question.
  bool holds() const { return run_count_ != 0; }
  uint32_t kept_bytes() const { return block_count_ * kStreamBlock; }

 private:
  struct Run {
    uint32_t from, to;
  };
  struct Block {
    uint32_t number;  ///< of its first byte, divided by kStreamBlock
    uint32_t index;
  };
  static int32_t distance(uint32_t from, uint32_t to) { return static_cast<int32_t>(to - from); }
  [[nodiscard]] uint32_t block_at(uint32_t at) const;
  [[nodiscard]] std::span<const uint8_t> piece(const BlockPool& pool, uint32_t at) const;
  [[nodiscard]] bool agrees(const BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) const;
  [[nodiscard]] Offer make_blocks(BlockPool& pool, uint32_t from, uint32_t to);
  void free_block(BlockPool& pool, uint32_t place);
  void store(BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes);

  uint32_t floor_, read_;
  uint16_t run_count_, block_count_;
  Run runs_[kStreamRuns + 1];  ///< ascending, none touches another; one for the bytes that are read next
  Block blocks_[kStreamBlocks];
};

}  // namespace sluice
