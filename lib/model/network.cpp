#include "lib/model/network.h"

#include <algorithm>
#include <cassert>

#include "lib/kernels/layout.h"
#include "lib/kernels/linear.h"
#include "lib/kernels/reduce.h"

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

// work(first group, groups, whether it is not the first) for each chunk.
template <typename Work>
void ForChunks(std::size_t groups, const Work& work) {
  for (std::size_t first = 0; first < groups; first += kernels::kChunkGroups) {
    work(first, std::min(kernels::kChunkGroups, groups - first), first > 0);
  }
}

}  // namespace

Network::Network(const Architecture& architecture, std::size_t max_points)
    : architecture_(architecture),
      layout_(architecture),
      norm_(SpecOf(architecture.options)),
      activation_(KindOf(architecture.options.activation)),
      layers_(architecture.linears()),
      max_points_(max_points) {
  const std::size_t points = PadToLanes(max_points);
  const std::size_t width = norm_.width;
  std::size_t scratch = 0;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.at = LayerOffsets(layout_, l);
    const kernels::LinearShape shape = {architecture_.fan_in(l), architecture_.fan_out(l),
                                        std::min(kernels::GroupsOf(points), kernels::kChunkGroups)};
    scratch = std::max(scratch, kernels::LinearBackwardWeightsScratch(shape));
    layer.z.resize(architecture_.fan_out(l) * points);
    if (l + 1 == layers_.size()) break;
    if (activation_ != kernels::ActivationKind::kNone) layer.a.resize(width * points);
    layer.u.resize(width * points);
    if (architecture_.options.affine) layer.y.resize(width * points);
    layer.statistics.resize(kernels::NormStatistics(norm_) * points);
  }
  d_output_.resize(architecture_.outputs * points);
  for (auto& buffer : d_hidden_) buffer.resize(width * points);
  weights_scratch_.resize(scratch);
  lanes_.resize(2 * width * kLanes);
  PrepareNarrow();
  if (narrow_.empty() || !kernels::NarrowPays()) PrepareTiled();
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
                           At(parameters, layers_[l].at.weight), At(parameters, layers_[l].at.bias),
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
  const float* alpha = At(parameters, layer.at.alpha);
  kernels::NormForward(norm_, groups_, norm_input(layer), alpha == nullptr ? 0.0f : *alpha,
                       layer.u.data(), layer.statistics.data());
  if (!layer.y.empty()) {
    kernels::AffineForward(norm_.width, groups_, layer.u.data(),
                           At(parameters, layer.at.norm_weight), At(parameters, layer.at.norm_bias),
                           layer.y.data());
  }
}

void Network::Backward(std::span<const float> parameters, float* d_outputs,
                       std::span<float> gradients) {
  float* d_z = d_outputs;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    BackwardLinear(l, d_z, gradients);
    if (l == 0) break;
    float* d_y = d_hidden_[l % 2].data();
    kernels::LinearBackwardInput({architecture_.fan_in(l), architecture_.fan_out(l), groups_},
                                 At(parameters, layers_[l].at.weight), d_z, d_y);
    BackwardHidden(parameters, l - 1, d_y, gradients);
    d_z = d_y;
  }
}

void Network::BackwardLinear(std::size_t l, const float* d_z, std::span<float> gradients) {
  const float* x = l == 0 ? x_ : norm_output(l - 1);
  const std::size_t inputs = architecture_.fan_in(l), outputs = architecture_.fan_out(l);
  ForChunks(groups_, [&](std::size_t first, std::size_t groups, bool add) {
    kernels::LinearBackwardWeights({inputs, outputs, groups}, d_z + first * outputs * kLanes,
                                   x + first * inputs * kLanes, add,
                                   At(gradients, layers_[l].at.weight),
                                   At(gradients, layers_[l].at.bias), weights_scratch_.data());
  });
}

void Network::BackwardHidden(std::span<const float> parameters, std::size_t l, float* d,
                             std::span<float> gradients) {
  const Layer& layer = layers_[l];
  if (!layer.y.empty()) BackwardAffine(parameters, layer, d, gradients);
  BackwardNorm(parameters, layer, d, gradients);
  if (!layer.a.empty()) {
    kernels::ActivationBackward(activation_, norm_.width * groups_ * kLanes, layer.z.data(),
                                layer.a.data(), d, d);
  }
}

void Network::BackwardAffine(std::span<const float> parameters, const Layer& layer, float* d,
                             std::span<float> gradients) {
  const std::size_t width = norm_.width, stride = width * kLanes;
  float* weight_lanes = lanes_.data();
  float* bias_lanes = weight_lanes + stride;
  ForChunks(groups_, [&](std::size_t first, std::size_t groups, bool add) {
    std::fill(lanes_.begin(), lanes_.end(), 0.0f);
    float* part = d + first * stride;
    kernels::AffineBackward(width, groups, layer.u.data() + first * stride,
                            At(parameters, layer.at.norm_weight), part, part, weight_lanes,
                            bias_lanes);
    kernels::SumOfLanes(weight_lanes, width, add, At(gradients, layer.at.norm_weight));
    kernels::SumOfLanes(bias_lanes, width, add, At(gradients, layer.at.norm_bias));
  });
}

void Network::BackwardNorm(std::span<const float> parameters, const Layer& layer, float* d,
                           std::span<float> gradients) {
  const std::size_t stride = norm_.width * kLanes;
  const std::size_t rows = kernels::NormStatistics(norm_) * kLanes;
  const float* alpha = At(parameters, layer.at.alpha);
  ForChunks(groups_, [&](std::size_t first, std::size_t groups, bool add) {
    std::fill_n(lanes_.begin(), kLanes, 0.0f);
    float* part = d + first * stride;
    kernels::NormBackward(norm_, groups, norm_input(layer) + first * stride,
                          layer.u.data() + first * stride, layer.statistics.data() + first * rows,
                          alpha == nullptr ? 0.0f : *alpha, part, part,
                          alpha == nullptr ? nullptr : lanes_.data());
    if (alpha != nullptr) kernels::SumOfLanes(lanes_.data(), 1, add, At(gradients, layer.at.alpha));
  });
}

}  // namespace crease::model
