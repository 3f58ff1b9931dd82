// A run of a shard as a replay needs it: where to set out from, what to compare with, where to put
// the result.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/store/reader.h"
#include "lib/train/replay.h"
#include "lib/train/run_record.h"

namespace crease::store {

// The last state of group /checkpoints at or before `step`; step 0, without buffers, if there is
// none. Throws Error(kDamaged).
train::Snapshot NearestState(const ShardReader& reader, std::int64_t run, std::int64_t step,
                             const train::SnapshotSizes& sizes);

struct ReplayDifference {
  std::string dataset;  // "/weights/linear0_weight"
  std::int64_t step = 0;
  std::string index;  // within the step: "[2, 0]"; "" of a single value
  float stored = 0, replayed = 0;
};

struct ReplayComparison {
  std::int64_t values = 0;                // compared
  std::optional<ReplayDifference> first;  // by step
};

// Compares every value of the steps from `first` to `last` that both have, bit by bit but for NaN,
// which equals any NaN. `replayed`: the axes and arrays of a recording as the shard's. Throws
// Error(kDamaged).
ReplayComparison CompareWithShard(const ShardReader& reader, std::int64_t run,
                                  const train::RunRecord& replayed, std::int64_t first,
                                  std::int64_t last);

// The rows that group /bursts has of one run.
struct BurstRows {
  std::vector<std::size_t> rows;    // of the group's data sets
  std::vector<std::int64_t> steps;  // increasing
  std::int64_t points = 0;          // whose activations they have
};
// Those of the steps from `first` to `last`. Throws Error(kDamaged).
BurstRows FindBurstRows(const ShardReader& reader, std::int64_t run, std::int64_t first,
                        std::int64_t last);
// As CompareWithShard; `replayed`: weights, and activations of the first points, at these steps.
ReplayComparison CompareWithBursts(const ShardReader& reader, const BurstRows& bursts,
                                   const train::RunRecord& replayed);

struct ReplayOrigin {
  std::string sweep_name = {};
  std::string instruction_set = {};
  std::string shard = {};  // the run is of
};

// Writes one run as a shard of its own. Throws Error(kSystem), and Error(kInput) if there is such a
// file, unless `replace`.
std::uint64_t WriteRunFile(const std::string& path, bool replace, train::RunRecord&& record,
                           const train::RecordOptions& recorded,
                           std::shared_ptr<const data::Dataset> dataset,
                           const ReplayOrigin& origin);

}  // namespace crease::store
