// What stands between the noise-free curve and the recorded one.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/transitions/draws.h"
#include "benchmarks/transitions/generator.h"

namespace crease::benchmarks {

// What is added to ln loss at every step 0 ... steps-1. `events`: where the noise may grow.
std::vector<double> DrawDisturbance(CurveClass curve_class, std::int64_t steps,
                                    const std::vector<double>& events, Draws& draws);

}  // namespace crease::benchmarks
