// What people use to find drops in a loss curve, for comparison: each as usual, with
// the window and the number of means that give it the best F1 on the tuning curves.
#pragma once

#include <vector>

#include "benchmarks/transitions/generator.h"
#include "lib/detect/transition.h"

namespace crease::benchmarks {

// Where -d ln L / d ln s of the smoothed curve is above 1, if ln L falls by 0.2 at least meanwhile.
std::vector<detect::Transition> FindBySlope(const LabelledCurve& curve);

// The definition (lib/detect/definition.h) applied to the smoothed curve.
std::vector<detect::Transition> FindByMovingAverage(const LabelledCurve& curve);

// Optimal partitioning of ln L into pieces of constant mean by least squares (Jackson et al. 2005,
// pruned as in PELT: Killick, Fearnhead, Eckley 2012) with a penalty of 3 ln n in units of the
// variance between neighbours, over 200 means of equally many samples. Every change
// downward by 0.2 nats is one detection.
std::vector<detect::Transition> FindByMeanShift(const LabelledCurve& curve);

}  // namespace crease::benchmarks
