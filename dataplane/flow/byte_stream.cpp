// flow: streams and their blocks.
#include "dataplane/flow/byte_stream.h"

#include <algorithm>
#include <cstring>

#include "dataplane/flow/flow_table.h"

namespace sluice {
namespace {

constexpr int32_t kMaxBehind = 1 << 30;  ///< bytes; further behind could as well be ahead

/// Calls piece(number, offset, size) for each part of [at, at + size) that lies within one block.
template <class Piece>
void by_block(uint32_t at, size_t size, Piece piece) {
  for (size_t done = 0; done < size;) {
    const uint32_t place = (at + static_cast<uint32_t>(done)) % kStreamBlock;
    const size_t part = std::min<size_t>(size - done, kStreamBlock - place);
    piece(at + static_cast<uint32_t>(done), done, part);
    done += part;
  }
}

}  // namespace

uint32_t BlockPool::take() {
  return free_count_ == 0 ? kNoIndex : free_[--free_count_];
}

void ByteStream::begin(uint32_t at) {
  floor_ = read_ = at;
  run_count_ = block_count_ = 0;
}

uint32_t ByteStream::block_at(uint32_t at) const {
  const auto end = blocks_ + block_count_;
  const auto found =
      std::find_if(blocks_, end, [&](const Block& block) { return block.number == at / kStreamBlock; });
  return found == end ? kNoIndex : found->index;
}

/// at: not before the floor.
bool ByteStream::agrees(const BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) const {
  const auto size = static_cast<int32_t>(bytes.size());
  for (const Run& run : std::span(runs_).first(run_count_)) {
    const int32_t from = std::max(0, distance(at, run.from)), to = std::min(size, distance(at, run.to));
    if (from >= to) continue;
    bool same = true;
    const auto overlap = bytes.subspan(static_cast<size_t>(from), static_cast<size_t>(to - from));
    by_block(at + static_cast<uint32_t>(from), overlap.size(),
             [&](uint32_t number, size_t done, size_t part) {
               const uint8_t* kept = pool[block_at(number)] + number % kStreamBlock;
               same = same && std::memcmp(kept, overlap.data() + done, part) == 0;
             });
    if (!same) return false;
  }
  return true;
}

bool ByteStream::contradicts(const BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) const {
  const int32_t before = std::max(0, distance(at, floor_));
  if (static_cast<size_t>(before) >= bytes.size()) return false;
  return !agrees(pool, at + static_cast<uint32_t>(before), bytes.subspan(static_cast<size_t>(before)));
}

ByteStream::Offer ByteStream::offer(BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) {
  const auto size = static_cast<int32_t>(bytes.size());
  const int32_t ahead = distance(read_, at);
  constexpr int32_t kWindow = kStreamWindow;
  if (ahead < -kMaxBehind || ahead > kWindow || ahead + size > kWindow) return Offer::TooFar;
  if (contradicts(pool, at, bytes)) return Offer::Differs;
  // What is not read yet is stored; what was read is kept already, or is not in question.
  const int32_t read = std::max(0, distance(at, read_));
  if (read >= size) return Offer::Old;
  const auto fresh = bytes.subspan(static_cast<size_t>(read));
  const uint32_t from = at + static_cast<uint32_t>(read);
  const uint32_t to = from + static_cast<uint32_t>(fresh.size());

  // The runs that [from, to) touches become one with it.
  size_t first = 0;
  while (first < run_count_ && distance(runs_[first].to, from) > 0) ++first;
  size_t past = first;
  while (past < run_count_ && distance(runs_[past].from, to) >= 0) ++past;
  if (past - first == 1 && distance(runs_[first].from, from) >= 0 && distance(to, runs_[first].to) >= 0)
    return Offer::Old;
  const size_t most_runs = kStreamRuns + (from == read_ ? 1 : 0);
  if (first == past && run_count_ >= most_runs) return Offer::TooFar;
  if (const Offer made = make_blocks(pool, from, to); made != Offer::Taken) return made;
  store(pool, from, fresh);
  Run joined{from, to};
  if (first != past) {
    if (distance(runs_[first].from, from) > 0) joined.from = runs_[first].from;
    if (distance(to, runs_[past - 1].to) > 0) joined.to = runs_[past - 1].to;
  }
  std::memmove(runs_ + first + 1, runs_ + past, (run_count_ - past) * sizeof(Run));
  run_count_ = static_cast<uint16_t>(run_count_ + 1 - (past - first));
  runs_[first] = joined;
  return Offer::Taken;
}

/// Blocks for [from, to); those taken before the pool was empty are given back.
ByteStream::Offer ByteStream::make_blocks(BlockPool& pool, uint32_t from, uint32_t to) {
  const uint16_t before = block_count_;
  Offer result = Offer::Taken;
  by_block(from, to - from, [&](uint32_t at, size_t, size_t) {
    if (result != Offer::Taken || block_at(at) != kNoIndex) return;
    const uint32_t index = block_count_ == kStreamBlocks ? kNoIndex : pool.take();
    if (index == kNoIndex) {
      result = block_count_ == kStreamBlocks ? Offer::TooFar : Offer::NoMemory;
      return;
    }
    blocks_[block_count_++] = {at / kStreamBlock, index};
  });
  while (result != Offer::Taken && block_count_ > before) free_block(pool, block_count_ - 1U);
  return result;
}

void ByteStream::store(BlockPool& pool, uint32_t at, std::span<const uint8_t> bytes) {
  by_block(at, bytes.size(), [&](uint32_t number, size_t done, size_t part) {
    std::memcpy(pool[block_at(number)] + number % kStreamBlock, bytes.data() + done, part);
  });
}

/// The kept bytes from number at on, to the end of their run or block.
std::span<const uint8_t> ByteStream::piece(const BlockPool& pool, uint32_t at) const {
  for (const Run& run : std::span(runs_).first(run_count_)) {
    if (distance(run.from, at) < 0 || distance(at, run.to) <= 0) continue;
    const uint32_t place = at % kStreamBlock;
    return {pool[block_at(at)] + place, std::min(run.to - at, kStreamBlock - place)};
  }
  return {};
}

uint32_t ByteStream::contiguous_end() const {
  for (const Run& run : std::span(runs_).first(run_count_))
    if (distance(run.from, read_) >= 0 && distance(read_, run.to) > 0) return run.to;
  return read_;
}

size_t ByteStream::peek(const BlockPool& pool, std::span<uint8_t> out) const {
  size_t size = 0;
  while (size < out.size()) {
    const auto next = piece(pool, read_ + static_cast<uint32_t>(size));
    if (next.empty()) break;
    const size_t part = std::min(next.size(), out.size() - size);
    std::memcpy(out.data() + size, next.data(), part);
    size += part;
  }
  return size;
}

void ByteStream::restore(const BlockPool& pool, uint32_t at, std::span<uint8_t> out) const {
  for (size_t done = 0; done < out.size();) {
    const auto kept = piece(pool, at + static_cast<uint32_t>(done));
    const size_t part = std::min(kept.size(), out.size() - done);
    std::copy_n(kept.begin(), part, out.begin() + static_cast<ptrdiff_t>(done));
    done += std::max<size_t>(part, 1);
  }
}

bool ByteStream::covers(uint32_t at) const {
  const uint32_t end = run_count_ == 0 ? read_ : runs_[run_count_ - 1U].to;
  return distance(floor_, at) >= 0 && (distance(at, end) >= 0 || distance(at, read_) >= 0);
}

void ByteStream::end_reading() {
  if (run_count_ != 0 && distance(read_, runs_[run_count_ - 1U].to) > 0) read_ = runs_[run_count_ - 1U].to;
}

void ByteStream::release_to(BlockPool& pool, uint32_t at) {
  const uint32_t to = distance(read_, at) > 0 ? read_ : at;
  if (distance(floor_, to) <= 0) return;
  floor_ = to;
  size_t gone = 0;
  while (gone < run_count_ && distance(runs_[gone].to, floor_) >= 0) ++gone;
  std::memmove(runs_, runs_ + gone, (run_count_ - gone) * sizeof(Run));
  run_count_ = static_cast<uint16_t>(run_count_ - gone);
  if (run_count_ != 0 && distance(runs_[0].from, floor_) > 0) runs_[0].from = floor_;
  for (uint32_t place = block_count_; place-- > 0;) {
    const uint32_t block_end = (blocks_[place].number + 1) * kStreamBlock;
    if (run_count_ == 0 || distance(block_end, floor_) >= 0) free_block(pool, place);
  }
}

void ByteStream::free_block(BlockPool& pool, uint32_t place) {
  pool.give_back(blocks_[place].index);
  blocks_[place] = blocks_[--block_count_];
}

void ByteStream::clear(BlockPool& pool) {
  while (block_count_ != 0) free_block(pool, block_count_ - 1U);
  run_count_ = 0;
}

}  // namespace sluice
