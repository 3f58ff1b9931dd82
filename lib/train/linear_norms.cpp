#include "lib/train/linear_norms.h"

#include <cmath>

#include "lib/kernels/reduce.h"

namespace crease::train {

LinearNorms::LinearNorms(const model::ParameterLayout& layout) {
  for (const model::Tensor& tensor : layout.tensors()) {
    if (tensor.kind == model::TensorKind::kLinearWeight) {
      ranges_.push_back({tensor.offset, tensor.padded_size()});
    } else if (tensor.kind == model::TensorKind::kLinearBias) {
      ranges_.back().size += tensor.padded_size();  // it follows its weight in the buffer
    }
  }
}

void LinearNorms::Of(std::span<const float> buffer, std::span<float> norms) const {
  for (std::size_t l = 0; l < ranges_.size(); ++l) {
    norms[l] = static_cast<float>(
        std::sqrt(kernels::SumOfSquares(buffer.data() + ranges_[l].offset, ranges_[l].size)));
  }
}

void LinearNorms::OfDifference(std::span<const float> a, std::span<const float> b,
                               std::span<float> norms) const {
  for (std::size_t l = 0; l < ranges_.size(); ++l) {
    norms[l] = static_cast<float>(std::sqrt(kernels::SumOfSquaredDifferences(
        a.data() + ranges_[l].offset, b.data() + ranges_[l].offset, ranges_[l].size)));
  }
}

}  // namespace crease::train
