// bench: prints host names of a realistic shape, one a line.
#include <cstdio>
#include <cstdlib>

#include "bench/name_maker.h"

int main(int count, char** arguments) {
  char* end = nullptr;
  const unsigned long names = count == 2 ? std::strtoul(arguments[1], &end, 10) : 0;
  if (names == 0 || *end != '\0') return std::fputs("usage: bench-write-names NAMES\n", stderr), 2;
  sluice::bench::NameMaker maker(1);
  std::string line;
  for (unsigned long i = 0; i < names; ++i) {
    line.clear();
    maker.append(line);
    std::puts(line.c_str());
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
