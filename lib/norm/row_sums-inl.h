// Rows with entries in lanes: sums over the entries of a row, in the order that norm.h states, and
// what is done once a row (divisions, roots, sums over lanes), done for many rows at once.
#if defined(CREASE_NORM_ROW_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_ROW_SUMS_INL_H_
#undef CREASE_NORM_ROW_SUMS_INL_H_
#else
#define CREASE_NORM_ROW_SUMS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "lib/norm/forms-inl.h"
#include "lib/norm/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// Rows of at most so many bytes stay in the first-level cache with their weight and bias.
inline constexpr std::size_t kMediumBytes = 4 << 10;

// How far ahead of the row that is written memory is called for, with `rows` rows under way.
template <typename T>
HWY_INLINE std::size_t AheadBytes(const Job<T>& job, std::size_t rows, std::size_t more) {
  return rows * job.width * sizeof(T) + more;
}

// Memory that may lie beyond an array's end, where no pointer into the array may point.
template <typename T>
HWY_INLINE void CallFor(const T* from, std::size_t bytes) {
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(from) + bytes;
  __builtin_prefetch(reinterpret_cast<const void*>(address));  // NOLINT(performance-no-int-to-ptr)
}

// run(entry, part) for all packs of a row.
template <typename T, class Run>
HWY_INLINE void ForPacksOfRow(std::size_t width, const Run& run) {
  std::size_t i = 0;
  for (; i + kPackLanes<T> <= width; i += kPackLanes<T>) run(i, Full());
  if (i < width) run(i, PartOf<T>(width - i));
}

// Sums over entries start ... end - 1 of a row, added to sums or, in the first run, set.
// term(entry, part, sums) adds the terms of a pack of entries.
template <typename T, std::size_t kSums, class Term>
HWY_INLINE void SumsOverRun(std::size_t start, std::size_t end, const Term& term, Pack<T>* sums) {
  constexpr std::size_t L = kPackLanes<T>;
  Pack<T> partial[4][kSums];
  for (auto& part : partial) {
    for (Pack<T>& sum : part) sum = Zero<T>();
  }
  std::size_t i = start;
  for (; i + 4 * L <= end; i += 4 * L) {
    for (std::size_t k = 0; k < 4; ++k) term(i + k * L, Full(), partial[k]);
  }
  // Written out, so that sums stay in registers.
  if (i + L <= end) term(i, Full(), partial[0]), i += L;
  if (i + L <= end) term(i, Full(), partial[1]), i += L;
  if (i + L <= end) term(i, Full(), partial[2]), i += L;
  if (i < end) term(i, PartOf<T>(end - i), partial[3]);
  for (std::size_t s = 0; s < kSums; ++s) {
    const Pack<T> sum = (partial[0][s] + partial[1][s]) + (partial[2][s] + partial[3][s]);
    sums[s] = start == 0 ? sum : sums[s] + sum;
  }
}

// Walks over rows, group by group; `points` at a time.
template <typename T>
struct RowCursor {
  std::size_t point, group = 0;

  HWY_INLINE void Advance(const Job<T>& job, std::size_t points = 1) {
    if (++group == job.groups) group = 0, point += points;
  }
  HWY_INLINE const T* X(const Job<T>& job) const { return job.x + job.At(point, group, 0); }
};

// L rows' sums before they are added over the lanes. Rows never set are 0.
template <typename T>
struct RowSums {
  alignas(64) T lanes[kPackLanes<T> * kPackLanes<T>] = {};

  HWY_INLINE void Set(std::size_t row, const Pack<T>& sum) {
    Store(sum, lanes + row * kPackLanes<T>);
  }
  HWY_INLINE Pack<T> OverLanes() const { return SumRows(lanes); }
};

// kSums sums over the entries of a row, by lane.
template <typename T, std::size_t kSums, class Term>
HWY_INLINE void SumsOfRow(std::size_t width, const Term& term, Pack<T>* sums) {
  constexpr std::size_t kRun = 128 * kPackLanes<T>;
  SumsOverRun<T, kSums>(0, width < kRun ? width : kRun, term, sums);
  for (std::size_t start = kRun; start < width; start += kRun) {
    SumsOverRun<T, kSums>(start, width - start < kRun ? width : start + kRun, term, sums);
  }
}

// Two sums at once, where the registers hold the partial sums of both.
template <typename T>
inline constexpr bool kSumsTogether = kVectors<T> == 1;

