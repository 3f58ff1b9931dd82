// What a shard says about itself: provenance, plotting hints, and the data its runs trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/store/reader.h"
#include "lib/store/shard_file.h"
#include "lib/train/run_config.h"

namespace crease::store {

struct Provenance {
  std::string sweep_name;
  std::string instruction_set;
  bool replaces_runs = false;
  std::string created_after = {};  // UTC; the file is dated later, even if the clock went back
  std::string replay_of = {};      // the shard whose run was trained again; "" if the runs are new
};

// Root attributes: format, versions, machine, time.
void WriteProvenance(ShardFile& file, const Provenance& provenance, const std::string& record_json);
// Those of the shards that runs were taken from: all values where they differ, the newest time.
// Requires: at least one, all with the same `record` and `numerics_version`.
void WriteProvenance(ShardFile& file, const std::vector<ShardInfo>& sources);
// Of the root of a file that holds so many shards in groups.
void WritePackedProvenance(ShardFile& file, std::int32_t shapes);

// Names the root's coordinates for xarray, and the loss as what H5Web plots first.
void WritePlottingHints(ShardFile& file);

// Group /data: the points and labels or targets, where they are at most kLargestDataBytes; of
// larger data the description and the digest only.
inline constexpr std::size_t kLargestDataBytes = 16u << 20;
void WriteData(ShardFile& file, const data::Dataset& dataset, const train::RunConfig& config);
// With what is known of data whose points may be missing: their digest, and whether to store them.
void WriteData(ShardFile& file, const data::Dataset& dataset, const train::RunConfig& config,
               const std::string& digest, bool stored);

// Hash of the points, labels and targets of both splits.
std::string DataDigest(const data::Dataset& dataset);

}  // namespace crease::store
