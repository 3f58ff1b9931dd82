// What a shard says about itself: provenance, plotting hints, and the data its runs trained on.
#pragma once

#include <string>

#include "lib/data/dataset.h"
#include "lib/store/shard_file.h"
#include "lib/train/run_config.h"

namespace crease::store {

struct Provenance {
  std::string sweep_name;
  std::string instruction_set;
  bool replaces_runs = false;
};

// Root attributes: format, versions, machine, time.
void WriteProvenance(ShardFile& file, const Provenance& provenance, const std::string& record_json);

// Names the root's coordinates for xarray, and the loss as what H5Web plots first.
void WritePlottingHints(ShardFile& file);

// Group /data: the points and labels or targets, where they are at most kLargestDataBytes; of
// larger data the description and the digest only.
inline constexpr std::size_t kLargestDataBytes = 16u << 20;
void WriteData(ShardFile& file, const data::Dataset& dataset, const train::RunConfig& config);

// Hash of the points, labels and targets of both splits.
std::string DataDigest(const data::Dataset& dataset);

}  // namespace crease::store
