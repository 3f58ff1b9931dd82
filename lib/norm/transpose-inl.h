// Between entries in lanes and points in lanes: squares of packs turned over, and the lanes of many
// packs summed at once.
#if defined(CREASE_NORM_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_TRANSPOSE_INL_H_
#undef CREASE_NORM_TRANSPOSE_INL_H_
#else
#define CREASE_NORM_TRANSPOSE_INL_H_
#endif

#include "lib/norm/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// Entries in 128 bits, the largest square that is turned over within vectors.
template <typename T>
inline constexpr std::size_t kSquare = 16 / sizeof(T);

#if HWY_TARGET != HWY_SCALAR

// Result: lower half of the pair's first, lower half of its second (or the upper halves), of
// 128-bit blocks, 64-bit or 32-bit lanes, summed: sums lanes `distance` apart within each of a and
// b; a's results go where bit `distance` of the lane's number is 0, b's where it is 1.
template <class D, class V>
HWY_INLINE V SumHalves(D d, V a, V b) {  // distance: half a vector
  return hn::Add(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a));
}
template <class D, class V>
HWY_INLINE V SumBlocks(D, V a, V b) {  // adjacent blocks of 128 bits
  return hn::Add(hn::OddEvenBlocks(b, a), hn::SwapAdjacentBlocks(hn::OddEvenBlocks(a, b)));
}
template <class D, class V>
HWY_INLINE V SumPairs(D d, V a, V b) {  // pairs of floats within a block
  const hn::Repartition<double, D> wide;
  const auto x = hn::BitCast(wide, a), y = hn::BitCast(wide, b);
  return hn::Add(hn::BitCast(d, hn::InterleaveLower(wide, x, y)),
                 hn::BitCast(d, hn::InterleaveUpper(wide, x, y)));
}
template <class D, class V>
HWY_INLINE V SumNeighbours(D d, V a, V b) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return hn::Add(hn::OddEven(b, a), hn::Shuffle2301(hn::OddEven(a, b)));
  } else {
    return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  }
}

// v[0 ... 2 half - 1] -> v[0 ... half - 1], rows `half` apart paired.
template <typename T, std::size_t kHalf, class Sum>
HWY_INLINE void FoldRows(Vector<T>* v, const Sum& sum) {
  for (std::size_t i = 0; i < kHalf; ++i) v[i] = sum(Tag<T>(), v[i], v[i + kHalf]);
}

#endif  // HWY_TARGET

// a's lanes L/2 apart added, and b's, in the lower and the upper half: the first step of the tree
// by which lanes are summed.
template <typename T>
HWY_INLINE Pack<T> FoldHalves(const Pack<T>& a, const Pack<T>& b) {
  Pack<T> r;
  if constexpr (kVectors<T> == 1) {
#if HWY_TARGET != HWY_SCALAR
    r.v[0] = SumHalves(Tag<T>(), a.v[0], b.v[0]);
#endif
  } else {
    constexpr std::size_t kHalf = kVectors<T> / 2;
    CREASE_FOR_EACH_VECTOR_OF(T, {
      const Pack<T>& from = i < kHalf ? a : b;
      r.v[i] = hn::Add(from.v[i % kHalf], from.v[i % kHalf + kHalf]);
    });
  }
  return r;
}

// The sums over kVectorLanes rows of L lanes, in as many lanes; each by the tree: lanes L/2 apart,
// L/4, ..., 1. kFolded: halves of packs instead, by the tree without its first step; row i is the
// lower half of pack i, row L/2 + i the upper one.
template <bool kFolded, typename T>
HWY_INLINE Vector<T> SumLanesOf(const T* packs, std::size_t first) {
  constexpr std::size_t kRows = kVectorLanes<T>, L = kPackLanes<T>;
  constexpr std::size_t kParts = kFolded ? (kVectors<T> + 1) / 2 : kVectors<T>;
  constexpr std::size_t kPacks = kFolded && kVectors<T> == 1 ? kRows / 2 : kRows;
  Vector<T> v[kRows];
  for (std::size_t r = 0; r < kPacks; ++r) {
    const std::size_t row = first + r;
    const T* at = packs + (kFolded ? row % (L / 2) * L + row / (L / 2) * (L / 2) : row * L);
    Vector<T> part[kParts];
    for (std::size_t i = 0; i < kParts; ++i)
      part[i] = hn::LoadU(Tag<T>(), at + i * kVectorLanes<T>);
    for (std::size_t half = kParts / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) part[i] = hn::Add(part[i], part[i + half]);
    }
    v[r] = part[0];
  }
