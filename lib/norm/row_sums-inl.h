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

// Rows whose sums run side by side, so that one waits for no addition of its own.
#if HWY_TARGET == HWY_AVX3
inline constexpr std::size_t kRowsTogether = 2;
#else
inline constexpr std::size_t kRowsTogether = 1;
#endif

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

// Rows that are worked on together, a batch: at most a pack's lanes, and so few that two batches of
// `buffers` arrays stay in the first-level cache.
template <typename T>
HWY_INLINE std::size_t RowsAtOnce(std::size_t width, std::size_t buffers) {
  constexpr std::size_t kCacheBytes = 16 << 10;
  const std::size_t rows = kCacheBytes / (width * sizeof(T) * buffers);
  return std::clamp<std::size_t>(rows, kRowsTogether, kPackLanes<T>);
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

// Sums over entries start ... end - 1 of kRows rows, added to sums[row][...] or, in the first run,
// set. term(row, entry, part, sums) adds the terms of a pack of entries.
template <typename T, std::size_t kRows, std::size_t kSums, class Term>
HWY_INLINE void SumsOverRun(std::size_t start, std::size_t end, const Term& term,
                            Pack<T> (*sums)[kSums]) {
  constexpr std::size_t L = kPackLanes<T>, kPartials = 4 / kSums;
  Pack<T> partial[kRows][kPartials][kSums];
  const auto add = [&](std::size_t i, auto part, std::size_t k) HWY_ATTR {
    for (std::size_t r = 0; r < kRows; ++r) term(r, i, part, partial[r][k]);
  };
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t k = 0; k < kPartials; ++k) {
      for (std::size_t s = 0; s < kSums; ++s) partial[r][k][s] = Zero<T>();
    }
  }
  std::size_t i = start;
  for (; i + kPartials * L <= end; i += kPartials * L) {
    for (std::size_t k = 0; k < kPartials; ++k) add(i + k * L, Full(), k);
  }
  // At most kPartials - 1 whole packs are left; written out, so that sums stay in registers.
  if (i + L <= end) add(i, Full(), 0), i += L;
  if constexpr (kPartials == 4) {
    if (i + L <= end) add(i, Full(), 1), i += L;
    if (i + L <= end) add(i, Full(), 2), i += L;
  }
  if (i < end) add(i, Part{end - i}, kPartials - 1);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t s = 0; s < kSums; ++s) {
      Pack<T> sum = partial[r][0][s] + partial[r][1][s];
      if constexpr (kPartials == 4) sum = sum + (partial[r][2][s] + partial[r][3][s]);
      sums[r][s] = start == 0 ? sum : sums[r][s] + sum;
    }
  }
}

// L rows' sums before they are added over the lanes. Rows never set are 0.
template <typename T>
struct RowSums {
  alignas(64) T lanes[kPackLanes<T> * kPackLanes<T>] = {};

  HWY_INLINE Pack<T> OverLanes() const { return SumRows(lanes); }
};

// Sums of rows row ... row + kRows - 1 into kSums RowSums.
template <typename T, std::size_t kRows, std::size_t kSums, class Term>
HWY_INLINE void SumsOfRows(std::size_t width, std::size_t row, const Term& term,
                           RowSums<T>* const (&to)[kSums]) {
  constexpr std::size_t kRun = 128 * kPackLanes<T>;
  const auto shifted = [&](std::size_t r, std::size_t i, auto part, Pack<T>* sums)
                           HWY_ATTR { term(row + r, i, part, sums); };
  Pack<T> sums[kRows][kSums];
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t s = 0; s < kSums; ++s) sums[r][s] = Zero<T>();
  }
  SumsOverRun<T, kRows, kSums>(0, width < kRun ? width : kRun, shifted, sums);
  for (std::size_t start = kRun; start < width; start += kRun) {
    const std::size_t end = width - start < kRun ? width : start + kRun;
    SumsOverRun<T, kRows, kSums>(start, end, shifted, sums);
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t s = 0; s < kSums; ++s) {
      Store(sums[r][s], to[s]->lanes + (row + r) * kPackLanes<T>);
    }
  }
}

// Some rows of one group, and what is known of them. Two batches are under way at a time, so that
// what one waits for (sums over lanes, divisions, roots) passes while the other is worked on.
template <typename T>
struct Batch {
  std::size_t point = 0, group = 0, count = 0;
  alignas(64) T mean[kPackLanes<T>] = {}, rest[kPackLanes<T>] = {}, inverse[kPackLanes<T>] = {};
  RowSums<T> sums, squares;

  HWY_INLINE Scale<T> Of(std::size_t row) const {
    return {Set(mean[row]), Set(rest[row]), Set(inverse[row])};
  }
};

// What a pass calls for: part `part` of `parts` of the rows so many batches ahead.
struct Ahead {
  std::size_t batches, part, parts;
};

