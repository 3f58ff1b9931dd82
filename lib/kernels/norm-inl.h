// Norms of one group of 16 points, forward and backward: entry i of all 16 lies at z + 16 i.
#if defined(CREASE_KERNELS_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_NORM_INL_H_
#undef CREASE_KERNELS_NORM_INL_H_
#else
#define CREASE_KERNELS_NORM_INL_H_
#endif

#include "lib/kernels/math-inl.h"
#include "lib/kernels/norm.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

HWY_INLINE Group Dot(std::size_t width, const float* a, const float* b) {
  return SumOverEntries(width, [=](const Group& sum, std::size_t i) HWY_ATTR {
    return MulAdd(Load(a + i * kLanes), Load(b + i * kLanes), sum);
  });
}

HWY_INLINE Group Sum(std::size_t width, const float* a) {
  return SumOverEntries(
      width, [=](const Group& sum, std::size_t i) HWY_ATTR { return sum + Load(a + i * kLanes); });
}

// u = (z - mean) / s or z / s. The mean is the corrected two-pass one: accurate for means far
// larger than the deviations. Reads z again in every pass rather than keep what a pass has
// computed.
template <bool kCentre>
HWY_INLINE void DivideByRoot(std::size_t width, bool mean_square, float eps, const float* z,
                             float* u, float* inverse_root) {
  const Group share = Set(1.0f / static_cast<float>(width));
  Group mean = Zero(), rest = Zero();
  if constexpr (kCentre) {
    mean = Sum(width, z) * share;
    rest = share * SumOverEntries(width, [=](const Group& sum, std::size_t i) HWY_ATTR {
             return sum + (Load(z + i * kLanes) - mean);
           });
  }
  const auto centred = [=](std::size_t i) HWY_ATTR {
    const Group value = Load(z + i * kLanes);
    return kCentre ? (value - mean) - rest : value;
  };
  Group square = SumOverEntries(width, [=](const Group& sum, std::size_t i) HWY_ATTR {
    const Group value = centred(i);
    return MulAdd(value, value, sum);
  });
  if (mean_square) square = square * share;
  const Group inverse = Set(1.0f) / Sqrt(square + Set(eps));
  for (std::size_t i = 0; i < width; ++i) Store(centred(i) * inverse, u + i * kLanes);
  Store(inverse, inverse_root);
}

// dz = (g - mean g - u share (u.g)) / s, the mean only if `kCentre`.
template <bool kCentre>
HWY_INLINE void RootBackward(std::size_t width, float share, const float* u,
                             const float* inverse_root, const float* g, float* d_z) {
  const Group along = Dot(width, u, g) * Set(share);
  const Group mean = kCentre ? Sum(width, g) * Set(share) : Zero();
  const Group inverse = Load(inverse_root);
  for (std::size_t i = 0; i < width; ++i) {
    const Group gradient = Load(g + i * kLanes);
    const Group rest = NegMulAdd(Load(u + i * kLanes), along, kCentre ? gradient - mean : gradient);
    Store(rest * inverse, d_z + i * kLanes);
  }
}

// |z|^(exponent - 1) for exponents 1, 2, 3.
template <typename P>
HWY_INLINE P LowerPower(int exponent, const P& z) {
  if (exponent == 1) return Set<P>(1.0f);
  return exponent == 2 ? Abs(z) : z * z;
}

// 0 at 0, the derivative that PyTorch takes for |z|.
template <typename P>
HWY_INLINE P Sign(const P& z) {
  const P zero = Zero<P>();
  return Select(Less(zero, z), Set<P>(1.0f), Select(Less(z, zero), Set<P>(-1.0f), zero));
}

// beta^exponent, by multiplication.
HWY_INLINE float DivisiveOffset(const NormSpec& spec) {
  float offset = spec.beta;
  for (int k = 1; k < spec.exponent; ++k) offset *= spec.beta;
  return offset;
}

HWY_INLINE void DivisiveForward(const NormSpec& spec, const float* z, float* u,
                                float* inverse_divisor) {
  const Group sum = SumOverEntries(spec.width, [=](const Group& partial, std::size_t i) HWY_ATTR {
    const Group value = Load(z + i * kLanes);
    return MulAdd(Abs(value), LowerPower(spec.exponent, value), partial);
  });
  const Group inverse = Set(1.0f) / (Set(DivisiveOffset(spec)) + sum);
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
      return DivideByRoot<false>(spec.width, false, spec.eps, z, u, statistics);
    case NormKind::kRmsNorm:
      return DivideByRoot<false>(spec.width, true, spec.eps, z, u, statistics);
    case NormKind::kLayerNorm:
    case NormKind::kGroupNorm: {
      const std::size_t width = spec.width / spec.norm_groups;
      for (std::size_t k = 0; k < spec.norm_groups; ++k) {
        const std::size_t at = k * width * kLanes;
        DivideByRoot<true>(width, true, spec.eps, z + at, u + at, statistics + k * kLanes);
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
      return RootBackward<false>(spec.width, 1.0f, u, statistics, g, d_z);
    case NormKind::kRmsNorm:
      return RootBackward<false>(spec.width, 1.0f / static_cast<float>(spec.width), u, statistics,
                                 g, d_z);
    case NormKind::kLayerNorm:
    case NormKind::kGroupNorm: {
      const std::size_t width = spec.width / spec.norm_groups;
      for (std::size_t k = 0; k < spec.norm_groups; ++k) {
        const std::size_t at = k * width * kLanes;
        RootBackward<true>(width, 1.0f / static_cast<float>(width), u + at, statistics + k * kLanes,
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

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
