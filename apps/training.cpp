#include "apps/training.h"

#include <exception>
#include <memory>
#include <utility>

#include "apps/heartbeat.h"
#include "apps/output.h"
#include "apps/progress.h"
#include "apps/signals.h"
#include "lib/core/error.h"
#include "lib/core/stop.h"

namespace crease::apps {
namespace {

// Hands finished runs to the writer, after a look at what the same runs gave last time.
// Thread-safe, so that workers compress their runs side by side.
class Sink {
 public:
  Sink(store::Writer& writer, const train::RecordOptions& record, const Selection& selection,
       bool may_differ)
      : writer_(writer), record_(record), selection_(selection), may_differ_(may_differ) {}

  void Take(train::RunRecord&& run, std::shared_ptr<const data::Dataset> dataset) {
    const auto stored = selection_.stored_digests.find(run.run_id);
    if (stored != selection_.stored_digests.end() && stored->second != run.digest) {
      Differs(run.run_id, stored->second, run.digest);
    }
    writer_.Append(std::move(run), record_, std::move(dataset));
  }

 private:
  void Differs(const std::string& run_id, const std::string& stored, const std::string& now) {
    const std::string what = "trained again it gives digest " + now + ", the store has " + stored;
    if (!may_differ_) {
      throw DamagedError("run " + run_id, what,
                         "the store was damaged, or comes from a build with other numerics; "
                         "`crease run --force` puts new runs in place of what it has");
    }
    Message("warning: run " + run_id + ": " + what);
  }

  store::Writer& writer_;
  const train::RecordOptions& record_;
  const Selection& selection_;
  const bool may_differ_;
};

sweep::RunnerCallbacks MakeCallbacks(Sink& sink, ProgressPrinter& printer, Heartbeat& heartbeat) {
  sweep::RunnerCallbacks callbacks;
  callbacks.sink = [&](train::RunRecord&& run, std::shared_ptr<const data::Dataset> dataset) {
    sink.Take(std::move(run), std::move(dataset));
  };
  callbacks.sink_is_thread_safe = true;
  callbacks.progress = [&](const sweep::Progress& progress) {
    printer.Update(progress);
    heartbeat.Update(progress);
  };
  callbacks.failure = [&](const sweep::Failure& failure) {
    Message(RedForMessages("failed:") + " run " + failure.run_id + ": " + failure.message);
    heartbeat.AddFailure(failure);
  };
  return callbacks;
}

sweep::RunnerSummary RunAndSeal(const TrainingRequest& request, const sweep::Spec& spec,
                                const Selection& selection, sweep::DatasetCache& datasets,
                                store::Writer& writer, store::Checkpoints& checkpoints,
                                Heartbeat& heartbeat, StopToken& stop) {
  Sink sink(writer, spec.record, selection, request.may_differ);
  sweep::RunnerSummary summary;
  try {
    ProgressPrinter printer;
    sweep::RunnerOptions options = request.runner;
    options.progress_interval_seconds = printer.interval_seconds();
    sweep::RunnerCallbacks callbacks = MakeCallbacks(sink, printer, heartbeat);
    callbacks.checkpoints = [&](const sweep::PlannedRun& run) {
      return checkpoints.Open(run.run_id, spec.record, request.afresh);
    };
    summary = sweep::RunAll(selection.to_train, spec.record, datasets, options, callbacks, stop);
  } catch (...) {
    try {
      writer.Seal();
    } catch (const std::exception&) {
      // What ended the training is the fault to report.
    }
    throw;
  }
  heartbeat.Update(summary.progress);
  writer.Seal();
  return summary;
}

}  // namespace

TrainingOutcome Train(const TrainingRequest& request, const sweep::Spec& spec,
                      const Selection& selection, sweep::DatasetCache& datasets,
                      store::Writer& writer, store::Checkpoints& checkpoints) {
  StopToken stop;
  const SignalGuard signals(stop);
  Heartbeat heartbeat(request.store_path, writer, spec.name, request.command,
                      std::ssize(selection.to_train));
  try {
    TrainingOutcome outcome;
    outcome.runner =
        RunAndSeal(request, spec, selection, datasets, writer, checkpoints, heartbeat, stop);
    outcome.written = writer.summary();
    const sweep::Progress& progress = outcome.runner.progress;
    outcome.interrupted =
        stop.requested() && progress.runs_done + progress.runs_failed < progress.runs_total;
    heartbeat.SetState(outcome.interrupted ? "interrupted" : "finished");
    return outcome;
  } catch (const std::exception& error) {
    heartbeat.SetState("failed", error.what());
    throw;
  }
}

}  // namespace crease::apps
