#include "lib/model/network.h"

#include <cassert>

#include "lib/kernels/layout.h"
#include "lib/kernels/linear.h"

namespace crease::model {
namespace {

kernels::NormKind KindOf(Norm norm) {
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

kernels::ActivationKind KindOf(Activation activation) {
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

kernels::NormSpec SpecOf(const Options& options) {
  kernels::NormSpec spec;
  spec.kind = KindOf(options.norm);
  spec.width = static_cast<std::size_t>(options.width);
  spec.norm_groups =
      options.norm == Norm::kGroupNorm ? static_cast<std::size_t>(options.groups) : 1;
  spec.eps = static_cast<float>(options.eps);
  spec.beta = static_cast<float>(options.beta);
  spec.exponent = static_cast<int>(options.exponent);
  return spec;
}

const float* At(std::span<const float> parameters, const Tensor* tensor) {
  return tensor == nullptr ? nullptr : parameters.data() + tensor->offset;
}

float* At(std::span<float> parameters, const Tensor* tensor) {
  return tensor == nullptr ? nullptr : parameters.data() + tensor->offset;
}

}  // namespace

Network::Network(const Architecture& architecture, std::size_t max_points)
    : architecture_(architecture),
      layout_(architecture),
      norm_(SpecOf(architecture.options)),
      activation_(KindOf(architecture.options.activation)),
      layers_(architecture.linears()) {
  const std::size_t points = PadToLanes(max_points);
  const std::size_t width = norm_.width;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.z.resize(architecture_.fan_out(l) * points);
    if (l + 1 == layers_.size()) break;
    if (activation_ != kernels::ActivationKind::kNone) layer.a.resize(width * points);
    layer.u.resize(width * points);
    if (architecture_.options.affine) layer.y.resize(width * points);
    layer.statistics.resize(kernels::NormStatistics(norm_) * points);
  }
  d_output_.resize(architecture_.outputs * points);
  for (auto& buffer : d_hidden_) buffer.resize(width * points);
}

const float* Network::norm_input(const Layer& layer) const {
  return layer.a.empty() ? layer.z.data() : layer.a.data();
}

const float* Network::norm_output(std::size_t norm) const {
  const Layer& layer = layers_[norm];
  return layer.y.empty() ? layer.u.data() : layer.y.data();
}

const float* Network::Forward(std::span<const float> parameters, const float* x,
                              std::size_t points) {
  x_ = x;
  groups_ = kernels::GroupsOf(points);
  assert(points > 0 && architecture_.outputs * groups_ * kLanes <= d_output_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    kernels::LinearForward({architecture_.fan_in(l), architecture_.fan_out(l), groups_},
                           At(parameters, layout_.Find(TensorKind::kLinearWeight, l)),
                           At(parameters, layout_.Find(TensorKind::kLinearBias, l)),
                           l == 0 ? x : norm_output(l - 1), layers_[l].z.data());
    if (l + 1 < layers_.size()) ForwardHidden(parameters, l);
  }
  return layers_.back().z.data();
}

void Network::ForwardHidden(std::span<const float> parameters, std::size_t l) {
  Layer& layer = layers_[l];
  const std::size_t count = norm_.width * groups_ * kLanes;
  if (!layer.a.empty()) {
    kernels::ActivationForward(activation_, count, layer.z.data(), layer.a.data());
  }
  const float* alpha = At(parameters, layout_.Find(TensorKind::kNormAlpha, l));
  kernels::NormForward(norm_, groups_, norm_input(layer), alpha == nullptr ? 0.0f : *alpha,
                       layer.u.data(), layer.statistics.data());
  if (!layer.y.empty()) {
    kernels::AffineForward(norm_.width, groups_, layer.u.data(),
                           At(parameters, layout_.Find(TensorKind::kNormWeight, l)),
                           At(parameters, layout_.Find(TensorKind::kNormBias, l)), layer.y.data());
  }
}

void Network::Backward(std::span<const float> parameters, float* d_outputs,
                       std::span<float> gradients) {
  float* d_z = d_outputs;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const kernels::LinearShape shape = {architecture_.fan_in(l), architecture_.fan_out(l), groups_};
    kernels::LinearBackwardWeights(shape, d_z, l == 0 ? x_ : norm_output(l - 1),
                                   At(gradients, layout_.Find(TensorKind::kLinearWeight, l)),
                                   At(gradients, layout_.Find(TensorKind::kLinearBias, l)));
    if (l == 0) break;
    float* d_y = d_hidden_[l % 2].data();
    kernels::LinearBackwardInput(shape, At(parameters, layout_.Find(TensorKind::kLinearWeight, l)),
                                 d_z, d_y);
    BackwardHidden(parameters, l - 1, d_y, gradients);
    d_z = d_y;
  }
}

void Network::BackwardHidden(std::span<const float> parameters, std::size_t l, float* d,
                             std::span<float> gradients) {
  const Layer& layer = layers_[l];
  if (!layer.y.empty()) {
    kernels::AffineBackward(norm_.width, groups_, layer.u.data(),
                            At(parameters, layout_.Find(TensorKind::kNormWeight, l)), d, d,
                            At(gradients, layout_.Find(TensorKind::kNormWeight, l)),
                            At(gradients, layout_.Find(TensorKind::kNormBias, l)));
  }
  const Tensor* alpha = layout_.Find(TensorKind::kNormAlpha, l);
  kernels::NormBackward(norm_, groups_, norm_input(layer), layer.u.data(), layer.statistics.data(),
                        alpha == nullptr ? 0.0f : *At(parameters, alpha), d, d,
                        At(gradients, alpha));
  if (!layer.a.empty()) {
    kernels::ActivationBackward(activation_, norm_.width * groups_ * kLanes, layer.z.data(),
                                layer.a.data(), d, d);
  }
}

}  // namespace crease::model
