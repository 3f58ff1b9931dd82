// What a run's bits do not depend on: recording, threads, instruction sets, who asks when.
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/kernels/target.h"
#include "lib/train/trainer.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

std::vector<RunConfig> VariedConfigs() {
  std::vector<RunConfig> configs(4, TinyConfig());
  configs[1].batch = 32;
  configs[1].model.norm = model::Norm::kDyT;
  configs[1].model.affine = true;
  configs[2].data.task = "toy_regression";
  configs[2].loss = Loss::kMse;
  configs[2].model.norm = model::Norm::kLayerNorm;
  configs[3].model.activation = model::Activation::kGelu;
  configs[3].model.norm = model::Norm::kGroupNorm;
  configs[3].model.width = 8;
  configs[3].model.groups = 2;
  configs[3].optim.optimizer = optim::Optimizer::kAdamW;
  return configs;
}

std::vector<RecordOptions> VariedRecordings() {
  RecordOptions sparse = NothingRecorded();
  sparse.scalars = {.form = StepSchedule::Form::kPerDecade, .per_decade = 4};
  sparse.weights = {.form = StepSchedule::Form::kAt, .at = {0, 17, 200}};
  sparse.activations = StepSchedule::Every(7);
  sparse.activation_points = 5;
  return {EverythingRecorded(), sparse, RecordOptions{}};
}

TEST(Invariance, RecordingChangesNoBit) {
  for (const RunConfig& config : VariedConfigs()) {
    const RunRecord plain = TrainTiny(config);
    for (const RecordOptions& recording : VariedRecordings()) {
      const RunRecord recorded = TrainTiny(config, recording);
      EXPECT_EQ(recorded.digest, plain.digest);
      EXPECT_EQ(recorded.run_id, plain.run_id);
      EXPECT_EQ(recorded.final_loss, plain.final_loss);
      EXPECT_EQ(recorded.transitions.size(), plain.transitions.size());
    }
  }
}

TEST(Invariance, DigestsTellRunsApart) {
  RunConfig config = TinyConfig();
  const std::string digest = TrainTiny(config).digest;
  EXPECT_EQ(TrainTiny(config).digest, digest);
  config.seed = 2;
  EXPECT_NE(TrainTiny(config).digest, digest);
  config = TinyConfig();
  config.model.eps *= 1.1;
  EXPECT_NE(TrainTiny(config).digest, digest);
}

TEST(Invariance, ThreadsSideBySideChangeNoBit) {
  const std::vector<RunConfig> configs = VariedConfigs();
  std::vector<RunRecord> alone;
  for (const RunConfig& config : configs) alone.push_back(TrainTiny(config, EverythingRecorded()));
  for (const std::size_t count : {1, 2, 7}) {
    std::vector<RunRecord> records(count);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < count; ++t) {
      threads.emplace_back(
          [&, t] { records[t] = TrainTiny(configs[t % configs.size()], EverythingRecorded()); });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < count; ++t) {
      EXPECT_EQ(records[t].digest, alone[t % configs.size()].digest);
      EXPECT_TRUE(SameArrays(records[t], alone[t % configs.size()]));
    }
  }
}

TEST(Invariance, ADatasetMayBeShared) {
  const RunConfig config = TinyConfig();
  const data::Dataset dataset = data::Load(config.data);
  std::vector<std::string> digests(4);
  std::vector<std::thread> threads;
  for (std::string& digest : digests) {
    threads.emplace_back([&] { digest = Train(config, dataset, NothingRecorded())->digest; });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& digest : digests) EXPECT_EQ(digest, TrainTiny(config).digest);
}

TEST(Invariance, EveryTargetRecordsTheSameBits) {
  for (const RunConfig& config : VariedConfigs()) {
    const RunRecord best = TrainTiny(config, EverythingRecorded());
    for (const std::string& target : kernels::SupportedTargets()) {
      kernels::ForceTarget(target);
      const RunRecord other = TrainTiny(config, EverythingRecorded());
      kernels::ForceTarget("");
      EXPECT_EQ(other.digest, best.digest) << target;
      EXPECT_TRUE(SameArrays(other, best)) << target;
    }
  }
}

}  // namespace
}  // namespace crease::train
