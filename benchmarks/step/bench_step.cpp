// Times one full-batch training step (forward, cross-entropy, backward, Adam) on one thread, after
// checking its loss and gradients against the double-precision reference model.
//   bench_step --benchmark_format=json
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "lib/data/dataset.h"
#include "lib/kernels/target.h"
#include "lib/model/initialise.h"
#include "lib/model/network.h"
#include "lib/model/reference.h"
#include "lib/optim/updater.h"
#include "lib/train/batch.h"
#include "lib/train/evaluate.h"

namespace crease {
namespace {

struct Step {
  Step(std::int64_t width, std::int64_t depth, std::int64_t points) {
    config.model.norm = model::Norm::kLayerNorm;
    config.model.affine = true;
    config.model.width = width;
    config.model.depth = depth;
    config.data.points = points;
    config.data = data::WithTaskDefaults(config.data);
    dataset = data::Load(config.data);
  }
  train::RunConfig config;
  data::Dataset dataset;
};

// The largest relative error of any tensor's gradient, against double precision.
double GradientError(const Step& step, const model::Network& network, const train::Batch& batch,
                     const AlignedVector<float>& parameters,
                     const AlignedVector<float>& gradients) {
  model::ReferenceBatch reference;
  const auto points = static_cast<Eigen::Index>(batch.points);
  reference.x.resize(static_cast<Eigen::Index>(step.dataset.inputs), points);
  for (Eigen::Index p = 0; p < points; ++p) {
    for (Eigen::Index i = 0; i < reference.x.rows(); ++i) {
      const auto at = static_cast<std::size_t>(p * reference.x.rows() + i);
      reference.x(i, p) = static_cast<double>(step.dataset.train.x[at]);
    }
    reference.labels.push_back(step.dataset.train.labels[static_cast<std::size_t>(p)]);
  }
  const std::vector<double> exact(parameters.begin(), parameters.end());
  const auto result = model::ReferenceForwardBackward(network.architecture(), exact, reference,
                                                      model::ReferenceLoss::kCrossEntropy);
  double worst = 0.0;
  for (const model::Tensor& tensor : network.layout().tensors()) {
    double error = 0.0, size = 0.0;
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      error += std::pow(static_cast<double>(gradients[i]) - result.gradients[i], 2.0);
      size += std::pow(result.gradients[i], 2.0);
    }
    worst = std::max(worst, std::sqrt(error / size));
  }
  return worst;
}

void TrainingStep(benchmark::State& state) {
  const Step step(state.range(0), state.range(1), state.range(2));
  train::BatchSource source(step.config, step.dataset);
  const train::Batch& batch = source.Next(0);
  model::Network network(train::ArchitectureOf(step.config, step.dataset), batch.points);
  AlignedVector<float> parameters(network.layout().size()), gradients(parameters.size());
  model::InitialiseParameters(network.architecture(), network.layout(), 0, parameters);
  optim::Updater updater(step.config.optim, parameters.size(), 1 << 30);

  const auto forward_backward = [&] {
    const float* outputs = network.Forward(parameters, batch.x.data(), batch.points);
    const auto evaluation =
        train::BatchLoss(step.config.loss, step.dataset, batch, outputs, network.d_outputs());
    network.Backward(parameters, network.d_outputs(), gradients);
    return evaluation.loss;
  };
  forward_backward();
  const double error = GradientError(step, network, batch, parameters, gradients);
  if (!(error < 1e-4)) {
    state.SkipWithError("gradients are wrong");
    return;
  }
  std::int64_t count = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(forward_backward());
    updater.Step(count++, gradients, parameters);
  }
  state.counters["gradient_error"] = error;
  state.counters["steps/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
}

BENCHMARK(TrainingStep)
    ->ArgNames({"width", "depth", "points"})
    ->ArgsProduct({{3, 8, 16, 32, 64, 128}, {2}, {400, 1000}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace crease

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("instruction_set", crease::kernels::TargetName());
  benchmark::RunSpecifiedBenchmarks();
}
