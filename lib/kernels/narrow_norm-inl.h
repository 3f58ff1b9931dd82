// Any norm of a narrow network's layer, the width known at compile time and all entries at hand;
// the same bits as norm-inl.h.
#if defined(CREASE_KERNELS_NARROW_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_NARROW_NORM_INL_H_
#undef CREASE_KERNELS_NARROW_NORM_INL_H_
#else
#define CREASE_KERNELS_NARROW_NORM_INL_H_
#endif

#include "lib/kernels/norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// kWidth entries of kGroups groups.
template <std::size_t kWidth, std::size_t kGroups>
struct Entries {
  Groups<kGroups> e[kWidth];
};

// u = z / s and layernorm's u = (z - mean) / s, kPart entries together.
template <std::size_t kPart, bool kCentre>
struct NarrowRoot {
  template <typename P>
  HWY_INLINE void Forward(P* z, P& inverse) const {
    if constexpr (kCentre) {
      Centre(z);
      Centre(z);  // what rounding the mean left
    }
    const P square = SumOverEntries<P>(
        kPart, [&](const P& sum, std::size_t i) HWY_ATTR { return MulAdd(z[i], z[i], sum); });
    inverse = Set<P>(1.0f) / Sqrt(square * Set<P>(share) + Set<P>(eps));
    for (std::size_t i = 0; i < kPart; ++i) z[i] = z[i] * inverse;
  }

  template <typename P>
  HWY_INLINE void Backward(const P* u, const P& inverse, P* d) const {
    const P dot = SumOverEntries<P>(
        kPart, [&](const P& sum, std::size_t i) HWY_ATTR { return MulAdd(u[i], d[i], sum); });
    const P along = dot * Set<P>(share);
    if constexpr (kCentre) Centre(d);
    for (std::size_t i = 0; i < kPart; ++i) d[i] = NegMulAdd(u[i], along, d[i]) * inverse;
  }

  template <typename P>
  HWY_INLINE void Centre(P* entries) const {
    const P sum = SumOverEntries<P>(
        kPart, [&](const P& part, std::size_t i) HWY_ATTR { return part + entries[i]; });
    const P mean = sum * Set<P>(share);
    for (std::size_t i = 0; i < kPart; ++i) entries[i] = entries[i] - mean;
  }

  float share;  // what sums over the entries are multiplied by
  float eps;
};

// unit, rmsnorm; with kCentre layernorm and groupnorm, kPart entries together.
template <std::size_t kWidth, std::size_t kPart, bool kCentre>
class NarrowParts {
 public:
  template <std::size_t kGroups>
  struct State {
    Groups<kGroups> inverse[kWidth / kPart];  // 1 / s
  };

  explicit NarrowParts(const NormSpec& spec)
      : root_{spec.kind == NormKind::kUnit ? 1.0f : 1.0f / static_cast<float>(kPart), spec.eps} {}

  template <std::size_t kGroups>
  HWY_INLINE void Forward(float, Entries<kWidth, kGroups>& z, State<kGroups>& state) const {
    for (std::size_t k = 0; k < kWidth / kPart; ++k) {
      root_.Forward(z.e + k * kPart, state.inverse[k]);
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void Backward(float, const Entries<kWidth, kGroups>& u, const State<kGroups>& state,
                           Entries<kWidth, kGroups>& d, float*) const {
    for (std::size_t k = 0; k < kWidth / kPart; ++k) {
      root_.Backward(u.e + k * kPart, state.inverse[k], d.e + k * kPart);
    }
  }

 private:
  NarrowRoot<kPart, kCentre> root_;
};

template <std::size_t kWidth>
class NarrowDivisive {
 public:
  template <std::size_t kGroups>
  struct State {
    Entries<kWidth, kGroups> z;
    Groups<kGroups> inverse;  // of the divisor
  };

  explicit NarrowDivisive(const NormSpec& spec)
      : exponent_(spec.exponent), offset_(DivisiveOffset(spec)) {}

  template <std::size_t kGroups>
  HWY_INLINE void Forward(float, Entries<kWidth, kGroups>& z, State<kGroups>& state) const {
    using P = Groups<kGroups>;
    state.z = z;
    const P sum = SumOverEntries<P>(kWidth, [&](const P& part, std::size_t i) HWY_ATTR {
      return MulAdd(Abs(z.e[i]), LowerPower(exponent_, z.e[i]), part);
    });
    state.inverse = Set<P>(1.0f) / (Set<P>(offset_) + sum);
    for (std::size_t i = 0; i < kWidth; ++i) {
      z.e[i] = z.e[i] * LowerPower(exponent_, z.e[i]) * state.inverse;
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void Backward(float, const Entries<kWidth, kGroups>& u, const State<kGroups>& state,
                           Entries<kWidth, kGroups>& d, float*) const {
    using P = Groups<kGroups>;
    const P along = SumOverEntries<P>(
        kWidth, [&](const P& sum, std::size_t i) HWY_ATTR { return MulAdd(u.e[i], d.e[i], sum); });
    const P factor = Set<P>(static_cast<float>(exponent_)) * state.inverse;
    for (std::size_t i = 0; i < kWidth; ++i) {
      const P rest = NegMulAdd(Sign(state.z.e[i]), along, d.e[i]);
      d.e[i] = factor * LowerPower(exponent_, state.z.e[i]) * rest;
    }
  }

 private:
  int exponent_;
  float offset_;  // beta^exponent
};

template <std::size_t kWidth>
class NarrowDyT {
 public:
  template <std::size_t kGroups>
  struct State {
    Entries<kWidth, kGroups> z;
  };

  explicit NarrowDyT(const NormSpec&) {}

  template <std::size_t kGroups>
  HWY_INLINE void Forward(float alpha, Entries<kWidth, kGroups>& z, State<kGroups>& state) const {
    state.z = z;
    for (std::size_t i = 0; i < kWidth; ++i) {
      z.e[i] = Tanh(Set<Groups<kGroups>>(alpha) * z.e[i]);
    }
  }

  template <std::size_t kGroups>
  HWY_INLINE void Backward(float alpha, const Entries<kWidth, kGroups>& u,
                           const State<kGroups>& state, Entries<kWidth, kGroups>& d,
                           float* d_alpha) const {
    using P = Groups<kGroups>;
    for (std::size_t i = 0; i < kWidth; ++i) {
      d.e[i] = d.e[i] * NegMulAdd(u.e[i], u.e[i], Set<P>(1.0f));
    }
    Group sum = Load(d_alpha);
    for (std::size_t g = 0; g < kGroups; ++g) {
      for (std::size_t i = 0; i < kWidth; ++i) {
        sum = MulAdd(Part(d.e[i], g), Part(state.z.e[i], g), sum);
      }
    }
    Store(sum, d_alpha);
    for (std::size_t i = 0; i < kWidth; ++i) d.e[i] = d.e[i] * Set<P>(alpha);
  }
};

template <std::size_t kWidth>
class NoNarrowNorm {
 public:
  template <std::size_t kGroups>
  struct State {};

  explicit NoNarrowNorm(const NormSpec&) {}

  template <std::size_t kGroups>
  HWY_INLINE void Forward(float, Entries<kWidth, kGroups>&, State<kGroups>&) const {}

  template <std::size_t kGroups>
  HWY_INLINE void Backward(float, const Entries<kWidth, kGroups>&, const State<kGroups>&,
                           Entries<kWidth, kGroups>&, float*) const {}
};

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
