// Could the curve be log-convex after all?
#pragma once

#include <cstddef>

#include "lib/detect/piecewise_linear.h"

namespace crease::detect {

// The squared residuals of the best convex piecewise-linear function through the points (knots at
// points). This is the null hypothesis of a transition; it contains the plateau's tangent.
double ConvexCost(const NoisyPoints& points);

// One-sided p-value of a standard normal score.
double UpperTail(double z);

}  // namespace crease::detect
