// In: a Spec. Out: the runs it stands for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/sweep/spec.h"
#include "lib/train/run_config.h"

namespace crease::sweep {

// A planned run: its configuration with data_digest filled in, and its id.
struct PlannedRun {
  train::RunConfig config;
  std::string run_id;
};

// All runs of the sweep in a fixed order: axes as in the file, the last fastest. Each id once.
// Throws Error(kInput) for inconsistent cells and for the user's data files that cannot be read.
std::vector<PlannedRun> Expand(const Spec& spec);

// Floating-point operations of a whole run, estimated from its configuration alone: to order and
// to divide runs without loading their data.
double EstimatedFlops(const train::RunConfig& config);

// The part of `runs` that shard `index` of `count` trains (1-based). A deterministic,
// cost-balanced partition: depends on the whole list alone, not on what is done already.
std::vector<PlannedRun> ShardOf(const std::vector<PlannedRun>& runs, int index, int count);

}  // namespace crease::sweep
