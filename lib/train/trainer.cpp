#include "lib/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "lib/train/bursts.h"
#include "lib/train/progress_reporter.h"
#include "lib/train/recorders.h"
#include "lib/train/training.h"

namespace crease::train {
namespace {

using Clock = std::chrono::steady_clock;

// One run with its log of checkpoints.
class ResumableTraining {
 public:
  ResumableTraining(const RunConfig& config, const data::Dataset& dataset,
                    const RecordOptions& record, const TrainControls& controls)
      : config_(config),
        dataset_(dataset),
        record_(record),
        controls_(controls),
        log_(record.checkpoint_every_steps > 0 ? controls.checkpoints : nullptr) {
    MakeTraining();
    if (log_ != nullptr) Resume();
  }

  Training& training() { return *training_; }
  const StateHistory* states() const { return states_; }
  std::int64_t first_step() const { return first_step_; }
  double wall_seconds() const {
    return earlier_seconds_ + std::chrono::duration<double>(Clock::now() - start_).count();
  }

  // `step` steps are done.
  void SaveIfDue(std::int64_t step) {
    if (log_ == nullptr || step % record_.checkpoint_every_steps != 0) return;
    SaveAfter(controls_.checkpoint_interval_seconds, step);
  }
  void SaveAtStop(std::int64_t step) {
    if (log_ != nullptr) SaveAfter(0, step);
  }
  // A run that is over waits for its shard to be sealed.
  void SaveAtEnd(std::int64_t step) {
    if (log_ == nullptr) return;
    SaveAfter(std::min(kSecondsWorthKeeping, controls_.checkpoint_interval_seconds), step);
  }

 private:
  void MakeTraining() {
    auto probes = MakeRecorders(config_, dataset_, record_);
    std::unique_ptr<StateHistory> states = MakeStateHistory(config_, dataset_, record_);
    states_ = states.get();
    if (states) probes.push_back(std::move(states));
    training_ = std::make_unique<Training>(config_, dataset_, std::move(probes));
  }

  // What a log of another version or another way of recording holds is passed over.
  void Resume() {
    const std::vector<CheckpointEntry> entries = log_->Read();
    if (entries.empty()) return;
    if (training_->Restore(entries)) {
      first_step_ = saved_step_ = entries.back().step;
      earlier_seconds_ = entries.back().wall_seconds;
    } else {
      log_->Clear();
      MakeTraining();
    }
  }

  // Unless less time has passed since the last entry, or no step.
  void SaveAfter(double seconds, std::int64_t step) {
    if (step <= saved_step_ ||
        std::chrono::duration<double>(Clock::now() - saved_).count() < seconds) {
      return;
    }
    CheckpointEntry entry = training_->Save(step);
    entry.wall_seconds = wall_seconds();
    log_->Append(entry);
    saved_ = Clock::now();
    saved_step_ = step;
  }

  static constexpr double kSecondsWorthKeeping = 1;

  const RunConfig& config_;
  const data::Dataset& dataset_;
  const RecordOptions& record_;
  const TrainControls& controls_;
  CheckpointLog* log_;
  std::unique_ptr<Training> training_;
  StateHistory* states_ = nullptr;  // the training's
  std::int64_t first_step_ = 0, saved_step_ = 0;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point saved_ = start_;
  double earlier_seconds_ = 0;
};

}  // namespace

std::optional<RunRecord> Train(const RunConfig& config, const data::Dataset& dataset,
                               const RecordOptions& record, const TrainControls& controls) {
  CheckFit(config, dataset);
  ResumableTraining run(config, dataset, record, controls);
  ProgressReporter progress(controls.on_progress);
  bool diverged = false;
  std::int64_t step = run.first_step();
  progress.Done(step);
  for (; step < config.steps; ++step) {
    if (controls.stop != nullptr && controls.stop->requested()) {
      run.SaveAtStop(step);
      return std::nullopt;
    }
    diverged = !run.training().Step(step);
    if (diverged) break;
    progress.Done(1);
    run.SaveIfDue(step + 1);
  }
  progress.Flush();
  run.SaveAtEnd(step);
  RunRecord result = run.training().Finish(step, diverged);
  if (record.bursts) CaptureBursts(dataset, record, run.states(), result);
  result.wall_seconds = run.wall_seconds();
  return result;
}

std::uint64_t RecordedBytes(const RunConfig& config, const data::Dataset& dataset,
                            const RecordOptions& record) {
  return RecorderBytes(config, dataset, record);
}

std::uint64_t RecordedBurstBytes(const RunConfig& config, const data::Dataset& dataset,
                                 const RecordOptions& record) {
  return BurstBytes(config, dataset, record);
}

}  // namespace crease::train