// Deviations from `about`, and their squares.
template <typename T>
HWY_INLINE void SumDeviations(std::size_t width, const T* x, const Pack<T>& about, Pack<T>* sums) {
  const auto deviation = [=](std::size_t i, auto part)
                             HWY_ATTR { return Keep(Load(x + i, part) - about, part); };
  if constexpr (kSumsTogether<T>) {
    const auto both = [=](std::size_t i, auto part, Pack<T>* to) HWY_ATTR {
      const Pack<T> value = deviation(i, part);
      to[0] = to[0] + value;
      to[1] = MulAdd(value, value, to[1]);
    };
    SumsOfRow<T, 2>(width, both, sums);
  } else {
    const auto values = [=](std::size_t i, auto part, Pack<T>* to)
                            HWY_ATTR { to[0] = to[0] + deviation(i, part); };
    const auto squares = [=](std::size_t i, auto part, Pack<T>* to) HWY_ATTR {
      const Pack<T> value = deviation(i, part);
      to[0] = MulAdd(value, value, to[0]);
    };
    SumsOfRow<T, 1>(width, values, sums);
    SumsOfRow<T, 1>(width, squares, sums + 1);
  }
}

template <Form kForm, typename T>
HWY_INLINE void SumPowers(std::size_t width, const T* x, Pack<T>* sum) {
  SumsOfRow<T, 1>(
      width,
      [=](std::size_t i, auto part, Pack<T>* to)
          HWY_ATTR { to[0] = AddPower<kForm>(Load(x + i, part), to[0]); },
      sum);
}

// What is known of one row, the same in every lane.
template <typename T>
struct RowScale {
  Scale<T> scale;
  Pack<T> rest;
};

// About the mean, where that was far from the first entries.
template <typename T>
HWY_NOINLINE Moments<T> MomentsAgain(const Job<T>& job, const T* x, const Pack<T>& mean) {
  Pack<T> sums[2];
  SumDeviations(job.width, x, mean, sums);
  return MomentsOf<true>(job, mean, SumLanes(sums[0]), SumLanes(sums[1]));
}

// The way from a row to its scale, in steps between which a processor can do something else.
template <Form kForm, typename T>
class RowSummer {
 public:
  HWY_INLINE void Begin(const T* x) {
    x_ = x;
    if constexpr (kForm == Form::kCentred) {
      about_ = SumLanes(Load(x)) * Set(T{1} / T{kPackLanes<T>});
    }
  }
  HWY_INLINE void Sum(const Job<T>& job) {
    if constexpr (kForm == Form::kCentred) {
      SumDeviations(job.width, x_, about_, sums_);
    } else if constexpr (kForm != Form::kTanh) {
      SumPowers<kForm>(job.width, x_, sums_);
    }
  }
  HWY_INLINE RowScale<T> Finish(const Job<T>& job) const {
    RowScale<T> row = {{Zero<T>(), Zero<T>(), Set(job.alpha)}, Zero<T>()};
    if constexpr (kForm == Form::kCentred) {
      Moments<T> moments = MomentsOf<false>(job, about_, SumLanes(sums_[0]), SumLanes(sums_[1]));
      if (HWY_UNLIKELY(Any(moments.lost))) moments = MomentsAgain(job, x_, moments.mean);
      row.rest = moments.rest;
      row.scale = {moments.mean, -(moments.rest * moments.inverse), moments.inverse};
    } else if constexpr (kForm != Form::kTanh) {
      row.scale.inverse = InverseOf<kForm>(job, SumLanes(sums_[0]));
    }
    return row;
  }

 private:
  const T* x_ = nullptr;
  Pack<T> about_, sums_[2];
};

template <Form kForm, typename T>
HWY_INLINE RowScale<T> ScaleOfRow(const Job<T>& job, const T* x) {
  RowSummer<kForm, T> summer;
  summer.Begin(x);
  summer.Sum(job);
  return summer.Finish(job);
}

// Some rows of one group, and what is known of them.
template <typename T>
struct Batch {
  std::size_t point = 0, group = 0, count = 0;
  alignas(64) T mean[kPackLanes<T>] = {}, rest[kPackLanes<T>] = {}, inverse[kPackLanes<T>] = {};
  alignas(64) T offset[kPackLanes<T>] = {}, about[kPackLanes<T>] = {};
  RowSums<T> sums, squares;

