#include "lib/kernels/norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/norm-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// So many groups at once hide the latency of sums, roots and divisions.
inline constexpr std::size_t kBlock = kVectors == 1 ? 2 : 1;

void Forward(const NormSpec& spec, std::size_t groups, const float* z, float alpha, float* u,
             float* statistics) {
  const GroupStrides strides = {spec.width * kLanes, NormStatistics(spec) * kLanes};
  std::size_t g = 0;
  if (DividesByRoot(spec.kind)) {
    for (; g + kBlock <= groups; g += kBlock) {
      ForwardRoots<kBlock>(spec, strides, z + g * strides.entries, u + g * strides.entries,
                           statistics + g * strides.rows);
    }
    for (; g < groups; ++g) {
      ForwardRoots<1>(spec, strides, z + g * strides.entries, u + g * strides.entries,
                      statistics + g * strides.rows);
    }
  }
  for (; g < groups; ++g) {
    ForwardOther(spec, z + g * strides.entries, alpha, u + g * strides.entries,
                 statistics + g * strides.rows);
  }
}

void Backward(const NormSpec& spec, std::size_t groups, const float* z, const float* u,
              const float* statistics, float alpha, const float* d_u, float* d_z,
              float* alpha_lanes) {
  const GroupStrides strides = {spec.width * kLanes, NormStatistics(spec) * kLanes};
  std::size_t g = 0;
  if (DividesByRoot(spec.kind)) {
    for (; g + kBlock <= groups; g += kBlock) {
      const std::size_t at = g * strides.entries;
      BackwardRoots<kBlock>(spec, strides, u + at, statistics + g * strides.rows, d_u + at,
                            d_z + at);
    }
    for (; g < groups; ++g) {
      const std::size_t at = g * strides.entries;
      BackwardRoots<1>(spec, strides, u + at, statistics + g * strides.rows, d_u + at, d_z + at);
    }
  }
  Group alpha_sum = alpha_lanes == nullptr ? Zero() : Load(alpha_lanes);
  for (; g < groups; ++g) {
    const std::size_t at = g * strides.entries;
    BackwardOther(spec, z + at, u + at, statistics + g * strides.rows, alpha, d_u + at, d_z + at,
                  alpha_sum);
  }
  if (alpha_lanes != nullptr) Store(alpha_sum, alpha_lanes);
}

void ForwardAffine(std::size_t width, std::size_t groups, const float* u, const float* weight,
                   const float* bias, float* y) {
  for (std::size_t g = 0; g < groups; ++g) {
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t at = (g * width + i) * kLanes;
      Store(MulAdd(Set(weight[i]), Load(u + at), Set(bias[i])), y + at);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);
HWY_EXPORT(ForwardAffine);

std::size_t NormStatistics(const NormSpec& spec) {
  switch (spec.kind) {
    case NormKind::kGroupNorm:
      return spec.norm_groups;
    case NormKind::kDyT:
    case NormKind::kNone:
      return 0;
    default:
      return 1;
  }
}

void NormForward(const NormSpec& spec, std::size_t groups, const float* z, float alpha, float* u,
                 float* statistics) {
  HWY_DYNAMIC_DISPATCH(Forward)(spec, groups, z, alpha, u, statistics);
}

void NormBackward(const NormSpec& spec, std::size_t groups, const float* z, const float* u,
                  const float* statistics, float alpha, const float* d_u, float* d_z,
                  float* alpha_lanes) {
  HWY_DYNAMIC_DISPATCH(Backward)(spec, groups, z, u, statistics, alpha, d_u, d_z, alpha_lanes);
}

void AffineForward(std::size_t width, std::size_t groups, const float* u, const float* weight,
                   const float* bias, float* y) {
  HWY_DYNAMIC_DISPATCH(ForwardAffine)(width, groups, u, weight, bias, y);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
