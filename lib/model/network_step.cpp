// The whole step of a network at once.
#include "lib/model/network.h"

namespace crease::model {

kernels::LossResult Network::ForwardBackward(std::span<const float> parameters, const float* x,
                                             const Objective& objective,
                                             std::span<float> gradients) {
  TakeLinears(parameters, gradients);
  kernels::LossResult result;
  if (!narrow_.empty() && kernels::NarrowPays()) {
    result = NarrowStep(parameters, x, objective, gradients);
  } else {
    if (tiled_ == nullptr) PrepareTiled();
    result = tiled_->Run(parameters, linears_, x, objective, gradients);
  }
  fold_.Unfold(parameters, gradients);
  return result;
}

void Network::TakeLinears(std::span<const float> parameters, std::span<float> gradients) {
  fold_.Fold(parameters);
  for (std::size_t l = 0; l < linears_.size(); ++l) {
    linears_[l] = fold_.Linear(l, parameters, gradients);
  }
}

void Network::PrepareTiled() {
  tiled_ = std::make_unique<TiledStep>(architecture_, layout_, norm_, activation_, max_points_);
}

void Network::PrepareNarrow() {
  const auto depth = static_cast<std::size_t>(architecture_.options.depth);
  if (activation_ != kernels::ActivationKind::kNone ||
      !kernels::NarrowSupports(norm_, architecture_.inputs, architecture_.outputs, depth)) {
    return;
  }
  narrow_.resize(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    narrow_[l].inputs = architecture_.fan_in(l);
    narrow_[l].outputs = architecture_.fan_out(l);
  }
  narrow_scratch_.resize(kernels::NarrowScratch(narrow_));
}

kernels::LossResult Network::NarrowStep(std::span<const float> parameters, const float* x,
                                        const Objective& objective, std::span<float> gradients) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    kernels::NarrowLayer& layer = narrow_[l];
    const LayerOffsets& at = layers_[l].at;
    layer.weight = linears_[l].weight;
    layer.bias = linears_[l].bias;
    layer.d_weight = linears_[l].d_weight;
    layer.d_bias = linears_[l].d_bias;
    layer.alpha = At(parameters, at.alpha);
    layer.d_alpha = At(gradients, at.alpha);
  }
  kernels::NarrowStep step;
  step.norm = norm_;
  step.layers = narrow_;
  step.x = x;
  step.labels = objective.labels;
  step.targets = objective.cross_entropy ? nullptr : objective.targets;
  step.supervised = objective.shape.supervised;
  step.points = objective.shape.points;
  return kernels::NarrowForwardBackward(step, narrow_scratch_.data());
}

}  // namespace crease::model