  HWY_INLINE Scale<T> Of(std::size_t row) const {
    return {Set(mean[row]), Set(offset[row]), Set(inverse[row])};
  }
};

template <bool kAgain, typename T>
HWY_INLINE Moments<T> MomentsOf(const Job<T>& job, const Batch<T>& batch, const T* about) {
  return MomentsOf<kAgain>(job, Load(about), batch.sums.OverLanes(), batch.squares.OverLanes());
}

template <typename T>
HWY_INLINE void SumDeviations(const Job<T>& job, Batch<T>& batch, std::size_t row, T about) {
  Pack<T> sums[2];
  SumDeviations(job.width, job.x + job.At(batch.point + row, batch.group, 0), Set(about), sums);
  batch.sums.Set(row, sums[0]);
  batch.squares.Set(row, sums[1]);
}

// Once more about the mean, where it was far from the first entries.
template <typename T>
HWY_NOINLINE void SumAgain(const Job<T>& job, Batch<T>& batch, Moments<T>& moments) {
  alignas(64) T mean[kPackLanes<T>], lost[kPackLanes<T>];
  Store(moments.mean, mean);
  Store(Select(moments.lost, Set(T{1}), Zero<T>()), lost);
  for (std::size_t r = 0; r < batch.count; ++r) {
    if (lost[r] != T{0}) SumDeviations(job, batch, r, mean[r]);
  }
  Replace(MomentsOf<true>(job, batch, mean), moments);
}

// The mean of the first entries, which deviations are taken about.
template <typename T>
HWY_INLINE void FindAbout(const Job<T>& job, Batch<T>& batch) {
  const T* x = job.x + job.At(batch.point, batch.group, 0);
  for (std::size_t r = 0; r < batch.count; ++r) {
    batch.sums.Set(r, Load(x + r * job.point_stride));
  }
  Store(batch.sums.OverLanes() * Set(T{1} / T{kPackLanes<T>}), batch.about);
}

template <typename T>
HWY_INLINE void FindMoments(const Job<T>& job, Batch<T>& batch) {
  for (std::size_t r = 0; r < batch.count; ++r) SumDeviations(job, batch, r, batch.about[r]);
  Moments<T> moments = MomentsOf<false>(job, batch, batch.about);
  if (HWY_UNLIKELY(Any(moments.lost))) SumAgain(job, batch, moments);
  Store(moments.mean, batch.mean);
  Store(moments.rest, batch.rest);
  Store(moments.inverse, batch.inverse);
  Store(-(moments.rest * moments.inverse), batch.offset);
}

template <Form kForm, typename T>
HWY_INLINE void FindScales(const Job<T>& job, Batch<T>& batch) {
  if constexpr (kForm == Form::kTanh) {
    for (T& alpha : batch.inverse) alpha = job.alpha;
  } else if constexpr (kForm == Form::kCentred) {
    FindMoments(job, batch);
  } else {
    for (std::size_t r = 0; r < batch.count; ++r) {
      Pack<T> sum;
      SumPowers<kForm>(job.width, job.x + job.At(batch.point + r, batch.group, 0), &sum);
      batch.sums.Set(r, sum);
    }
    Store(InverseOf<kForm>(job, batch.sums.OverLanes()), batch.inverse);
  }
}

// begin(batch), prepare(batch), write(batch) for the batches of points [first, last), each in
// order. While a batch is written, what the next ones wait for (divisions, sums over lanes) passes.
template <class B, class Begin, class Prepare, class Write>
HWY_INLINE void ForBatches(std::size_t first, std::size_t last, std::size_t groups,
                           std::size_t size, const Begin& begin, const Prepare& prepare,
                           const Write& write) {
  B batches[3];
  B *written = &batches[0], *prepared = &batches[1], *begun = &batches[2];
  std::size_t point = first, group = 0;
  const auto advance = [&](B& batch) HWY_ATTR {
    batch.point = point;
    batch.group = group;
    batch.count = point < last ? std::min(size, last - point) : 0;
    if (batch.count > 0) begin(batch);
    if (++group == groups) group = 0, point += size;
  };
  advance(*begun);
  while (begun->count > 0 || prepared->count > 0) {
    B* const next = written;
    written = prepared;
    prepared = begun;
    begun = next;
    if (prepared->count > 0) prepare(*prepared);
    advance(*begun);
    if (written->count > 0) write(*written);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
