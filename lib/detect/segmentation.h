// In: noisy points. Out: the continuous piecewise-linear function with few knots that fits them.
#pragma once

#include "lib/detect/piecewise_linear.h"

namespace crease::detect {

struct SegmentationOptions {
  // What a knot costs, in units of the squared residuals it must save. The theory of L0 fits of n
  // points asks for about 2 ln n, 12 here; 15 raises fewer false alarms and finds as much.
  double penalty = 15.0;
  // Bounds the search's work: knots times trial fits.
  std::size_t work = 60000;
};

// Minimises squared residuals + penalty * (inner knots): starts with a knot at every point, takes
// away the ones that save least (exact for each step), then moves, adds and removes single knots
// while that lowers the cost. Deterministic.
PiecewiseLinearFit Segment(PiecewiseLinearModel& model, const SegmentationOptions& options);

}  // namespace crease::detect
