// contract tests: a histogram's buckets meet, and it counts what it is told.
#include "dataplane/contract/histogram.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Histogram, BoundsRiseByAQuarterAtMost) {
  for (size_t bucket = 1; bucket + 1 < Histogram::kBuckets; ++bucket) {
    const uint64_t below = Histogram::bound_of(bucket - 1), bound = Histogram::bound_of(bucket);
    EXPECT_LT(below, bound) << bucket;
    EXPECT_LE(4 * bound, 5 * below) << bucket;
  }
}

TEST(Histogram, ABoundBelongsToItsBucketAndWhatFollowsToTheNext) {
  for (size_t bucket = 0; bucket + 1 < Histogram::kBuckets; ++bucket) {
    const uint64_t bound = Histogram::bound_of(bucket);
    EXPECT_EQ(Histogram::bucket_of(bound), bucket) << bound;
    EXPECT_EQ(Histogram::bucket_of(bound + 1), bucket + 1) << bound;
  }
}

TEST(Histogram, OctavesAreAmongTheBounds) {
  EXPECT_EQ(Histogram::bound_of(0), 64u);
  EXPECT_EQ(Histogram::bound_of(Histogram::kSteps), 128u);
  EXPECT_EQ(Histogram::bound_of(Histogram::kBuckets - 2), uint64_t{1} << 30);
}

TEST(Histogram, NothingIsTooShortOrTooLong) {
  EXPECT_EQ(Histogram::bucket_of(0), 0u);
  EXPECT_EQ(Histogram::bucket_of(~uint64_t{0}), Histogram::kBuckets - 1);
  EXPECT_EQ(Histogram::bound_of(Histogram::kBuckets - 1), Histogram::kNoBound);
}

TEST(Histogram, CountsAndSumsByWeight) {
  Histogram histogram;
  histogram.add(1000, 32);
  histogram.add(1000);
  histogram.add(3'000'000'000, 2);
  EXPECT_EQ(histogram.count(), 35u);
  EXPECT_EQ(histogram.in_bucket(Histogram::bucket_of(1000)), 33u);
  EXPECT_EQ(histogram.in_bucket(Histogram::kBuckets - 1), 2u);
  EXPECT_EQ(histogram.sum_ns(), 33'000u + 6'000'000'000u);
}

}  // namespace
}  // namespace sluice
