// A replay has the bits of the run, from wherever it sets out, and a bit that differs is named.
#include "lib/store/replay.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/core/error.h"
#include "lib/store/writer.h"
#include "lib/train/trainer.h"
#include "tests/store/fixture.h"

namespace crease::store {
namespace {

using testing::TemporaryDirectoryGuard;
using train::RunRecord;
using train::StepSchedule;

train::RunConfig Config(optim::Optimizer optimizer, std::int64_t batch) {
  train::RunConfig config;
  config.data.points = 64;
  config.optim.optimizer = optimizer;
  config.optim.lr = optimizer == optim::Optimizer::kSgd ? 0.5 : 0.01;
  config.batch = batch;
  config.steps = 4000;
  config.seed = 1;
  return config;
}

train::RecordOptions Record() {
  train::RecordOptions record;
  record.checkpoint_every_steps = 700;
  record.weights = StepSchedule::Every(50);
  return record;
}

class ReplayTest : public ::testing::TestWithParam<std::pair<optim::Optimizer, std::int64_t>> {
 protected:
  ReplayTest()
      : config_(Config(GetParam().first, GetParam().second)),
        dataset_(std::make_shared<const data::Dataset>(data::Load(config_.data))),
        run_(*train::Train(config_, *dataset_, Record())) {}

  std::string Write(RunRecord run) {
    Writer writer(store_.path(), {});
    writer.Append(std::move(run), Record(), dataset_);
    writer.Seal();
    return ListShards(store_.path()).back();
  }

  // All that is recorded of the steps from `first` to `last`.
  train::Replayed ReplaySteps(const ShardReader& reader, std::int64_t first, std::int64_t last,
                              train::ReplayPlan& plan) {
    plan.start = NearestState(reader, 0, first, train::SizesOf(config_, *dataset_));
    plan.last_step = last;
    train::RecordOptions stored = Record();
    for (StepSchedule* schedule :
         {&stored.scalars, &stored.weights, &stored.activations, &stored.test}) {
      *schedule = schedule->Within(plan.start.step, last);
    }
    plan.recordings = {stored};
    return *train::Replay(config_, *dataset_, plan, nullptr, nullptr);
  }

