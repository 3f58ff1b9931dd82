// One network in training, as lib/train/trainer.cpp trains it, with nothing measured beside: what
// the benchmarks call a step. The only place where benchmarks call the engine.
#pragma once

#include <cstdint>

#include "lib/core/aligned.h"
#include "lib/data/dataset.h"
#include "lib/model/network.h"
#include "lib/optim/updater.h"
#include "lib/train/batch.h"
#include "lib/train/run_config.h"

namespace crease::benchmarks {

class EngineStep {
 public:
  // Initial weights from config.seed. Both arguments must outlive it.
  EngineStep(const train::RunConfig& config, const data::Dataset& dataset);

  // Forward, loss, backward on the next batch; returns the mean loss. Gradients are overwritten.
  double ForwardBackward();
  void Update();  // the optimizer's step with those gradients

  const model::Network& network() const { return network_; }
  const AlignedVector<float>& parameters() const { return parameters_; }
  const AlignedVector<float>& gradients() const { return gradients_; }

 private:
  const train::RunConfig& config_;
  const data::Dataset& dataset_;
  train::BatchSource batches_;
  model::Network network_;
  AlignedVector<float> parameters_, gradients_;
  optim::Updater updater_;
  std::int64_t step_ = 0;
};

// Floating-point operations of the linear layers' multiply-adds in one step (two each): forward and
// the gradients of weights and inputs, which is 6 in out a point; the first layer needs no gradient
// of its inputs, 4 in out. Biases, norms, loss and the optimizer are not counted.
double LinearFlops(const model::Architecture& architecture, std::size_t points);

}  // namespace crease::benchmarks
