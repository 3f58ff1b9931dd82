// What stands between the noise-free curve and the recorded one.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/transitions/draws.h"
#include "benchmarks/transitions/generator.h"

namespace crease::benchmarks {

// All by step 0 ... steps-1.
struct Disturbance {
  std::vector<double> noise;      // AR(1) of unit variance
  std::vector<double> deviation;  // ln loss has `deviation * noise - shift` added, ...
  std::vector<double> added;  // ... which makes the mean one, and with it spikes and oscillation
  double correlation = 0;     // of neighbours of `noise`
};

// `events`: where the noise may grow.
Disturbance DrawDisturbance(CurveClass curve_class, std::int64_t steps,
                            const std::vector<double>& events, Draws& draws);

}  // namespace crease::benchmarks
