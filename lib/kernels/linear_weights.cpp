// The gradient of a linear layer's weights: for each weight a sum over points of products, held in
// 16 lanes until the points are through.
#include <algorithm>

#include "lib/kernels/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/linear_weights.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/lane_sums-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// A block of kOut by kIn sums fills the registers; its operands lie packed, so that rows a whole
// page apart do not evict each other: a panel of d_z in the first cache, some of x in the second.
inline constexpr std::size_t kOut = 6;
inline constexpr std::size_t kIn = kVectors == 1 ? 4 : 2;
inline constexpr std::size_t kPanelInputs = 64;

// Of `rows` features, beginning at `from` with `stride` floats between groups: (groups, kRows, 16),
// zeros in place of missing rows.
template <std::size_t kRows>
HWY_INLINE void Pack(const float* HWY_RESTRICT from, std::size_t stride, std::size_t groups,
                     std::size_t rows, float* HWY_RESTRICT to) {
  for (std::size_t g = 0; g < groups; ++g) {
    for (std::size_t r = 0; r < kRows; ++r) {
      Store(r < rows ? Load(from + r * kLanes) : Zero(), to + r * kLanes);
    }
    from += stride;
    to += kRows * kLanes;
  }
}

// sums (kRows, kIn) of 16 lanes each, `sums_stride` floats between rows; d_z (groups, kOut, 16),
// x (groups, kIn, 16).
template <std::size_t kRows>
HWY_INLINE void SumProducts(std::size_t groups, const float* HWY_RESTRICT d_z,
                            const float* HWY_RESTRICT x, float* HWY_RESTRICT sums,
                            std::size_t sums_stride) {
  const Tag d;
  for (std::size_t lane = 0; lane < kLanes; lane += kVectorLanes) {
    Vector sum[kRows][kIn];
    for (auto& row : sum) {
      for (Vector& element : row) element = hn::Zero(d);
    }
    const float* HWY_RESTRICT gradient = d_z + lane;
    const float* HWY_RESTRICT input = x + lane;
    for (std::size_t g = 0; g < groups; ++g) {
      Vector value[kIn];
      for (std::size_t i = 0; i < kIn; ++i) value[i] = hn::Load(d, input + i * kLanes);
      for (std::size_t o = 0; o < kRows; ++o) {
        const Vector slope = hn::Load(d, gradient + o * kLanes);
        for (std::size_t i = 0; i < kIn; ++i) sum[o][i] = FusedMulAdd(slope, value[i], sum[o][i]);
      }
      gradient += kOut * kLanes;
      input += kIn * kLanes;
    }
    for (std::size_t o = 0; o < kRows; ++o) {
      for (std::size_t i = 0; i < kIn; ++i) {
        hn::Store(sum[o][i], d, sums + o * sums_stride + i * kLanes + lane);
      }
    }
  }
}

template <std::size_t kRows = kOut>
HWY_INLINE void SumRows(std::size_t rows, std::size_t groups, const float* d_z, const float* x,
                        float* sums, std::size_t sums_stride) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return SumRows<kRows - 1>(rows, groups, d_z, x, sums, sums_stride);
  }
  SumProducts<kRows>(groups, d_z, x, sums, sums_stride);
}

HWY_INLINE void SumBias(const float* d_z, std::size_t groups, std::size_t rows, bool add,
                        float* d_bias) {
  alignas(64) float sums[kOut * kLanes];
  for (std::size_t r = 0; r < rows; ++r) {
    Group sum = Zero();
    for (std::size_t g = 0; g < groups; ++g) sum = sum + Load(d_z + (g * kOut + r) * kLanes);
    Store(sum, sums + r * kLanes);
  }
  SumLanes(sums, rows, add, d_bias);
}

// Inputs first ... first + inputs - 1 of all outputs. `bias`: whether to write d_bias, too.
void Panel(const LinearShape& shape, std::size_t first, std::size_t inputs, const float* d_z,
           const float* x, bool add, float* d_weight, float* d_bias, float* scratch) {
  const std::size_t x_block = shape.groups * kIn * kLanes;
  float* packed_d_z = scratch;
  float* sums = packed_d_z + kOut * shape.groups * kLanes;
  float* packed_x = sums + kOut * kPanelInputs * kLanes;
  const std::size_t blocks = (inputs + kIn - 1) / kIn;
  for (std::size_t b = 0; b < blocks; ++b) {
    Pack<kIn>(x + (first + b * kIn) * kLanes, shape.inputs * kLanes, shape.groups, inputs - b * kIn,
              packed_x + b * x_block);
  }
  for (std::size_t o = 0; o < shape.outputs; o += kOut) {
    const std::size_t rows = std::min(kOut, shape.outputs - o);
    Pack<kOut>(d_z + o * kLanes, shape.outputs * kLanes, shape.groups, rows, packed_d_z);
    if (d_bias != nullptr) SumBias(packed_d_z, shape.groups, rows, add, d_bias + o);
    const std::size_t sums_stride = blocks * kIn * kLanes;
    for (std::size_t b = 0; b < blocks; ++b) {
      SumRows(rows, shape.groups, packed_d_z, packed_x + b * x_block, sums + b * kIn * kLanes,
              sums_stride);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      SumLanes(sums + r * sums_stride, inputs, add, d_weight + (o + r) * shape.inputs + first);
    }
  }
}

void BackwardWeights(const LinearShape& shape, const float* d_z, const float* x, bool add,
                     float* d_weight, float* d_bias, float* scratch) {
  for (std::size_t first = 0; first < shape.inputs; first += kPanelInputs) {
    Panel(shape, first, std::min(kPanelInputs, shape.inputs - first), d_z, x, add, d_weight,
          first == 0 ? d_bias : nullptr, scratch);
  }
}

std::size_t Scratch(const LinearShape& shape) {
  const std::size_t inputs = (std::min(kPanelInputs, shape.inputs) + kIn - 1) / kIn * kIn;
  return (kOut * shape.groups + kOut * kPanelInputs + inputs * shape.groups) * kLanes;
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(BackwardWeights);
HWY_EXPORT(Scratch);

std::size_t LinearBackwardWeightsScratch(const LinearShape& shape) {
  return HWY_DYNAMIC_DISPATCH(Scratch)(shape);
}

void LinearBackwardWeights(const LinearShape& shape, const float* d_z, const float* x, bool add,
                           float* d_weight, float* d_bias, float* scratch) {
  HWY_DYNAMIC_DISPATCH(BackwardWeights)(shape, d_z, x, add, d_weight, d_bias, scratch);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
