#include "lib/sweep/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/error.h"

namespace crease::sweep {
namespace {

using testing::HasSubstr;

std::vector<PlannedRun> Runs(const std::string& text) {
  return Expand(ParseSpec("[sweep]\nname = \"x\"\n" + text, "x.toml"));
}

// Different lengths and shapes; some 20 runs.
std::vector<PlannedRun> MixedRuns() {
  return Runs(
      "[data]\npoints = 60\n[grid]\nseed = [0, 1, 2]\n\"model.width\" = [3, 5]\n[[zip]]\n"
      "\"train.steps\" = [50, 400, 200]\n\"model.norm\" = [\"unit\", \"layernorm\", \"dyt\"]\n");
}

train::RecordOptions Sparse() {
  train::RecordOptions record;
  record.weights = record.activations = train::StepSchedule::Off();
  return record;
}

// What a sweep gave, and whether its callbacks were ever called side by side.
struct Collected {
  std::map<std::string, train::RunRecord> records;
  std::vector<std::string> order;
  std::vector<Progress> progress;
  std::vector<Failure> failures;
  RunnerSummary summary;
  bool overlapped = false;
};

class Inside {
 public:
  Inside(std::atomic<int>& count, bool& overlapped) : count_(count) {
    if (++count_ > 1) overlapped = true;
  }
  ~Inside() { --count_; }

