#include "lib/train/batch.h"

#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "lib/kernels/layout.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

// A data set whose point p has the coordinates (p, -p) and the label p % 3.
data::Dataset Numbered(std::size_t points) {
  data::Dataset dataset;
  dataset.task = "numbered";
  dataset.inputs = 2;
  dataset.outputs = 3;
  dataset.train.points = points;
  for (std::size_t p = 0; p < points; ++p) {
    dataset.train.x.push_back(static_cast<float>(p));
    dataset.train.x.push_back(-static_cast<float>(p));
    dataset.train.labels.push_back(static_cast<std::int32_t>(p % 3));
  }
  return dataset;
}

std::vector<std::size_t> PointsOf(const Batch& batch) {
  std::vector<std::size_t> points;
  for (std::size_t p = 0; p < batch.points; ++p) {
    const float x = batch.x[kernels::OffsetOf(p, 0, 2)];
    EXPECT_EQ(batch.x[kernels::OffsetOf(p, 1, 2)], -x);
    points.push_back(static_cast<std::size_t>(x));
    EXPECT_EQ(batch.labels[p], static_cast<std::int32_t>(points.back() % 3));
  }
  return points;
}

void ExpectPadded(const Batch& batch) {
  ASSERT_EQ(batch.labels.size(), PadToLanes(batch.points));
  for (std::size_t p = batch.points; p < PadToLanes(batch.points); ++p) {
    EXPECT_EQ(batch.labels[p], -1);
    for (std::size_t f = 0; f < 2; ++f) {
      EXPECT_EQ(batch.x[kernels::OffsetOf(p, f, 2)],
                batch.x[kernels::OffsetOf(batch.points - 1, f, 2)]);
    }
  }
}

RunConfig WithBatch(std::int64_t batch, std::uint64_t seed = 1) {
  RunConfig config = TinyConfig();
  config.batch = batch;
  config.seed = seed;
  return config;
}

TEST(BatchSource, EachEpochIsAPermutationAndTheLastBatchMayBeSmaller) {
  for (const std::size_t batch : {1, 7, 16, 30, 99}) {
    const data::Dataset dataset = Numbered(100);
    BatchSource source(WithBatch(static_cast<std::int64_t>(batch)), dataset);
    EXPECT_FALSE(source.full());
    EXPECT_EQ(source.max_points(), batch);
    EXPECT_EQ(source.batches_per_epoch(), (100 + batch - 1) / batch);
    std::vector<std::vector<std::size_t>> epochs(3);
    std::int64_t step = 0;
    for (auto& epoch : epochs) {
      for (std::size_t b = 0; b < source.batches_per_epoch(); ++b) {
        const Batch& next = source.Of(step++);
        EXPECT_EQ(next.points, std::min(batch, 100 - b * batch));
        ExpectPadded(next);
        const auto points = PointsOf(next);
        epoch.insert(epoch.end(), points.begin(), points.end());
      }
      std::vector<std::size_t> sorted = epoch;
      std::sort(sorted.begin(), sorted.end());
      for (std::size_t p = 0; p < 100; ++p) EXPECT_EQ(sorted[p], p);
    }
    EXPECT_NE(epochs[0], epochs[1]);
    EXPECT_NE(epochs[1], epochs[2]);
  }
}

TEST(BatchSource, OrdersDependOnTheSeedAlone) {
  const data::Dataset dataset = Numbered(50);
  BatchSource a(WithBatch(8, 1), dataset), same(WithBatch(8, 1), dataset);
  BatchSource other(WithBatch(8, 2), dataset);
  EXPECT_EQ(PointsOf(a.Of(0)), PointsOf(same.Of(0)));
  EXPECT_NE(PointsOf(a.Of(1)), PointsOf(other.Of(1)));
}

// Every point comes first about equally often: 6000 epochs of 6 points, five standard errors.
TEST(BatchSource, PermutationsAreUniform) {
  const data::Dataset dataset = Numbered(6);
  BatchSource source(WithBatch(5), dataset);
  std::map<std::vector<std::size_t>, int> pairs;
  constexpr int kEpochs = 6000;
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const auto points = PointsOf(source.Of(2 * epoch));
    ++pairs[{points[0], points[1]}];
    source.Of(2 * epoch + 1);
  }
  EXPECT_EQ(pairs.size(), 30u);
  for (const auto& [pair, count] : pairs) EXPECT_NEAR(count, kEpochs / 30, 5 * 14);
}

TEST(BatchSource, FullBatchesAreTheDataInTheirOrder) {
  const data::Dataset dataset = Numbered(21);
  for (const std::int64_t batch : {0, 21}) {
    BatchSource source(WithBatch(batch), dataset);
    EXPECT_TRUE(source.full());
    for (const std::int64_t step : {0, 1, 2}) {
      const auto points = PointsOf(source.Of(step));
      ASSERT_EQ(points.size(), 21u);
      for (std::size_t p = 0; p < 21; ++p) EXPECT_EQ(points[p], p);
    }
  }
}

TEST(BatchSource, FreshPointsAreNewEveryStepAndTheirOwnTargets) {
  RunConfig config = TinyConfig();
  config.data.task = "toy_regression";
  config.loss = Loss::kMse;
  config.batch = 20;
  const data::Dataset dataset = data::Load(config.data);
  BatchSource source(config, dataset), again(config, dataset);
  const AlignedVector<float> first = source.Of(0).x;
  EXPECT_EQ(source.Of(0).targets, first);
  const Batch& second = source.Of(1);
  EXPECT_EQ(second.points, 20u);
  EXPECT_NE(second.x, first);
  again.Of(0);
  EXPECT_EQ(again.Of(1).x, second.x);
}

TEST(PackBatch, OneHotTargetsFollowTheLabels) {
  const data::Dataset dataset = Numbered(5);
  Batch batch;
  PackBatch(dataset, dataset.train, {}, 0, 5, true, batch);
  for (std::size_t p = 0; p < 5; ++p) {
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(batch.targets[kernels::OffsetOf(p, c, 3)], c == p % 3 ? 1.0f : 0.0f);
    }
  }
}

}  // namespace
}  // namespace crease::train
