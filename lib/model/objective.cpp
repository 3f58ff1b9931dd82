#include "lib/model/objective.h"

#include "lib/core/aligned.h"
#include "lib/kernels/layout.h"

namespace crease::model {

void Objective::Add(std::size_t first, std::size_t count, const float* outputs, float* d_outputs,
                    kernels::LossSums& sums) const {
  const std::int32_t* part_labels = labels == nullptr ? nullptr : labels + first * kLanes;
  if (cross_entropy) {
    kernels::AddCrossEntropy(shape, count, outputs, part_labels, d_outputs, sums);
    return;
  }
  kernels::AddSquaredError(shape, first, count, outputs, targets + first * shape.outputs * kLanes,
                           part_labels, d_outputs, sums);
}

kernels::LossResult Objective::Result(const kernels::LossSums& sums) const {
  return cross_entropy ? kernels::CrossEntropyOf(shape, sums)
                       : kernels::MeanSquaredErrorOf(shape, sums);
}

kernels::LossResult Objective::Loss(const float* outputs, float* d_outputs) const {
  kernels::LossSums sums;
  Add(0, kernels::GroupsOf(shape.points), outputs, d_outputs, sums);
  return Result(sums);
}

}  // namespace crease::model