 private:
  std::atomic<int>& count_;
};

struct Given {
  RunnerOptions options = {.threads = 2, .fail_fast = false, .progress_interval_seconds = 0.0};
  std::function<void(const train::RunRecord&)> on_record = nullptr;
  StopToken stop;
};

Collected Train(const std::vector<PlannedRun>& runs, Given& given) {
  Collected collected;
  std::atomic<int> in_sink{0}, in_progress{0}, in_failure{0};
  DatasetCache datasets;
  RunnerCallbacks callbacks;
  callbacks.sink = [&](train::RunRecord&& record, std::shared_ptr<const data::Dataset> dataset) {
    const Inside inside(in_sink, collected.overlapped);
    EXPECT_NE(dataset, nullptr);
    if (given.on_record) given.on_record(record);
    collected.order.push_back(record.run_id);
    collected.records.emplace(record.run_id, std::move(record));
  };
  callbacks.progress = [&](const Progress& progress) {
    const Inside inside(in_progress, collected.overlapped);
    collected.progress.push_back(progress);
  };
  callbacks.failure = [&](const Failure& failure) {
    const Inside inside(in_failure, collected.overlapped);
    collected.failures.push_back(failure);
  };
  collected.summary = RunAll(runs, Sparse(), datasets, given.options, callbacks, given.stop);
  return collected;
}

Collected Train(const std::vector<PlannedRun>& runs, int threads = 2) {
  Given given;
  given.options.threads = threads;
  return Train(runs, given);
}

std::map<std::string, std::string> DigestsOf(const Collected& collected) {
  std::map<std::string, std::string> digests;
  for (const auto& [id, record] : collected.records) digests[id] = record.digest;
  return digests;
}

// A run whose training throws: its batch is larger than what Expand would let pass.
PlannedRun BrokenRun() {
  PlannedRun run = Runs("[train]\nsteps = 5000\n").at(0);
  run.config.data.points = 60;
  run.config.batch = 61;
  run.run_id = "broken";
  return run;
}

TEST(RunAll, TrainsEveryRunOnce) {
  const std::vector<PlannedRun> runs = MixedRuns();
  Given given;
  // Long enough for the other worker to come in between if nothing holds it back.
  given.on_record = [](const train::RunRecord&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  };
  const Collected collected = Train(runs, given);
  ASSERT_EQ(runs.size(), 18u);
  EXPECT_EQ(collected.order.size(), runs.size());
  for (const PlannedRun& run : runs) {
    ASSERT_TRUE(collected.records.contains(run.run_id));
    EXPECT_EQ(collected.records.at(run.run_id).steps_done, run.config.steps);
  }
  EXPECT_EQ(collected.summary.progress.runs_done, 18);
  EXPECT_EQ(collected.summary.progress.runs_failed, 0);
  EXPECT_EQ(collected.summary.progress.steps_done, collected.summary.progress.steps_total);
  EXPECT_FALSE(collected.summary.stopped);
  EXPECT_FALSE(collected.overlapped);
}

TEST(RunAll, TheNumberOfThreadsChangesNoBit) {
  const std::vector<PlannedRun> runs = MixedRuns();
  const auto one = DigestsOf(Train(runs, 1));
  EXPECT_EQ(one, DigestsOf(Train(runs, 2)));
  EXPECT_EQ(one, DigestsOf(Train(runs, 5)));
  EXPECT_EQ(one, DigestsOf(Train(runs, 0)));
}

TEST(RunAll, TwoShardsTrainWhatOneSweepTrains) {
  const std::vector<PlannedRun> runs = MixedRuns();
  std::map<std::string, std::string> shards = DigestsOf(Train(ShardOf(runs, 1, 2)));
  shards.merge(DigestsOf(Train(ShardOf(runs, 2, 2))));
  EXPECT_EQ(shards, DigestsOf(Train(runs)));
}

TEST(RunAll, OneThreadTrainsTheLongestFirst) {
  const std::vector<PlannedRun> runs = MixedRuns();
  const Collected collected = Train(runs, 1);
  std::vector<double> costs;
  for (const std::string& id : collected.order) {
    costs.push_back(EstimatedFlops(collected.records.at(id).config));
  }
  EXPECT_TRUE(std::is_sorted(costs.rbegin(), costs.rend()));
}

TEST(RunAll, ProgressGrowsToItsEnd) {
  const Collected collected = Train(MixedRuns());
  ASSERT_FALSE(collected.progress.empty());
  for (std::size_t i = 1; i < collected.progress.size(); ++i) {
    EXPECT_GE(collected.progress[i].steps_done, collected.progress[i - 1].steps_done);
    EXPECT_GE(collected.progress[i].runs_done, collected.progress[i - 1].runs_done);
    EXPECT_GE(collected.progress[i].elapsed_seconds, collected.progress[i - 1].elapsed_seconds);
  }
  const Progress& last = collected.progress.back();
  EXPECT_EQ(last.runs_total, 18);
  EXPECT_EQ(last.runs_done, 18);
  EXPECT_EQ(last.steps_total, 6 * (50 + 400 + 200));
  EXPECT_EQ(last.steps_done, last.steps_total);
  EXPECT_NEAR(last.eta_seconds, 0.0, 1e-6);
  EXPECT_GT(last.steps_per_second, 0);
}

TEST(RunAll, AFailureIsToldAndEndsNoOtherRun) {
  std::vector<PlannedRun> runs = MixedRuns();
  runs.insert(runs.begin() + 3, BrokenRun());
  const Collected collected = Train(runs);
  EXPECT_EQ(collected.records.size(), 18u);
  ASSERT_EQ(collected.failures.size(), 1u);
  EXPECT_EQ(collected.failures[0].run_id, "broken");
  EXPECT_THAT(collected.failures[0].message, HasSubstr("train.batch"));
  ASSERT_EQ(collected.summary.failures.size(), 1u);
  EXPECT_EQ(collected.summary.progress.runs_failed, 1);
  EXPECT_EQ(collected.summary.progress.steps_done, collected.summary.progress.steps_total);
  EXPECT_FALSE(collected.summary.stopped);
}

TEST(RunAll, FailFastStopsAtTheFirstFailure) {
  std::vector<PlannedRun> runs = MixedRuns();
  runs.push_back(BrokenRun());  // the longest: it comes first
  Given given;
  given.options.threads = 1;
  given.options.fail_fast = true;
  const Collected collected = Train(runs, given);
  EXPECT_EQ(collected.records.size(), 0u);
  EXPECT_EQ(collected.failures.size(), 1u);
  EXPECT_TRUE(collected.summary.stopped);
  EXPECT_FALSE(given.stop.requested()) << "the user asked for nothing";
}

TEST(RunAll, DataThatCannotBeReadFailTheirRun) {
  std::vector<PlannedRun> runs = MixedRuns();
  PlannedRun absent = runs.front();
  absent.config.data.task = "hdf5";
  absent.config.data.path = "/nonexistent/x.h5";
  absent.run_id = "absent";
  runs.push_back(absent);
  const Collected collected = Train(runs);
  ASSERT_EQ(collected.failures.size(), 1u);
  EXPECT_THAT(collected.failures[0].message, HasSubstr("/nonexistent/x.h5"));
}

TEST(RunAll, ADivergedRunIsAResult) {
  const Collected collected = Train(
      Runs("[train]\noptimizer = \"sgd\"\nlr = 1e38\nsteps = 300\n[model]\nnorm = \"none\"\n"));
  EXPECT_EQ(collected.summary.progress.runs_diverged, 1);
  EXPECT_EQ(collected.summary.progress.runs_done, 1);
  EXPECT_EQ(collected.summary.progress.runs_failed, 0);
  EXPECT_EQ(collected.summary.progress.steps_done, collected.summary.progress.steps_total);
  EXPECT_NEAR(collected.summary.progress.eta_seconds, 0.0, 1e-6);
}

TEST(RunAll, StopKeepsWhatIsComplete) {
  Given given;
  given.options.threads = 1;
  int seen = 0;
  given.on_record = [&](const train::RunRecord&) {
    if (++seen == 3) given.stop.Request(15);
  };
  const Collected collected = Train(MixedRuns(), given);
  EXPECT_EQ(collected.records.size(), 3u);
  EXPECT_TRUE(collected.summary.stopped);
  EXPECT_EQ(collected.summary.progress.runs_failed, 0);
}

TEST(RunAll, StopEndsALongRunSoon) {
  Given given;
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    given.stop.Request();
  });
  const auto start = std::chrono::steady_clock::now();
  const Collected collected = Train(Runs("[train]\nsteps = 4000000\n"), given);
  interrupter.join();
  EXPECT_TRUE(collected.summary.stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(RunAll, WhatASinkThrowsEndsTheSweepAndIsThrownAgain) {
  std::vector<PlannedRun> runs = MixedRuns();
  // A long run, which the other worker is to give up.
  for (const PlannedRun& run : Runs("[train]\nsteps = 4000000\n")) runs.push_back(run);
  DatasetCache datasets;
  StopToken stop;
  std::int64_t steps_done = 0;
  RunnerCallbacks callbacks;
  callbacks.sink = [](train::RunRecord&&, std::shared_ptr<const data::Dataset>) {
    throw SystemError("store", "disk full");
  };
  callbacks.progress = [&](const Progress& progress) { steps_done = progress.steps_done; };
  try {
    RunAll(runs, Sparse(), datasets, {.threads = 2, .progress_interval_seconds = 0}, callbacks,
           stop);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "disk full");
  }
  EXPECT_LT(steps_done, 4'000'000);
  EXPECT_FALSE(stop.requested());
}

// A full disk is no fault of the run that meets it first.
TEST(RunAll, ALogOfCheckpointsThatFailsEndsTheSweep) {
  struct FailingLog : train::CheckpointLog {
    std::vector<train::CheckpointEntry> Read() override { return {}; }
    void Append(const train::CheckpointEntry&) override { throw SystemError("store", "disk full"); }
    void Clear() override {}
  };
  DatasetCache datasets;
  StopToken stop;
  RunnerCallbacks callbacks;
  callbacks.sink = [](train::RunRecord&&, std::shared_ptr<const data::Dataset>) {};
  callbacks.failure = [](const Failure& failure) { ADD_FAILURE() << failure.message; };
  callbacks.checkpoints = [](const PlannedRun&) { return std::make_unique<FailingLog>(); };
  const auto runs = Runs("[train]\nsteps = 4000000\n[grid]\nseed = [0, 1]\n");
  RunnerOptions options{.threads = 2};
  options.checkpoint_interval_seconds = 0;
  try {
    RunAll(runs, {}, datasets, options, callbacks, stop);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "disk full");
  }
}

