// Keeps the figures of a sweep under way and passes on what happens to the callbacks, one call at
// a time, whichever worker it comes from.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <vector>

#include "lib/core/stop.h"
#include "lib/sweep/grid.h"
#include "lib/sweep/runner.h"

namespace crease::sweep {

// Thread-safe. No member throws: what a callback throws ends the sweep and is kept for Rethrow.
class RunMonitor {
 public:
  // Keeps references to all arguments but `runs`.
  RunMonitor(const std::vector<PlannedRun>& runs, const RunnerOptions& options,
             const RunnerCallbacks& callbacks, const StopToken& user_stop);

  // Once the user, a failure (fail_fast) or what a callback threw ends the sweep.
  bool IsOver() const { return user_stop_.requested() || ended_.load(); }

  // `run` has done so many steps more.
  void Advance(const PlannedRun& run, std::int64_t steps);
  void Finish(const PlannedRun& run, train::RunRecord&& record,
              std::shared_ptr<const data::Dataset> dataset);
  // `steps_done`: the sum of what Advance was told of.
  void Fail(const PlannedRun& run, std::int64_t steps_done, const std::string& message);

  // The sweep ends with this, unless something else was thrown before.
  void End(std::exception_ptr thrown);

  // After all workers are done: throws what a callback threw.
  RunnerSummary Summarise();

 private:
  void ReportIfDue(bool at_once);
  Progress Snapshot();
  void Settle(const PlannedRun& run, std::int64_t steps_done);
  template <typename Call>
  void Guarded(Call&& call);

  const RunnerOptions& options_;
  const RunnerCallbacks& callbacks_;
  const StopToken& user_stop_;
  std::atomic<bool> ended_{false};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

  std::mutex figures_mutex_;  // guards all below up to the next mutex
  Progress figures_;
  double flops_trained_ = 0, flops_left_ = 0;
  std::vector<Failure> failures_;
  std::exception_ptr thrown_;
  std::chrono::steady_clock::time_point next_report_ = start_;

  std::mutex sink_mutex_, progress_mutex_, failure_mutex_;
};

}  // namespace crease::sweep
