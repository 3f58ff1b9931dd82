// Tiles: some packs of points with points in lanes, entry by entry. Feature-major points, and
// row-major ones that do not fill a pack, turned over on the way in and out.
#if defined(CREASE_NORM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_TILE_INL_H_
#undef CREASE_NORM_TILE_INL_H_
#else
#define CREASE_NORM_TILE_INL_H_
#endif

#include "lib/norm/forms-inl.h"
#include "lib/norm/scratch.h"
#include "lib/norm/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// Packs of points that are worked on at once: as many as registers hold.
#if HWY_TARGET == HWY_AVX3
inline constexpr std::size_t kWide = 4;
#else
inline constexpr std::size_t kWide = 2;
#endif

// Entry c of the tile's points lies at at + c * stride.
template <typename T>
struct Columns {
  T* at = nullptr;
  std::size_t stride = 0;
};

template <typename T, std::size_t kPacks, std::size_t kSums>
struct TileSums {
  Pack<T> of[kPacks][kSums];
};

// term(entry, sums) adds the terms of entry c to kSums sums of each pack. Runs of 32 entries, each
// in order; then the runs in order.
template <typename T, std::size_t kPacks, std::size_t kSums, class Term>
HWY_INLINE TileSums<T, kPacks, kSums> SumsOverEntries(std::size_t width, const Term& term) {
  constexpr std::size_t kRun = 32;
  TileSums<T, kPacks, kSums> sums;
  for (std::size_t p = 0; p < kPacks; ++p) {
    for (std::size_t s = 0; s < kSums; ++s) sums.of[p][s] = Zero<T>();
  }
  TileSums<T, kPacks, kSums> run = sums;
  const std::size_t first = width < kRun ? width : kRun;
  for (std::size_t c = 0; c < first; ++c) term(c, sums.of);
  for (std::size_t start = first; start < width; start += kRun) {
    const std::size_t end = width - start < kRun ? width : start + kRun;
    for (std::size_t p = 0; p < kPacks; ++p) {
      for (std::size_t s = 0; s < kSums; ++s) run.of[p][s] = Zero<T>();
    }
    for (std::size_t c = start; c < end; ++c) term(c, run.of);
    for (std::size_t p = 0; p < kPacks; ++p) {
      for (std::size_t s = 0; s < kSums; ++s) sums.of[p][s] = sums.of[p][s] + run.of[p][s];
    }
  }
  return sums;
}

template <typename T, std::size_t kPacks>
struct TileScales {
  Scale<T> of[kPacks];
  Pack<T> rest[kPacks];  // of the means; kCentred only

  HWY_INLINE bool Usual() const {
    bool usual = true;
    for (const Scale<T>& scale : of) {
      usual = usual && AllWithin(scale.inverse, kLowestInverse<T>, kHighestInverse<T>);
    }
    return usual;
  }
};

// About the mean of the first few entries, of which there are 16; summed about the first one, so
// that equal entries have no deviations at all.
template <std::size_t kPacks, typename T>
HWY_INLINE void AboutFirst(std::size_t width, const Columns<const T>& x, Pack<T>* about) {
  const std::size_t few = width < 16 ? width : 16;
  const Pack<T> entries = Set(static_cast<T>(few));
  for (std::size_t p = 0; p < kPacks; ++p) {
    const T* column = x.at + p * kPackLanes<T>;
    const Pack<T> first = Load(column);
    Pack<T> sum = Zero<T>();
    for (std::size_t c = 0; c < few; ++c) sum = sum + (Load(column + c * x.stride) - first);
    about[p] = first + sum / entries;
  }
}

// Where copy.at is not null, entries are copied there, x becomes the copy, and the tile to the
// right is called for: hardware foresees no such stride.
template <std::size_t kPacks, typename T>
HWY_INLINE TileSums<T, kPacks, 2> SumDeviations(const Job<T>& job, Columns<const T>& x,
                                                const Columns<T>& copy, const Pack<T>* about) {
  constexpr std::size_t L = kPackLanes<T>;
  const Columns<const T> from = x;
  const auto sums =
      SumsOverEntries<T, kPacks, 2>(job.width, [&](std::size_t c, Pack<T>(*sum)[2]) HWY_ATTR {
        for (std::size_t p = 0; p < kPacks; ++p) {
          const Pack<T> value = Load(from.at + c * from.stride + p * L);
          if (copy.at != nullptr) {
            Store(value, copy.at + c * copy.stride + p * L);
            __builtin_prefetch(from.at + c * from.stride + (kPacks + p) * L, 0, 2);
          }
          const Pack<T> deviation = value - about[p];
          sum[p][0] = sum[p][0] + deviation;
          sum[p][1] = MulAdd(deviation, deviation, sum[p][1]);
        }
      });
  if (copy.at != nullptr) x = {copy.at, copy.stride};
  return sums;
}

// Moments of the pack of points at x.at, once more about the mean.
template <typename T>
HWY_NOINLINE void SumAgain(const Job<T>& job, Columns<const T> x, Moments<T>& moments) {
  const auto sums = SumDeviations<1>(job, x, Columns<T>(), &moments.mean);
  Replace(MomentsOf<true>(job, moments.mean, sums.of[0][0], sums.of[0][1]), moments);
}