  TemporaryDirectoryGuard store_;
  train::RunConfig config_;
  std::shared_ptr<const data::Dataset> dataset_;
  RunRecord run_;
};

TEST_P(ReplayTest, HasTheBitsOfTheRunFromAnyState) {
  const ShardReader reader(Write(run_));
  for (const auto& [first, last, start] : {std::array<std::int64_t, 3>{0, 4000, 0},
                                           {699, 800, 0},
                                           {700, 900, 700},
                                           {1500, 1500, 1400},
                                           {3999, 4000, 3500},
                                           {4000, 4000, 3500}}) {
    train::ReplayPlan plan;
    const train::Replayed replayed = ReplaySteps(reader, first, last, plan);
    EXPECT_EQ(plan.start.step, start);
    const ReplayComparison comparison =
        CompareWithShard(reader, 0, replayed.records[0], start, last);
    EXPECT_FALSE(comparison.first) << comparison.first->dataset << comparison.first->step;
    EXPECT_GT(comparison.values, (std::min<std::int64_t>(last, 3999) - start) * 11);
    EXPECT_EQ(replayed.digest, start == 0 && last == 4000 ? run_.digest : "");
  }
}

TEST_P(ReplayTest, StatesAfterADivergenceAreNone) {
  for (train::RecordedArray& array : run_.arrays) {
    if (array.group != "checkpoints") continue;
    const std::size_t row = array.values.size() / array.shape[0];
    std::fill(array.values.begin() + static_cast<std::ptrdiff_t>(2 * row), array.values.end(),
              std::nanf(""));
  }
  const ShardReader reader(Write(run_));
  EXPECT_EQ(NearestState(reader, 0, 2100, train::SizesOf(config_, *dataset_)).step, 1400);
  EXPECT_EQ(NearestState(reader, 0, 699, train::SizesOf(config_, *dataset_)).step, 0);
}

TEST_P(ReplayTest, TheFirstBitThatDiffersIsNamed) {
  for (train::RecordedArray& array : run_.arrays) {
    if (array.group == "weights" && array.name == "linear1_weight") {
      array.values[40 * 9 + 5] = std::nextafter(array.values[40 * 9 + 5], 9.0f);  // step 2,000
    }
    if (array.name == "grad_norm") array.values[2001 * 3 + 1] += 1;
  }
  const ShardReader reader(Write(run_));
  train::ReplayPlan plan;
  const train::Replayed replayed = ReplaySteps(reader, 1000, 3000, plan);
  const auto found = CompareWithShard(reader, 0, replayed.records[0], plan.start.step, 3000).first;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->dataset, "/weights/linear1_weight");
  EXPECT_EQ(found->step, 2000);
  EXPECT_EQ(found->index, "[1, 2]");
  EXPECT_EQ(std::nextafter(found->replayed, 9.0f), found->stored);
  EXPECT_FALSE(CompareWithShard(reader, 0, replayed.records[0], plan.start.step, 1999).first);
  const auto later = CompareWithShard(reader, 0, replayed.records[0], 2001, 3000).first;
  ASSERT_TRUE(later);
  EXPECT_EQ(later->dataset, "/grad_norm");
  EXPECT_EQ(later->index, "[1]");
}

class BurstReplayTest : public ReplayTest {};  // of runs that have a transition

TEST_P(BurstReplayTest, BurstsAreComparedToo) {
  ASSERT_FALSE(run_.bursts.step.empty());
  const std::int64_t last = run_.bursts.step.back();
  for (const bool damaged : {false, true}) {
    RunRecord run = run_;
    if (damaged) run.bursts.arrays.back().values.back() += 1;
    const ShardReader reader(Write(run));
    const BurstRows rows = FindBurstRows(reader, 0, 0, last);
    ASSERT_EQ(rows.steps, run_.bursts.step);
    train::ReplayPlan plan;
    plan.last_step = last;
    const StepSchedule at{.form = StepSchedule::Form::kAt, .at = rows.steps};
    train::RecordOptions record;
    record.scalars = StepSchedule::Off();
    record.weights = record.activations = at;
    record.activation_points = rows.points;
    plan.recordings = {record};
    const auto replayed = train::Replay(config_, *dataset_, plan, nullptr, nullptr);
    const ReplayComparison comparison = CompareWithBursts(reader, rows, replayed->records[0]);
    EXPECT_EQ(comparison.first.has_value(), damaged);
    if (damaged) {
      EXPECT_EQ(comparison.first->step, last);
    }
    std::filesystem::remove_all(store_.path() + "/shards");
  }
}

TEST_P(ReplayTest, ARunFileIsAShard) {
  const std::string path = store_.path() + "/replay.h5";
  WriteRunFile(path, false, RunRecord(run_), Record(), dataset_, {.shard = "x.h5"});
  const ShardReader reader(path);
  reader.Verify();
  EXPECT_EQ(reader.info().runs, 1);
  EXPECT_EQ(reader.info().Attribute("replay_of"), "x.h5");
  EXPECT_THROW(WriteRunFile(path, false, RunRecord(run_), Record(), dataset_, {}), Error);
  WriteRunFile(path, true, RunRecord(run_), Record(), dataset_, {});
}

INSTANTIATE_TEST_SUITE_P(Kinds, ReplayTest,
                         ::testing::Values(std::pair(optim::Optimizer::kAdam, 0),
                                           std::pair(optim::Optimizer::kAdamW, 20),
                                           std::pair(optim::Optimizer::kMomentum, 0),
                                           std::pair(optim::Optimizer::kSgd, 20)));

INSTANTIATE_TEST_SUITE_P(Kinds, BurstReplayTest,
                         ::testing::Values(std::pair(optim::Optimizer::kAdam, 0),
                                           std::pair(optim::Optimizer::kAdamW, 20)));

}  // namespace
}  // namespace crease::store
