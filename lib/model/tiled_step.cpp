#include "lib/model/tiled_step.h"

#include <algorithm>

#include "lib/kernels/layout.h"
#include "lib/kernels/reduce.h"

namespace crease::model {
namespace {

// A matrix of a tile takes 16 KiB, so that the first cache holds what one layer touches; never
// fewer than the two groups that a block of the linear kernels takes.
std::size_t TileGroups(std::size_t width) {
  return std::clamp<std::size_t>(256 / width, 2, 16) / 2 * 2;
}

// Whether the norm's gradient needs its input, not the output alone.
bool NeedsInput(kernels::NormKind kind) {
  return kind == kernels::NormKind::kDivisive || kind == kernels::NormKind::kDyT;
}

}  // namespace

TiledStep::TiledStep(const Architecture& architecture, const ParameterLayout& layout,
                     const kernels::NormSpec& norm, kernels::ActivationKind activation,
                     std::size_t max_points)
    : norm_(norm),
      activation_(activation),
      tile_groups_(std::min(TileGroups(norm.width), kernels::GroupsOf(max_points))),
      layers_(architecture.linears()) {
  const std::size_t points = tile_groups_ * kLanes, matrix = norm.width * points;
  const std::size_t chunk = std::min(kernels::GroupsOf(max_points), kernels::kChunkGroups);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.at = LayerOffsets(layout, l);
    layer.inputs = architecture.fan_in(l);
    layer.outputs = architecture.fan_out(l);
    layer.weights.resize(kernels::LinearWeightsScratch(ShapeOf(layer, chunk)));
    if (l + 1 == layers_.size()) break;
    const bool activated = activation != kernels::ActivationKind::kNone;
    if (activated || NeedsInput(norm.kind)) layer.z.resize(matrix);
    if (activated) layer.a.resize(matrix);
    layer.u.resize(matrix);
    layer.statistics.resize(kernels::NormStatistics(norm) * points);
  }
  z_.resize(matrix);
  outputs_.resize(architecture.outputs * points);
  d_outputs_.resize(architecture.outputs * points);
  for (auto& buffer : d_hidden_) buffer.resize(matrix);
}

kernels::LossResult TiledStep::Run(std::span<const float> parameters,
                                   std::span<const LinearView> linears, const float* x,
                                   const Objective& objective, std::span<float> gradients) {
  linears_ = linears;
  kernels::LossSums sums;
  const std::size_t groups = kernels::GroupsOf(objective.shape.points);
  for (std::size_t chunk = 0; chunk < groups; chunk += kernels::kChunkGroups) {
    const std::size_t chunk_groups = std::min(groups - chunk, kernels::kChunkGroups);
    BeginChunk(chunk_groups);
    for (std::size_t first = 0; first < chunk_groups; first += tile_groups_) {
      const Tile tile = {chunk + first, std::min(chunk_groups - first, tile_groups_), first,
                         chunk_groups};
      Forward(parameters, tile, x);
      objective.Add(tile.first, tile.groups, outputs_.data(), d_outputs_.data(), sums);
      Backward(parameters, tile, x);
    }
    EndChunk(chunk_groups, chunk > 0, gradients);
  }
  return objective.Result(sums);
}

void TiledStep::BeginChunk(std::size_t groups) {
  for (Layer& layer : layers_) {
    kernels::LinearWeightsBegin(ShapeOf(layer, groups), layer.weights.data());
    std::fill_n(layer.alpha_lanes, kLanes, 0.0f);
  }
}

void TiledStep::EndChunk(std::size_t groups, bool add, std::span<float> gradients) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    kernels::LinearWeightsEnd(ShapeOf(layer, groups), add, linears_[l].d_weight, linears_[l].d_bias,
                              layer.weights.data());
    if (float* alpha = At(gradients, layer.at.alpha)) {
      kernels::SumOfLanes(layer.alpha_lanes, 1, add, alpha);
    }
  }
}

const float* TiledStep::InputOf(std::size_t l, const Tile& tile, const float* x) const {
  if (l == 0) return x + tile.first * layers_[0].inputs * kLanes;
  return layers_[l - 1].u.data();
}

float* TiledStep::LinearOutput(Layer& layer) {
  return layer.z.empty() ? z_.data() : layer.z.data();
}

void TiledStep::Forward(std::span<const float> parameters, const Tile& tile, const float* x) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const bool last = l + 1 == layers_.size();
    kernels::LinearForward(ShapeOf(layer, tile.groups), linears_[l].weight, linears_[l].bias,
                           InputOf(l, tile, x), last ? outputs_.data() : LinearOutput(layer));
    if (!last) ForwardNorm(parameters, tile.groups, layer);
  }
}

void TiledStep::ForwardNorm(std::span<const float> parameters, std::size_t groups, Layer& layer) {
  const float* z = LinearOutput(layer);
  if (!layer.a.empty()) {
    kernels::ActivationForward(activation_, norm_.width * groups * kLanes, z, layer.a.data());
    z = layer.a.data();
  }
  const float* alpha = At(parameters, layer.at.alpha);
  kernels::NormForward(norm_, groups, z, alpha == nullptr ? 0.0f : *alpha, layer.u.data(),
                       layer.statistics.data());
}

void TiledStep::Backward(std::span<const float> parameters, const Tile& tile, const float* x) {
  float* d_z = d_outputs_.data();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    kernels::LinearWeightsAdd(ShapeOf(layer, tile.chunk_groups), tile.in_chunk, tile.groups, d_z,
                              InputOf(l, tile, x), layer.weights.data());
    if (l == 0) return;
    float* d_u = d_hidden_[l % 2].data();
    kernels::LinearBackwardInput(ShapeOf(layer, tile.groups), linears_[l].weight, d_z, d_u);
    BackwardNorm(parameters, tile.groups, layers_[l - 1], d_u);
    d_z = d_u;
  }
}

void TiledStep::BackwardNorm(std::span<const float> parameters, std::size_t groups, Layer& layer,
                             float* d) {
  const float* z = LinearOutput(layer);
  const float* alpha = At(parameters, layer.at.alpha);
  kernels::NormBackward(norm_, groups, layer.a.empty() ? z : layer.a.data(), layer.u.data(),
                        layer.statistics.data(), alpha == nullptr ? 0.0f : *alpha, d, d,
                        alpha == nullptr ? nullptr : layer.alpha_lanes);
  if (layer.a.empty()) return;
  kernels::ActivationBackward(activation_, norm_.width * groups * kLanes, z, layer.a.data(), d, d);
}

}  // namespace crease::model
