#include "lib/kernels/norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/math-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// What follows works on one group of 16 points: entry i of all 16 lies at z + 16 i.

HWY_INLINE Group Dot(std::size_t width, const float* a, const float* b) {
  return SumOverEntries(width, [=](const Group& sum, std::size_t i) HWY_ATTR {
    return MulAdd(Load(a + i * kLanes), Load(b + i * kLanes), sum);
  });
}

HWY_INLINE Group Sum(std::size_t width, const float* a) {
  return SumOverEntries(
      width, [=](const Group& sum, std::size_t i) HWY_ATTR { return sum + Load(a + i * kLanes); });
}

HWY_INLINE void Scale(std::size_t width, const float* a, const Group& factor, float* to) {
  for (std::size_t i = 0; i < width; ++i) Store(Load(a + i * kLanes) * factor, to + i * kLanes);
}

// The corrected two-pass form: accurate for means far larger than the deviations.
HWY_INLINE void Centre(std::size_t width, const float* z, float* centred) {
  const Group count = Set(static_cast<float>(width));
  const Group mean = Sum(width, z) / count;
  for (std::size_t i = 0; i < width; ++i) Store(Load(z + i * kLanes) - mean, centred + i * kLanes);
  const Group rest = Sum(width, centred) / count;
  for (std::size_t i = 0; i < width; ++i) {
    Store(Load(centred + i * kLanes) - rest, centred + i * kLanes);
  }
}

// `mean_square`: whether the sum of squares is divided by the width.
HWY_INLINE void DivideByRoot(std::size_t width, bool mean_square, float eps, const float* z,
                             float* u, float* inverse_root) {
  Group square = Dot(width, z, z);
  if (mean_square) square = square / Set(static_cast<float>(width));
  const Group inverse = Set(1.0f) / Sqrt(square + Set(eps));
  Scale(width, z, inverse, u);
  Store(inverse, inverse_root);
}

// dz = (g - mean g - u dot(u, g)) / s, the mean only if `centred`; the dot divided by `divisor`.
HWY_INLINE void RootBackward(std::size_t width, bool centred, float divisor, const float* u,
                             const float* inverse_root, const float* g, float* d_z) {
  const Group along = Dot(width, u, g) / Set(divisor);
  const Group mean = centred ? Sum(width, g) / Set(static_cast<float>(width)) : Zero();
  const Group inverse = Load(inverse_root);
  for (std::size_t i = 0; i < width; ++i) {
    const Group rest = NegMulAdd(Load(u + i * kLanes), along, Load(g + i * kLanes) - mean);
    Store(rest * inverse, d_z + i * kLanes);
  }
}

// |z|^(exponent - 1) for exponents 1, 2, 3.
HWY_INLINE Group LowerPower(int exponent, const Group& z) {
  if (exponent == 1) return Set(1.0f);
  return exponent == 2 ? Abs(z) : z * z;
}

// 0 at 0, the derivative that PyTorch takes for |z|.
HWY_INLINE Group Sign(const Group& z) {
  return Select(Less(Zero(), z), Set(1.0f), Select(Less(z, Zero()), Set(-1.0f), Zero()));
}

HWY_INLINE void DivisiveForward(const NormSpec& spec, const float* z, float* u,
                                float* inverse_divisor) {
  float offset = spec.beta;
  for (int k = 1; k < spec.exponent; ++k) offset *= spec.beta;
  const Group sum = SumOverEntries(spec.width, [=](const Group& partial, std::size_t i) HWY_ATTR {
    const Group value = Load(z + i * kLanes);
    return MulAdd(Abs(value), LowerPower(spec.exponent, value), partial);
  });
  const Group inverse = Set(1.0f) / (Set(offset) + sum);
  for (std::size_t i = 0; i < spec.width; ++i) {
    const Group value = Load(z + i * kLanes);
    Store(value * LowerPower(spec.exponent, value) * inverse, u + i * kLanes);
  }
  Store(inverse, inverse_divisor);
}

HWY_INLINE void DivisiveBackward(const NormSpec& spec, const float* z, const float* u,
                                 const float* inverse_divisor, const float* g, float* d_z) {
  const Group along = Dot(spec.width, u, g);
  const Group factor = Set(static_cast<float>(spec.exponent)) * Load(inverse_divisor);
  for (std::size_t i = 0; i < spec.width; ++i) {
    const Group value = Load(z + i * kLanes);
    const Group rest = NegMulAdd(Sign(value), along, Load(g + i * kLanes));
    Store(factor * LowerPower(spec.exponent, value) * rest, d_z + i * kLanes);
  }
}

