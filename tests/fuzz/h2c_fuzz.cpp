// tests: H2cRequests takes any bytes, and the same however they are cut.
#include "tests/fuzz/support.h"
#include "tests/support/h2.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> input(data, size);
  const uint32_t seed = sluice::test::take_seed(input);
  (void)sluice::begins_h2_settings(sluice::test::ExactCopy(input));
  // Past the preface, which a mutation would only break.
  auto stream = sluice::test::h2_start();
  sluice::test::append(stream, input);
  sluice::test::expect_same_in_pieces<sluice::test::H2cConnection>(stream, seed);
  return 0;
}
