#include "lib/kernels/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/linear.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/linear_few-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// Blocks are as large as the registers hold; they do not change any lane's arithmetic.
inline constexpr std::size_t kBlockOutputs = kVectors == 1 ? 8 : 4;
inline constexpr std::size_t kBlockGroups = kVectors == 1 ? 2 : 1;

// kOut outputs of kGroups groups. The weight of output o and input i is at
// weight[o * output_stride + i * input_stride], so that W and its transpose both serve.
template <std::size_t kOut, std::size_t kGroups>
HWY_INLINE void MultiplyBlock(std::size_t inputs, const float* HWY_RESTRICT weight,
                              std::size_t output_stride, std::size_t input_stride,
                              const float* HWY_RESTRICT bias, const float* HWY_RESTRICT x,
                              std::size_t x_stride, float* HWY_RESTRICT z, std::size_t z_stride) {
  const Tag d;
  constexpr std::size_t kCount = kGroups * kVectors;
  const auto offset = [](std::size_t v, std::size_t stride)
                          HWY_ATTR { return v / kVectors * stride + v % kVectors * kVectorLanes; };
  Vector sum[kOut][kCount];
  for (std::size_t o = 0; o < kOut; ++o) {
    const Vector start = hn::Set(d, bias == nullptr ? 0.0f : bias[o]);
    for (std::size_t v = 0; v < kCount; ++v) sum[o][v] = start;
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    Vector value[kCount];
    for (std::size_t v = 0; v < kCount; ++v) {
      value[v] = hn::Load(d, x + offset(v, x_stride) + i * kLanes);
    }
    for (std::size_t o = 0; o < kOut; ++o) {
      const Vector w = hn::Set(d, weight[o * output_stride + i * input_stride]);
      for (std::size_t v = 0; v < kCount; ++v) sum[o][v] = FusedMulAdd(w, value[v], sum[o][v]);
    }
  }
  for (std::size_t o = 0; o < kOut; ++o) {
    for (std::size_t v = 0; v < kCount; ++v) {
      hn::Store(sum[o][v], d, z + offset(v, z_stride) + o * kLanes);
    }
  }
}

// The outputs that are left over below a whole block: one instantiation a count.
template <std::size_t kOut, std::size_t kGroups, typename... Arguments>
HWY_INLINE void MultiplyRemainder(std::size_t outputs, Arguments... arguments) {
  if constexpr (kOut > 0) {
    if (outputs == kOut) {
      MultiplyBlock<kOut, kGroups>(arguments...);
    } else {
      MultiplyRemainder<kOut - 1, kGroups>(outputs, arguments...);
    }
  }
}

template <std::size_t kGroups>
HWY_INLINE void MultiplyGroups(const LinearShape& shape, const float* weight,
                               std::size_t output_stride, std::size_t input_stride,
                               const float* bias, const float* x, float* z) {
  const std::size_t x_stride = shape.inputs * kLanes, z_stride = shape.outputs * kLanes;
  std::size_t o = 0;
  for (; o + kBlockOutputs <= shape.outputs; o += kBlockOutputs) {
    MultiplyBlock<kBlockOutputs, kGroups>(shape.inputs, weight + o * output_stride, output_stride,
                                          input_stride, bias == nullptr ? nullptr : bias + o, x,
                                          x_stride, z + o * kLanes, z_stride);
  }
  MultiplyRemainder<kBlockOutputs - 1, kGroups>(
      shape.outputs - o, shape.inputs, weight + o * output_stride, output_stride, input_stride,
      bias == nullptr ? nullptr : bias + o, x, x_stride, z + o * kLanes, z_stride);
}

// The widest block of groups that keeps sums of kOut outputs in the registers.
template <std::size_t kOut>
constexpr std::size_t FewGroups() {
  if constexpr (kVectors == 1) return kOut == 1 ? 16 : kOut == 2 ? 8 : 4;
  return kOut <= 2 ? 2 : 1;
}

// All kOut outputs: more groups at once, for as many sums in flight as with whole blocks.
template <std::size_t kOut, std::size_t kGroups = FewGroups<kOut>()>
HWY_INLINE void MultiplyToFew(const LinearShape& shape, const float* weight,
                              std::size_t output_stride, std::size_t input_stride,
                              const float* bias, const float* x, float* z) {
  const std::size_t x_stride = shape.inputs * kLanes, z_stride = kOut * kLanes;
  std::size_t g = 0;
  for (; g + kGroups <= shape.groups; g += kGroups) {
    MultiplyBlock<kOut, kGroups>(shape.inputs, weight, output_stride, input_stride, bias,
                                 x + g * x_stride, x_stride, z + g * z_stride, z_stride);
  }
  if constexpr (kGroups > 1) {
    if (g == shape.groups) return;
    const LinearShape rest = {shape.inputs, kOut, shape.groups - g};
    MultiplyToFew<kOut, kGroups / 2>(rest, weight, output_stride, input_stride, bias,
                                     x + g * x_stride, z + g * z_stride);
  }
}

void Multiply(const LinearShape& shape, const float* weight, std::size_t output_stride,
              std::size_t input_stride, const float* bias, const float* x, float* z) {
  const std::size_t x_stride = shape.inputs * kLanes, z_stride = shape.outputs * kLanes;
  if (shape.inputs <= kFew) {
    return WithFew(shape.inputs, [&](auto inputs) HWY_ATTR {
      MultiplyFew<inputs>(shape.outputs, shape.groups, weight, output_stride, input_stride, bias, x,
                          z, z_stride);
    });
  }
  if (shape.outputs <= kFew) {
    return WithFew(shape.outputs, [&](auto outputs) HWY_ATTR {
      MultiplyToFew<outputs>(shape, weight, output_stride, input_stride, bias, x, z);
    });
  }
  std::size_t g = 0;
  for (; g + kBlockGroups <= shape.groups; g += kBlockGroups) {
    MultiplyGroups<kBlockGroups>(shape, weight, output_stride, input_stride, bias, x + g * x_stride,
                                 z + g * z_stride);
  }
  for (; g < shape.groups; ++g) {
    MultiplyGroups<1>(shape, weight, output_stride, input_stride, bias, x + g * x_stride,
                      z + g * z_stride);
  }
}

void Forward(const LinearShape& shape, const float* weight, const float* bias, const float* x,
             float* z) {
  Multiply(shape, weight, shape.inputs, 1, bias, x, z);
}

void BackwardInput(const LinearShape& shape, const float* weight, const float* d_z, float* d_x) {
  const LinearShape transposed = {shape.outputs, shape.inputs, shape.groups};
  Multiply(transposed, weight, 1, shape.inputs, nullptr, d_z, d_x);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(BackwardInput);

void LinearForward(const LinearShape& shape, const float* weight, const float* bias, const float* x,
                   float* z) {
  HWY_DYNAMIC_DISPATCH(Forward)(shape, weight, bias, x, z);
}

void LinearBackwardInput(const LinearShape& shape, const float* weight, const float* d_z,
                         float* d_x) {
  HWY_DYNAMIC_DISPATCH(BackwardInput)(shape, weight, d_z, d_x);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
