// A run that was interrupted leaves behind what an undisturbed one does, bit for bit.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "lib/train/bursts.h"
#include "lib/train/trainer.h"
#include "tests/train/golden_runs.h"
#include "tests/train/tiny_runs.h"

namespace crease::train {
namespace {

class MemoryLog : public CheckpointLog {
 public:
  std::vector<CheckpointEntry> Read() override { return entries; }
  void Append(const CheckpointEntry& entry) override { entries.push_back(entry); }
  void Clear() override {
    entries.clear();
    ++cleared;
  }
  std::vector<CheckpointEntry> entries;
  int cleared = 0;
};

// A checkpoint may be taken at every step.
RecordOptions Everything() {
  RecordOptions record = EverythingRecorded();
  record.checkpoint_every_steps = 1;
  return record;
}

// Stopped before each of these steps and taken up again.
RunRecord TrainInParts(const RunConfig& config, const RecordOptions& record,
                       const std::vector<std::int64_t>& stops, MemoryLog& log) {
  const data::Dataset dataset = data::Load(config.data);
  for (const std::int64_t at : stops) {
    StopToken stop;
    // An interval of 0 asks the log at every step, and the log counts the steps.
    struct Counting : MemoryLog {
      void Append(const CheckpointEntry& entry) override {
        target->entries.push_back(entry);
        if (entry.step >= at) stop->Request();
      }
      MemoryLog* target;
      StopToken* stop;
      std::int64_t at;
    } counting;
    counting.entries = log.entries;
    counting.target = &log;
    counting.stop = &stop;
    counting.at = at;
    TrainControls controls = {.stop = &stop, .checkpoints = &counting};
    controls.checkpoint_interval_seconds = 0;
    EXPECT_FALSE(Train(config, dataset, record, controls).has_value()) << at;
  }
  TrainControls controls = {.checkpoints = &log};
  auto result = Train(config, dataset, record, controls);
  EXPECT_TRUE(result.has_value());
  return std::move(*result);
}

void ExpectSame(const RunRecord& a, const RunRecord& b, const std::string& name) {
  EXPECT_EQ(a.digest, b.digest) << name;
  EXPECT_EQ(a.outcome, b.outcome) << name;
  EXPECT_EQ(a.steps_done, b.steps_done) << name;
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  EXPECT_TRUE(same(a.best_accuracy, b.best_accuracy)) << name;
  EXPECT_TRUE(same(a.final_loss, b.final_loss)) << name;
  EXPECT_EQ(a.transitions.size(), b.transitions.size()) << name;
  EXPECT_TRUE(SameArrays(a, b)) << name;
  EXPECT_EQ(a.bursts.step, b.bursts.step) << name;
  RunRecord bursts_a, bursts_b;
  bursts_a.arrays = a.bursts.arrays;
  bursts_b.arrays = b.bursts.arrays;
  EXPECT_TRUE(SameArrays(bursts_a, bursts_b)) << name;
}

TEST(Checkpoint, InterruptedRunsGoOnBitForBit) {
  std::mt19937 random(1);
  for (const auto& [name, config] : GoldenRuns()) {
    RecordOptions record = Everything();
    if (random() % 2 == 0) record.weights = StepSchedule::Every(7);
    const RunRecord whole = TrainTiny(config, record);
    std::vector<std::int64_t> stops;
    for (std::int64_t at = 0; at < whole.steps_done - 1;) {
      at += 1 + static_cast<std::int64_t>(random() % 60);
      if (at < whole.steps_done - 1) stops.push_back(at);
    }
    MemoryLog log;
    ExpectSame(TrainInParts(config, record, stops, log), whole, name);
    EXPECT_EQ(log.cleared, 0) << name;
  }
}

TEST(Checkpoint, StoppedAtOnceARunLeavesItsState) {
  const RunConfig config = TinyConfig();
  const data::Dataset dataset = data::Load(config.data);
  MemoryLog log;
  StopToken stop;
  RunConfig longer = config;
  longer.steps = 1'000'000;
  TrainControls controls = {.stop = &stop, .on_progress = [&](std::int64_t) { stop.Request(); }};
  controls.checkpoints = &log;
  EXPECT_FALSE(Train(longer, dataset, RecordOptions{}, controls).has_value());
  ASSERT_EQ(log.entries.size(), 1u);
  EXPECT_GT(log.entries[0].step, 0);
  RecordOptions off;
  off.checkpoint_every_steps = 0;
  log.Clear();
  EXPECT_FALSE(Train(longer, dataset, off, controls).has_value());
  EXPECT_TRUE(log.entries.empty());
}

TEST(Checkpoint, NoneIsTakenBeforeItsTime) {
  const RunConfig config = TinyConfig();
  const data::Dataset dataset = data::Load(config.data);
  MemoryLog log;
  TrainControls controls = {.checkpoints = &log};
  RecordOptions record;
  record.checkpoint_every_steps = 50;
  Train(config, dataset, record, controls);
  EXPECT_TRUE(log.entries.empty());
  controls.checkpoint_interval_seconds = 0;
  Train(config, dataset, record, controls);
  ASSERT_EQ(log.entries.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(log.entries[i].step, 50 * static_cast<std::int64_t>(i + 1));
  }
}

TEST(Checkpoint, WhatDoesNotFitIsPassedOver) {
  const RunConfig config = TinyConfig();
  const RunRecord whole = TrainTiny(config, Everything());
  MemoryLog sound;
  TrainInParts(config, Everything(), {40, 90}, sound);
  const auto damaged = [&](auto damage) {
    MemoryLog log;
    log.entries = sound.entries;
    damage(log.entries);
    ExpectSame(TrainInParts(config, Everything(), {}, log), whole, "damaged");
    EXPECT_EQ(log.cleared, 1);
  };
  damaged([](auto& entries) { entries.back().state.pop_back(); });
  damaged([](auto& entries) { entries.back().state.push_back(std::byte{0}); });
  damaged([](auto& entries) { entries.back().recorded.pop_back(); });
  damaged([](auto& entries) { entries.front().recorded.clear(); });
  damaged([](auto& entries) { entries.erase(entries.begin()); });
  damaged([](auto& entries) { entries.back().step += 1; });
  // Recorded in another way.
  RecordOptions sparser = Everything();
  sparser.activations = StepSchedule::Every(3);
  MemoryLog log;
  log.entries = sound.entries;
  ExpectSame(TrainInParts(config, sparser, {}, log), TrainTiny(config, sparser), "sparser");
  EXPECT_EQ(log.cleared, 1);
}

}  // namespace
}  // namespace crease::train
