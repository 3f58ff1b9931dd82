// In: planned runs. Out: their RunRecords, handed to a sink as they finish.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/stop.h"
#include "lib/data/dataset.h"
#include "lib/sweep/grid.h"
#include "lib/train/checkpoint.h"
#include "lib/train/run_record.h"

namespace crease::sweep {

// Data sets by their options, loaded once and shared by the runs that need them.
class DatasetCache {
 public:
  // Thread-safe. Throws as data::Load does.
  std::shared_ptr<const data::Dataset> Get(const data::Options& options);
  DatasetCache();
  ~DatasetCache();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Progress {
  std::int64_t runs_total = 0, runs_done = 0, runs_failed = 0, runs_diverged = 0;
  std::int64_t steps_total = 0, steps_done = 0;
  std::int64_t transitions = 0;
  double elapsed_seconds = 0;
  double runs_per_second = 0, steps_per_second = 0;
  double eta_seconds = 0;  // from the floating-point operations still to do; NaN at first
};

struct Failure {
  std::string run_id;
  std::string message;
};

struct RunnerOptions {
  int threads = 0;         // 0: all processors
  bool fail_fast = false;  // stop at the first failed run
  double progress_interval_seconds = 1.0;
  double checkpoint_interval_seconds = 10;  // least time between two of a run
};

struct RunnerCallbacks {
  // From any worker, one at a time unless it is thread-safe; may block to hold the workers back.
  // What it throws ends the sweep and is thrown again by RunAll.
  std::function<void(train::RunRecord&&, std::shared_ptr<const data::Dataset>)> sink;
  bool sink_is_thread_safe = false;  // then it is called by several workers at a time
  // The log of a run's checkpoints; thread-safe. What it or the log throws ends the sweep, too.
  std::function<std::unique_ptr<train::CheckpointLog>(const PlannedRun&)> checkpoints = nullptr;
  std::function<void(const Progress&)> progress = nullptr;  // one at a time
  std::function<void(const Failure&)> failure = nullptr;    // one at a time, at once
};

struct RunnerSummary {
  Progress progress;
  std::vector<Failure> failures;
  bool stopped = false;  // some runs were left out, by the stop token or by fail_fast
};

// Trains all runs, longest first, one run a thread (OpenMP over runs). A run that throws is a
// failure and does not end the others unless fail_fast.
RunnerSummary RunAll(const std::vector<PlannedRun>& runs, const train::RecordOptions& record,
                     DatasetCache& datasets, const RunnerOptions& options,
                     const RunnerCallbacks& callbacks, StopToken& stop);

}  // namespace crease::sweep
