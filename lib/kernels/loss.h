// Losses over a batch, their gradients, and the count of right answers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/core/aligned.h"

namespace crease::kernels {

struct LossResult {
  double loss = 0.0;        // mean, nats for cross-entropy
  std::size_t correct = 0;  // points whose largest output (the first of equals) is the label
};

struct LossShape {
  std::size_t outputs = 0;     // classes, or dimensions
  std::size_t supervised = 0;  // mean squared error: the first so many outputs count
  std::size_t points = 0;

  // What a mean squared error is the mean of.
  double supervised_values() const {
    return static_cast<double>(points) * static_cast<double>(supervised);
  }
};

// The sums behind a LossResult, 16 lanes each, that parts of a batch are added to.
struct LossSums {
  alignas(kAlignmentBytes) double loss[kLanes] = {};
  alignas(kAlignmentBytes) float correct[kLanes] = {};
};

// Mean over points of ln sum_c exp(logit_c) - logit_label. logits, d_logits (groups, outputs, 16);
// labels (groups * 16), padded with -1. d_logits: of the mean loss; zero on padded lanes.
// d_logits may be nullptr. Small losses keep their relative accuracy: ln(1 + rest) with the rest
// summed apart from the largest term.
LossResult CrossEntropy(const LossShape& shape, const float* logits, const std::int32_t* labels,
                        float* d_logits);

// Mean over points and supervised outputs of (output - target)^2 (torch.nn.MSELoss).
// targets (groups, outputs, 16). labels may be nullptr: then `correct` is 0.
LossResult MeanSquaredError(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs);

// The same for `count` groups from `first` on, in the order of the groups: the pointers are at
// group `first`, the shape is that of the whole batch.
void AddCrossEntropy(const LossShape& shape, std::size_t count, const float* logits,
                     const std::int32_t* labels, float* d_logits, LossSums& sums);
void AddSquaredError(const LossShape& shape, std::size_t first, std::size_t count,
                     const float* outputs, const float* targets, const std::int32_t* labels,
                     float* d_outputs, LossSums& sums);
LossResult CrossEntropyOf(const LossShape& shape, const LossSums& sums);
LossResult MeanSquaredErrorOf(const LossShape& shape, const LossSums& sums);

}  // namespace crease::kernels
