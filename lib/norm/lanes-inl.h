// A pack of 64 bytes: 16 floats or 8 doubles, on whatever vectors the target has.
//
// Every operation works on each lane alone with IEEE rounding, and MulAdd is fused on every
// target, so that code written with packs gives the same bits on all of them. Hardware Min and Max
// are avoided, since they disagree about NaN. Unlike the groups of lib/kernels, packs need no
// alignment in memory and come in both precisions.
#if defined(CREASE_NORM_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_LANES_INL_H_
#undef CREASE_NORM_LANES_INL_H_
#else
#define CREASE_NORM_LANES_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include <hwy/highway.h>

#include "lib/core/aligned.h"
#include "lib/norm/job.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
using Tag = hn::CappedTag<T, kPackLanes<T>>;
template <typename T>
using Vector = hn::Vec<Tag<T>>;
template <typename T>
inline constexpr std::size_t kVectorLanes = hn::MaxLanes(Tag<T>());
template <typename T>
inline constexpr std::size_t kVectors = kPackLanes<T> / kVectorLanes<T>;

template <typename T>
struct Pack {
  Vector<T> v[kVectors<T>];
};
template <typename T>
struct PackMask {
  hn::Mask<Tag<T>> m[kVectors<T>];
};

// One line for each operation: the same on every vector of the pack. Two of them are written out:
// GCC would unroll a loop too late to keep packs of two vectors in registers.
#undef CREASE_FOR_EACH_VECTOR_OF
#if HWY_TARGET == HWY_SCALAR  // 16 vectors: unrolled, this file's users take minutes to compile
#define CREASE_FOR_EACH_VECTOR_OF(T, ...) \
  _Pragma("GCC unroll 1") for (std::size_t i = 0; i < kVectors<T>; ++i) __VA_ARGS__
#else
#define CREASE_FOR_EACH_VECTOR_OF(T, ...) \
  {                                       \
    constexpr std::size_t i = 0;          \
    __VA_ARGS__;                          \
  }                                       \
  if constexpr (kVectors < T >> 1) {      \
    constexpr std::size_t i = 1;          \
    __VA_ARGS__;                          \
  }                                       \
  for (std::size_t i = 2; i < kVectors<T>; ++i) __VA_ARGS__
#endif

// run(i) for i = 0 ... kTimes - 1, written out, so that arrays of packs stay in registers.
template <std::size_t... kIndex, class Run>
HWY_INLINE void Times(std::index_sequence<kIndex...>, const Run& run) {
  (run(std::integral_constant<std::size_t, kIndex>()), ...);
}
template <std::size_t kTimes, class Run>
HWY_INLINE void Times(const Run& run) {
  Times(std::make_index_sequence<kTimes>(), run);
}

template <typename T>
HWY_INLINE Vector<T> FusedMulAdd(Vector<T> a, Vector<T> b, Vector<T> c) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(a, b, c);
#else
  alignas(64) T x[kVectorLanes<T>], y[kVectorLanes<T>], z[kVectorLanes<T>];
  const Tag<T> d;
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  hn::Store(c, d, z);
  for (std::size_t i = 0; i < kVectorLanes<T>; ++i) x[i] = std::fma(x[i], y[i], z[i]);
  return hn::Load(d, x);
#endif
}

template <typename T>
HWY_INLINE Pack<T> Load(const T* from) {  // any alignment
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::LoadU(Tag<T>(), from + i * kVectorLanes<T>));
  return r;
}
template <typename T>
HWY_INLINE void Store(const Pack<T>& a, T* to) {  // any alignment
  CREASE_FOR_EACH_VECTOR_OF(T, hn::StoreU(a.v[i], Tag<T>(), to + i * kVectorLanes<T>));
}
template <typename T>
HWY_INLINE void Stream(const Pack<T>& a, T* to) {  // aligned to 64 bytes
  CREASE_FOR_EACH_VECTOR_OF(T, hn::Stream(a.v[i], Tag<T>(), to + i * kVectorLanes<T>));
}
template <typename T>
HWY_INLINE Pack<T> Set(T value) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Set(Tag<T>(), value));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> Zero() {
  return Set(T{0});
}

