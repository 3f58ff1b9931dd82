// Sweep files as commands read them.
#pragma once

#include <string>
#include <vector>

#include "lib/sweep/grid.h"
#include "lib/sweep/runner.h"
#include "lib/sweep/spec.h"

namespace crease::apps {

// ParseSpecFile, its warnings told on stderr.
sweep::Spec ReadSweep(const std::string& path, const std::vector<std::string>& overrides);

// Loads one data set of each kind that the runs need, so that missing data stop a sweep before
// anything is trained. Throws as data::Load does.
void LoadEachTask(const std::vector<sweep::PlannedRun>& runs, sweep::DatasetCache& datasets);

}  // namespace crease::apps
