// control/policy: one step of a compilation on all processors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace sluice::control {

/// Calls work(index) once for each index below count, on as many threads as there are processors, and returns
/// when all is done. What one call throws is thrown on once the others are done.
template <class Work>
void for_each_index(size_t count, const Work& work) {
  static constexpr size_t kMaxThreads = 8;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto take = [&] {
    try {
      for (size_t index = next++; index < count; index = next++) work(index);
    } catch (...) {
      const std::lock_guard lock(mutex);
      thrown = std::current_exception();
      next = count;
    }
  };
  const size_t wanted = std::min({count, size_t{std::thread::hardware_concurrency()}, kMaxThreads});
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < wanted) others.emplace_back(take);
  } catch (const std::system_error&) {
    // No more threads: those that there are do it.
  }
  take();
  for (std::thread& other : others) other.join();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace sluice::control
