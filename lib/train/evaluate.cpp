#include "lib/train/evaluate.h"

#include <algorithm>
#include <limits>

namespace crease::train {

model::Architecture ArchitectureOf(const RunConfig& config, const data::Dataset& dataset) {
  return {config.model, dataset.inputs, dataset.outputs};
}

model::Objective ObjectiveOf(Loss loss, const data::Dataset& dataset, const Batch& batch) {
  model::Objective objective;
  objective.cross_entropy = loss == Loss::kCrossEntropy;
  objective.shape.outputs = dataset.outputs;
  objective.shape.supervised = dataset.regression ? dataset.supervised : dataset.outputs;
  objective.shape.points = batch.points;
  objective.labels = dataset.regression ? nullptr : batch.labels.data();
  objective.targets = batch.targets.data();
  return objective;
}

Evaluation EvaluationOf(const kernels::LossResult& result, const data::Dataset& dataset,
                        std::size_t points) {
  const double accuracy = dataset.regression
                              ? std::numeric_limits<double>::quiet_NaN()
                              : static_cast<double>(result.correct) / static_cast<double>(points);
  return {result.loss, accuracy};
}

Evaluator::Evaluator(const RunConfig& config, const data::Dataset& dataset,
                     const data::Split& split)
    : dataset_(dataset),
      loss_(config.loss),
      network_(ArchitectureOf(config, dataset), std::min(split.points, kChunkPoints)),
      points_(split.points) {
  const bool one_hot = !dataset.regression && config.loss == Loss::kMse;
  for (std::size_t first = 0; first < points_; first += kChunkPoints) {
    PackBatch(dataset, split, {}, first, std::min(kChunkPoints, points_ - first), one_hot,
              chunks_.emplace_back());
  }
}

Evaluation Evaluator::Evaluate(std::span<const float> parameters) {
  Evaluation total;
  for (const Batch& chunk : chunks_) {
    const float* outputs = network_.Forward(parameters, chunk.x.data(), chunk.points);
    const Evaluation part = EvaluationOf(ObjectiveOf(loss_, dataset_, chunk).Loss(outputs, nullptr),
                                         dataset_, chunk.points);
    const double share = static_cast<double>(chunk.points) / static_cast<double>(points_);
    total.loss += share * part.loss;
    total.accuracy += share * part.accuracy;
  }
  return total;
}

}  // namespace crease::train
