// tests: the main of a test program that needs the EAL.
#include <gtest/gtest.h>

#include "tests/support/eal.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  sluice::test::start_eal();
  return RUN_ALL_TESTS();
}
