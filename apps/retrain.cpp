#include "apps/retrain.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "apps/progress.h"
#include "lib/core/error.h"
#include "lib/core/hash.h"
#include "lib/core/numerics_version.h"
#include "lib/store/reader.h"
#include "lib/store/shard_metadata.h"
#include "lib/sweep/runner.h"
#include "lib/train/config_keys.h"

namespace crease::apps {
namespace {

train::RecordOptions Nothing() {
  const auto off = train::StepSchedule::Off();
  return {.scalars = off,
          .weights = off,
          .activations = off,
          .gradients = off,
          .test = off,
          .bursts = false,
          .checkpoint_every_steps = 0};
}

// Digests of data sets, each computed once.
class DataDigests {
 public:
  explicit DataDigests(sweep::DatasetCache& datasets) : datasets_(datasets) {}

  const std::string& Of(const data::Options& options) {
    const auto dataset = datasets_.Get(options);
    const auto [place, is_new] = digests_.try_emplace(dataset.get());
    if (is_new) place->second = store::DataDigest(*dataset);
    return place->second;
  }

 private:
  sweep::DatasetCache& datasets_;
  std::map<const data::Dataset*, std::string> digests_;
};

// The configurations of runs, those of one shard read at once.
class Configurations {
 public:
  train::RunConfig Of(const store::RunCopy& run) {
    if (run.shard != shard_ || run.group != group_) {
      shard_ = run.shard;
      group_ = run.group;
      texts_.clear();
      for (store::StoredRun& stored : store::ShardReader(shard_, group_).Runs()) {
        texts_.push_back(std::move(stored.config_json));
      }
    }
    return train::ConfigFromJson(texts_.at(static_cast<std::size_t>(run.row)));
  }

 private:
  std::string shard_, group_;
  std::vector<std::string> texts_;
};

// "" if the run can be compared; `planned` is then what to train.
std::string WhyNot(const store::RunCopy& run, Configurations& configurations, DataDigests& data,
                   sweep::PlannedRun& planned) {
  if (run.numerics_version != kNumericsVersion) {
    return "is of numerics version " + std::to_string(run.numerics_version) + ", this program of " +
           std::to_string(kNumericsVersion);
  }
  try {
    planned = {configurations.Of(run), run.run_id};
    if (data.Of(planned.config.data) == run.data_digest) return "";
    return "its data have changed since it was trained";
  } catch (const Error& error) {
    return error.place() + ": " + error.problem();
  }
}

}  // namespace

Retrained TrainAgain(std::vector<store::RunCopy> runs, int threads, StopToken& stop) {
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.shard, a.group, a.row) < std::tie(b.shard, b.group, b.row);
  });
  Retrained result;
  sweep::DatasetCache datasets;
  DataDigests data(datasets);
  Configurations configurations;
  std::vector<sweep::PlannedRun> planned;
  for (const store::RunCopy& run : runs) {
    sweep::PlannedRun one;
    const std::string reason = WhyNot(run, configurations, data, one);
    if (reason.empty()) {
      planned.push_back(std::move(one));
    } else {
      result.not_comparable[run.run_id] = reason;
    }
  }
  if (planned.empty()) return result;
  ProgressPrinter printer;
  sweep::RunnerOptions options;
  options.threads = threads;
  options.progress_interval_seconds = printer.interval_seconds();
  sweep::RunnerCallbacks callbacks;
  callbacks.sink = [&](train::RunRecord&& run, const std::shared_ptr<const data::Dataset>&) {
    result.digests[run.run_id] = run.digest;
  };
  callbacks.progress = [&](const sweep::Progress& progress) { printer.Update(progress); };
  callbacks.failure = [&](const sweep::Failure& failure) {
    result.not_comparable[failure.run_id] = failure.message;
  };
  result.stopped = sweep::RunAll(planned, Nothing(), datasets, options, callbacks, stop).stopped;
  return result;
}

std::vector<std::string> SampleOf(const std::vector<std::string>& run_ids, std::size_t count) {
  std::string all;
  for (const std::string& id : run_ids) all += id + "\n";
  const std::string key = HexDigestOf(all);
  std::vector<std::pair<std::string, std::string>> drawn;
  drawn.reserve(run_ids.size());
  for (const std::string& id : run_ids) drawn.emplace_back(HexDigestOf(key + id), id);
  std::sort(drawn.begin(), drawn.end());
  drawn.resize(std::min(drawn.size(), count));
  std::vector<std::string> sample;
  sample.reserve(drawn.size());
  for (auto& [order, id] : drawn) sample.push_back(std::move(id));
  return sample;
}

}  // namespace crease::apps
