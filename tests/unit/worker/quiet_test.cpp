// tests: once warm, a worker neither allocates nor frees nor locks; the libraries that it calls count too.
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/unit/worker/office.h"

namespace {

thread_local bool armed = false;

void must_be_quiet(const char* what) {
  if (!armed) return;
  armed = false;
  (void)!write(2, what, std::strlen(what));
  std::abort();
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void __libc_free(void* memory);

void* malloc(size_t size) {
  must_be_quiet("a worker called malloc\n");
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  must_be_quiet("a worker called calloc\n");
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  must_be_quiet("a worker called realloc\n");
  return __libc_realloc(memory, size);
}
void free(void* memory) {
  must_be_quiet("a worker called free\n");
  __libc_free(memory);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  must_be_quiet("a worker called pthread_mutex_lock\n");
  static const auto real =
      reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  return real(mutex);
}
}

namespace sluice {
namespace {

TEST(Worker, OnceWarmItNeitherAllocatesNorLocks) {
  const std::string patterns =
      std::string(test::kRules) + "  - {name: no-betting, to: [betting], action: block}\n";
  const std::string rules =
      "lists:\n  betting: {patterns: ['bet[0-9]+']}\n" + patterns.substr(patterns.find("  bad:"));
  test::Workers workers(1, rules);
  std::mt19937 random(5);
  for (const test::Sent& packet : test::traffic(random)) workers.send(packet.frame, packet.from, 0);
  const auto again = test::traffic(random);
  workers.send(again, [](bool on) { armed = on; });
  EXPECT_GT(workers.decisions().size(), 100u);
}

TEST(WorkerDeathTest, TheTestSeesAnAllocation) {
  EXPECT_DEATH(
      {
        armed = true;
        std::free(std::malloc(10));
      },
      "a worker called malloc");
}

}  // namespace
}  // namespace sluice
