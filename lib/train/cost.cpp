#include "lib/train/cost.h"

#include "lib/model/parameters.h"

namespace crease::train {

double StepFlops(const RunConfig& config, const ProblemSize& size) {
  model::Architecture architecture;
  architecture.options = config.model;
  architecture.inputs = size.inputs;
  architecture.outputs = size.outputs;
  // Forward, d_input and d_weight: two operations each a weight and point, but that the first layer
  // needs no d_input. Norms and losses take some 20 operations a neuron and point, the update some
  // 20 a weight, a step some 2,000 anyway.
  double per_point = 0, weights = 0;
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    const auto fan_in = static_cast<double>(architecture.fan_in(l));
    const auto fan_out = static_cast<double>(architecture.fan_out(l));
    per_point += (l == 0 ? 4 : 6) * fan_in * fan_out + 20 * fan_out;
    weights += fan_in * fan_out;
  }
  const double points =
      config.batch > 0 ? static_cast<double>(config.batch) : static_cast<double>(size.points);
  return points * per_point + 20 * weights + 2000;
}

double StepFlops(const RunConfig& config, const data::Dataset& dataset) {
  return StepFlops(config, ProblemSize{.inputs = dataset.inputs,
                                       .outputs = dataset.outputs,
                                       .points = dataset.fresh ? dataset.fresh->points_per_step
                                                               : dataset.train.points});
}

}  // namespace crease::train
