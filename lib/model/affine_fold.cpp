#include "lib/model/affine_fold.h"

#include <algorithm>

namespace crease::model {
namespace {

// sums[r] += weight[r][i] * values[i] for kRows rows side by side, each in the order of i: one
// alone would wait for its own additions.
template <std::size_t kRows>
void AddProducts(const float* weight, const float* values, std::size_t inputs, float* sums) {
  float sum[kRows];
  std::copy_n(sums, kRows, sum);
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t r = 0; r < kRows; ++r) sum[r] += weight[r * inputs + i] * values[i];
  }
  std::copy_n(sum, kRows, sums);
}

void FoldLinear(std::size_t inputs, std::size_t outputs, const float* __restrict weight,
                const float* __restrict norm_weight, const float* norm_bias,
                float* __restrict folded_weight, float* folded_bias) {
  constexpr std::size_t kRows = 8;
  for (std::size_t o = 0; o < outputs; ++o) {
    const float* from = weight + o * inputs;
    float* to = folded_weight + o * inputs;
    for (std::size_t i = 0; i < inputs; ++i) to[i] = from[i] * norm_weight[i];
  }
  std::size_t o = 0;
  for (; o + kRows <= outputs; o += kRows) {
    AddProducts<kRows>(weight + o * inputs, norm_bias, inputs, folded_bias + o);
  }
  for (; o < outputs; ++o) {
    AddProducts<1>(weight + o * inputs, norm_bias, inputs, folded_bias + o);
  }
}

// d_weight: of the folded weight, then of the weight.
void UnfoldLinear(std::size_t inputs, std::size_t outputs, const float* __restrict weight,
                  const float* __restrict norm_weight, const float* __restrict norm_bias,
                  const float* __restrict d_bias, float* __restrict d_weight,
                  float* __restrict d_norm_weight, float* __restrict d_norm_bias) {
  std::fill_n(d_norm_weight, inputs, 0.0f);
  std::fill_n(d_norm_bias, inputs, 0.0f);
  for (std::size_t o = 0; o < outputs; ++o) {
    const float* w = weight + o * inputs;
    float* d = d_weight + o * inputs;
    const float s = d_bias[o];
    for (std::size_t i = 0; i < inputs; ++i) {
      d_norm_weight[i] += w[i] * d[i];
      d_norm_bias[i] += w[i] * s;
      d[i] = d[i] * norm_weight[i] + s * norm_bias[i];
    }
  }
}

}  // namespace

AffineFold::AffineFold(const Architecture& architecture, const ParameterLayout& layout)
    : any_(architecture.options.affine), layers_(architecture.linears()) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.at = LayerOffsets(layout, l);
    layer.inputs = architecture.fan_in(l);
    layer.outputs = architecture.fan_out(l);
    if (!any_ || l == 0) continue;
    layer.weight.resize(layer.outputs * layer.inputs);
    layer.bias.resize(layer.outputs);
    layer.d_bias.resize(layer.outputs);
  }
}

void AffineFold::Fold(std::span<const float> parameters) {
  for (std::size_t l = 1; any_ && l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const float* bias = At(parameters, layer.at.bias);
    if (bias == nullptr) {
      std::fill(layer.bias.begin(), layer.bias.end(), 0.0f);
    } else {
      std::copy_n(bias, layer.outputs, layer.bias.begin());
    }
    FoldLinear(layer.inputs, layer.outputs, At(parameters, layer.at.weight),
               At(parameters, Below(l).norm_weight), At(parameters, Below(l).norm_bias),
               layer.weight.data(), layer.bias.data());
  }
}

LinearView AffineFold::Linear(std::size_t l, std::span<const float> parameters,
                              std::span<float> gradients) {
  Layer& layer = layers_[l];
  LinearView view = {At(parameters, layer.at.weight), At(parameters, layer.at.bias), nullptr,
                     nullptr};
  if (!gradients.empty()) {
    view.d_weight = At(gradients, layer.at.weight);
    view.d_bias = At(gradients, layer.at.bias);
  }
  if (layer.weight.empty()) return view;
  view.weight = layer.weight.data();
  view.bias = layer.bias.data();
  view.d_bias = layer.d_bias.data();
  return view;
}

void AffineFold::Unfold(std::span<const float> parameters, std::span<float> gradients) {
  for (std::size_t l = 1; any_ && l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    UnfoldLinear(layer.inputs, layer.outputs, At(parameters, layer.at.weight),
                 At(parameters, Below(l).norm_weight), At(parameters, Below(l).norm_bias),
                 layer.d_bias.data(), At(gradients, layer.at.weight),
                 At(gradients, Below(l).norm_weight), At(gradients, Below(l).norm_bias));
    if (float* d_bias = At(gradients, layer.at.bias)) {
      std::copy(layer.d_bias.begin(), layer.d_bias.end(), d_bias);
    }
  }
}

}  // namespace crease::model