// For rows row ... row + count - 1 of the batch.
template <typename T>
HWY_INLINE void Prefetch(const Job<T>& job, const T* from, const Batch<T>& batch, std::size_t row,
                         std::size_t count, Ahead ahead) {
  const std::size_t first = job.width * ahead.part / ahead.parts;
  const std::size_t last = job.width * (ahead.part + 1) / ahead.parts;
  for (std::size_t r = row; r < row + count; ++r) {
    const T* at = from + job.At(batch.point + ahead.batches * batch.count + r, batch.group, 0);
    for (std::size_t i = first; i < last; i += kPackLanes<T>) {
      __builtin_prefetch(at + i, 0, 2);  // into the second-level cache
    }
  }
}

// The same of a batch.
template <typename T, std::size_t kSums, class Term>
HWY_INLINE void SumsOfBatch(const Job<T>& job, const Batch<T>& batch, Ahead ahead, const Term& term,
                            RowSums<T>* const (&to)[kSums]) {
  std::size_t r = 0;
  for (; r + kRowsTogether <= batch.count; r += kRowsTogether) {
    if (job.prefetch) Prefetch(job, job.x, batch, r, kRowsTogether, ahead);
    SumsOfRows<T, kRowsTogether, kSums>(job.width, r, term, to);
  }
  if constexpr (kRowsTogether > 1) {
    for (; r < batch.count; ++r) SumsOfRows<T, 1, kSums>(job.width, r, term, to);
  }
}

// Means about the row's first entry, so that equal entries have no deviations at all. What needs no
// mean is done at once.
template <Form kForm, typename T>
HWY_INLINE void FirstPass(const Job<T>& job, Batch<T>& batch) {
  const T* x = job.x + job.At(batch.point, batch.group, 0);
  const std::size_t stride = job.point_stride;
  if constexpr (kForm == Form::kTanh) {
    for (T& alpha : batch.inverse) alpha = job.alpha;
  } else if constexpr (kForm == Form::kCentred) {
    for (std::size_t r = 0; r < batch.count; ++r) batch.mean[r] = x[r * stride];
    SumsOfBatch<T, 1>(job, batch, {1, 0, 3},
                      [=](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
                        const T* row = x + r * stride;
                        sums[0] = sums[0] + Keep(Load(row + i, part) - Set(row[0]), part);
                      },
                      {&batch.sums});
    const Pack<T> entries = Set(static_cast<T>(job.width));
    Store(Load(batch.mean) + batch.sums.OverLanes() / entries, batch.mean);
  } else {
    SumsOfBatch<T, 1>(job, batch, {1, 0, 3},
                      [=](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
                        sums[0] = AddPower<kForm>(Load(x + r * stride + i, part), sums[0]);
                      },
                      {&batch.sums});
    Store(InverseOf<kForm>(job, batch.sums.OverLanes(), Zero<T>()), batch.inverse);
  }
}

// What rounding left in the mean comes out as `rest` together with the sum of squares.
template <Form kForm, typename T>
HWY_INLINE void SecondPass(const Job<T>& job, Batch<T>& batch) {
  if constexpr (kForm == Form::kCentred) {
    const T* x = job.x + job.At(batch.point, batch.group, 0);
    const T* mean = batch.mean;
    const std::size_t stride = job.point_stride;
    SumsOfBatch<T, 2>(job, batch, {1, 1, 3},
                      [=](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
                        const Pack<T> deviation =
                            Keep(Load(x + r * stride + i, part) - Set(mean[r]), part);
                        sums[0] = sums[0] + deviation;
                        sums[1] = MulAdd(deviation, deviation, sums[1]);
                      },
                      {&batch.sums, &batch.squares});
    const Pack<T> rest = batch.sums.OverLanes() / Set(static_cast<T>(job.width));
    Store(rest, batch.rest);
    Store(InverseOf<Form::kCentred>(job, batch.squares.OverLanes(), rest), batch.inverse);
  }
}

// Walks the batches of points [first, last): begin(next) is called before finish(now), then
// middle(next).
template <class B, class Begin, class Finish, class Middle>
HWY_INLINE void ForBatches(std::size_t first, std::size_t last, std::size_t groups,
                           std::size_t rows, const Begin& begin, const Finish& finish,
                           const Middle& middle) {
  B both[2];
  bool started = false;
  std::size_t which = 0;
  for (std::size_t p = first; p < last; p += rows) {
    for (std::size_t k = 0; k < groups; ++k) {
      B& next = both[which];
      next.point = p;
      next.group = k;
      next.count = std::min(rows, last - p);
      begin(next);
      if (started) finish(both[1 - which]);
      middle(next);
      started = true;
      which = 1 - which;
    }
  }
  if (started) finish(both[1 - which]);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
