// A group of 16 floats, one for each of 16 points, on whatever vectors the target has.
//
// Every operation works on each lane alone with IEEE rounding, and MulAdd is fused on every
// target, so a kernel written with Vectors gives the same bits on all of them. Comparisons select;
// hardware Min and Max are avoided, since they disagree about NaN.
//
// Included once for each target; no include guard of the usual kind (see Highway's README).
#if defined(CREASE_KERNELS_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_VECTOR_INL_H_
#undef CREASE_KERNELS_VECTOR_INL_H_
#else
#define CREASE_KERNELS_VECTOR_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

#include "lib/core/aligned.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, kLanes>;
using Vector = hn::Vec<Tag>;
using Comparison = hn::Mask<Tag>;
using IntegerTag = hn::RebindToSigned<Tag>;
using IntegerVector = hn::Vec<IntegerTag>;
inline constexpr std::size_t kVectorLanes = hn::MaxLanes(Tag());
inline constexpr std::size_t kVectors = kLanes / kVectorLanes;

HWY_INLINE Vector FusedMulAdd(Vector a, Vector b, Vector c) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(a, b, c);
#else
  alignas(64) float x[kVectorLanes], y[kVectorLanes], z[kVectorLanes];
  const Tag d;
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  hn::Store(c, d, z);
  for (std::size_t i = 0; i < kVectorLanes; ++i) x[i] = std::fma(x[i], y[i], z[i]);
  return hn::Load(d, x);
#endif
}

HWY_INLINE Vector FusedNegMulAdd(Vector a, Vector b, Vector c) {  // c - a b
#if HWY_NATIVE_FMA
  return hn::NegMulAdd(a, b, c);
#else
  return FusedMulAdd(hn::Neg(a), b, c);
#endif
}

// Vectors that go through the same operations side by side.
template <std::size_t kVectorCount>
struct Vectors {
  static constexpr std::size_t kCount = kVectorCount;
  Vector v[kCount];
};
template <std::size_t kCount>
struct Comparisons {
  Comparison m[kCount];
};

using Group = Vectors<kVectors>;
// Several groups, the vectors of the first before those of the second: in one operation they hide
// each other's latency.
template <std::size_t kGroups>
using Groups = Vectors<kGroups * kVectors>;

// Group g lies at from + g stride.
template <std::size_t kGroups>
HWY_INLINE Groups<kGroups> LoadGroups(const float* HWY_RESTRICT from, std::size_t stride) {
  Groups<kGroups> r;
  for (std::size_t i = 0; i < kGroups * kVectors; ++i) {
    const std::size_t at = i / kVectors * stride + i % kVectors * kVectorLanes;
    r.v[i] = hn::Load(Tag(), from + at);  // aligned
  }
  return r;
}
template <std::size_t kGroups>
HWY_INLINE void StoreGroups(const Groups<kGroups>& a, std::size_t stride, float* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < kGroups * kVectors; ++i) {
    const std::size_t at = i / kVectors * stride + i % kVectors * kVectorLanes;
    hn::Store(a.v[i], Tag(), to + at);
  }
}
HWY_INLINE Group Load(const float* HWY_RESTRICT from) { return LoadGroups<1>(from, 0); }
HWY_INLINE void Store(const Group& a, float* HWY_RESTRICT to) { StoreGroups<1>(a, 0, to); }

template <std::size_t kCount>
HWY_INLINE Group Part(const Vectors<kCount>& groups, std::size_t g) {  // group g of them
  Group r;
  for (std::size_t i = 0; i < kVectors; ++i) r.v[i] = groups.v[g * kVectors + i];
  return r;
}

template <typename P = Group>
HWY_INLINE P Set(float value) {
  P r;
  const Vector all = hn::Set(Tag(), value);
  for (std::size_t i = 0; i < P::kCount; ++i) r.v[i] = all;
  return r;
}
template <typename P = Group>
HWY_INLINE P Zero() {
  return Set<P>(0.0f);
}

// One line for each operation: the same on every vector of them.
#define CREASE_FOR_EACH_VECTOR(expression) \
  for (std::size_t i = 0; i < kCount; ++i) expression

