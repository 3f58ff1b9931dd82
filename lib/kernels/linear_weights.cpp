// The gradient of a linear layer's weights: for each weight a sum over points of products, held in
// 16 lanes until the points are through. With few inputs or outputs all sums are kept in memory and
// added to; otherwise the operands are, packed, and summed at the end.
#include <algorithm>

#include "lib/kernels/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/linear_weights.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/lane_sums-inl.h"
#include "lib/kernels/linear_few-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// A block of kOut by kIn sums fills the registers; its operands lie packed, so that rows a whole
// page apart do not evict each other: a panel of d_z in the first cache, some of x in the second.
inline constexpr std::size_t kOut = 6;
inline constexpr std::size_t kIn = kVectors == 1 ? 4 : 2;
inline constexpr std::size_t kPanelInputs = 64;

// Where the parts of the scratch memory lie.
struct Packed {
  explicit Packed(const LinearShape& shape)
      : few(std::min(shape.inputs, shape.outputs) <= kFew),
        input_blocks((shape.inputs + kIn - 1) / kIn),
        output_blocks((shape.outputs + kOut - 1) / kOut),
        x_block(shape.groups * kIn * kLanes),
        d_z_block(shape.groups * kOut * kLanes),
        bias_lanes(shape.outputs * shape.inputs * kLanes),
        d_z(input_blocks * x_block),
        sums(d_z + output_blocks * d_z_block),
        size(few ? bias_lanes + shape.outputs * kLanes : sums + kOut * kPanelInputs * kLanes) {}

  bool few;
  // Packed x: (input_blocks, groups, kIn, 16) at 0; d_z: (output_blocks, groups, kOut, 16).
  std::size_t input_blocks, output_blocks, x_block, d_z_block;
  std::size_t bias_lanes;  // with few: (outputs, 16) after (outputs, inputs, 16)
  std::size_t d_z, sums, size;
};

