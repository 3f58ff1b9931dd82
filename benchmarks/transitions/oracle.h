// The ceiling: what a test finds that is told everything but whether the transition is there.
#pragma once

#include <vector>

#include "benchmarks/transitions/generator.h"
#include "lib/detect/transition.h"

namespace crease::benchmarks {

// The likelihood-ratio test between two curves that are both known exactly, place, shape and noise
// included: the true one, and the log-convex one that lies closest to it between the transitions
// before and after. With innovations of the noise of unit variance e and d the difference of both
// curves in those units, (e + d) d / |d| is compared with the standard normal's 1 % quantile: 10
// false alarms per 1,000 tests. Nothing that has to find the place can do better.
// Requires: curves sampled at every step.

// The labels of a positive curve that the test finds.
std::vector<detect::Transition> FindByOracle(const LabelledCurve& curve);

// On a negative curve: the labels of `other` that the test takes to be in `curve`, told that one of
// them might be. One test a curve, of the first label.
std::vector<detect::Transition> FalseAlarmsOfOracle(const LabelledCurve& curve,
                                                    const LabelledCurve& other);

}  // namespace crease::benchmarks