template <std::size_t kPacks, typename T>
HWY_INLINE TileScales<T, kPacks> CentredScalesOf(const Job<T>& job, Columns<const T>& x,
                                                 const Columns<T>& copy) {
  Pack<T> about[kPacks];
  AboutFirst<kPacks>(job.width, x, about);
  const TileSums<T, kPacks, 2> sums = SumDeviations<kPacks>(job, x, copy, about);
  TileScales<T, kPacks> scales;
  for (std::size_t p = 0; p < kPacks; ++p) {
    Moments<T> moments = MomentsOf<false>(job, about[p], sums.of[p][0], sums.of[p][1]);
    if (HWY_UNLIKELY(Any(moments.lost))) {
      SumAgain(job, Columns<const T>{x.at + p * kPackLanes<T>, x.stride}, moments);
    }
    scales.of[p] = {moments.mean, -(moments.rest * moments.inverse), moments.inverse};
    scales.rest[p] = moments.rest;
  }
  return scales;
}

template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE TileScales<T, kPacks> ScalesOf(const Job<T>& job, Columns<const T>& x,
                                          const Columns<T>& copy) {
  if constexpr (kForm == Form::kCentred) {
    return CentredScalesOf<kPacks>(job, x, copy);
  } else {
    TileScales<T, kPacks> scales;
    for (Scale<T>& scale : scales.of) scale = {Zero<T>(), Zero<T>(), Set(job.alpha)};
    if constexpr (kForm != Form::kTanh) {
      const Columns<const T> from = x;
      const auto sums =
          SumsOverEntries<T, kPacks, 1>(job.width, [&](std::size_t c, Pack<T>(*sum)[1]) HWY_ATTR {
            for (std::size_t p = 0; p < kPacks; ++p) {
              const Pack<T> value = Load(from.at + c * from.stride + p * kPackLanes<T>);
              if (copy.at != nullptr) {
                Store(value, copy.at + c * copy.stride + p * kPackLanes<T>);
                __builtin_prefetch(from.at + c * from.stride + (kPacks + p) * kPackLanes<T>, 0, 2);
              }
              sum[p][0] = AddPower<kForm>(value, sum[p][0]);
            }
          });
      if (copy.at != nullptr) x = {copy.at, copy.stride};
      for (std::size_t p = 0; p < kPacks; ++p) {
        scales.of[p].inverse = InverseOf<kForm>(job, sums.of[p][0]);
      }
    }
    return scales;
  }
}

// Row-major groups of few entries (three above all), from memory into columns of kPacks packs and
// back.
template <std::size_t kPacks, typename T>
HWY_INLINE void TurnIn(const Job<T>& job, const T* from, const Columns<T>& to) {
  constexpr std::size_t L = kPackLanes<T>, kSide = kSquare<T>;
  for (std::size_t p = 0; p < kPacks; ++p) {
    const T* rows = from + p * L * job.point_stride;
    if (job.width == 3 && job.point_stride == 3) {
      for (std::size_t i = 0; i < L; i += kVectorLanes<T>) {
        const Tag<T> d;
        Vector<T> x, y, z;
        hn::LoadInterleaved3(d, rows + 3 * i, x, y, z);
        hn::StoreU(x, d, to.at + p * L + i);
        hn::StoreU(y, d, to.at + to.stride + p * L + i);
        hn::StoreU(z, d, to.at + 2 * to.stride + p * L + i);
      }
      continue;
    }
    if (job.width < kSide) {
      for (std::size_t i = 0; i < L; ++i) {
        for (std::size_t c = 0; c < job.width; ++c) {
          to.at[c * to.stride + p * L + i] = rows[i * job.point_stride + c];
        }
      }
      continue;
    }
    // The last square starts early, so that nothing beyond the rows is touched.
    for (std::size_t c = 0; c < job.width; c += kSide) {
      const std::size_t at = c + kSide <= job.width ? c : job.width - kSide;
      RowsToColumns(rows + at, job.point_stride, to.at + at * to.stride + p * L, to.stride);
    }
  }
}
template <std::size_t kPacks, typename T>
HWY_INLINE void TurnOut(const Job<T>& job, const Columns<T>& from, T* to) {
  constexpr std::size_t L = kPackLanes<T>, kSide = kSquare<T>;
  for (std::size_t p = 0; p < kPacks; ++p) {
    T* rows = to + p * L * job.point_stride;
    if (job.width == 3 && job.point_stride == 3) {
      for (std::size_t i = 0; i < L; i += kVectorLanes<T>) {
        const Tag<T> d;
        const T* column = from.at + p * L + i;
        hn::StoreInterleaved3(hn::LoadU(d, column), hn::LoadU(d, column + from.stride),
                              hn::LoadU(d, column + 2 * from.stride), d, rows + 3 * i);
      }
      continue;
    }
    if (job.width < kSide) {
      for (std::size_t i = 0; i < L; ++i) {
        for (std::size_t c = 0; c < job.width; ++c) {
          rows[i * job.point_stride + c] = from.at[c * from.stride + p * L + i];
        }
      }
      continue;
    }
    for (std::size_t c = 0; c < job.width; c += kSide) {
      const std::size_t at = c + kSide <= job.width ? c : job.width - kSide;
      ColumnsToRows(from.at + at * from.stride + p * L, from.stride, rows + at, job.point_stride);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
