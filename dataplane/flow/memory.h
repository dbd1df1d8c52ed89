// flow: fixed-size arrays whose pages are touched only when used.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace sluice {

struct Unmap {
  size_t bytes = 0;
  void operator()(void* memory) const { munmap(memory, bytes); }
};

/// An array of zeroed elements, aligned to a page and as they are; null where memory is short.
template <class T>
using FixedArray = std::unique_ptr<T[], Unmap>;

/// Called at start only.
template <class T>
FixedArray<T> make_fixed_array(size_t count) {
  static_assert(std::is_trivially_destructible_v<T>);
  constexpr size_t kPage = 4096, kSlack = alignof(T) > kPage ? alignof(T) : 0;
  const size_t bytes = count * sizeof(T);
  void* memory =
      bytes == 0 ? MAP_FAILED
                 : mmap(nullptr, bytes + kSlack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if constexpr (kSlack != 0) {  // what lies before and behind the array is given back
    const size_t before = -reinterpret_cast<uintptr_t>(memory) % kSlack;
    auto* const begin = static_cast<uint8_t*>(memory) + before;
    if (before != 0) munmap(memory, before);
    munmap(begin + bytes, kSlack - before);
    memory = begin;
  }
  // Look-ups at random would find no page in the TLB. Where the kernel has none, small pages do.
  (void)madvise(memory, bytes, MADV_HUGEPAGE);
  return FixedArray<T>(static_cast<T*>(memory), Unmap{bytes});
}

}  // namespace sluice
