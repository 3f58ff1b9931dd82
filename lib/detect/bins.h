// In: ticks. Out: the logarithm of the mean loss in geometric bins, with its variance.
#pragma once

#include <vector>

#include "lib/detect/noise.h"
#include "lib/detect/piecewise_linear.h"
#include "lib/detect/ticks.h"

namespace crease::detect {

// Bins hold 1/50 of the elapsed steps, but at least a few ticks. x: the mean step; y: the logarithm
// of the mean loss, lifted by half its variance, because the logarithm of a noisy mean lies that
// much too low on average.
NoisyPoints MakeBins(const Ticks& ticks, const NoiseModel& noise);

}  // namespace crease::detect
