// smoke: moves the wall clock of a program by as many seconds as the file CLOCK_FILE says; preloaded.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile int64_t* moved_s;
static int (*real)(clockid_t, struct timespec*);

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("CLOCK_FILE");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) abort();
  moved_s = mmap(NULL, sizeof *moved_s, PROT_READ, MAP_SHARED, file, 0);
  if (moved_s == MAP_FAILED) abort();
}

int clock_gettime(clockid_t id, struct timespec* out) {
  if (real == NULL) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int code = real(id, out);
  if (code == 0 && moved_s != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
    out->tv_sec += *moved_s;
  return code;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  (void)zone;
  struct timespec now;
  const int code = clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return code;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
