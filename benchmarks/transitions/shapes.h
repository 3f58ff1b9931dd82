// Noise-free loss curves by class.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "benchmarks/transitions/draws.h"
#include "benchmarks/transitions/generator.h"

namespace crease::benchmarks {

struct Shape {
  std::function<double(double step)> log_loss;
  std::vector<double> events;            // where the noise may grow
  std::vector<double> schedule_changes;  // where the learning rate changes
};

// Draws the parameters of a curve of `steps` steps.
Shape DrawShape(CurveClass curve_class, double steps, Draws& draws);

}  // namespace crease::benchmarks
