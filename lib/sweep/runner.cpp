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

void TrainOne(const PlannedRun& run, const train::RecordOptions& record, DatasetCache& datasets,
              const StopToken& stop, RunMonitor& monitor) {
  std::int64_t steps_done = 0;
  train::TrainControls controls;
  controls.stop = &stop;
  controls.on_progress = [&](std::int64_t steps) {
    steps_done += steps;
    monitor.Advance(run, steps);
    if (monitor.IsOver() && !stop.requested()) throw SweepIsOver();
  };
  try {
    const std::shared_ptr<const data::Dataset> dataset = datasets.Get(run.config.data);
    std::optional<train::RunRecord> trained = train::Train(run.config, *dataset, record, controls);
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

  // No exception leaves TrainOne: none may leave an OpenMP region.
#pragma omp parallel for schedule(dynamic, 1) num_threads(ThreadsFor(options, runs.size()))
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!monitor.IsOver()) TrainOne(runs[order[i]], record, datasets, stop, monitor);
  }
  return monitor.Summarise();
}

}  // namespace crease::sweep
