#include "benchmarks/engine/engine_step.h"

#include "lib/model/initialise.h"
#include "lib/train/evaluate.h"

namespace crease::benchmarks {

EngineStep::EngineStep(const train::RunConfig& config, const data::Dataset& dataset)
    : config_(config),
      dataset_(dataset),
      batches_(config, dataset),
      network_(train::ArchitectureOf(config, dataset), batches_.max_points()),
      parameters_(network_.layout().size()),
      gradients_(parameters_.size()),
      updater_(config.optim, parameters_.size(), config.steps) {
  model::InitialiseParameters(network_.architecture(), network_.layout(), config.seed, parameters_);
}

double EngineStep::ForwardBackward() {
  const train::Batch& batch = batches_.Of(step_);
  return network_
      .ForwardBackward(parameters_, batch.x.data(),
                       train::ObjectiveOf(config_.loss, dataset_, batch), gradients_)
      .loss;
}

void EngineStep::Update() { updater_.Step(step_++, gradients_, parameters_); }

double LinearFlops(const model::Architecture& architecture, std::size_t points) {
  double flops = 0.0;
  for (std::size_t l = 0; l < architecture.linears(); ++l) {
    flops += (l == 0 ? 4.0 : 6.0) *
             static_cast<double>(architecture.fan_in(l) * architecture.fan_out(l));
  }
  return flops * static_cast<double>(points);
}

}  // namespace crease::benchmarks
