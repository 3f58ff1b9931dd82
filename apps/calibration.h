// How long runs take on this machine, from short trainings that are thrown away.
#pragma once

#include <vector>

#include "lib/sweep/grid.h"
#include "lib/sweep/runner.h"
#include "lib/train/run_config.h"

namespace crease::apps {

struct CalibrationOptions {
  double total_seconds = 8.0;      // about what the whole calibration may take
  double shape_seconds = 0.35;     // what one shape gets of it at most
  double shape_seconds_min = 0.1;  // and at least: with more shapes, only some are trained
};

// Seconds of one core for each run. Runs of one shape (that differ in nothing but seeds, learning
// rate and length) are timed once, recording what `record` asks for; where there are too many
// shapes, the others get the seconds per floating-point operation of the nearest in size.
std::vector<double> EstimateSeconds(const std::vector<sweep::PlannedRun>& runs,
                                    const train::RecordOptions& record,
                                    sweep::DatasetCache& datasets,
                                    const CalibrationOptions& options = {});

}  // namespace crease::apps
