// tests: any bytes as what control and its compiler say to each other. What is taken is said again in the
// same words.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/reload/compile_messages.h"

namespace {

/// What read takes of text, text_of must write so that it is taken again, as the same.
template <class Said>
void expect_stable(const std::string& text, bool (*read)(const std::string&, Said&)) {
  Said once, twice;
  if (!read(text, once)) return;
  const std::string said = sluice::control::text_of(once);
  if (!read(said, twice) || sluice::control::text_of(twice) != said) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  expect_stable(text, sluice::control::read_job);
  expect_stable(text, sluice::control::read_outcome);
  return 0;
}
