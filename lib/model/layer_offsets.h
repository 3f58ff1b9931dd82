// Where a layer's parameters lie in the flat buffer.
#pragma once

#include <cstddef>
#include <span>

#include "lib/model/parameters.h"

namespace crease::model {

// Of linear l and the norm after it, looked up once: a step asks for them at every layer.
class LayerOffsets {
 public:
  LayerOffsets() = default;
  LayerOffsets(const ParameterLayout& layout, std::size_t layer)
      : weight(OffsetOf(layout, TensorKind::kLinearWeight, layer)),
        bias(OffsetOf(layout, TensorKind::kLinearBias, layer)),
        alpha(OffsetOf(layout, TensorKind::kNormAlpha, layer)),
        norm_weight(OffsetOf(layout, TensorKind::kNormWeight, layer)),
        norm_bias(OffsetOf(layout, TensorKind::kNormBias, layer)) {}

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t weight = kNone, bias = kNone, alpha = kNone, norm_weight = kNone, norm_bias = kNone;

 private:
  static std::size_t OffsetOf(const ParameterLayout& layout, TensorKind kind, std::size_t layer) {
    const Tensor* tensor = layout.Find(kind, layer);
    return tensor == nullptr ? kNone : tensor->offset;
  }
};

// The tensor at such an offset; nullptr where the network has none such.
template <typename T>
T* At(std::span<T> parameters, std::size_t offset) {
  return offset == LayerOffsets::kNone ? nullptr : parameters.data() + offset;
}

}  // namespace crease::model
