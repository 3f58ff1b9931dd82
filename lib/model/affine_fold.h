// The norms' affine maps, taken once a step into the linears that see them instead of once a point.
//
// A linear sees y = w u + b of the norm below, and gives W y + c = (W diag(w)) u + (c + W b). With
// G = sum over points of d_z u^T and s = sum of d_z, its gradients are d_W = G diag(w) + s b^T,
// d_w[i] = sum over o of W[o][i] G[o][i], d_b = W^T s, d_c = s.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/core/aligned.h"
#include "lib/model/layer_offsets.h"
#include "lib/model/parameters.h"

namespace crease::model {

// What a linear computes with, and where its gradients go. bias: nullptr if it has none.
struct LinearView {
  const float* weight;
  const float* bias;
  float* d_weight;
  float* d_bias;
};

// Arithmetic, fixed for every machine: products are rounded before they are added; sums over
// inputs and over outputs go one by one in their order, that of a bias begins with it.
// Not thread-safe; one for each Network.
class AffineFold {
 public:
  // No allocation after construction.
  AffineFold(const Architecture& architecture, const ParameterLayout& layout);

  // Whether there are affine maps. If not, the linears are the parameters themselves.
  bool any() const { return any_; }

  void Fold(std::span<const float> parameters);

  // Linear l as the points see it. Requires: Fold, with the same parameters. `gradients` may be
  // empty where none are wanted.
  LinearView Linear(std::size_t l, std::span<const float> parameters, std::span<float> gradients);

  // From the gradients of the linears that Linear gave to those of the parameters. Requires: Fold.
  void Unfold(std::span<const float> parameters, std::span<float> gradients);

 private:
  struct Layer {
    LayerOffsets at;
    std::size_t inputs, outputs;
    AlignedVector<float> weight, bias, d_bias;  // empty: no affine map below
  };
  const LayerOffsets& Below(std::size_t l) const { return layers_[l - 1].at; }

  bool any_;
  std::vector<Layer> layers_;
};

}  // namespace crease::model
