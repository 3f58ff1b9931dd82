// What `crease transitions` is asked for, and the parts that do it.
#pragma once

#include <string>
#include <vector>

#include "analysis/curve/curve.h"
#include "analysis/summary/catalog_runs.h"
#include "apps/report.h"
#include "lib/detect/offline.h"
#include "lib/store/catalog.h"
#include "lib/train/config_keys.h"

namespace crease::apps {

struct TransitionsRequest {
  std::string path;
  bool is_store = false;
  std::string column, step_column;  // "" if not given
  detect::OfflineOptions detection;
  bool stored = false;  // take the transitions that the store holds
  bool json = false;
  std::vector<const train::ConfigKey*> by;  // empty: list transitions
  std::string curves_path;                  // "" or where --by puts its curves
  bool sensitivity = false;
};

// Prints help and returns false, or throws Error(kInput) for what does not go together.
bool ParseTransitions(const std::vector<std::string>& words, TransitionsRequest& request);

// `chosen` for one run of a store, whose schedule is known.
detect::OfflineOptions OptionsFor(const detect::OfflineOptions& chosen,
                                  const train::RunConfig& config);

// Names the runs without a verdict on stderr, by the reason: many runs share few of them. Returns
// [{"run_id": ..., "reason": ...}].
Json TellNoVerdicts(const std::vector<summary::CatalogRun>& runs,
                    const std::vector<detect::Detection>& detections);

// Of a CSV file; tells of rows without a number.
curve::Curve ReadCurve(const TransitionsRequest& request);

// What the store holds. In the order of `runs`.
std::vector<detect::Detection> StoredDetections(const store::Catalog& catalog,
                                                const std::vector<summary::CatalogRun>& runs);

// Each returns an exit code.
int CompareTransitions(const TransitionsRequest& request);  // --by
int VarySettings(const TransitionsRequest& request);        // --sensitivity

}  // namespace crease::apps
