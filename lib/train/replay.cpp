#include "lib/train/replay.h"

#include <memory>
#include <utility>

#include "lib/optim/updater.h"
#include "lib/train/evaluate.h"
#include "lib/train/progress_reporter.h"
#include "lib/train/recorders.h"
#include "lib/train/training.h"

namespace crease::train {
namespace {

// The probes of one recording, whose report goes to a record of its own.
class Recording : public Probe {
 public:
  Recording(const RunConfig& config, const data::Dataset& dataset, RecordOptions options,
            RunRecord& record)
      : record_(record) {
    options.checkpoint_every_steps = 0;
    probes_ = MakeRecorders(config, dataset, options);
  }

  void BeforeUpdate(const StepView& view) override {
    for (const auto& probe : probes_) probe->BeforeUpdate(view);
  }
  void AfterUpdate(std::int64_t step, std::span<const float> update_norm) override {
    for (const auto& probe : probes_) probe->AfterUpdate(step, update_norm);
  }
  void AtEnd(std::span<const float> parameters) override {
    for (const auto& probe : probes_) probe->AtEnd(parameters);
  }
  void Report(RunRecord&) override {
    for (const auto& probe : probes_) probe->Report(record_);
  }
  void Save(StateWriter&) override {}
  void Restore(StateReader&) override {}

 private:
  std::vector<std::unique_ptr<Probe>> probes_;
  RunRecord& record_;
};

}  // namespace

std::optional<Replayed> Replay(const RunConfig& config, const data::Dataset& dataset,
                               const ReplayPlan& plan, const StopToken* stop,
                               const std::function<void(std::int64_t)>& on_progress) {
  CheckFit(config, dataset);
  Replayed replayed;
  replayed.records.resize(plan.recordings.size());
  std::vector<std::unique_ptr<Probe>> probes;
  for (std::size_t k = 0; k < plan.recordings.size(); ++k) {
    probes.push_back(
        std::make_unique<Recording>(config, dataset, plan.recordings[k], replayed.records[k]));
  }
  Training training(config, dataset, std::move(probes));
  if (plan.start.step > 0) training.Start(plan.start);
  ProgressReporter progress(on_progress);
  std::int64_t step = plan.start.step;
  for (; step <= plan.last_step && step < config.steps; ++step) {
    if (stop != nullptr && stop->requested()) return std::nullopt;
    replayed.diverged = !training.Step(step);
    if (replayed.diverged) break;
    progress.Done(1);
  }
  progress.Flush();
  replayed.steps_done = step;
  const bool at_end = replayed.diverged || step == config.steps;
  RunRecord whole;
  if (at_end && plan.start.step == 0) {
    whole = training.Finish(step, replayed.diverged);
    replayed.digest = whole.digest;
    replayed.diverged = whole.outcome == Outcome::kDiverged;
  } else {
    if (at_end && !replayed.diverged) {
      replayed.diverged = !training.EvaluateFinal(whole);
      if (!replayed.diverged) training.TellProbesOfTheEnd();
    }
    training.Report(whole);
  }
  return replayed;
}

SnapshotSizes SizesOf(const RunConfig& config, const data::Dataset& dataset) {
  const std::size_t size = model::ParameterLayout(ArchitectureOf(config, dataset)).size();
  const optim::Updater updater(config.optim, size, config.steps);
  return {size, updater.first_moment().size(), updater.second_moment().size()};
}

}  // namespace crease::train
