// What a batch's outputs are compared with, and how.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/kernels/loss.h"

namespace crease::model {

// What the outputs of a batch are compared with.
struct Objective {
  bool cross_entropy = true;  // otherwise the mean squared error
  kernels::LossShape shape;
  const std::int32_t* labels = nullptr;  // (groups * 16), padded with -1; may be nullptr without
                                         // cross-entropy
  const float* targets = nullptr;        // (groups, outputs, 16); mean squared error only

  // Of the mean loss, as kernels/loss.h; d_outputs may be nullptr.
  kernels::LossResult Loss(const float* outputs, float* d_outputs) const;

  // Of `count` groups from `first` on, where outputs and d_outputs point to.
  void Add(std::size_t first, std::size_t count, const float* outputs, float* d_outputs,
           kernels::LossSums& sums) const;
  kernels::LossResult Result(const kernels::LossSums& sums) const;
};

}  // namespace crease::model
