#include "lib/sweep/runner.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <exception>
#include <new>
#include <numeric>
#include <optional>
#include <utility>

#include <omp.h>

#include "lib/core/error.h"
#include "lib/sweep/run_monitor.h"
#include "lib/train/trainer.h"

namespace crease::sweep {
namespace {

// Longest first, so that no long run starts when the others are almost done.
std::vector<std::size_t> ByFallingCost(const std::vector<PlannedRun>& runs) {
  std::vector<double> cost;
  cost.reserve(runs.size());
  for (const PlannedRun& run : runs) cost.push_back(EstimatedFlops(run.config));
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return cost[a] > cost[b]; });
  return order;
}

// HDF5 is not safe to use from two threads, and a sink may use it: read all such data before any
// run ends. Data that cannot be read fail their runs later.
std::vector<std::shared_ptr<const data::Dataset>> LoadHdf5(const std::vector<PlannedRun>& runs,
                                                           DatasetCache& datasets) {
  std::vector<std::shared_ptr<const data::Dataset>> loaded;
  for (const PlannedRun& run : runs) {
    if (run.config.data.task != "hdf5") continue;
    try {
      loaded.push_back(datasets.Get(run.config.data));
    } catch (const std::exception&) {
    }
  }
  return loaded;
}

int ThreadsFor(const RunnerOptions& options, std::size_t runs) {
  const int wanted = options.threads > 0 ? options.threads : omp_get_num_procs();
  return std::max(1, static_cast<int>(std::min(static_cast<std::size_t>(wanted), runs)));
}

// Thrown through a training that a failure elsewhere makes pointless.
struct SweepIsOver {};

// A log of checkpoints that fails is no fault of its run: the disk may be full, and the sweep ends.
template <typename Call>
auto OrEnd(RunMonitor& monitor, Call&& call) {
  try {
    return call();
  } catch (const Error&) {
    monitor.End(std::current_exception());
    throw SweepIsOver();
  }
}

class GuardedLog : public train::CheckpointLog {
 public:
  GuardedLog(std::unique_ptr<train::CheckpointLog> log, RunMonitor& monitor)
      : log_(std::move(log)), monitor_(monitor) {}

  std::vector<train::CheckpointEntry> Read() override {
    return OrEnd(monitor_, [&] { return log_->Read(); });
  }
  void Append(const train::CheckpointEntry& entry) override {
    OrEnd(monitor_, [&] { log_->Append(entry); });
  }
  void Clear() override {
    OrEnd(monitor_, [&] { log_->Clear(); });
  }

 private:
  std::unique_ptr<train::CheckpointLog> log_;
  RunMonitor& monitor_;
};

std::unique_ptr<train::CheckpointLog> OpenLog(const PlannedRun& run,
                                              const RunnerCallbacks& callbacks,
                                              RunMonitor& monitor) {
  if (callbacks.checkpoints == nullptr) return nullptr;
  return OrEnd(monitor,
               [&] { return std::make_unique<GuardedLog>(callbacks.checkpoints(run), monitor); });
}

// What the runs of a sweep have in common.
struct Sweep {
  const train::RecordOptions& record;
  DatasetCache& datasets;
  const RunnerOptions& options;
  const RunnerCallbacks& callbacks;
  const StopToken& stop;
};

void TrainOne(const PlannedRun& run, const Sweep& sweep, RunMonitor& monitor) {
  std::int64_t steps_done = 0;
  train::TrainControls controls;
  controls.stop = &sweep.stop;
  controls.checkpoint_interval_seconds = sweep.options.checkpoint_interval_seconds;
  controls.on_progress = [&](std::int64_t steps) {
    steps_done += steps;
    monitor.Advance(run, steps);
    if (monitor.IsOver() && !sweep.stop.requested()) throw SweepIsOver();
  };
  try {
    const std::shared_ptr<const data::Dataset> dataset = sweep.datasets.Get(run.config.data);
    const auto log = OpenLog(run, sweep.callbacks, monitor);
    controls.checkpoints = log.get();
    std::optional<train::RunRecord> trained =
        train::Train(run.config, *dataset, sweep.record, controls);
    if (trained) monitor.Finish(run, std::move(*trained), dataset);
  } catch (const SweepIsOver&) {
  } catch (const std::bad_alloc&) {
    monitor.Fail(run, steps_done, "out of memory; lower --threads, or record less");
  } catch (const std::exception& error) {
    monitor.Fail(run, steps_done, error.what());
  }
}

}  // namespace

RunnerSummary RunAll(const std::vector<PlannedRun>& runs, const train::RecordOptions& record,
                     DatasetCache& datasets, const RunnerOptions& options,
                     const RunnerCallbacks& callbacks, StopToken& stop) {
  assert(callbacks.sink != nullptr);
  RunMonitor monitor(runs, options, callbacks, stop);
  const auto hdf5_data = LoadHdf5(runs, datasets);
  const std::vector<std::size_t> order = ByFallingCost(runs);
  const Sweep sweep{record, datasets, options, callbacks, stop};

  // No exception leaves TrainOne: none may leave an OpenMP region.
#pragma omp parallel for schedule(dynamic, 1) num_threads(ThreadsFor(options, runs.size()))
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!monitor.IsOver()) TrainOne(runs[order[i]], sweep, monitor);
  }
  return monitor.Summarise();
}

}  // namespace crease::sweep
