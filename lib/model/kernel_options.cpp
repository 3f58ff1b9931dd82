#include "lib/model/kernel_options.h"

#include <cstddef>

namespace crease::model {
namespace {

kernels::NormKind NormKindOf(Norm norm) {
  switch (norm) {
    case Norm::kUnit:
      return kernels::NormKind::kUnit;
    case Norm::kLayerNorm:
      return kernels::NormKind::kLayerNorm;
    case Norm::kRmsNorm:
      return kernels::NormKind::kRmsNorm;
    case Norm::kGroupNorm:
      return kernels::NormKind::kGroupNorm;
    case Norm::kDivisive:
      return kernels::NormKind::kDivisive;
    case Norm::kDyT:
      return kernels::NormKind::kDyT;
    case Norm::kNone:
      return kernels::NormKind::kNone;
  }
  return kernels::NormKind::kNone;
}

}  // namespace

kernels::ActivationKind ActivationKindOf(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return kernels::ActivationKind::kNone;
    case Activation::kRelu:
      return kernels::ActivationKind::kRelu;
    case Activation::kGelu:
      return kernels::ActivationKind::kGelu;
    case Activation::kElu:
      return kernels::ActivationKind::kElu;
    case Activation::kTanh:
      return kernels::ActivationKind::kTanh;
  }
  return kernels::ActivationKind::kNone;
}

kernels::NormSpec NormSpecOf(const Options& options) {
  kernels::NormSpec spec;
  spec.kind = NormKindOf(options.norm);
  spec.width = static_cast<std::size_t>(options.width);
  spec.norm_groups =
      options.norm == Norm::kGroupNorm ? static_cast<std::size_t>(options.groups) : 1;
  spec.eps = static_cast<float>(options.eps);
  spec.beta = static_cast<float>(options.beta);
  spec.exponent = static_cast<int>(options.exponent);
  return spec;
}

}  // namespace crease::model
