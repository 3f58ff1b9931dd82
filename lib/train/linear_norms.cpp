#include "lib/train/linear_norms.h"

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
  kernels::RangeNorms(buffer.data(), ranges_, norms.data());
}

void LinearNorms::OfDifference(std::span<const float> a, std::span<const float> b,
                               std::span<float> norms) const {
  kernels::RangeNormsOfDifference(a.data(), b.data(), ranges_, norms.data());
}

}  // namespace crease::train