HWY_INLINE void ForwardGroup(const NormSpec& spec, const float* z, float alpha, float* u,
                             float* statistics) {
  switch (spec.kind) {
    case NormKind::kUnit:
      return DivideByRoot(spec.width, false, spec.eps, z, u, statistics);
    case NormKind::kRmsNorm:
      return DivideByRoot(spec.width, true, spec.eps, z, u, statistics);
    case NormKind::kLayerNorm:
    case NormKind::kGroupNorm: {
      const std::size_t width = spec.width / spec.norm_groups;
      for (std::size_t k = 0; k < spec.norm_groups; ++k) {
        float* part = u + k * width * kLanes;
        Centre(width, z + k * width * kLanes, part);
        DivideByRoot(width, true, spec.eps, part, part, statistics + k * kLanes);
      }
      return;
    }
    case NormKind::kDivisive:
      return DivisiveForward(spec, z, u, statistics);
    case NormKind::kDyT:
      for (std::size_t i = 0; i < spec.width; ++i) {
        Store(Tanh(Set(alpha) * Load(z + i * kLanes)), u + i * kLanes);
      }
      return;
    case NormKind::kNone:
      for (std::size_t i = 0; i < spec.width; ++i) Store(Load(z + i * kLanes), u + i * kLanes);
  }
}

HWY_INLINE void DyTBackward(std::size_t width, const float* z, const float* u, float alpha,
                            const float* g, float* d_z, Group& d_alpha) {
  for (std::size_t i = 0; i < width; ++i) {
    const Group value = Load(u + i * kLanes);
    const Group inner = Load(g + i * kLanes) * NegMulAdd(value, value, Set(1.0f));
    d_alpha = MulAdd(inner, Load(z + i * kLanes), d_alpha);
    Store(inner * Set(alpha), d_z + i * kLanes);
  }
}

HWY_INLINE void BackwardGroup(const NormSpec& spec, const float* z, const float* u,
                              const float* statistics, float alpha, const float* g, float* d_z,
                              Group& d_alpha) {
  switch (spec.kind) {
    case NormKind::kUnit:
      return RootBackward(spec.width, false, 1.0f, u, statistics, g, d_z);
    case NormKind::kRmsNorm:
      return RootBackward(spec.width, false, static_cast<float>(spec.width), u, statistics, g, d_z);
    case NormKind::kLayerNorm:
    case NormKind::kGroupNorm: {
      const std::size_t width = spec.width / spec.norm_groups;
      for (std::size_t k = 0; k < spec.norm_groups; ++k) {
        const std::size_t at = k * width * kLanes;
        RootBackward(width, true, static_cast<float>(width), u + at, statistics + k * kLanes,
                     g + at, d_z + at);
      }
      return;
    }
    case NormKind::kDivisive:
      return DivisiveBackward(spec, z, u, statistics, g, d_z);
    case NormKind::kDyT:
      return DyTBackward(spec.width, z, u, alpha, g, d_z, d_alpha);
    case NormKind::kNone:
      for (std::size_t i = 0; i < spec.width; ++i) Store(Load(g + i * kLanes), d_z + i * kLanes);
  }
}

void Forward(const NormSpec& spec, std::size_t groups, const float* z, float alpha, float* u,
             float* statistics) {
  const std::size_t stride = spec.width * kLanes, rows = NormStatistics(spec) * kLanes;
  for (std::size_t g = 0; g < groups; ++g) {
    ForwardGroup(spec, z + g * stride, alpha, u + g * stride, statistics + g * rows);
  }
}

void Backward(const NormSpec& spec, std::size_t groups, const float* z, const float* u,
              const float* statistics, float alpha, const float* d_u, float* d_z, float* d_alpha) {
  const std::size_t stride = spec.width * kLanes, rows = NormStatistics(spec) * kLanes;
  Group alpha_sum = Zero();
  for (std::size_t g = 0; g < groups; ++g) {
    BackwardGroup(spec, z + g * stride, u + g * stride, statistics + g * rows, alpha,
                  d_u + g * stride, d_z + g * stride, alpha_sum);
  }
  if (d_alpha != nullptr) *d_alpha = SumOverLanes(alpha_sum);
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

void BackwardAffine(std::size_t width, std::size_t groups, const float* u, const float* weight,
                    const float* d_y, float* d_u, float* d_weight, float* d_bias) {
  for (std::size_t i = 0; i < width; ++i) {
    Group weight_sum = Zero(), bias_sum = Zero();
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t at = (g * width + i) * kLanes;
      const Group gradient = Load(d_y + at);
      weight_sum = MulAdd(gradient, Load(u + at), weight_sum);
      bias_sum = bias_sum + gradient;
      Store(gradient * Set(weight[i]), d_u + at);
    }
    d_weight[i] = SumOverLanes(weight_sum);
    d_bias[i] = SumOverLanes(bias_sum);
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
HWY_EXPORT(BackwardAffine);

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
                  float* d_alpha) {
  HWY_DYNAMIC_DISPATCH(Backward)(spec, groups, z, u, statistics, alpha, d_u, d_z, d_alpha);
}

void AffineForward(std::size_t width, std::size_t groups, const float* u, const float* weight,
                   const float* bias, float* y) {
  HWY_DYNAMIC_DISPATCH(ForwardAffine)(width, groups, u, weight, bias, y);
}

void AffineBackward(std::size_t width, std::size_t groups, const float* u, const float* weight,
                    const float* d_y, float* d_u, float* d_weight, float* d_bias) {
  HWY_DYNAMIC_DISPATCH(BackwardAffine)
  (width, groups, u, weight, d_y, d_u, d_weight, d_bias);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
