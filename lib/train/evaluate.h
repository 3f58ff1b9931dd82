// Loss and accuracy of a network on a whole split.
#pragma once

#include <span>

#include "lib/data/dataset.h"
#include "lib/model/network.h"
#include "lib/train/batch.h"
#include "lib/train/run_config.h"

namespace crease::train {

struct Evaluation {
  double loss = 0.0;
  double accuracy = 0.0;  // NaN for regression
};

// What `loss` compares the outputs for `batch` with; points into the batch.
model::Objective ObjectiveOf(Loss loss, const data::Dataset& dataset, const Batch& batch);

Evaluation EvaluationOf(const kernels::LossResult& result, const data::Dataset& dataset,
                        std::size_t points);

// Splits are packed once, in chunks that keep a small network's activations in cache.
class Evaluator {
 public:
  static constexpr std::size_t kChunkPoints = 1024;

  Evaluator(const RunConfig& config, const data::Dataset& dataset, const data::Split& split);

  Evaluation Evaluate(std::span<const float> parameters);

 private:
  const data::Dataset& dataset_;
  Loss loss_;
  std::vector<Batch> chunks_;
  model::Network network_;
  std::size_t points_;
};

model::Architecture ArchitectureOf(const RunConfig& config, const data::Dataset& dataset);

}  // namespace crease::train
