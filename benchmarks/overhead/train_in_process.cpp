// Trains the runs of a sweep on one thread, without scheduler and store, in several ways, and
// prints the processor time of each as JSON: what a run costs before anything is scheduled.
//   train_in_process SWEEP.toml [--set KEY=VALUE]...
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/engine/engine_step.h"
#include "benchmarks/limits/clock.h"
#include "benchmarks/run_main.h"
#include "lib/core/error.h"
#include "lib/kernels/target.h"
#include "lib/sweep/grid.h"
#include "lib/sweep/runner.h"
#include "lib/sweep/spec.h"
#include "lib/train/trainer.h"

namespace crease::benchmarks {
namespace {

double CpuSeconds() { return ReadClock(CLOCK_THREAD_CPUTIME_ID); }

train::RecordOptions RecordNothing() {
  train::RecordOptions record;
  record.scalars = record.weights = record.activations = record.gradients = record.test =
      train::StepSchedule::Off();
  record.bursts = false;
  record.checkpoint_every_steps = 0;
  return record;
}

struct Seconds {
  double steps = 0.0;     // forward, loss, backward, update alone
  double trained = 0.0;   // train::Train, nothing recorded
  double recorded = 0.0;  // train::Train, recorded as the sweep asks
};

// One run after the other in each of the ways, so that all see the same machine.
Seconds TrainAll(const std::vector<sweep::PlannedRun>& runs, const train::RecordOptions& record) {
  sweep::DatasetCache datasets;
  const train::RecordOptions nothing = RecordNothing();
  Seconds seconds;
  double losses = 0.0;
  for (const sweep::PlannedRun& run : runs) {
    const auto dataset = datasets.Get(run.config.data);
    EngineStep step(run.config, *dataset);
    double start = CpuSeconds();
    for (std::int64_t i = 0; i < run.config.steps; ++i) {
      losses += step.ForwardBackward();
      step.Update();
    }
    seconds.steps += CpuSeconds() - start;
    start = CpuSeconds();
    const auto trained = train::Train(run.config, *dataset, nothing);
    seconds.trained += CpuSeconds() - start;
    start = CpuSeconds();
    const auto recorded = train::Train(run.config, *dataset, record);
    seconds.recorded += CpuSeconds() - start;
    if (trained->digest != recorded->digest) {
      throw InputError("run " + run.run_id, "recording changed its digest");
    }
  }
  if (!(losses > 0.0)) throw InputError("sweep", "the losses of the bare steps are no losses");
  return seconds;
}

int Main(const std::vector<std::string>& words) {
  std::string path;
  std::vector<std::string> overrides;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--set" && i + 1 < words.size()) {
      overrides.push_back(words[++i]);
    } else {
      path = words[i];
    }
  }
  if (path.empty() || path.starts_with("-")) {
    std::cerr << "usage: train_in_process SWEEP.toml [--set KEY=VALUE]...\n";
    return 2;
  }
  const sweep::Spec spec = sweep::ParseSpecFile(path, overrides);
  const auto runs = sweep::Expand(spec);
  std::int64_t steps = 0;
  for (const auto& run : runs) steps += run.config.steps;
  const Seconds seconds = TrainAll(runs, spec.record);
  std::cout << "{\"runs\": " << runs.size() << ", \"steps\": " << steps
            << ", \"instruction_set\": \"" << kernels::TargetName()
            << "\", \"steps_seconds\": " << seconds.steps
            << ", \"trained_seconds\": " << seconds.trained
            << ", \"recorded_seconds\": " << seconds.recorded << "}\n";
  return 0;
}

}  // namespace
}  // namespace crease::benchmarks

int main(int argc, char** argv) {
  return crease::benchmarks::RunMain(crease::benchmarks::Main, argc, argv);
}
