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
// in order; then the runs in order. Of one pack, four runs are taken side by side, since an
// addition waits for the one before.
template <typename T, std::size_t kPacks, std::size_t kSums, class Term>
HWY_INLINE TileSums<T, kPacks, kSums> SumsOverEntries(std::size_t width, const Term& term) {
  constexpr std::size_t kRun = 32;
  using Sums = TileSums<T, kPacks, kSums>;
  Sums sums;
  const auto add = [&](std::size_t start, const Sums& run) HWY_ATTR {
    for (std::size_t p = 0; p < kPacks; ++p) {
      for (std::size_t s = 0; s < kSums; ++s) {
        sums.of[p][s] = start == 0 ? run.of[p][s] : sums.of[p][s] + run.of[p][s];
      }
    }
  };
  const auto clear = [](Sums& run) HWY_ATTR {
    for (auto& pack : run.of) {
      for (Pack<T>& sum : pack) sum = Zero<T>();
    }
  };
  std::size_t start = 0;
  for (; kPacks == 1 && start + 4 * kRun <= width; start += 4 * kRun) {
    Sums runs[4];
    clear(runs[0]), clear(runs[1]), clear(runs[2]), clear(runs[3]);
    // Written out, so that sums stay in registers.
    for (std::size_t c = start; c < start + kRun; ++c) {
      term(c, runs[0].of);
      term(c + kRun, runs[1].of);
      term(c + 2 * kRun, runs[2].of);
      term(c + 3 * kRun, runs[3].of);
    }
    add(start, runs[0]);
    add(start + kRun, runs[1]);
    add(start + 2 * kRun, runs[2]);
    add(start + 3 * kRun, runs[3]);
  }
  for (; start < width; start += kRun) {
    const std::size_t end = width - start < kRun ? width : start + kRun;
    Sums run;
    clear(run);
    for (std::size_t c = start; c < end; ++c) term(c, run.of);
    add(start, run);
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
template <std::size_t kPacks, typename T, class P>
HWY_INLINE void AboutFirst(const Job<T>& job, const Columns<const T>& x, P part, Pack<T>* about) {
  const std::size_t few = job.width < 16 ? job.width : 16;
  const Pack<T> share = Set(job.width < 16 ? job.share : T{1} / T{16});
  for (std::size_t p = 0; p < kPacks; ++p) {
    const T* column = x.at + p * kPackLanes<T>;
    const Pack<T> first = Load(column, part);
    Pack<T> sum = Zero<T>();
    for (std::size_t c = 0; c < few; ++c) sum = sum + (Load(column + c * x.stride, part) - first);
    about[p] = MulAdd(sum, share, first);
  }
}

// Loads the entries of columns. kCopy: they are copied, and the tile to the right is called for:
// hardware foresees no such stride.
template <bool kCopy, typename T, class P>
struct Reader {
  Columns<const T> from;
  Columns<T> copy;
  P part;
  std::size_t tile;  // points of one

  HWY_INLINE Pack<T> operator()(std::size_t c, std::size_t lane) const {
    const T* at = from.at + c * from.stride + lane;
    const Pack<T> value = Load(at, part);
    if constexpr (kCopy) {
      Store(value, copy.at + c * copy.stride + lane);
      __builtin_prefetch(at + tile, 0, 2);
    }
    return value;
  }
};

// run(read) with a Reader of a tile's columns, which copies them if copy.at is not null; from then
// on x is the copy.
template <std::size_t kPacks, typename T, class P, class Run>
HWY_INLINE void Reading(Columns<const T>& x, const Columns<T>& copy, P part, const Run& run) {
  constexpr std::size_t kTile = kPacks * kPackLanes<T>;
  if (copy.at == nullptr) return run(Reader<false, T, P>{x, copy, part, kTile});
  run(Reader<true, T, P>{x, copy, part, kTile});
  x = {copy.at, copy.stride};
}

template <std::size_t kPacks, typename T, class Read>
HWY_INLINE TileSums<T, kPacks, 2> SumDeviations(std::size_t width, const Read& read,
                                                const Pack<T>* about) {
  Pack<T> centre[kPacks];
  for (std::size_t p = 0; p < kPacks; ++p) centre[p] = about[p];
  return SumsOverEntries<T, kPacks, 2>(width, [=](std::size_t c, Pack<T>(*sum)[2]) HWY_ATTR {
    for (std::size_t p = 0; p < kPacks; ++p) {
      const Pack<T> deviation = read(c, p * kPackLanes<T>) - centre[p];
      sum[p][0] = sum[p][0] + deviation;
      sum[p][1] = MulAdd(deviation, deviation, sum[p][1]);
    }
  });
}

// Moments of the pack of points at x.at, once more about the mean.
template <typename T, class P>
HWY_NOINLINE void SumAgain(const Job<T>& job, Columns<const T> x, P part, Moments<T>& moments) {
  const Reader<false, T, P> read = {x, Columns<T>(), part, 0};
  const auto sums = SumDeviations<1>(job.width, read, &moments.mean);
  Replace(MomentsOf<true>(job, moments.mean, sums.of[0][0], sums.of[0][1]), moments);
}

template <std::size_t kPacks, typename T, class P>
HWY_INLINE TileScales<T, kPacks> CentredScalesOf(const Job<T>& job, Columns<const T>& x,
                                                 const Columns<T>& copy, P part) {
  Pack<T> about[kPacks];
  AboutFirst<kPacks>(job, x, part, about);
  TileSums<T, kPacks, 2> sums;
  Reading<kPacks>(x, copy, part, [&](const auto& read) HWY_ATTR {
    sums = SumDeviations<kPacks>(job.width, read, about);
  });
  TileScales<T, kPacks> scales;
  for (std::size_t p = 0; p < kPacks; ++p) {
    Moments<T> moments = MomentsOf<false>(job, about[p], sums.of[p][0], sums.of[p][1]);
    if (HWY_UNLIKELY(Any(moments.lost))) {
      SumAgain(job, Columns<const T>{x.at + p * kPackLanes<T>, x.stride}, part, moments);
    }
    scales.of[p] = {moments.mean, -(moments.rest * moments.inverse), moments.inverse};
    scales.rest[p] = moments.rest;
  }
  return scales;
}

template <Form kForm, std::size_t kPacks, typename T, class P>
HWY_INLINE TileScales<T, kPacks> ScalesOf(const Job<T>& job, Columns<const T>& x,
                                          const Columns<T>& copy, P part) {
  if constexpr (kForm == Form::kCentred) {
    return CentredScalesOf<kPacks>(job, x, copy, part);
  } else {
    TileScales<T, kPacks> scales;
    for (Scale<T>& scale : scales.of) scale = {Zero<T>(), Zero<T>(), Set(job.alpha)};
    if constexpr (kForm != Form::kTanh) {
      TileSums<T, kPacks, 1> sums;
      Reading<kPacks>(x, copy, part, [&](const auto& read) HWY_ATTR {
        const auto term = [=](std::size_t c, Pack<T>(*sum)[1]) HWY_ATTR {
          for (std::size_t p = 0; p < kPacks; ++p) {
            sum[p][0] = AddPower<kForm>(read(c, p * kPackLanes<T>), sum[p][0]);
          }
        };
        sums = SumsOverEntries<T, kPacks, 1>(job.width, term);
      });
      for (std::size_t p = 0; p < kPacks; ++p) {
        scales.of[p].inverse = InverseOf<kForm>(job, sums.of[p][0]);
      }
    }
    return scales;
  }
}

// Whether columns are copied when they are read first. In the second-level cache they are found as
// fast where they are; and a few entries are.
template <typename T>
HWY_INLINE bool Copies(const Job<T>& job) {
  constexpr std::size_t kCachedBytes = 256 << 10;
  const std::size_t bytes = job.points * job.width * job.groups * sizeof(T);
  return bytes > kCachedBytes && job.width > 16 && job.width <= kWidestCopied;
}

// `count` points into columns of one pack, whose other lanes become 0.
template <typename T>
HWY_INLINE void ColumnsOfFew(const Job<T>& job, const T* from, std::size_t point, std::size_t group,
                             std::size_t count, T* to) {
  for (std::size_t c = 0; c < job.width; ++c) {
    for (std::size_t i = 0; i < kPackLanes<T>; ++i) {
      to[c * kPackLanes<T> + i] = i < count ? from[job.At(point + i, group, c)] : T{0};
    }
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

// The same by way of `rows`, so that whole lines bypass the caches: points without groups.
template <std::size_t kPacks, typename T>
HWY_INLINE void TurnOutStreaming(const Job<T>& job, const Columns<T>& from, T* rows, T* to) {
  constexpr std::size_t L = kPackLanes<T>;
  TurnOut<kPacks>(job, from, rows);
  for (std::size_t i = 0; i < kPacks * job.width; ++i) Stream(Load(rows + i * L), to + i * L);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