#if HWY_TARGET != HWY_SCALAR
  using D = Tag<T>;
  constexpr std::size_t kBlocks = kRows / kSquare<T>;
  if constexpr (kBlocks == 4 && !kFolded) {
    FoldRows<T, kRows / 2>(
        v, [](D d, Vector<T> a, Vector<T> b) HWY_ATTR { return SumHalves(d, a, b); });
  }
  if constexpr (kBlocks >= 2) {
    FoldRows<T, kSquare<T>>(
        v, [](D d, Vector<T> a, Vector<T> b) HWY_ATTR { return SumBlocks(d, a, b); });
  }
  if constexpr (sizeof(T) == 4) {
    FoldRows<T, 2>(v, [](D d, Vector<T> a, Vector<T> b) HWY_ATTR { return SumPairs(d, a, b); });
  }
  FoldRows<T, 1>(v, [](D d, Vector<T> a, Vector<T> b) HWY_ATTR { return SumNeighbours(d, a, b); });
#endif
  return v[0];
}

// rows (L, L), aligned: lane r of the result is the sum over row r.
template <typename T>
HWY_INLINE Pack<T> SumRows(const T* rows) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = SumLanesOf<false>(rows, i * kVectorLanes<T>));
  return r;
}
// The same from (L/2, L) that FoldHalves made of rows i and L/2 + i.
template <typename T>
HWY_INLINE Pack<T> SumFolded(const T* packs) {
  Pack<T> r;
  CREASE_FOR_EACH_VECTOR_OF(T, r.v[i] = SumLanesOf<true>(packs, i * kVectorLanes<T>));
  return r;
}

// The sum over the lanes of one pack, by the same tree, in every lane.
template <typename T>
HWY_INLINE Pack<T> SumLanes(Pack<T> p) {
  for (std::size_t half = kVectors<T> / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) p.v[i] = hn::Add(p.v[i], p.v[i + half]);
  }
  Vector<T> v = p.v[0];
#if HWY_TARGET != HWY_SCALAR
  const Tag<T> d;
  constexpr std::size_t kBlocks = kVectorLanes<T> / kSquare<T>;
  if constexpr (kBlocks == 4) v = hn::Add(v, hn::ConcatLowerUpper(d, v, v));
  if constexpr (kBlocks >= 2) v = hn::Add(v, hn::SwapAdjacentBlocks(v));
  if constexpr (sizeof(T) == 4) {
    v = hn::Add(v, hn::Shuffle1032(v));
    v = hn::Add(v, hn::Shuffle2301(v));
  } else {
    v = hn::Add(v, hn::Shuffle01(v));
  }
#endif
  CREASE_FOR_EACH_VECTOR_OF(T, p.v[i] = v);
  return p;
}

// Below: rows of L points, `row_stride` apart, kSquare entries of each -> columns, packs
// `column_stride` apart; and back.
#if HWY_TARGET == HWY_SCALAR

template <typename T>
HWY_INLINE void RowsToColumns(const T* from, std::size_t row_stride, T* to,
                              std::size_t column_stride) {
  for (std::size_t i = 0; i < kPackLanes<T>; ++i) {
    for (std::size_t j = 0; j < kSquare<T>; ++j)
      to[j * column_stride + i] = from[i * row_stride + j];
  }
}
template <typename T>
HWY_INLINE void ColumnsToRows(const T* from, std::size_t column_stride, T* to,
                              std::size_t row_stride) {
  for (std::size_t i = 0; i < kPackLanes<T>; ++i) {
    for (std::size_t j = 0; j < kSquare<T>; ++j)
      to[i * row_stride + j] = from[j * column_stride + i];
  }
}

