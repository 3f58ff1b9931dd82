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

// Pack p of the kPacks packs at `at`; `part` is about the last one.
template <std::size_t kPacks, typename T, class P>
HWY_INLINE Pack<T> LoadPack(const T* at, std::size_t p, P part) {
  const T* from = at + p * kPackLanes<T>;
  return p + 1 < kPacks ? Load(from) : Load(from, part);
}
template <std::size_t kPacks, typename T, class P>
HWY_INLINE void WritePack(const Pack<T>& value, T* at, std::size_t p, P part, bool stream) {
  T* to = at + p * kPackLanes<T>;
  p + 1 < kPacks ? Write(value, to, Full(), stream) : Write(value, to, part, stream);
}

template <typename T, std::size_t kPacks, std::size_t kSums>
struct TileSums {
  Pack<T> of[kPacks][kSums];
};

// The sums over all runs that threads have stored, of the tile at x.
template <std::size_t kSums, std::size_t kPacks, typename T>
HWY_NOINLINE TileSums<T, kPacks, kSums> SumsOfSections(const Job<T>& job, const T* x) {
  const auto point = static_cast<std::size_t>(x - job.x);
  TileSums<T, kPacks, kSums> sums;
  for (std::size_t run = 0; run * kRun < job.width; ++run) {
    Times<kPacks * kSums>([&](auto i) HWY_ATTR {
      constexpr std::size_t p = i() / kSums, k = i() % kSums;
      const Pack<T> sum =
          Load(job.section->runs + job.section->At(run, k, point + p * kPackLanes<T>));
      sums.of[p][k] = run == 0 ? sum : sums.of[p][k] + sum;
    });
  }
  return sums;
}

