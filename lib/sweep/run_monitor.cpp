#include "lib/sweep/run_monitor.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace crease::sweep {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

RunMonitor::RunMonitor(const std::vector<PlannedRun>& runs, const RunnerOptions& options,
                       const RunnerCallbacks& callbacks, const StopToken& user_stop)
    : options_(options), callbacks_(callbacks), user_stop_(user_stop) {
  figures_.runs_total = std::ssize(runs);
  for (const PlannedRun& run : runs) {
    figures_.steps_total += run.config.steps;
    flops_left_ += EstimatedFlops(run.config);
  }
}

template <typename Call>
void RunMonitor::Guarded(Call&& call) {
  try {
    call();
  } catch (...) {
    End(std::current_exception());
  }
}

void RunMonitor::End(std::exception_ptr thrown) {
  const std::lock_guard lock(figures_mutex_);
  if (thrown_ == nullptr) thrown_ = std::move(thrown);
  ended_ = true;
}

void RunMonitor::Advance(const PlannedRun& run, std::int64_t steps) {
  {
    const std::lock_guard lock(figures_mutex_);
    const double flops = EstimatedFlops(run.config) * static_cast<double>(steps) /
                         static_cast<double>(run.config.steps);
    figures_.steps_done += steps;
    flops_trained_ += flops;
    flops_left_ -= flops;
  }
  ReportIfDue(false);
}

void RunMonitor::Finish(const PlannedRun& run, train::RunRecord&& record,
                        std::shared_ptr<const data::Dataset> dataset) {
  const std::int64_t steps_done = record.steps_done;
  const bool diverged = record.outcome == train::Outcome::kDiverged;
  const std::int64_t transitions = std::ssize(record.transitions);
  bool taken = false;
  {
    std::unique_lock<std::mutex> lock;
    if (!callbacks_.sink_is_thread_safe) lock = std::unique_lock(sink_mutex_);
    Guarded([&] {
      callbacks_.sink(std::move(record), std::move(dataset));
      taken = true;
    });
  }
  if (!taken) return;
  {
    const std::lock_guard lock(figures_mutex_);
    ++figures_.runs_done;
    if (diverged) ++figures_.runs_diverged;
    figures_.transitions += transitions;
    Settle(run, steps_done);
  }
  ReportIfDue(false);
}

void RunMonitor::Fail(const PlannedRun& run, std::int64_t steps_done, const std::string& message) {
  const Failure failure{run.run_id, message};
  {
    const std::lock_guard lock(figures_mutex_);
    ++figures_.runs_failed;
    failures_.push_back(failure);
    Settle(run, steps_done);
  }
  if (options_.fail_fast) ended_ = true;
  if (callbacks_.failure == nullptr) return;
  const std::lock_guard lock(failure_mutex_);
  Guarded([&] { callbacks_.failure(failure); });
}

// The steps that a run which ended early will not do.
void RunMonitor::Settle(const PlannedRun& run, std::int64_t steps_done) {
  const std::int64_t missing = run.config.steps - std::min(steps_done, run.config.steps);
  figures_.steps_total -= missing;
  flops_left_ -= EstimatedFlops(run.config) * static_cast<double>(missing) /
                 static_cast<double>(run.config.steps);
}

void RunMonitor::ReportIfDue(bool at_once) {
  if (callbacks_.progress == nullptr) return;
  Progress progress;
  std::unique_lock report(progress_mutex_, std::try_to_lock);
  // Another worker is reporting: training goes on rather than wait for a terminal.
  if (!report.owns_lock()) return;
  {
    const std::lock_guard lock(figures_mutex_);
    if (!at_once && Clock::now() < next_report_) return;
    next_report_ =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(options_.progress_interval_seconds));
    progress = Snapshot();
  }
  Guarded([&] { callbacks_.progress(progress); });
}

Progress RunMonitor::Snapshot() {
  Progress progress = figures_;
  const double seconds = SecondsSince(start_);
  progress.elapsed_seconds = seconds;
  if (seconds > 0) {
    progress.runs_per_second = static_cast<double>(figures_.runs_done) / seconds;
    progress.steps_per_second = static_cast<double>(figures_.steps_done) / seconds;
  }
  progress.eta_seconds = std::numeric_limits<double>::quiet_NaN();
  if (flops_trained_ > 0) {
    progress.eta_seconds = std::max(0.0, flops_left_) * seconds / flops_trained_;
  }
  return progress;
}

RunnerSummary RunMonitor::Summarise() {
  ReportIfDue(true);
  const std::lock_guard lock(figures_mutex_);
  if (thrown_ != nullptr) std::rethrow_exception(thrown_);
  RunnerSummary summary{.progress = Snapshot(), .failures = failures_, .stopped = false};
  summary.stopped =
      summary.progress.runs_done + summary.progress.runs_failed < summary.progress.runs_total;
  return summary;
}

}  // namespace crease::sweep
