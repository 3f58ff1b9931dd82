// What bench_step times: one shape of network, its data, and the answer that its step must give.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/model/parameters.h"
#include "lib/train/run_config.h"

namespace crease::benchmarks {

struct StepShape {
  std::string norm = "layernorm";  // of lib/model/options.h; "layernorm_affine": PyTorch's default
  std::string optimizer = "adam";  // adam or sgd
  std::int64_t width = 3, depth = 2, points = 400;
};

// Full-batch training of spiral's points; a copy of one is another one.
struct StepCase {
  explicit StepCase(const StepShape& shape);
  train::RunConfig config;
  data::Dataset dataset;
};

struct StepAnswer {
  double loss = 0.0;
  std::span<const float> parameters, gradients;  // model::ParameterLayout
};

// The largest relative error of the loss and of any tensor's gradient against the reference model
// in double precision; NaN if anything is. A tensor counts at least a thousandth of the whole
// gradient: some are zero but for rounding.
double ErrorOf(const StepCase& step, const model::Architecture& architecture,
               const StepAnswer& answer);

}  // namespace crease::benchmarks