// term(entry, sums) adds the terms of entry c to kSums sums of each pack. Of few packs, several
// runs are taken side by side, since an addition waits for the one before.
template <typename T, std::size_t kPacks, std::size_t kSums, class Term>
HWY_INLINE TileSums<T, kPacks, kSums> SumsOverEntries(const Job<T>& job, const T* x,
                                                      const Term& term) {
  constexpr std::size_t kRuns = kWide / kPacks;
  using Sums = TileSums<T, kPacks, kSums>;
  if (HWY_UNLIKELY(job.section != nullptr && job.section->writes))
    return SumsOfSections<kSums, kPacks>(job, x);
  const std::size_t width = job.last_entry();
  Sums sums = {};
  const auto add = [&](std::size_t start, const Sums& run) HWY_ATTR {
    Times<kPacks * kSums>([&](auto i) HWY_ATTR {
      constexpr std::size_t p = i() / kSums, k = i() % kSums;
      if (HWY_UNLIKELY(job.section != nullptr)) {
        const auto point = static_cast<std::size_t>(x - job.x) + p * kPackLanes<T>;
        return Store(run.of[p][k], job.section->runs + job.section->At(start / kRun, k, point));
      }
      sums.of[p][k] = start == 0 ? run.of[p][k] : sums.of[p][k] + run.of[p][k];
    });
  };
  const auto clear = [](Sums& run) HWY_ATTR {
    Times<kPacks * kSums>([&](auto i) HWY_ATTR { run.of[i() / kSums][i() % kSums] = Zero<T>(); });
  };
  std::size_t start = job.first_entry();
  for (; kRuns > 1 && start + kRuns * kRun <= width; start += kRuns * kRun) {
    Sums runs[kRuns];
    Times<kRuns>([&](auto r) HWY_ATTR { clear(runs[r()]); });
    for (std::size_t c = start; c < start + kRun; ++c) {
      Times<kRuns>([&](auto r) HWY_ATTR { term(c + r() * kRun, runs[r()].of); });
    }
    Times<kRuns>([&](auto r) HWY_ATTR { add(start + r() * kRun, runs[r()]); });
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

// run(packs, count) with packs, a std::integral_constant, being how many hold the points, and
// count how many of them the last one holds. Requires: points > 0, no more than kWide packs of
// them.
template <typename T, class Run>
HWY_INLINE void WithPacks(std::size_t points, const Run& run) {
  const std::size_t packs = (points + kPackLanes<T> - 1) / kPackLanes<T>;
  const std::size_t count = points - (packs - 1) * kPackLanes<T>;
  if (packs == 1) return run(std::integral_constant<std::size_t, 1>(), count);
  if (packs == 2) return run(std::integral_constant<std::size_t, 2>(), count);
  if constexpr (kWide > 2) {
    if (packs == 3) return run(std::integral_constant<std::size_t, 3>(), count);
    run(std::integral_constant<std::size_t, 4>(), count);
  }
}

// About the mean of the first few entries, of which there are 16; summed about the first one, so
// that equal entries have no deviations at all.
template <std::size_t kPacks, typename T, class P>
HWY_INLINE void AboutFirst(const Job<T>& job, const Columns<const T>& x, P part, Pack<T>* about) {
  const std::size_t few = job.width < 16 ? job.width : 16;
  const Pack<T> share = Set(job.width < 16 ? job.share : T{1} / T{16});
  for (std::size_t p = 0; p < kPacks; ++p) {
    const Pack<T> first = LoadPack<kPacks>(x.at, p, part);
    Pack<T> sum = Zero<T>();
    for (std::size_t c = 0; c < few; ++c) {
      sum = sum + (LoadPack<kPacks>(x.at + c * x.stride, p, part) - first);
    }
    about[p] = MulAdd(sum, share, first);
  }
}

// Loads the entries of columns. kCopy: they are copied, and the tile to the right is called for:
// hardware foresees no such stride.
template <bool kCopy, std::size_t kPacks, typename T, class P>
struct Reader {
  Columns<const T> from;
  Columns<T> copy;
  P part;

  HWY_INLINE Pack<T> operator()(std::size_t c, std::size_t p) const {
    const T* at = from.at + c * from.stride;
    const Pack<T> value = LoadPack<kPacks>(at, p, part);
    if constexpr (kCopy) {
      Store(value, copy.at + c * copy.stride + p * kPackLanes<T>);
      __builtin_prefetch(at + (p + kPacks) * kPackLanes<T>, 0, 2);
    }
    return value;
  }
};

// run(read) with a Reader of a tile's columns, which copies them if copy.at is not null; from then
// on x is the copy.
template <std::size_t kPacks, typename T, class P, class Run>
HWY_INLINE void Reading(Columns<const T>& x, const Columns<T>& copy, P part, const Run& run) {
  if (copy.at == nullptr) return run(Reader<false, kPacks, T, P>{x, copy, part});
  run(Reader<true, kPacks, T, P>{x, copy, part});
  x = {copy.at, copy.stride};
}

template <std::size_t kPacks, typename T, class Read>
HWY_INLINE TileSums<T, kPacks, 2> SumDeviations(const Job<T>& job, const Read& read,
                                                const Pack<T>* about) {
  Pack<T> centre[kPacks];
  for (std::size_t p = 0; p < kPacks; ++p) centre[p] = about[p];
  return SumsOverEntries<T, kPacks, 2>(job, read.from.at,
                                       [=](std::size_t c, Pack<T>(*sum)[2]) HWY_ATTR {
                                         for (std::size_t p = 0; p < kPacks; ++p) {
                                           const Pack<T> deviation = read(c, p) - centre[p];
                                           sum[p][0] = sum[p][0] + deviation;
                                           sum[p][1] = MulAdd(deviation, deviation, sum[p][1]);
                                         }
                                       });
}

// Moments of the pack of points at x.at, once more about the mean.
template <typename T, class P>
HWY_NOINLINE void SumAgain(const Job<T>& job, Columns<const T> x, P part, Moments<T>& moments) {
  const Reader<false, 1, T, P> read = {x, Columns<T>(), part};
  Job<T> whole = job;
  whole.section = nullptr;
  const auto sums = SumDeviations<1>(whole, read, &moments.mean);
  Replace(MomentsOf<true>(job, moments.mean, sums.of[0][0], sums.of[0][1]), moments);
}

template <std::size_t kPacks, typename T, class P>
HWY_INLINE TileScales<T, kPacks> CentredScalesOf(const Job<T>& job, Columns<const T>& x,
                                                 const Columns<T>& copy, P part) {
  Pack<T> about[kPacks];
  AboutFirst<kPacks>(job, x, part, about);
  TileSums<T, kPacks, 2> sums;
  Reading<kPacks>(x, copy, part, [&](const auto& read) HWY_ATTR {
    sums = SumDeviations<kPacks>(job, read, about);
  });
  TileScales<T, kPacks> scales;
  for (std::size_t p = 0; p < kPacks; ++p) {
    Moments<T> moments = MomentsOf<false>(job, about[p], sums.of[p][0], sums.of[p][1]);
    if (HWY_UNLIKELY(Any(moments.lost))) {
      const Columns<const T> its = {x.at + p * kPackLanes<T>, x.stride};
      p + 1 < kPacks ? SumAgain(job, its, Full(), moments) : SumAgain(job, its, part, moments);
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
            sum[p][0] = AddPower<kForm>(read(c, p), sum[p][0]);
          }
        };
        sums = SumsOverEntries<T, kPacks, 1>(job, read.from.at, term);
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
