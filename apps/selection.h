// In: the runs of a sweep and those of a store. Out: which of them are to be trained.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/summary/catalog_runs.h"
#include "lib/store/claims.h"
#include "lib/sweep/grid.h"
#include "lib/train/run_config.h"

namespace crease::apps {

// A run that is in the store but lacks some of the recordings that are asked for now.
struct SparserRun {
  std::string run_id;
  std::string lacks;  // "weights every 10 steps, asked every 1"
};

// Runs that another process is training.
struct RunsElsewhere {
  std::string host;
  std::int64_t process = 0, runs = 0;
};

struct Selection {
  std::vector<sweep::PlannedRun> to_train;
  std::vector<RunsElsewhere> elsewhere;
  std::int64_t present = 0;  // planned runs that are in the store
  std::vector<SparserRun> sparser;
  // Of the runs that are trained again: what they gave last time.
  std::unordered_map<std::string, std::string> stored_digests;
};

struct SelectionOptions {
  bool rerecord = false;  // train again what is recorded too sparsely
  bool force = false;     // train everything again
};

Selection Select(const std::vector<sweep::PlannedRun>& planned,
                 const std::vector<summary::CatalogRun>& stored, const train::RecordOptions& asked,
                 const SelectionOptions& options);

// Takes out of what is to be trained the runs that others have claimed.
void LeaveToOthers(const std::vector<store::Claim>& claims, Selection& selection);

std::int64_t CountElsewhere(const Selection& selection);

// For stderr: who trains the runs that are left to others; "" if there are none.
std::string DescribeElsewhere(const std::vector<RunsElsewhere>& elsewhere);

// For stderr: the sparser runs by what they lack; "" if there are none.
std::string DescribeSparser(const std::vector<SparserRun>& sparser);

}  // namespace crease::apps