// `features` features of `count` groups: blocks of kRows, `block` floats apart, zeros in place of
// missing rows.
template <std::size_t kRows>
HWY_INLINE void PackBlocks(const float* HWY_RESTRICT from, std::size_t features, std::size_t count,
                           std::size_t block, float* HWY_RESTRICT to) {
  for (std::size_t g = 0; g < count; ++g) {
    float* HWY_RESTRICT rows = to + g * kRows * kLanes;
    std::size_t f = 0;
    for (; f + kRows <= features; f += kRows, rows += block) {
      for (std::size_t r = 0; r < kRows; ++r) {
        Store(Load(from + (f + r) * kLanes), rows + r * kLanes);
      }
    }
    for (std::size_t r = 0; f < features && r < kRows; ++r) {
      Store(f + r < features ? Load(from + (f + r) * kLanes) : Zero(), rows + r * kLanes);
    }
    from += features * kLanes;
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
  alignas(64) float sums[kOut * kLanes] = {};
  for (std::size_t r = 0; r < rows; ++r) {
    Group sum = Zero();
    for (std::size_t g = 0; g < groups; ++g) sum = sum + Load(d_z + (g * kOut + r) * kLanes);
    Store(sum, sums + r * kLanes);
  }
  SumLanes(sums, rows, add, d_bias);
}

void AddFew(const LinearShape& shape, std::size_t count, const float* d_z, const float* x,
            float* lanes, float* bias_lanes) {
  const std::size_t x_stride = shape.inputs * kLanes, d_z_stride = shape.outputs * kLanes;
  if (shape.inputs <= kFew) {
    return WithFew(shape.inputs, [&](auto inputs) HWY_ATTR {
      AddOuter<inputs>(shape.outputs,
                       {count, d_z, d_z_stride, x, lanes, x_stride, kLanes, bias_lanes});
    });
  }
  WithFew(shape.outputs, [&](auto outputs) HWY_ATTR {
    AddOuter<outputs>(shape.inputs, {count, x, x_stride, d_z, lanes, kLanes, x_stride, nullptr});
  });
  for (std::size_t o = 0; o < shape.outputs; ++o) {
    Group sum = Load(bias_lanes + o * kLanes);
    for (std::size_t g = 0; g < count; ++g) sum = sum + Load(d_z + g * d_z_stride + o * kLanes);
    Store(sum, bias_lanes + o * kLanes);
  }
}

// Inputs first ... first + inputs - 1 of all outputs. d_bias: or nullptr.
void SumPanel(const LinearShape& shape, const Packed& at, std::size_t first, std::size_t inputs,
              bool add, float* d_weight, float* d_bias, float* scratch) {
  const std::size_t blocks = (inputs + kIn - 1) / kIn, sums_stride = blocks * kIn * kLanes;
  const float* packed_x = scratch + first / kIn * at.x_block;
  float* sums = scratch + at.sums;
  for (std::size_t p = 0; p < at.output_blocks; ++p) {
    const std::size_t o = p * kOut, rows = std::min(kOut, shape.outputs - o);
    const float* packed_d_z = scratch + at.d_z + p * at.d_z_block;
    if (d_bias != nullptr) SumBias(packed_d_z, shape.groups, rows, add, d_bias + o);
    for (std::size_t b = 0; b < blocks; ++b) {
      SumRows(rows, shape.groups, packed_d_z, packed_x + b * at.x_block, sums + b * kIn * kLanes,
              sums_stride);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      SumLanes(sums + r * sums_stride, inputs, add, d_weight + (o + r) * shape.inputs + first);
    }
  }
}

void WeightsBegin(const LinearShape& shape, float* scratch) {
  const Packed at(shape);
  if (at.few) std::fill_n(scratch, at.size, 0.0f);
}

void WeightsAdd(const LinearShape& shape, std::size_t first, std::size_t count, const float* d_z,
                const float* x, float* scratch) {
  const Packed at(shape);
  if (at.few) return AddFew(shape, count, d_z, x, scratch, scratch + at.bias_lanes);
  PackBlocks<kIn>(x, shape.inputs, count, at.x_block, scratch + first * kIn * kLanes);
  PackBlocks<kOut>(d_z, shape.outputs, count, at.d_z_block,
                   scratch + at.d_z + first * kOut * kLanes);
}

void WeightsEnd(const LinearShape& shape, bool add, float* d_weight, float* d_bias,
                float* scratch) {
  const Packed at(shape);
  if (at.few) {
    SumLanes(scratch, shape.outputs * shape.inputs, add, d_weight);
    if (d_bias != nullptr) SumLanes(scratch + at.bias_lanes, shape.outputs, add, d_bias);
    return;
  }
  for (std::size_t first = 0; first < shape.inputs; first += kPanelInputs) {
    SumPanel(shape, at, first, std::min(kPanelInputs, shape.inputs - first), add, d_weight,
             first == 0 ? d_bias : nullptr, scratch);
  }
}

std::size_t Scratch(const LinearShape& shape) { return Packed(shape).size; }

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(WeightsBegin);
HWY_EXPORT(WeightsAdd);
HWY_EXPORT(WeightsEnd);
HWY_EXPORT(Scratch);

std::size_t LinearWeightsScratch(const LinearShape& shape) {
  return HWY_DYNAMIC_DISPATCH(Scratch)(shape);
}

void LinearWeightsBegin(const LinearShape& shape, float* scratch) {
  HWY_DYNAMIC_DISPATCH(WeightsBegin)(shape, scratch);
}

void LinearWeightsAdd(const LinearShape& shape, std::size_t first, std::size_t count,
                      const float* d_z, const float* x, float* scratch) {
  HWY_DYNAMIC_DISPATCH(WeightsAdd)(shape, first, count, d_z, x, scratch);
}

void LinearWeightsEnd(const LinearShape& shape, bool add, float* d_weight, float* d_bias,
                      float* scratch) {
  HWY_DYNAMIC_DISPATCH(WeightsEnd)(shape, add, d_weight, d_bias, scratch);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
