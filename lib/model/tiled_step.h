// Forward, loss and backward of a network, a few groups of points at a time through all layers, so
// that what one kernel writes the next one finds in the first cache.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/kernels/elementwise.h"
#include "lib/kernels/linear.h"
#include "lib/kernels/norm.h"
#include "lib/model/affine_fold.h"
#include "lib/model/layer_offsets.h"
#include "lib/model/objective.h"
#include "lib/model/parameters.h"

namespace crease::model {

// Gives the same bits as the layers one by one over all points (Network::Forward, Backward): sums
// over points go through the groups in the same order, in the chunks of kernels/layout.h.
// Not thread-safe; one for each training thread.
class TiledStep {
 public:
  // No allocation after construction. norm, activation: of the architecture.
  TiledStep(const Architecture& architecture, const ParameterLayout& layout,
            const kernels::NormSpec& norm, kernels::ActivationKind activation,
            std::size_t max_points);

  // x (groups, inputs, 16). linears: with the affine maps folded in. Writes the gradients that they
  // name, and those of alpha in `gradients` (layout.size()).
  kernels::LossResult Run(std::span<const float> parameters, std::span<const LinearView> linears,
                          const float* x, const Objective& objective, std::span<float> gradients);

 private:
  // A linear and what follows it. Activations are those of one tile.
  struct Layer {
    LayerOffsets at;
    std::size_t inputs, outputs;
    AlignedVector<float> z;                 // empty: z_ serves, since backward does not need it
    AlignedVector<float> a;                 // after the activation; empty: same as z
    AlignedVector<float> u;                 // after the norm: what the next linear sees
    AlignedVector<float> statistics;        // of the norm
    AlignedVector<float> weights;           // scratch of LinearWeightsBegin ... End
    alignas(64) float alpha_lanes[kLanes];  // sums over points for the gradient of alpha
  };
  struct Tile {
    std::size_t first, groups;  // of the batch
    std::size_t in_chunk;       // first, counted from the chunk's first group
    std::size_t chunk_groups;
  };

  kernels::LinearShape ShapeOf(const Layer& layer, std::size_t groups) const {
    return {layer.inputs, layer.outputs, groups};
  }
  const float* InputOf(std::size_t l, const Tile& tile, const float* x) const;
  float* LinearOutput(Layer& layer);
  void BeginChunk(std::size_t groups);
  void EndChunk(std::size_t groups, bool add, std::span<float> gradients);
  void Forward(std::span<const float> parameters, const Tile& tile, const float* x);
  void ForwardNorm(std::span<const float> parameters, std::size_t groups, Layer& layer);
  void Backward(std::span<const float> parameters, const Tile& tile, const float* x);
  void BackwardNorm(std::span<const float> parameters, std::size_t groups, Layer& layer, float* d);

  kernels::NormSpec norm_;
  kernels::ActivationKind activation_;
  std::span<const LinearView> linears_;  // of the step under way
  std::size_t tile_groups_;
  std::vector<Layer> layers_;
  AlignedVector<float> z_, outputs_, d_outputs_, d_hidden_[2];  // of one tile
};

}  // namespace crease::model
