#include "lib/sweep/grid.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <functional>
#include <map>
#include <queue>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "lib/data/dataset.h"
#include "lib/sweep/cells.h"
#include "lib/train/cost.h"

namespace crease::sweep {
namespace {

// Digests of the user's files, each read once.
class ContentDigests {
 public:
  std::string Of(const data::Options& options) {
    const std::string files = options.path + '\n' + options.labels + '\n' + options.test_path +
                              '\n' + options.test_labels;
    const auto key = std::make_pair(options.task, files);
    const auto found = digests_.find(key);
    if (found != digests_.end()) return found->second;
    return digests_[key] = data::ContentDigest(options);
  }

 private:
  std::map<std::pair<std::string, std::string>, std::string> digests_;
};

// Of the real data, the published sizes; of the user's files, a guess: within one sweep it is
// mostly the same for all runs and cancels.
train::ProblemSize SizeOf(const data::Options& data) {
  const auto points = static_cast<std::size_t>(data.points);
  const auto inputs = static_cast<std::size_t>(data.inputs);
  if (data.task == "spiral" || data.task == "sectors") return {2, 2, points};
  if (data.task == "octants") return {3, 2, points};
  if (data.task == "toy_regression") return {inputs, inputs, 128};
  if (data.task == "random_labels") return {inputs, static_cast<std::size_t>(data.classes), points};
  train::ProblemSize size{20, 2, 1000};
  if (data.task == "digits") size = {64, 10, 1437};
  if (data.task == "mnist" || data.task == "fashion_mnist") size = {784, 10, 60000};
  if (data.task == "iris") size = {4, 3, 150};
  if (data.task == "wine") size = {13, 3, 178};
  if (data.task == "breast_cancer") size = {30, 2, 569};
  if (data.subset > 0) size.points = std::min(size.points, static_cast<std::size_t>(data.subset));
  return size;
}

}  // namespace

double EstimatedFlops(const train::RunConfig& config) {
  return train::StepFlops(config, SizeOf(data::WithTaskDefaults(config.data))) *
         static_cast<double>(config.steps);
}

std::vector<PlannedRun> Expand(const Spec& spec) {
  std::vector<PlannedRun> runs;
  std::unordered_set<std::string> ids;
  ContentDigests digests;
  ForEachCell(spec, [&](const train::RunConfig& cell) {
    PlannedRun run{.config = cell, .run_id = ""};
    run.config.data_digest = digests.Of(cell.data);
    run.config.data = data::WithTaskDefaults(cell.data);
    run.run_id = train::RunId(run.config);
    if (ids.insert(run.run_id).second) runs.push_back(std::move(run));
  });
  return runs;
}

std::vector<PlannedRun> ShardOf(const std::vector<PlannedRun>& runs, int index, int count) {
  assert(count >= 1 && index >= 1 && index <= count);
  // Longest processing time first: each run, by falling cost, goes to the shard with the least.
  std::vector<std::tuple<double, std::string_view, std::size_t>> by_cost;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    by_cost.emplace_back(-EstimatedFlops(runs[i].config), runs[i].run_id, i);
  }
  std::sort(by_cost.begin(), by_cost.end());
  using Load = std::pair<double, int>;  // flops, shard
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (int shard = 1; shard <= count; ++shard) loads.emplace(0.0, shard);
  std::vector<std::size_t> mine;
  for (const auto& [negative_cost, unused, run] : by_cost) {
    const auto [load, shard] = loads.top();
    loads.pop();
    loads.emplace(load - negative_cost, shard);
    if (shard == index) mine.push_back(run);
  }
  std::sort(mine.begin(), mine.end());
  std::vector<PlannedRun> result;
  result.reserve(mine.size());
  for (const std::size_t run : mine) result.push_back(runs[run]);
  return result;
}

}  // namespace crease::sweep
