// Bursts are the steps around transitions, as they were.
#include "lib/train/bursts.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "lib/train/trainer.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

// A run that falls off its plateau.
RunConfig Falling() {
  RunConfig config = TinyConfig();
  config.data.points = 64;
  config.steps = 6000;
  config.optim.lr = 0.01;
  return config;
}

RecordOptions Bursts() {
  RecordOptions record = NothingRecorded();
  record.bursts = true;
  record.burst_before_steps = 30;
  record.burst_after_steps = 20;
  record.burst_points = 5;
  return record;
}

std::size_t RowOf(const RunRecord& run, const std::string& group, std::int64_t step) {
  const auto& steps = AxisOf(run, group);
  return static_cast<std::size_t>(std::lower_bound(steps.begin(), steps.end(), step) -
                                  steps.begin());
}

void ExpectRowsOf(const RunRecord& whole, const RunRecord& run, std::size_t points) {
  ASSERT_FALSE(run.bursts.step.empty());
  for (const RecordedArray& array : run.bursts.arrays) {
    const bool activation = array.name.ends_with("_output");
    const std::string group = activation ? "activations" : "weights";
    const RecordedArray& all = ArrayOf(whole, group, array.name);
    ASSERT_EQ(array.shape[0], run.bursts.step.size());
    ASSERT_EQ(array.dimensions[0], "row");
    ASSERT_EQ(array.group, "bursts");
    const std::size_t size = array.values.size() / array.shape[0];
    const std::size_t row_size = all.values.size() / all.shape[0];
    if (activation) {
      ASSERT_EQ(array.shape[1], points);
    }
    for (std::size_t row = 0; row < array.shape[0]; ++row) {
      const std::size_t from = RowOf(whole, group, run.bursts.step[row]) * row_size;
      ASSERT_TRUE(std::equal(array.values.begin() + static_cast<std::ptrdiff_t>(row * size),
                             array.values.begin() + static_cast<std::ptrdiff_t>((row + 1) * size),
                             all.values.begin() + static_cast<std::ptrdiff_t>(from)))
          << array.name << " " << row;
    }
  }
}

TEST(Bursts, AreTheRowsOfAFullRecordHoweverTheyAreMade) {
  for (const std::int64_t batch : {0, 20}) {
    RunConfig config = Falling();
    config.batch = batch;
    const RunRecord whole = TrainTiny(config, EverythingRecorded());
    ASSERT_FALSE(whole.transitions.empty());
    ExpectRowsOf(whole, whole, 64);
    // By training again, from states every 100 steps.
    const RunRecord retrained = TrainTiny(config, Bursts());
    EXPECT_EQ(retrained.digest, whole.digest);
    ExpectRowsOf(whole, retrained, 5);
    RecordOptions weights = Bursts();
    weights.weights = StepSchedule::Every(1);
    const RunRecord recorded = TrainTiny(config, weights);
    ASSERT_EQ(recorded.bursts.arrays.size(), retrained.bursts.arrays.size());
    for (std::size_t k = 0; k < recorded.bursts.arrays.size(); ++k) {
      EXPECT_EQ(recorded.bursts.arrays[k].values, retrained.bursts.arrays[k].values);
    }
  }
}

TEST(Bursts, LieAroundOnsetMidpointAndEnd) {
  const RunRecord run = TrainTiny(Falling(), Bursts());
  for (const detect::Transition& transition : run.transitions) {
    for (const double date :
         {transition.onset_step, transition.midpoint_step, transition.end_step}) {
      for (const std::int64_t offset : {-30, 0, 20}) {
        const auto step = static_cast<std::int64_t>(std::llround(date)) + offset;
        if (step < 0 || step >= run.steps_done) continue;
        EXPECT_TRUE(std::binary_search(run.bursts.step.begin(), run.bursts.step.end(), step));
      }
    }
  }
  EXPECT_LE(run.bursts.step.size(), run.transitions.size() * 3 * 51);
}

TEST(Bursts, AreBoundedForManyTransitions) {
  RunRecord run;
  run.steps_done = 100'000;
  for (int i = 0; i < 20; ++i) {
    detect::Transition transition;
    transition.onset_step = 1000.0 + 3000.0 * i;
    transition.midpoint_step = transition.onset_step + 1000;
    transition.end_step = transition.onset_step + 2000;
    transition.drop_nats = i;
    run.transitions.push_back(transition);
  }
  const BurstTable table = BurstSteps(run, Bursts(), 1'000'000);
  EXPECT_EQ(table.step.size(), kMostBurstWindows * 51);
  EXPECT_EQ(table.transition.front(), 16);  // the four largest drops
  EXPECT_TRUE(std::is_sorted(table.step.begin(), table.step.end()));
  for (const std::size_t most : {1, 2, 11, 12, 13, 100, 300, 611}) {
    const BurstTable narrow = BurstSteps(run, Bursts(), most);
    EXPECT_LE(narrow.step.size(), std::max<std::size_t>(3, most)) << most;
    EXPECT_GE(narrow.step.size(), most / 2) << most;
  }
}

// The smaller of two that overlap ends last.
TEST(Bursts, RowsAreInTheOrderOfTransitions) {
  RunRecord run;
  run.steps_done = 2000;
  run.transitions.resize(2);
  for (const std::size_t i : {0u, 1u}) {
    run.transitions[i].onset_step = i == 0 ? 100 : 400;
    run.transitions[i].midpoint_step = i == 0 ? 450 : 420;
    run.transitions[i].end_step = i == 0 ? 800 : 440;
    run.transitions[i].drop_nats = i == 0 ? 1 : 2;
  }
  const BurstTable table = BurstSteps(run, Bursts(), 1'000'000);
  EXPECT_TRUE(std::is_sorted(table.transition.begin(), table.transition.end()));
  EXPECT_EQ(table.transition.front(), 0);
  EXPECT_EQ(table.transition.back(), 1);
  EXPECT_TRUE(std::binary_search(table.step.begin(), table.step.end(), 820));
}

TEST(Bursts, PointsAreBoundedByBytes) {
  RunConfig config = TinyConfig();
  config.steps = 20000;
  data::Dataset dataset = data::Load(config.data);
  RecordOptions record;
  EXPECT_EQ(BurstPoints(config, dataset, record), 16u);
  record.burst_points = 0;
  EXPECT_EQ(BurstPoints(config, dataset, record), 90u);
  dataset.train.points = 60'000;
  const std::size_t points = BurstPoints(config, dataset, record);
  const std::size_t units = 2 * (3 + 3) + 2;
  EXPECT_LE(points * units * 4 * 401, 64u << 20);
  EXPECT_GT((points + 1) * units * 4 * 401, 64u << 20);
}

TEST(Bursts, ARunWithoutTransitionHasNone) {
  RunConfig config = TinyConfig();
  config.steps = 20;
  const RunRecord run = TrainTiny(config, Bursts());
  EXPECT_TRUE(run.bursts.step.empty());
  EXPECT_TRUE(run.bursts.arrays.empty());
}

}  // namespace
}  // namespace crease::train
