// extract: the memory of one HPACK decoder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

inline constexpr uint32_t kHpackBytes = 128 * 1024;  ///< of one connection's decoder; not enough: Malformed

/// A heap inside one block of its own. Every call takes bounded time, whatever was taken and given back
/// before. Begins zeroed or not; must not move while anything is taken.
class HpackHeap {  // NOLINT(cppcoreguidelines-pro-type-member-init): reset() begins it
 public:
  /// Forgets whatever was taken.
  void reset();
  /// Returns memory aligned to 16 bytes; nullptr where none is left.
  [[nodiscard]] void* take(size_t bytes);
  /// memory: from take since the last reset, or nullptr.
  void give_back(void* memory);

 private:
  static constexpr uint16_t kNone = 0xffff;
  static constexpr unsigned kClasses = 14;

  /// The head of a chunk: one unit, and what is taken are the units after it. Sizes and places count units.
  struct alignas(16) Unit {
    uint16_t size;            ///< this one too
    uint16_t before;          ///< size of the chunk before; 0 for the first
    uint16_t next, previous;  ///< of the free chunks of its class
    bool free;
  };
  static constexpr uint32_t kUnits = kHpackBytes / sizeof(Unit);
  static_assert(kUnits < kNone && kUnits < 1U << kClasses);

  [[nodiscard]] uint16_t find(uint32_t size) const;
  void make_free(uint16_t place, uint32_t size);
  void unlink(uint16_t place);
  void join_after(uint16_t place);

  uint16_t heads_[kClasses];  ///< by the logarithm of the size: its first free chunk
  uint32_t classes_;          ///< a bit for each class that has one
  Unit units_[kUnits];
};

}  // namespace sluice
