// What a training step costs, for schedulers: about, not exact.
#pragma once

#include <cstddef>

#include "lib/data/dataset.h"
#include "lib/train/run_config.h"

namespace crease::train {

// What of a data set a step's cost depends on.
struct ProblemSize {
  std::size_t inputs = 0, outputs = 0;
  std::size_t points = 0;  // of the training split, or drawn afresh every step
};

// Floating-point operations of one step.
double StepFlops(const RunConfig& config, const ProblemSize& size);
double StepFlops(const RunConfig& config, const data::Dataset& dataset);

}  // namespace crease::train
