// What commands read before they do anything: sweep files, data sets, the runs of a store.
#pragma once

#include <string>
#include <vector>

#include "analysis/summary/catalog_runs.h"
#include "lib/sweep/grid.h"
#include "lib/sweep/runner.h"
#include "lib/sweep/spec.h"

namespace crease::apps {

// ParseSpecFile, its warnings told on stderr.
sweep::Spec ReadSweep(const std::string& path, const std::vector<std::string>& overrides);

// The overrides under which a copy of the sweep file, elsewhere, stands for the same runs: those of
// `spec`, and the full paths of the user's own data.
std::vector<std::string> OverridesToKeep(const sweep::Spec& spec);

// Loads one data set of each kind that the runs need, so that missing data stop a sweep before
// anything is trained. Throws as data::Load does.
void LoadEachTask(const std::vector<sweep::PlannedRun>& runs, sweep::DatasetCache& datasets);

// The runs of a store; none where there is no store yet. Throws as store::Catalog does.
std::vector<summary::CatalogRun> StoredRuns(const std::string& store_path);

}  // namespace crease::apps
