// control/policy: large tables in huge pages, where the kernel has them.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace sluice::control {

inline constexpr size_t kHugePage = size_t{2} << 20;

/// Asks for huge pages before memory is touched: fewer faults, and look-ups at random that find their page.
inline void advise_huge(void* memory, size_t bytes) {
  const auto begin = (reinterpret_cast<uintptr_t>(memory) + kHugePage - 1) / kHugePage * kHugePage;
  const auto end = (reinterpret_cast<uintptr_t>(memory) + bytes) / kHugePage * kHugePage;
  // What the kernel does not have it need not give.
  if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

/// Makes room for count elements.
template <class Vector>
void reserve_huge(Vector& vector, size_t count) {
  vector.reserve(count);
  advise_huge(vector.data(), count * sizeof(typename Vector::value_type));
}

}  // namespace sluice::control
