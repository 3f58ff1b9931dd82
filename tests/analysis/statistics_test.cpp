#include "analysis/statistics/statistics.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crease::statistics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Share, MatchesPublishedWilsonIntervals) {
  const Estimate most = Share(8, 10);
  EXPECT_DOUBLE_EQ(most.value, 0.8);
  EXPECT_NEAR(most.low, 0.4902, 5e-5);
  EXPECT_NEAR(most.high, 0.9433, 5e-5);
  EXPECT_EQ(Share(0, 10).low, 0);
  EXPECT_NEAR(Share(0, 10).high, 0.2775, 5e-5);
  EXPECT_EQ(Share(64, 64).high, 1);
  EXPECT_TRUE(std::isnan(Share(0, 0).value));
}

RC_GTEST_PROP(ShareProperty, BoundsSolveTheScoreEquation, ()) {
  const int trials = *rc::gen::inRange(1, 2000), successes = *rc::gen::inRange(0, trials + 1);
  const Estimate estimate = Share(successes, trials);
  RC_ASSERT(0 <= estimate.low && estimate.low <= estimate.value + 1e-12);
  RC_ASSERT(estimate.value <= estimate.high + 1e-12 && estimate.high <= 1);
  for (const double bound : {estimate.low, estimate.high}) {
    if (bound == 0 || bound == 1) continue;
    const double z = (estimate.value - bound) / std::sqrt(bound * (1 - bound) / trials);
    RC_ASSERT(std::abs(std::abs(z) - 1.959963984540054) < 1e-6);
  }
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> values = {4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(Median(values), 2.5);
  EXPECT_DOUBLE_EQ(Quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(Quantile(values, 1), 4);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.1), 1.3);
  EXPECT_TRUE(std::isnan(Median({})));
  EXPECT_EQ(Median(std::vector<double>{1, kInfinity, kInfinity}), kInfinity);
}

std::vector<Duration> Durations(const std::vector<int>& signed_lengths) {  // negative: censored
  std::vector<Duration> durations;
  for (const int length : signed_lengths) durations.push_back({std::abs(length) * 1.0, length > 0});
  return durations;
}

// Remission of leukaemia, Freireich et al. 1963: the textbook example of every survival package.
const std::vector<int> kTreated = {6,   6,   6,   -6, 7,  -9,  10,  -10, -11, 13, 16,
                                   -17, -19, -20, 22, 23, -25, -32, -32, -34, -35};
const std::vector<int> kPlacebo = {1, 1, 2,  2,  3,  4,  4,  5,  5,  8, 8,
                                   8, 8, 11, 11, 12, 12, 15, 17, 22, 23};

TEST(KaplanMeier, MatchesTheTextbook) {
  const auto steps = KaplanMeier(Durations(kTreated));
  const std::vector<double> lengths = {6, 7, 10, 13, 16, 22, 23};
  const std::vector<double> survival = {0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448};
  ASSERT_EQ(steps.size(), lengths.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].length, lengths[i]);
    EXPECT_NEAR(steps[i].survival, survival[i], 5e-4);
    EXPECT_LT(steps[i].low, steps[i].survival);
    EXPECT_GT(steps[i].high, steps[i].survival);
  }
}

TEST(MedianDuration, MatchesTheTextbook) {
  const Estimate treated = MedianDuration(Durations(kTreated));
  EXPECT_EQ(treated.value, 23);
  EXPECT_EQ(treated.low, 13);
  EXPECT_EQ(treated.high, kInfinity);
  const Estimate placebo = MedianDuration(Durations(kPlacebo));
  EXPECT_EQ(placebo.value, 8);
  EXPECT_EQ(placebo.low, 4);
  EXPECT_EQ(placebo.high, 11);
}

TEST(MedianDuration, LiesBeyondTheEndWhenMostAreCensored) {
  const Estimate median = MedianDuration(Durations({5, -10, -10, -10}));
  EXPECT_EQ(median.value, kInfinity);
  EXPECT_EQ(median.high, kInfinity);
  EXPECT_TRUE(std::isnan(MedianDuration({}).value));
}

TEST(MedianDuration, IsTheMiddleOfAPlateauAtOneHalf) {
  EXPECT_EQ(MedianDuration(Durations({1, 2, 4, 8})).value, 3);
}

TEST(MedianDuration, OfEqualTimesIsThatTime) {
  const Estimate median = MedianDuration(Durations({7, 7, 7}));
  EXPECT_EQ(median.value, 7);
  EXPECT_EQ(median.low, 7);
}

}  // namespace
}  // namespace crease::statistics
