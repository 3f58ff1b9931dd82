#include "lib/detect/noise.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/random.h"
#include "lib/detect/ticks.h"

namespace crease::detect {
namespace {

// An AR(1) process around 1 on a falling line.
Ticks Correlated(double rho, double deviation, int count) {
  const RandomStream random(7, Purpose::kNoise);
  std::vector<double> steps;
  std::vector<float> losses;
  double x = 0;
  for (int s = 0; s < count; ++s) {
    x = rho * x + std::sqrt(1 - rho * rho) * random.Normal(static_cast<std::uint64_t>(s));
    steps.push_back(s);
    losses.push_back(static_cast<float>((1 - 0.5 * s / count) * (1 + deviation * x)));
  }
  return MakeTicks(steps, losses, {});
}

TEST(NoiseModel, KnowsTheVarianceOfMeansOfCorrelatedNoise) {
  for (const double rho : {0.0, 0.5, 0.9}) {
    const Ticks ticks = Correlated(rho, 0.2, 40000);
    const NoiseModel noise(ticks);
    const double long_run = 0.04 * (1 + rho) / (1 - rho);
    for (const std::size_t first : {500u, 1500u, 4000u}) {
      const std::size_t last = first + first / 40 * 5;
      double samples = 0;
      for (std::size_t i = first; i < last; ++i) samples += ticks.count[i];
      const double deviation = std::sqrt(noise.VarianceOfMean(first, last));
      EXPECT_NEAR(deviation / std::sqrt(long_run / samples), 1, 0.5) << rho << " at " << first;
    }
  }
}

TEST(NoiseModel, OscillationAveragesOut) {
  std::vector<double> steps;
  std::vector<float> losses;
  for (int s = 0; s < 20000; ++s) {
    steps.push_back(s);
    losses.push_back(s % 2 == 0 ? 1.3f : 0.7f);
  }
  const Ticks ticks = MakeTicks(steps, losses, {});
  EXPECT_LT(std::sqrt(NoiseModel(ticks).VarianceOfMean(4000, 4100)), 0.01);
}

TEST(MakeTicks, KeepsTheMeanAndBoundsTheNumber) {
  std::vector<double> steps;
  std::vector<float> losses;
  double sum = 0;
  for (int s = 0; s < 1000000; ++s) {
    steps.push_back(s);
    losses.push_back(static_cast<float>(1 + s % 3));
    sum += 1 + s % 3;
  }
  const Ticks ticks = MakeTicks(steps, losses, {});
  EXPECT_LT(ticks.size(), 40000u);
  EXPECT_EQ(ticks.samples, 1000000u);
  double total = 0, count = 0;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    total += ticks.loss[i] * ticks.count[i];
    count += ticks.count[i];
    if (i > 0) {
      ASSERT_GT(ticks.step[i], ticks.step[i - 1]);
    }
  }
  EXPECT_EQ(count, 1e6);
  EXPECT_NEAR(total / sum, 1, 1e-9);
}

TEST(MarkSpikes, MarksSpikesAndNoDrops) {
  std::vector<double> steps;
  std::vector<float> losses;
  const RandomStream random(3, Purpose::kNoise);
  for (int s = 0; s < 4000; ++s) {
    const double level = s < 2000 ? 2 : 1;
    const bool spike = s >= 1200 && s < 1210;
    const double noise = 1 + 0.03 * random.Normal(static_cast<std::uint64_t>(s));
    steps.push_back(s);
    losses.push_back(static_cast<float>(level * noise * (spike ? 2 : 1)));
  }
  Ticks ticks = MakeTicks(steps, losses, {});
  MarkSpikes(ticks);
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    EXPECT_EQ(ticks.spike[i] != 0, i >= 1200 && i < 1210) << i;
  }
}

}  // namespace
}  // namespace crease::detect
