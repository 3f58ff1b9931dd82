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

struct StepError {
  double relative = 0.0;  // the largest of the loss and of any tensor's gradient
  double of_bound = 0.0;  // the largest in parts of what rounding explains: right if at most 1
};

// Against the reference model in double precision; NaN if anything is.
//
// What rounding explains is derived for each case, as cases differ by orders of magnitude: where a
// point comes near to zero before unit, each layer multiplies rounding errors by the inverse of its
// norm. Rounding in a step is as if its weights and inputs had been rounded otherwise, so the
// reference is taken again with all of them moved at random by up to half an ulp; what that moves a
// tensor's gradient by, and half an ulp of the gradient itself, times a few roundings (more of them
// in longer sums) is the bound: 2e-6 to 5e-6 where nothing is near zero. A tensor counts at least a
// thousandth of the whole gradient: some are zero but for rounding.
StepError ErrorOf(const StepCase& step, const model::Architecture& architecture,
                  const StepAnswer& answer);

}  // namespace crease::benchmarks
