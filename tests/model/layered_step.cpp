#include "tests/model/layered_step.h"

#include <algorithm>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/kernels/layout.h"
#include "lib/kernels/linear.h"
#include "lib/kernels/reduce.h"
#include "lib/model/kernel_options.h"
#include "lib/model/layer_offsets.h"

namespace crease::model {
namespace {

using Matrix = AlignedVector<float>;

// Of all points, after each stage of a layer; and the linear with the affine map below folded in.
struct Stages {
  LayerOffsets at;
  std::size_t inputs, outputs;
  Matrix x, z, a, u, statistics;
  std::vector<float> weight, bias, d_bias;
};

class Layers {
 public:
  Layers(const Architecture& architecture, std::span<const float> parameters,
         std::span<float> gradients, std::size_t groups)
      : layout_(architecture),
        norm_(NormSpecOf(architecture.options)),
        activation_(ActivationKindOf(architecture.options.activation)),
        affine_(architecture.options.affine),
        parameters_(parameters),
        gradients_(gradients),
        groups_(groups),
        layers_(architecture.linears()) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l].at = LayerOffsets(layout_, l);
      layers_[l].inputs = architecture.fan_in(l);
      layers_[l].outputs = architecture.fan_out(l);
    }
  }

  const Matrix& Forward(const float* x) {
    Matrix input(x, x + groups_ * layers_[0].inputs * kLanes);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Stages& layer = layers_[l];
      layer.x = input;
      layer.z.resize(groups_ * layer.outputs * kLanes);
      Fold(l);
      kernels::LinearForward({layer.inputs, layer.outputs, groups_}, layer.weight.data(),
                             layer.bias.data(), layer.x.data(), layer.z.data());
      if (l + 1 < layers_.size()) input = ForwardNorm(layer);
    }
    return layers_.back().z;
  }

  void Backward(Matrix d_z) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Stages& layer = layers_[l];
      BackwardWeights(layer, d_z);
      Unfold(l);
      if (l == 0) return;
      Matrix d_x(layer.x.size());
      kernels::LinearBackwardInput({layer.inputs, layer.outputs, groups_}, layer.weight.data(),
                                   d_z.data(), d_x.data());
      BackwardNorm(layers_[l - 1], d_x);
      d_z = d_x;
    }
  }

 private:
  const float* Parameter(std::size_t offset) const { return At(parameters_, offset); }
  float* Gradient(std::size_t offset) const { return At(gradients_, offset); }
  float Alpha(const Stages& layer) const {
    return layer.at.alpha == LayerOffsets::kNone ? 0.0f : *Parameter(layer.at.alpha);
  }

  // work(first group, groups, whether it is not the first) for each chunk.
  template <typename Work>
  void ForChunks(const Work& work) const {
    for (std::size_t first = 0; first < groups_; first += kernels::kChunkGroups) {
      work(first, std::min(kernels::kChunkGroups, groups_ - first), first > 0);
    }
  }

  const Matrix& ForwardNorm(Stages& layer) {
    layer.a = layer.z;
    kernels::ActivationForward(activation_, layer.z.size(), layer.z.data(), layer.a.data());
    layer.u.resize(layer.z.size());
    layer.statistics.resize(groups_ * kernels::NormStatistics(norm_) * kLanes);
    kernels::NormForward(norm_, groups_, layer.a.data(), Alpha(layer), layer.u.data(),
                         layer.statistics.data());
    return layer.u;
  }

  // One weight after the other: W diag(w), and the bias plus W b.
  void Fold(std::size_t l) {
    Stages& layer = layers_[l];
    const float* weight = Parameter(layer.at.weight);
    const float* bias = Parameter(layer.at.bias);
    layer.weight.assign(weight, weight + layer.inputs * layer.outputs);
    layer.bias.assign(layer.outputs, 0.0f);
    layer.d_bias.assign(layer.outputs, 0.0f);
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      if (bias != nullptr) layer.bias[o] = bias[o];
      for (std::size_t i = 0; affine_ && l > 0 && i < layer.inputs; ++i) {
        const std::size_t k = o * layer.inputs + i;
        layer.weight[k] = weight[k] * Parameter(layers_[l - 1].at.norm_weight)[i];
        layer.bias[o] += weight[k] * Parameter(layers_[l - 1].at.norm_bias)[i];
      }
    }
  }

  void Unfold(std::size_t l) const {
    const Stages& layer = layers_[l];
    if (float* d_bias = Gradient(layer.at.bias)) {
      std::copy(layer.d_bias.begin(), layer.d_bias.end(), d_bias);
    }
    if (!affine_ || l == 0) return;
    const LayerOffsets& below = layers_[l - 1].at;
    const float* weight = Parameter(layer.at.weight);
    float* d_weight = Gradient(layer.at.weight);
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      float d_norm_weight = 0, d_norm_bias = 0;
      for (std::size_t o = 0; o < layer.outputs; ++o) {
        const std::size_t k = o * layer.inputs + i;
        d_norm_weight += weight[k] * d_weight[k];
        d_norm_bias += weight[k] * layer.d_bias[o];
        d_weight[k] = d_weight[k] * Parameter(below.norm_weight)[i] +
                      layer.d_bias[o] * Parameter(below.norm_bias)[i];
      }
      Gradient(below.norm_weight)[i] = d_norm_weight;
      Gradient(below.norm_bias)[i] = d_norm_bias;
    }
  }

  void BackwardWeights(Stages& layer, const Matrix& d_z) const {
    ForChunks([&](std::size_t first, std::size_t groups, bool add) {
      const kernels::LinearShape shape = {layer.inputs, layer.outputs, groups};
      Matrix scratch(kernels::LinearWeightsScratch(shape));
      kernels::LinearWeightsBegin(shape, scratch.data());
      kernels::LinearWeightsAdd(shape, 0, groups, d_z.data() + first * layer.outputs * kLanes,
                                layer.x.data() + first * layer.inputs * kLanes, scratch.data());
      kernels::LinearWeightsEnd(shape, add, Gradient(layer.at.weight), layer.d_bias.data(),
                                scratch.data());
    });
  }

  void BackwardNorm(const Stages& layer, Matrix& d) const {
    const std::size_t stride = norm_.width * kLanes;
    const std::size_t rows = kernels::NormStatistics(norm_) * kLanes;
    ForChunks([&](std::size_t first, std::size_t groups, bool add) {
      Matrix alpha(kLanes);
      float* part = d.data() + first * stride;
      kernels::NormBackward(norm_, groups, layer.a.data() + first * stride,
                            layer.u.data() + first * stride, layer.statistics.data() + first * rows,
                            Alpha(layer), part, part, alpha.data());
      if (float* d_alpha = Gradient(layer.at.alpha)) {
        kernels::SumOfLanes(alpha.data(), 1, add, d_alpha);
      }
    });
    kernels::ActivationBackward(activation_, d.size(), layer.z.data(), layer.a.data(), d.data(),
                                d.data());
  }

  ParameterLayout layout_;
  kernels::NormSpec norm_;
  kernels::ActivationKind activation_;
  bool affine_;
  std::span<const float> parameters_;
  std::span<float> gradients_;
  std::size_t groups_;
  std::vector<Stages> layers_;
};

}  // namespace

kernels::LossResult LayeredStep(const Architecture& architecture, std::span<const float> parameters,
                                const float* x, const Objective& objective,
                                std::span<float> gradients) {
  Layers layers(architecture, parameters, gradients, kernels::GroupsOf(objective.shape.points));
  const Matrix& outputs = layers.Forward(x);
  Matrix d_outputs(outputs.size());
  const kernels::LossResult result = objective.Loss(outputs.data(), d_outputs.data());
  layers.Backward(d_outputs);
  return result;
}

}  // namespace crease::model
