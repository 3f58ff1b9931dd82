// Could the curve be log-convex after all?
#pragma once

#include <cstddef>

#include "lib/detect/piecewise_linear.h"

namespace crease::detect {

// The best convex piecewise-linear function through the points, with knots at points. This is the
// null hypothesis of a transition; it contains the plateau's tangent. Requires: at least 2 points.
PiecewiseLinearFit ConvexFit(const NoisyPoints& points);

// Its squared residuals; 0 of fewer than 3 points.
double ConvexCost(const NoisyPoints& points);

// One-sided p-value of a standard normal score.
double UpperTail(double z);

}  // namespace crease::detect