template <std::size_t kCount>
HWY_INLINE Vectors<kCount> operator+(const Vectors<kCount>& a, const Vectors<kCount>& b) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Add(a.v[i], b.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> operator-(const Vectors<kCount>& a, const Vectors<kCount>& b) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Sub(a.v[i], b.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> operator*(const Vectors<kCount>& a, const Vectors<kCount>& b) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Mul(a.v[i], b.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> operator/(const Vectors<kCount>& a, const Vectors<kCount>& b) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Div(a.v[i], b.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> operator-(const Vectors<kCount>& a) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Neg(a.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> MulAdd(const Vectors<kCount>& a, const Vectors<kCount>& b,
                                  const Vectors<kCount>& c) {  // a b + c, fused
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = FusedMulAdd(a.v[i], b.v[i], c.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> NegMulAdd(const Vectors<kCount>& a, const Vectors<kCount>& b,
                                     const Vectors<kCount>& c) {  // c - a b, fused
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = FusedNegMulAdd(a.v[i], b.v[i], c.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> Sqrt(const Vectors<kCount>& a) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Sqrt(a.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> Abs(const Vectors<kCount>& a) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Abs(a.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> CopySign(const Vectors<kCount>& magnitude, const Vectors<kCount>& sign) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::CopySign(magnitude.v[i], sign.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Comparisons<kCount> Less(const Vectors<kCount>& a, const Vectors<kCount>& b) {
  Comparisons<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.m[i] = hn::Lt(a.v[i], b.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Comparisons<kCount> Equal(const Vectors<kCount>& a, const Vectors<kCount>& b) {
  Comparisons<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.m[i] = hn::Eq(a.v[i], b.v[i]));
  return r;
}
template <std::size_t kCount>
HWY_INLINE Vectors<kCount> Select(const Comparisons<kCount>& mask, const Vectors<kCount>& yes,
                                  const Vectors<kCount>& no) {
  Vectors<kCount> r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::IfThenElse(mask.m[i], yes.v[i], no.v[i]));
  return r;
}

// The points below `count`.
template <std::size_t kGroups = 1>
HWY_INLINE Comparisons<kGroups * kVectors> FirstLanes(std::size_t count) {
  constexpr std::size_t kAll = kGroups * kLanes;
  const Vector end = hn::Set(Tag(), static_cast<float>(count < kAll ? count : kAll));
  Comparisons<kGroups * kVectors> r;
  for (std::size_t i = 0; i < kGroups * kVectors; ++i) {
    r.m[i] = hn::Lt(hn::Iota(Tag(), static_cast<float>(i * kVectorLanes)), end);
  }
  return r;
}
// The sum over the lanes by a fixed tree: lanes 8 apart, then 4, then 2, then 1. The same tree
// serves doubles in reduce-inl.h.
HWY_INLINE float SumOverLanes(const Group& a) {
  alignas(64) float lanes[kLanes], four[4];
  Store(a, lanes);
  for (std::size_t i = 0; i < 4; ++i) {
    four[i] = (lanes[i] + lanes[i + 8]) + (lanes[i + 4] + lanes[i + 12]);
  }
  return (four[0] + four[2]) + (four[1] + four[3]);
}

// Sums the terms of entries first ... last-1 of a point in four partial sums (entry mod 4, each in
// order), added as (0+1) + (2+3). add(sum, entry) returns the sum with the entry's term. `first`
// is a multiple of 4.
template <typename P = Group, typename Add>
HWY_INLINE P SumOverBlock(std::size_t first, std::size_t last, const Add& add) {
  P partial[4] = {Zero<P>(), Zero<P>(), Zero<P>(), Zero<P>()};
  std::size_t i = first;
  for (; i + 4 <= last; i += 4) {
    for (std::size_t k = 0; k < 4; ++k) partial[k] = add(partial[k], i + k);
  }
  if (i < last) partial[0] = add(partial[0], i);
  if (i + 1 < last) partial[1] = add(partial[1], i + 1);
  if (i + 2 < last) partial[2] = add(partial[2], i + 2);
  return (partial[0] + partial[1]) + (partial[2] + partial[3]);
}

// Over all entries, block by block: rounding errors grow with the 16 terms of a partial sum and
// with the number of blocks, not with the width.
template <typename P = Group, typename Add>
HWY_INLINE P SumOverEntries(std::size_t count, const Add& add) {
  constexpr std::size_t kBlock = 64;
  if (count <= kBlock) return SumOverBlock<P>(0, count, add);
  P sum = SumOverBlock<P>(0, kBlock, add);
  for (std::size_t first = kBlock; first < count; first += kBlock) {
    sum = sum + SumOverBlock<P>(first, first + kBlock < count ? first + kBlock : count, add);
  }
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
