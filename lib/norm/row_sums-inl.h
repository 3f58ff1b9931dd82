// Rows with entries in lanes: sums over the entries of a row, in the order that norm.h states, and
// what is done once a row (divisions, roots, sums over lanes), done for many rows at once.
#if defined(CREASE_NORM_ROW_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_ROW_SUMS_INL_H_
#undef CREASE_NORM_ROW_SUMS_INL_H_
#else
#define CREASE_NORM_ROW_SUMS_INL_H_
#endif

#include <algorithm>

#include "lib/norm/forms-inl.h"
#include "lib/norm/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// How many lanes of a pack hold entries: all, or the last few of a row.
struct Full {};
struct Part {
  std::size_t count;
};
template <typename T>
HWY_INLINE Pack<T> Load(const T* from, Full) {
  return Load(from);
}
template <typename T>
HWY_INLINE Pack<T> Load(const T* from, Part part) {  // zeros beyond
  return LoadFirst(from, part.count);
}
template <typename T>
HWY_INLINE Pack<T> Keep(const Pack<T>& a, Full) {
  return a;
}
template <typename T>
HWY_INLINE Pack<T> Keep(const Pack<T>& a, Part part) {
  return KeepFirst(a, part.count);
}

// Rows that are worked on together: as many as stay in the first-level cache, at most a pack's
// lanes. `buffers`: rows that each of them reads.
template <typename T>
HWY_INLINE std::size_t RowsAtOnce(std::size_t width, std::size_t buffers) {
  constexpr std::size_t kCacheBytes = 24 << 10;
  const std::size_t rows = kCacheBytes / (width * sizeof(T) * buffers);
  return std::clamp<std::size_t>(rows, 1, kPackLanes<T>);
}

template <typename T>
HWY_INLINE void Write(const Pack<T>& value, T* to, Full, bool stream) {
  stream ? Stream(value, to) : Store(value, to);
}
template <typename T>
HWY_INLINE void Write(const Pack<T>& value, T* to, Part part, bool) {
  StoreFirst(value, to, part.count);
}

// run(entry, part) for all packs of a row.
template <typename T, class Run>
HWY_INLINE void ForPacksOfRow(std::size_t width, const Run& run) {
  std::size_t i = 0;
  for (; i + kPackLanes<T> <= width; i += kPackLanes<T>) run(i, Full());
  if (i < width) run(i, Part{width - i});
}

template <typename T, std::size_t kSums>
struct Sums {
  Pack<T> of[kSums];
};

// Entries start ... end - 1. term(entry, part, sums) adds the terms of a pack of entries.
template <typename T, std::size_t kSums, class Term>
HWY_INLINE Sums<T, kSums> SumsOverRun(std::size_t start, std::size_t end, const Term& term) {
  constexpr std::size_t L = kPackLanes<T>, kPartials = 4 / kSums;
  Sums<T, kSums> partial[kPartials];
  for (auto& sums : partial) {
    for (Pack<T>& sum : sums.of) sum = Zero<T>();
  }
  std::size_t i = start;
  for (; i + kPartials * L <= end; i += kPartials * L) {
    for (std::size_t k = 0; k < kPartials; ++k) term(i + k * L, Full(), partial[k].of);
  }
  // At most kPartials - 1 whole packs are left; written out, so that sums stay in registers.
  if (i + L <= end) term(i, Full(), partial[0].of), i += L;
  if constexpr (kPartials == 4) {
    if (i + L <= end) term(i, Full(), partial[1].of), i += L;
    if (i + L <= end) term(i, Full(), partial[2].of), i += L;
  }
  if (i < end) term(i, Part{end - i}, partial[kPartials - 1].of);
  for (std::size_t s = 0; s < kSums; ++s) {
    partial[0].of[s] = partial[0].of[s] + partial[1].of[s];
    if constexpr (kPartials == 4) {
      partial[0].of[s] = partial[0].of[s] + (partial[2].of[s] + partial[3].of[s]);
    }
  }
  return partial[0];
}

