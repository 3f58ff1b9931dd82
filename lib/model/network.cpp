#include "lib/model/network.h"

#include <cassert>

#include "lib/kernels/layout.h"
#include "lib/kernels/linear.h"
#include "lib/model/kernel_options.h"

namespace crease::model {

Network::Network(const Architecture& architecture, std::size_t max_points)
    : architecture_(architecture),
      layout_(architecture),
      norm_(NormSpecOf(architecture.options)),
      activation_(ActivationKindOf(architecture.options.activation)),
      layers_(architecture.linears()),
      fold_(architecture, layout_),
      linears_(architecture.linears()),
      max_points_(max_points) {
  const std::size_t points = PadToLanes(max_points);
  const std::size_t width = norm_.width;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.at = LayerOffsets(layout_, l);
    layer.z.resize(architecture_.fan_out(l) * points);
    if (l + 1 == layers_.size()) break;
    if (activation_ != kernels::ActivationKind::kNone) layer.a.resize(width * points);
    layer.u.resize(width * points);
    if (architecture_.options.affine) layer.y.resize(width * points);
    layer.statistics.resize(kernels::NormStatistics(norm_) * points);
  }
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
  assert(points > 0 && points <= max_points_);
  const std::size_t groups = kernels::GroupsOf(points);
  TakeLinears(parameters, {});
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    kernels::LinearForward({architecture_.fan_in(l), architecture_.fan_out(l), groups},
                           linears_[l].weight, linears_[l].bias,
                           l == 0 ? x : layers_[l - 1].u.data(), layers_[l].z.data());
    if (l + 1 < layers_.size()) ForwardHidden(parameters, groups, l);
  }
  return layers_.back().z.data();
}

void Network::ForwardHidden(std::span<const float> parameters, std::size_t groups, std::size_t l) {
  Layer& layer = layers_[l];
  const std::size_t count = norm_.width * groups * kLanes;
  if (!layer.a.empty()) {
    kernels::ActivationForward(activation_, count, layer.z.data(), layer.a.data());
  }
  const float* alpha = At(parameters, layer.at.alpha);
  kernels::NormForward(norm_, groups, norm_input(layer), alpha == nullptr ? 0.0f : *alpha,
                       layer.u.data(), layer.statistics.data());
  if (!layer.y.empty()) {
    kernels::AffineForward(norm_.width, groups, layer.u.data(),
                           At(parameters, layer.at.norm_weight), At(parameters, layer.at.norm_bias),
                           layer.y.data());
  }
}

}  // namespace crease::model
