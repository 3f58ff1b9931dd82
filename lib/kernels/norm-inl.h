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

// a, b: entry i of group g at + g stride + 16 i.
template <std::size_t kGroups>
HWY_INLINE Groups<kGroups> Dot(std::size_t width, std::size_t stride, const float* a,
                               const float* b) {
  using P = Groups<kGroups>;
  return SumOverEntries<P>(width, [=](const P& sum, std::size_t i) HWY_ATTR {
    return MulAdd(LoadGroups<kGroups>(a + i * kLanes, stride),
                  LoadGroups<kGroups>(b + i * kLanes, stride), sum);
  });
}

template <std::size_t kGroups>
HWY_INLINE Groups<kGroups> Sum(std::size_t width, std::size_t stride, const float* a) {
  using P = Groups<kGroups>;
  return SumOverEntries<P>(width, [=](const P& sum, std::size_t i) HWY_ATTR {
    return sum + LoadGroups<kGroups>(a + i * kLanes, stride);
  });
}

// Where the values of several groups lie: entries at + g stride, statistics at + g rows.
struct GroupStrides {
  std::size_t entries, rows;
};

// u = (z - mean) / s or z / s. The mean is the corrected two-pass one: accurate for means far
// larger than the deviations. z - mean is kept in u: with the load ports and the adders both busy,
// to store it once costs less than to subtract it three times.
template <std::size_t kGroups, bool kCentre>
HWY_INLINE void DivideByRoot(std::size_t width, bool mean_square, float eps, GroupStrides strides,
                             const float* z, float* u, float* inverse_root) {
  using P = Groups<kGroups>;
  const std::size_t stride = strides.entries;
  const P share = Set<P>(1.0f / static_cast<float>(width));
  P rest = Zero<P>();
  if constexpr (kCentre) {
    const P mean = Sum<kGroups>(width, stride, z) * share;
    rest = share * SumOverEntries<P>(width, [=](const P& sum, std::size_t i) HWY_ATTR {
             const P value = LoadGroups<kGroups>(z + i * kLanes, stride) - mean;
             StoreGroups<kGroups>(value, stride, u + i * kLanes);
             return sum + value;
           });
  }
  const auto centred = [=](std::size_t i) HWY_ATTR {
    const P value = LoadGroups<kGroups>((kCentre ? u : z) + i * kLanes, stride);
    return kCentre ? value - rest : value;
  };
  P square = SumOverEntries<P>(width, [=](const P& sum, std::size_t i) HWY_ATTR {
    const P value = centred(i);
    return MulAdd(value, value, sum);
  });
  if (mean_square) square = square * share;
  const P inverse = Set<P>(1.0f) / Sqrt(square + Set<P>(eps));
  for (std::size_t i = 0; i < width; ++i) {
    StoreGroups<kGroups>(centred(i) * inverse, stride, u + i * kLanes);
  }
  StoreGroups<kGroups>(inverse, strides.rows, inverse_root);
}

// dz = (g - mean g - u share (u.g)) / s, the mean only if `kCentre`.
template <std::size_t kGroups, bool kCentre>
HWY_INLINE void RootBackward(std::size_t width, float share, GroupStrides strides, const float* u,
                             const float* inverse_root, const float* g, float* d_z) {
  using P = Groups<kGroups>;
  const P along = Dot<kGroups>(width, strides.entries, u, g) * Set<P>(share);
  const P mean = kCentre ? Sum<kGroups>(width, strides.entries, g) * Set<P>(share) : Zero<P>();
  const P inverse = LoadGroups<kGroups>(inverse_root, strides.rows);
  for (std::size_t i = 0; i < width; ++i) {
    const P gradient = LoadGroups<kGroups>(g + i * kLanes, strides.entries);
    const P output = LoadGroups<kGroups>(u + i * kLanes, strides.entries);
    const P rest = NegMulAdd(output, along, kCentre ? gradient - mean : gradient);
    StoreGroups<kGroups>(rest * inverse, strides.entries, d_z + i * kLanes);
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
  const Group along = Dot<1>(spec.width, 0, u, g);
  const Group factor = Set(static_cast<float>(spec.exponent)) * Load(inverse_divisor);
  for (std::size_t i = 0; i < spec.width; ++i) {
    const Group value = Load(z + i * kLanes);
    const Group rest = NegMulAdd(Sign(value), along, Load(g + i * kLanes));
    Store(factor * LowerPower(spec.exponent, value) * rest, d_z + i * kLanes);
  }
}

// kGroups groups with a norm that divides by a root.
template <std::size_t kGroups>
HWY_INLINE void ForwardRoots(const NormSpec& spec, GroupStrides strides, const float* z, float* u,
                             float* statistics) {
  if (spec.kind == NormKind::kUnit || spec.kind == NormKind::kRmsNorm) {
    return DivideByRoot<kGroups, false>(spec.width, spec.kind == NormKind::kRmsNorm, spec.eps,
                                        strides, z, u, statistics);
  }
  const std::size_t width = spec.width / spec.norm_groups;
  for (std::size_t k = 0; k < spec.norm_groups; ++k) {
    const std::size_t at = k * width * kLanes;
    DivideByRoot<kGroups, true>(width, true, spec.eps, strides, z + at, u + at,
                                statistics + k * kLanes);
  }
}

template <std::size_t kGroups>
HWY_INLINE void BackwardRoots(const NormSpec& spec, GroupStrides strides, const float* u,
                              const float* statistics, const float* g, float* d_z) {
  if (spec.kind == NormKind::kUnit || spec.kind == NormKind::kRmsNorm) {
    const float share = spec.kind == NormKind::kUnit ? 1.0f : 1.0f / static_cast<float>(spec.width);
    return RootBackward<kGroups, false>(spec.width, share, strides, u, statistics, g, d_z);
  }
  const std::size_t width = spec.width / spec.norm_groups;
  for (std::size_t k = 0; k < spec.norm_groups; ++k) {
    const std::size_t at = k * width * kLanes;
    RootBackward<kGroups, true>(width, 1.0f / static_cast<float>(width), strides, u + at,
                                statistics + k * kLanes, g + at, d_z + at);
  }
}

HWY_INLINE bool DividesByRoot(NormKind kind) {
  return kind == NormKind::kUnit || kind == NormKind::kRmsNorm || kind == NormKind::kLayerNorm ||
         kind == NormKind::kGroupNorm;
}

// One group with another norm.
HWY_INLINE void ForwardOther(const NormSpec& spec, const float* z, float alpha, float* u,
                             float* statistics) {
  if (spec.kind == NormKind::kDivisive) return DivisiveForward(spec, z, u, statistics);
  for (std::size_t i = 0; i < spec.width; ++i) {
    const Group value = Load(z + i * kLanes);
    Store(spec.kind == NormKind::kDyT ? Tanh(Set(alpha) * value) : value, u + i * kLanes);
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

HWY_INLINE void BackwardOther(const NormSpec& spec, const float* z, const float* u,
                              const float* statistics, float alpha, const float* g, float* d_z,
                              Group& d_alpha) {
  if (spec.kind == NormKind::kDivisive) return DivisiveBackward(spec, z, u, statistics, g, d_z);
  if (spec.kind == NormKind::kDyT) return DyTBackward(spec.width, z, u, alpha, g, d_z, d_alpha);
  for (std::size_t i = 0; i < spec.width; ++i) Store(Load(g + i * kLanes), d_z + i * kLanes);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
