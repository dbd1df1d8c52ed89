// tests: HttpRequests takes any bytes, and the same however they are cut.
#include "dataplane/extract/http.h"

#include "tests/fuzz/support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> input(data, size);
  const uint32_t seed = sluice::test::take_seed(input);
  sluice::test::expect_same_in_pieces<sluice::HttpRequests>(input, seed);
  return 0;
}
