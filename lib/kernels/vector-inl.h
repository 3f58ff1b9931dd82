// A group of 16 floats, one for each of 16 points, on whatever vectors the target has.
//
// Every operation works on each lane alone with IEEE rounding, and MulAdd is fused on every
// target, so a kernel written with Group gives the same bits on all of them. Comparisons select;
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

struct Group {
  Vector v[kVectors];
};
struct GroupMask {
  Comparison m[kVectors];
};

// One line for each operation: the same on every vector of the group.
#define CREASE_FOR_EACH_VECTOR(expression) \
  for (std::size_t i = 0; i < kVectors; ++i) expression

HWY_INLINE Group Load(const float* HWY_RESTRICT from) {  // aligned
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Load(Tag(), from + i * kVectorLanes));
  return r;
}
HWY_INLINE void Store(const Group& a, float* HWY_RESTRICT to) {  // aligned
  CREASE_FOR_EACH_VECTOR(hn::Store(a.v[i], Tag(), to + i * kVectorLanes));
}
HWY_INLINE Group Set(float value) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Set(Tag(), value));
  return r;
}
HWY_INLINE Group Zero() { return Set(0.0f); }

HWY_INLINE Group operator+(const Group& a, const Group& b) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Add(a.v[i], b.v[i]));
  return r;
}
HWY_INLINE Group operator-(const Group& a, const Group& b) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Sub(a.v[i], b.v[i]));
  return r;
}
HWY_INLINE Group operator*(const Group& a, const Group& b) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Mul(a.v[i], b.v[i]));
  return r;
}
HWY_INLINE Group operator/(const Group& a, const Group& b) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Div(a.v[i], b.v[i]));
  return r;
}
HWY_INLINE Group operator-(const Group& a) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Neg(a.v[i]));
  return r;
}
HWY_INLINE Group MulAdd(const Group& a, const Group& b, const Group& c) {  // a b + c, fused
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = FusedMulAdd(a.v[i], b.v[i], c.v[i]));
  return r;
}
HWY_INLINE Group NegMulAdd(const Group& a, const Group& b, const Group& c) {  // c - a b, fused
  return MulAdd(-a, b, c);
}
HWY_INLINE Group Sqrt(const Group& a) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Sqrt(a.v[i]));
  return r;
}
HWY_INLINE Group Abs(const Group& a) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Abs(a.v[i]));
  return r;
}
HWY_INLINE Group CopySign(const Group& magnitude, const Group& sign) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::CopySign(magnitude.v[i], sign.v[i]));
  return r;
}
HWY_INLINE Group Round(const Group& a) {  // to the nearest integer, ties to even
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::Round(a.v[i]));
  return r;
}
HWY_INLINE GroupMask Less(const Group& a, const Group& b) {
  GroupMask r;
  CREASE_FOR_EACH_VECTOR(r.m[i] = hn::Lt(a.v[i], b.v[i]));
  return r;
}
HWY_INLINE GroupMask Equal(const Group& a, const Group& b) {
  GroupMask r;
  CREASE_FOR_EACH_VECTOR(r.m[i] = hn::Eq(a.v[i], b.v[i]));
  return r;
}
// The lanes below `count`.
HWY_INLINE GroupMask FirstLanes(std::size_t count) {
  alignas(64) static constexpr float kIndex[kLanes] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                       8, 9, 10, 11, 12, 13, 14, 15};
  return Less(Load(kIndex), Set(count < kLanes ? static_cast<float>(count) : 16.0f));
}
HWY_INLINE Group Select(const GroupMask& mask, const Group& yes, const Group& no) {
  Group r;
  CREASE_FOR_EACH_VECTOR(r.v[i] = hn::IfThenElse(mask.m[i], yes.v[i], no.v[i]));
  return r;
}
// 2^n for whole n in [-126, 127].
HWY_INLINE Group PowerOfTwo(const Group& n) {
  Group r;
  CREASE_FOR_EACH_VECTOR({
    const IntegerVector whole = hn::ConvertTo(IntegerTag(), n.v[i]);
    const IntegerVector biased = hn::Add(whole, hn::Set(IntegerTag(), 127));
    r.v[i] = hn::BitCast(Tag(), hn::ShiftLeft<23>(biased));
  });
  return r;
}
// For normal x > 0: x = mantissa 2^exponent, mantissa in [sqrt(1/2), sqrt(2)).
HWY_INLINE void SplitExponent(const Group& x, Group& mantissa, Group& exponent) {
  constexpr std::int32_t kSqrtHalfBits = 0x3f3504f3;
  const IntegerTag d;
  CREASE_FOR_EACH_VECTOR({
    const IntegerVector bits = hn::BitCast(d, x.v[i]);
    const IntegerVector shifted = hn::Sub(bits, hn::Set(d, kSqrtHalfBits));
    const IntegerVector power = hn::ShiftRight<23>(shifted);
    exponent.v[i] = hn::ConvertTo(Tag(), power);
    mantissa.v[i] = hn::BitCast(Tag(), hn::Sub(bits, hn::ShiftLeft<23>(power)));
  });
}

// The sum over the lanes by a fixed tree: lanes 8 apart, then 4, then 2, then 1. The same tree
// serves doubles in reduce.cpp.
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
template <typename Add>
HWY_INLINE Group SumOverBlock(std::size_t first, std::size_t last, const Add& add) {
  Group partial[4] = {Zero(), Zero(), Zero(), Zero()};
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
template <typename Add>
HWY_INLINE Group SumOverEntries(std::size_t count, const Add& add) {
  constexpr std::size_t kBlock = 64;
  if (count <= kBlock) return SumOverBlock(0, count, add);
  Group sum = SumOverBlock(0, kBlock, add);
  for (std::size_t first = kBlock; first < count; first += kBlock) {
    sum = sum + SumOverBlock(first, first + kBlock < count ? first + kBlock : count, add);
  }
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