template <typename T>
HWY_INLINE Pack<T> operator+(const Pack<T>& a, const Pack<T>& b) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Add(a.v[i], b.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> operator-(const Pack<T>& a, const Pack<T>& b) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Sub(a.v[i], b.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> operator*(const Pack<T>& a, const Pack<T>& b) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Mul(a.v[i], b.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> operator/(const Pack<T>& a, const Pack<T>& b) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Div(a.v[i], b.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> operator-(const Pack<T>& a) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Neg(a.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> MulAdd(const Pack<T>& a, const Pack<T>& b, const Pack<T>& c) {  // a b + c, fused
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = FusedMulAdd<T>(a.v[i], b.v[i], c.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> NegMulAdd(const Pack<T>& a, const Pack<T>& b, const Pack<T>& c) {  // c - a b
#if HWY_NATIVE_FMA
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::NegMulAdd(a.v[i], b.v[i], c.v[i]));
  return r;
#else
  return MulAdd(-a, b, c);
#endif
}
template <typename T>
HWY_INLINE Pack<T> Sqrt(const Pack<T>& a) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Sqrt(a.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> Abs(const Pack<T>& a) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Abs(a.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> CopySign(const Pack<T>& magnitude, const Pack<T>& sign) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::CopySign(magnitude.v[i], sign.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> Round(const Pack<T>& a) {  // to the nearest integer, ties to even
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::Round(a.v[i]));
  return r;
}
template <typename T>
HWY_INLINE PackMask<T> Less(const Pack<T>& a, const Pack<T>& b) {
  PackMask<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.m[i] = hn::Lt(a.v[i], b.v[i]));
  return r;
}
template <typename T>
HWY_INLINE Pack<T> Select(const PackMask<T>& mask, const Pack<T>& yes, const Pack<T>& no) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = hn::IfThenElse(mask.m[i], yes.v[i], no.v[i]));
  return r;
}
template <typename T>
HWY_INLINE T FirstLane(const Pack<T>& a) {
  return hn::GetLane(a.v[0]);
}
template <typename T>
HWY_INLINE bool Any(const PackMask<T>& mask) {
  bool any = false;
  CREASE_FOR_EACH_VECTOR_OF(T, any = any || !hn::AllFalse(Tag<T>(), mask.m[i]));
  return any;
}
// Whether a is within [low, high] in every lane; false if there is a NaN.
template <typename T>
HWY_INLINE bool AllWithin(const Pack<T>& a, T low, T high) {
  const Tag<T> d;
  bool all = true;
  CREASE_FOR_EACH_VECTOR_OF(T,
                            all = all && hn::AllTrue(d, hn::And(hn::Ge(a.v[i], hn::Set(d, low)),
                                                                hn::Le(a.v[i], hn::Set(d, high)))));
  return all;
}

// How many lanes of a pack are in use: all, or the first few.
struct Full {};
template <typename T>
struct Part {
  std::size_t count;  // <= kPackLanes
  PackMask<T> mask;   // of the lanes in use
};
template <typename T>
HWY_INLINE Part<T> PartOf(std::size_t count) {
  Part<T> part;
  part.count = count;
  CREASE_FOR_EACH_VECTOR_OF(T, {
    const std::size_t first = i * kVectorLanes<T>, rest = count > first ? count - first : 0;
    part.mask.m[i] = hn::FirstN(Tag<T>(), rest);
  });
  return part;
}

template <typename T>
HWY_INLINE Pack<T> Load(const T* from, Full) {
  return Load(from);
}
// Zeros in the other lanes, for which memory is not read.
template <typename T>
HWY_INLINE Pack<T> Load(const T* from, const Part<T>& part) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3  // masked lanes are not accessed
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(
      T, r.v[i] = hn::MaskedLoad(part.mask.m[i], Tag<T>(), from + i * kVectorLanes<T>));
  return r;
#else
  alignas(64) T copy[kPackLanes<T>] = {};
  std::memcpy(copy, from, part.count * sizeof(T));
  return Load(copy);
#endif
}
template <typename T>
HWY_INLINE void Store(const Pack<T>& a, T* to, const Part<T>& part) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  CREASE_FOR_EACH_VECTOR_OF(
      T, hn::BlendedStore(a.v[i], part.mask.m[i], Tag<T>(), to + i * kVectorLanes<T>));
#else
  alignas(64) T copy[kPackLanes<T>];
  Store(a, copy);
  std::memcpy(to, copy, part.count * sizeof(T));
#endif
}
template <typename T>
HWY_INLINE Pack<T> Keep(const Pack<T>& a, Full) {
  return a;
}
template <typename T>
HWY_INLINE Pack<T> Keep(const Pack<T>& a, const Part<T>& part) {  // zeros the other lanes
  return Select(part.mask, a, Zero<T>());
}

template <typename T>
HWY_INLINE void Write(const Pack<T>& value, T* to, Full, bool stream) {
  stream ? Stream(value, to) : Store(value, to);
}
template <typename T>
HWY_INLINE void Write(const Pack<T>& value, T* to, const Part<T>& part, bool) {
  Store(value, to, part);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
