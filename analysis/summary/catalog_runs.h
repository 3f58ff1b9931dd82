// In: the catalogue of a store. Out: its runs and transitions as structs.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/detect/transition.h"
#include "lib/store/catalog.h"
#include "lib/train/run_config.h"

namespace crease::summary {

// One row of `runs`; each run id comes once. NaN where a figure does not exist.
struct CatalogRun {
  std::string run_id;
  std::string shard;  // as the catalogue names it
  std::int64_t shard_row = 0;
  std::string sweep;
  train::RunConfig config;
  std::string record_json;  // train::RecordFromJson reads it
  std::string digest;
  bool diverged = false;
  std::int64_t steps_done = 0;
  double final_loss = 0, best_accuracy = 0;
  std::string no_verdict;  // why the run has no transitions to speak of, or ""
};

struct CatalogTransition {
  std::int64_t number = 0;  // within the run
  detect::Transition transition;
};

// In the order of the catalogue. Throws Error(kDamaged) if the tables are not as Catalog says.
std::vector<CatalogRun> ReadRuns(const store::Catalog& catalog);

// By run id, in order of their onsets.
using TransitionsByRun = std::unordered_map<std::string, std::vector<CatalogTransition>>;
TransitionsByRun ReadTransitions(const store::Catalog& catalog);

}  // namespace crease::summary