template <typename T, std::size_t kSums, class Term>
HWY_INLINE Sums<T, kSums> SumsOverRow(std::size_t width, const Term& term) {
  constexpr std::size_t kRun = 128 * kPackLanes<T>;
  if (width <= kRun) return SumsOverRun<T, kSums>(0, width, term);
  Sums<T, kSums> sums = SumsOverRun<T, kSums>(0, kRun, term);
  for (std::size_t start = kRun; start < width; start += kRun) {
    const std::size_t end = width - start < kRun ? width : start + kRun;
    const Sums<T, kSums> run = SumsOverRun<T, kSums>(start, end, term);
    for (std::size_t s = 0; s < kSums; ++s) sums.of[s] = sums.of[s] + run.of[s];
  }
  return sums;
}

// L rows' sums before they are added over the lanes.
template <typename T>
struct RowSums {
  alignas(64) T lanes[kPackLanes<T> * kPackLanes<T>];

  HWY_INLINE void Set(std::size_t row, const Pack<T>& sum) {
    Store(sum, lanes + row * kPackLanes<T>);
  }
  HWY_INLINE void ClearFrom(std::size_t row) {
    for (; row < kPackLanes<T>; ++row) Set(row, Zero<T>());
  }
  HWY_INLINE Pack<T> OverLanes() const { return SumRows(lanes); }
};

template <typename T>
struct RowScales {
  alignas(64) T mean[kPackLanes<T>], rest[kPackLanes<T>], inverse[kPackLanes<T>];

  HWY_INLINE Scale<T> Of(std::size_t row) const {
    return {HWY_NAMESPACE::Set(mean[row]), HWY_NAMESPACE::Set(rest[row]),
            HWY_NAMESPACE::Set(inverse[row])};
  }
};

// Means about the row's first entry, so that equal entries have no deviations at all; what
// rounding left in the mean comes out as `rest` together with the sum of squares.
template <typename T>
HWY_INLINE void CentredScales(const Job<T>& job, const T* x, std::size_t count,
                              RowScales<T>& scales) {
  const std::size_t stride = job.point_stride;
  RowSums<T> sums, squares;
  sums.ClearFrom(count);
  squares.ClearFrom(count);
  alignas(64) T first[kPackLanes<T>] = {};
  for (std::size_t r = 0; r < count; ++r) {
    const T* row = x + r * stride;
    first[r] = row[0];
    const Pack<T> pivot = Set(row[0]);
    const auto sum =
        SumsOverRow<T, 1>(job.width, [=](std::size_t i, auto part, Pack<T>* partial) HWY_ATTR {
          partial[0] = partial[0] + Keep(Load(row + i, part) - pivot, part);
        });
    sums.Set(r, sum.of[0]);
  }
  const Pack<T> entries = Set(static_cast<T>(job.width));
  Store(Load(first) + sums.OverLanes() / entries, scales.mean);
  for (std::size_t r = 0; r < count; ++r) {
    const T* row = x + r * stride;
    const Pack<T> mean = Set(scales.mean[r]);
    const auto sum =
        SumsOverRow<T, 2>(job.width, [=](std::size_t i, auto part, Pack<T>* partial) HWY_ATTR {
          const Pack<T> deviation = Keep(Load(row + i, part) - mean, part);
          partial[0] = partial[0] + deviation;
          partial[1] = MulAdd(deviation, deviation, partial[1]);
        });
    sums.Set(r, sum.of[0]);
    squares.Set(r, sum.of[1]);
  }
  const Pack<T> rest = sums.OverLanes() / entries;
  Store(rest, scales.rest);
  Store(InverseOf<Form::kCentred>(job, squares.OverLanes(), rest), scales.inverse);
}

// Of `count` <= L rows from x on.
template <Form kForm, typename T>
HWY_INLINE void ScalesOf(const Job<T>& job, const T* x, std::size_t count, RowScales<T>& scales) {
  if constexpr (kForm == Form::kTanh) {
    for (T& alpha : scales.inverse) alpha = job.alpha;
  } else if constexpr (kForm == Form::kCentred) {
    CentredScales(job, x, count, scales);
  } else {
    RowSums<T> sums;
    sums.ClearFrom(count);
    for (std::size_t r = 0; r < count; ++r) {
      const T* row = x + r * job.point_stride;
      const auto sum =
          SumsOverRow<T, 1>(job.width, [=](std::size_t i, auto part, Pack<T>* partial) HWY_ATTR {
            partial[0] = AddPower<kForm>(Load(row + i, part), partial[0]);
          });
      sums.Set(r, sum.of[0]);
    }
    Store(InverseOf<kForm>(job, sums.OverLanes(), Zero<T>()), scales.inverse);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
