#include "lib/train/evaluate.h"

#include <algorithm>
#include <limits>

#include "lib/kernels/loss.h"

namespace crease::train {
namespace {

constexpr std::size_t kChunkPoints = 1024;

}  // namespace

model::Architecture ArchitectureOf(const RunConfig& config, const data::Dataset& dataset) {
  return {config.model, dataset.inputs, dataset.outputs};
}

Evaluation BatchLoss(Loss loss, const data::Dataset& dataset, const Batch& batch,
                     const float* outputs, float* d_outputs) {
  kernels::LossShape shape;
  shape.outputs = dataset.outputs;
  shape.supervised = dataset.regression ? dataset.supervised : dataset.outputs;
  shape.points = batch.points;
  const kernels::LossResult result =
      loss == Loss::kCrossEntropy
          ? kernels::CrossEntropy(shape, outputs, batch.labels.data(), d_outputs)
          : kernels::MeanSquaredError(shape, outputs, batch.targets.data(),
                                      dataset.regression ? nullptr : batch.labels.data(),
                                      d_outputs);
  const double accuracy =
      dataset.regression ? std::numeric_limits<double>::quiet_NaN()
                         : static_cast<double>(result.correct) / static_cast<double>(batch.points);
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
    const Evaluation part = BatchLoss(loss_, dataset_, chunk, outputs, nullptr);
    const double share = static_cast<double>(chunk.points) / static_cast<double>(points_);
    total.loss += share * part.loss;
    total.accuracy += share * part.accuracy;
  }
  return total;
}

}  // namespace crease::train