// Each of two workers waits in the sink until the other is there, too.
TEST(RunAll, AThreadSafeSinkIsCalledByWorkersSideBySide) {
  DatasetCache datasets;
  StopToken stop;
  std::atomic<int> inside{0}, met{0};
  RunnerCallbacks callbacks;
  callbacks.sink_is_thread_safe = true;
  callbacks.sink = [&](train::RunRecord&&, std::shared_ptr<const data::Dataset>) {
    ++inside;
    const auto start = std::chrono::steady_clock::now();
    while (inside < 2 && std::chrono::steady_clock::now() - start < std::chrono::seconds(20)) {
      std::this_thread::yield();
    }
    if (inside >= 2) ++met;
  };
  const auto runs = Runs("[train]\nsteps = 20\n[grid]\nseed = [0, 1]\n");
  RunAll(runs, Sparse(), datasets, {.threads = 2}, callbacks, stop);
  EXPECT_EQ(met, 2);
}

TEST(RunAll, WhatAProgressCallbackThrowsIsThrownAgain) {
  DatasetCache datasets;
  StopToken stop;
  RunnerCallbacks callbacks;
  callbacks.sink = [](train::RunRecord&&, std::shared_ptr<const data::Dataset>) {};
  callbacks.progress = [](const Progress&) { throw std::runtime_error("terminal gone"); };
  EXPECT_THROW(RunAll(MixedRuns(), Sparse(), datasets, {.threads = 2}, callbacks, stop),
               std::runtime_error);
}

TEST(RunAll, NothingToTrainIsDoneAtOnce) {
  const Collected collected = Train({});
  EXPECT_EQ(collected.summary.progress.runs_total, 0);
  EXPECT_FALSE(collected.summary.stopped);
}

TEST(DatasetCache, LoadsOnceAndShares) {
  DatasetCache datasets;
  data::Options options;
  std::vector<std::shared_ptr<const data::Dataset>> seen(8);
  std::vector<std::thread> threads;
  for (auto& dataset : seen) {
    threads.emplace_back([&] { dataset = datasets.Get(options); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& dataset : seen) EXPECT_EQ(dataset, seen.front());
  options.points = 400;
  EXPECT_EQ(datasets.Get(options), seen.front()) << "the task's own number";
  options.points = 300;
  EXPECT_NE(datasets.Get(options), seen.front());
  EXPECT_EQ(datasets.Get(options)->train.points, 300u);
}

TEST(DatasetCache, ThrowsAsLoadDoes) {
  DatasetCache datasets;
  data::Options options;
  options.task = "csv";
  options.path = "/nonexistent/x.csv";
  EXPECT_THROW(datasets.Get(options), Error);
  EXPECT_THROW(datasets.Get(options), Error);
}

}  // namespace
}  // namespace crease::sweep
