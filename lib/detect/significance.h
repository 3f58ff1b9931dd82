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

// The share of log-convex curves of so many samples, of noise correlated over
// `correlation_samples` (NoiseModel), in which the detector would see a transition of at least this
// score (Transition::z_score). Noise that no model holds (spikes, bursts of
// oscillation, heavy tails) makes it far larger than a normal distribution's tail: it is fitted to
// the benchmark's curves without a transition, share / (1 + (z / spread)^2) beyond small scores.
double PValue(double z_score, std::size_t samples, double correlation_samples);

}  // namespace crease::detect