#else

// Turns each 128-bit block of kSquare vectors over; its own inverse.
template <typename T>
HWY_INLINE void TurnBlocks(Vector<T>* v) {
  const Tag<T> d;
  if constexpr (sizeof(T) == 4) {
    const hn::Repartition<double, Tag<T>> wide;
    const auto a = hn::BitCast(wide, hn::InterleaveLower(d, v[0], v[1]));
    const auto b = hn::BitCast(wide, hn::InterleaveUpper(d, v[0], v[1]));
    const auto e = hn::BitCast(wide, hn::InterleaveLower(d, v[2], v[3]));
    const auto f = hn::BitCast(wide, hn::InterleaveUpper(d, v[2], v[3]));
    v[0] = hn::BitCast(d, hn::InterleaveLower(wide, a, e));
    v[1] = hn::BitCast(d, hn::InterleaveUpper(wide, a, e));
    v[2] = hn::BitCast(d, hn::InterleaveLower(wide, b, f));
    v[3] = hn::BitCast(d, hn::InterleaveUpper(wide, b, f));
  } else {
    const Vector<T> lower = hn::InterleaveLower(d, v[0], v[1]);
    v[1] = hn::InterleaveUpper(d, v[0], v[1]);
    v[0] = lower;
  }
}

// A vector whose block b is the 128 bits at from + b * stride.
template <class D, typename T>
HWY_INLINE hn::Vec<D> GatherBlocks(D d, const T* from, std::size_t stride) {
  if constexpr (hn::MaxLanes(D()) == kSquare<T>) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d,
                       GatherBlocks(half, from + hn::MaxLanes(half) / kSquare<T> * stride, stride),
                       GatherBlocks(half, from, stride));
  }
}
template <class D, typename T>
HWY_INLINE void ScatterBlocks(D d, hn::Vec<D> v, T* to, std::size_t stride) {
  if constexpr (hn::MaxLanes(D()) == kSquare<T>) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Half<D> half;
    ScatterBlocks(half, hn::LowerHalf(half, v), to, stride);
    ScatterBlocks(half, hn::UpperHalf(half, v), to + hn::MaxLanes(half) / kSquare<T> * stride,
                  stride);
  }
}

template <typename T>
HWY_INLINE void RowsToColumns(const T* from, std::size_t row_stride, T* to,
                              std::size_t column_stride) {
  const Tag<T> d;
  for (std::size_t i = 0; i < kVectors<T>; ++i) {
    const T* rows = from + i * kVectorLanes<T> * row_stride;
    Vector<T> v[kSquare<T>];
    for (std::size_t j = 0; j < kSquare<T>; ++j) {
      v[j] = GatherBlocks(d, rows + j * row_stride, kSquare<T> * row_stride);
    }
    TurnBlocks<T>(v);
    for (std::size_t j = 0; j < kSquare<T>; ++j) {
      hn::StoreU(v[j], d, to + j * column_stride + i * kVectorLanes<T>);
    }
  }
}
template <typename T>
HWY_INLINE void ColumnsToRows(const T* from, std::size_t column_stride, T* to,
                              std::size_t row_stride) {
  const Tag<T> d;
  for (std::size_t i = 0; i < kVectors<T>; ++i) {
    T* rows = to + i * kVectorLanes<T> * row_stride;
    Vector<T> v[kSquare<T>];
    for (std::size_t j = 0; j < kSquare<T>; ++j) {
      v[j] = hn::LoadU(d, from + j * column_stride + i * kVectorLanes<T>);
    }
    TurnBlocks<T>(v);
    for (std::size_t j = 0; j < kSquare<T>; ++j) {
      ScatterBlocks(d, v[j], rows + j * row_stride, kSquare<T> * row_stride);
    }
  }
}

#endif  // HWY_TARGET

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
