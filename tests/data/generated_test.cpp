#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/hash.h"
#include "lib/core/random.h"
#include "lib/data/dataset.h"

namespace crease::data {
namespace {

Options Task(const std::string& name) {
  Options options;
  options.task = name;
  return options;
}

std::string DigestOf(const Dataset& dataset) {
  Hasher hasher;
  hasher.Add(std::span<const float>(dataset.train.x));
  hasher.Add(dataset.train.labels.data(), dataset.train.labels.size() * sizeof(std::int32_t));
  return hasher.HexDigest();
}

int Count(const Split& split, std::int32_t label) {
  return static_cast<int>(std::count(split.labels.begin(), split.labels.end(), label));
}

TEST(Spiral, IsItsClosedForm) {
  const Dataset data = Load(Task("spiral"));
  ASSERT_EQ(data.train.points, 400u);
  ASSERT_EQ(data.inputs, 2u);
  EXPECT_EQ(data.outputs, 2u);
  EXPECT_EQ(data.test.points, 0u);
  EXPECT_FALSE(data.regression);
  for (int i = 0; i < 400; ++i) {
    const long double s = (static_cast<long double>(i / 2) + 0.5L) / 200.0L;
    const long double r = 0.1L + 0.9L * s, theta = 2.0L * M_PIl * s + M_PIl * (i % 2);
    const auto row = static_cast<std::size_t>(i);
    EXPECT_NEAR(data.train.x[2 * row], static_cast<double>(r * std::cos(theta)), 6e-8) << i;
    EXPECT_NEAR(data.train.x[2 * row + 1], static_cast<double>(r * std::sin(theta)), 6e-8) << i;
    EXPECT_EQ(data.train.labels[row], i % 2);
  }
}

TEST(Spiral, TheArmsAreOppositeAndTurnsAndPointsCount) {
  Options options = Task("spiral");
  options.points = 50;
  options.turns = 2.5;
  const Dataset data = Load(options);
  ASSERT_EQ(data.train.points, 50u);
  for (std::size_t i = 0; i < 50; i += 2) {
    EXPECT_NEAR(data.train.x[2 * i], -data.train.x[2 * i + 2], 1e-6);
    EXPECT_NEAR(data.train.x[2 * i + 1], -data.train.x[2 * i + 3], 1e-6);
  }
  // The last point of arm 0 lies at s = 0.98: 2.45 turns.
  EXPECT_NEAR(std::atan2(data.train.x[97], data.train.x[96]), 0.45 * 2 * M_PI, 1e-5);
}

TEST(Spiral, NoiseHasItsDeviationAndItsSeed) {
  Options options = Task("spiral");
  options.points = 20000;
  const Dataset clean = Load(options);
  options.noise = 0.25;
  const Dataset noisy = Load(options);
  options.data_seed = 1;
  const Dataset other = Load(options);
  double squares = 0.0;
  for (std::size_t i = 0; i < clean.train.x.size(); ++i) {
    squares += std::pow(noisy.train.x[i] - clean.train.x[i], 2) / 40000.0;
  }
  EXPECT_NEAR(std::sqrt(squares), 0.25, 0.005);
  EXPECT_NE(DigestOf(noisy), DigestOf(other));
}

TEST(Octants, AreUniformOnTheSphere) {
  Options options = Task("octants");
  const Dataset defaults = Load(options);
  EXPECT_EQ(defaults.train.points, 800u);
  EXPECT_EQ(defaults.inputs, 3u);
  options.points = 80000;
  const Dataset data = Load(options);
  std::vector<int> octants(8);
  double fourth = 0.0;
  for (std::size_t i = 0; i < data.train.points; ++i) {
    const float* v = &data.train.x[3 * i];
    EXPECT_NEAR(v[0] * v[0] + v[1] * v[1] + v[2] * v[2], 1.0, 3e-7);
    EXPECT_EQ(data.train.labels[i], v[0] * v[1] * v[2] > 0.0f ? 1 : 0);
    ++octants[static_cast<std::size_t>((v[0] > 0) + 2 * (v[1] > 0) + 4 * (v[2] > 0))];
    fourth += std::pow(v[0], 4) / 80000.0;
  }
  for (const int count : octants) EXPECT_NEAR(count, 10000, 5 * 94);
  EXPECT_NEAR(fourth, 0.2, 0.005);  // E z^4 = 1/5 on the sphere
}

TEST(Sectors, AlternateWithEqualCounts) {
  for (const std::int64_t sectors : {2, 4, 8, 16}) {
    Options options = Task("sectors");
    options.sectors = sectors;
    const Dataset data = Load(options);
    ASSERT_EQ(data.train.points, 400u);
    EXPECT_EQ(Count(data.train, 0), 200);
    EXPECT_EQ(Count(data.train, 1), 200);
    std::int64_t changes = 0;
    for (std::size_t i = 0; i < 400; ++i) {
      const float x = data.train.x[2 * i], y = data.train.x[2 * i + 1];
      double turn = std::atan2(y, x) / (2 * M_PI);
      turn += turn < 0 ? 1.0 : 0.0;
      EXPECT_NEAR(turn, (static_cast<double>(i) + 0.5) / 400.0, 1e-6);
      EXPECT_NEAR(x * x + y * y, 1.0, 3e-7);
      EXPECT_EQ(data.train.labels[i], static_cast<int>(turn * static_cast<double>(sectors)) % 2);
      changes += data.train.labels[i] != data.train.labels[(i + 1) % 400];
    }
    EXPECT_EQ(changes, sectors);
  }
}

TEST(RandomLabels, AreGaussianPointsOfRandomClasses) {
  Options options = Task("random_labels");
  EXPECT_EQ(Load(options).train.points, 16u);
  EXPECT_EQ(Load(options).inputs, 2u);
  options.points = 30000;
  options.inputs = 5;
  options.classes = 3;
  const Dataset data = Load(options);
  EXPECT_EQ(data.outputs, 3u);
  ASSERT_EQ(data.train.x.size(), 150000u);
  double mean = 0.0, square = 0.0;
  for (const float x : data.train.x) {
    mean += x / 150000.0;
    square += x * x / 150000.0;
  }
  EXPECT_NEAR(mean, 0.0, 0.015);
  EXPECT_NEAR(square, 1.0, 0.02);
  for (int label = 0; label < 3; ++label) EXPECT_NEAR(Count(data.train, label), 10000, 5 * 82);
}

TEST(RandomLabels, AFewerPointsAreTheFirstOfMore) {
  Options options = Task("random_labels");
  options.points = 40;
  const Dataset more = Load(options);
  options.points = 20;
  const Dataset fewer = Load(options);
  EXPECT_TRUE(std::equal(fewer.train.x.begin(), fewer.train.x.end(), more.train.x.begin()));
  EXPECT_TRUE(
      std::equal(fewer.train.labels.begin(), fewer.train.labels.end(), more.train.labels.begin()));
}

TEST(ToyRegression, TrainHoldsAFixedSampleAndTheTaskIsFresh) {
  Options options = Task("toy_regression");
  options.supervised = 2;
  const Dataset data = Load(options);
  EXPECT_TRUE(data.regression);
  EXPECT_EQ(data.inputs, 4u);
  EXPECT_EQ(data.outputs, 4u);
  EXPECT_EQ(data.supervised, 2u);
  EXPECT_EQ(data.train.points, 1024u);
  EXPECT_EQ(data.train.x, data.train.targets);
  EXPECT_TRUE(data.train.labels.empty());
  EXPECT_EQ(data.test.points, 0u);
  ASSERT_TRUE(data.fresh.has_value());
  EXPECT_EQ(data.fresh->sigma, 20.0);
  EXPECT_EQ(data.fresh->points_per_step, 128u);
  double square = 0.0;
  for (const float x : data.train.x) square += x * x / 4096.0;
  EXPECT_NEAR(std::sqrt(square), 20.0, 1.2);
}

RC_GTEST_PROP(FreshPoints, AreAFunctionOfSeedAndStep, (std::uint64_t seed, std::uint32_t step)) {
  const auto inputs = *rc::gen::inRange<std::size_t>(1, 9);
  const auto points = *rc::gen::inRange<std::size_t>(1, 300);
  const FreshDraws draws{.sigma = 3.0, .points_per_step = 128};
  std::vector<float> x(points * inputs);
  FillFreshPoints(draws, inputs, seed, step, points, x.data());
  const RandomStream stream(seed, Purpose::kFreshPoints, step);
  for (std::size_t i = 0; i < x.size(); ++i) {
    RC_ASSERT(x[i] == static_cast<float>(3.0 * stream.Normal(i)));
  }
}

TEST(FreshPoints, DifferBetweenStepsAndSeeds) {
  const FreshDraws draws{.sigma = 1.0, .points_per_step = 128};
  std::set<float> seen;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    for (std::uint64_t step = 0; step < 5; ++step) {
      float x = 0.0f;
      FillFreshPoints(draws, 1, seed, step, 1, &x);
      seen.insert(x);
    }
  }
  EXPECT_EQ(seen.size(), 25u);
}

// A change here changes runs: raise the numerics version with it.
TEST(Generated, KnownDigests) {
  Options noisy = Task("spiral");
  noisy.noise = 0.1;
  EXPECT_EQ(DigestOf(Load(Task("spiral"))), "808cb2562357ef70670ea36ee000c2b2");
  EXPECT_EQ(DigestOf(Load(noisy)), "69b9adfea32f10a9b1f00322997df05f");
  EXPECT_EQ(DigestOf(Load(Task("octants"))), "7b653f5fc4c75333378beb1683a97164");
  EXPECT_EQ(DigestOf(Load(Task("sectors"))), "894fb5cbb2fce2f29e4663bdda6f63d1");
  EXPECT_EQ(DigestOf(Load(Task("random_labels"))), "98e242b7b6a24f4c833d92c848606e0c");
  EXPECT_EQ(DigestOf(Load(Task("toy_regression"))), "a1c7df237fd80e0daafe85f6728fc3d7");
}

}  // namespace
}  // namespace crease::data
