// z = W x + b over groups of points, and its gradients.
//
// Arithmetic, fixed for every target: an output is b + the products in the order of the inputs,
// each step one fused multiply-add; a sum over the points of one call is taken in 16 lanes (point
// mod 16), in the order of the groups, and then over the lanes by one fixed tree.
#pragma once

#include <cstddef>

namespace crease::kernels {

struct LinearShape {
  std::size_t inputs = 0, outputs = 0, groups = 0;
};

// weight (outputs, inputs) row-major; bias (outputs) or nullptr; x (groups, inputs, 16);
// z (groups, outputs, 16).
void LinearForward(const LinearShape& shape, const float* weight, const float* bias, const float* x,
                   float* z);

// d_x = W^T d_z: (groups, inputs, 16).
void LinearBackwardInput(const LinearShape& shape, const float* weight, const float* d_z,
                         float* d_x);

// d_weight[o][i] = sum over points of d_z[o] x[i]; d_bias[o] = sum of d_z[o] (or nullptr).
// The groups are handed in by parts, while they are in the caches: Begin, then Add in the order of
// the groups until all are in (`count` groups from `first` on; d_z, x point at group `first`), then
// End. However they are parted, the bits are the same.
// `add`: added to what d_weight, d_bias hold; otherwise overwritten. scratch: so many floats,
// 64-byte aligned, the same from Begin to End; no result depends on what they held.
std::size_t LinearWeightsScratch(const LinearShape& shape);
void LinearWeightsBegin(const LinearShape& shape, float* scratch);
void LinearWeightsAdd(const LinearShape& shape, std::size_t first, std::size_t count,
                      const float* d_z, const float* x, float* scratch);
void LinearWeightsEnd(const LinearShape& shape, bool add, float* d_weight, float* d_bias,
                      float* scratch);

}  // namespace crease::kernels
