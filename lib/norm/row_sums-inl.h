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

// Rows whose sums run side by side, so that one waits for no addition of its own. Only for rows
// that are in cache: those that come from memory come faster one after the other.
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

// Rows of a batch: at most a pack's lanes, and so few that `arrays` of them stay in the first-level
// cache.
template <typename T>
HWY_INLINE std::size_t RowsAtOnce(const Job<T>& job, std::size_t arrays) {
  constexpr std::size_t kCacheBytes = 24 << 10;
  const std::size_t rows = kCacheBytes / (job.width * sizeof(T) * arrays);
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

// Some rows of one group, and what is known of them.
template <typename T>
struct Batch {
  std::size_t point = 0, group = 0, count = 0;
  alignas(64) T mean[kPackLanes<T>] = {}, rest[kPackLanes<T>] = {}, inverse[kPackLanes<T>] = {};
  RowSums<T> sums, squares;

  HWY_INLINE Scale<T> Of(std::size_t row) const {
    return {Set(mean[row]), Set(rest[row]), Set(inverse[row])};
  }
};

template <typename T, std::size_t kTogether, std::size_t kSums, class Term>
HWY_INLINE void SumsOfBatch(std::size_t width, std::size_t count, const Term& term,
                            RowSums<T>* const (&to)[kSums]) {
  std::size_t r = 0;
  for (; r + kTogether <= count; r += kTogether) {
    SumsOfRows<T, kTogether, kSums>(width, r, term, to);
  }
  if constexpr (kTogether > 1) {
    for (; r < count; ++r) SumsOfRows<T, 1, kSums>(width, r, term, to);
  }
}

// Sums that make the scales. Means are taken about the row's first entry, so that equal entries
// have no deviations at all; what rounding left in them comes out as `rest` with the squares.
template <Form kForm, typename T>
HWY_INLINE void FindScales(const Job<T>& job, Batch<T>& batch) {
  const T* x = job.x + job.At(batch.point, batch.group, 0);
  const std::size_t stride = job.point_stride;
  if constexpr (kForm == Form::kTanh) {
    for (T& alpha : batch.inverse) alpha = job.alpha;
  } else if constexpr (kForm == Form::kCentred) {
    const auto about_first = [=](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
      const T* row = x + r * stride;
      sums[0] = sums[0] + Keep(Load(row + i, part) - Set(row[0]), part);
    };
    SumsOfBatch<T, 1, 1>(job.width, batch.count, about_first, {&batch.sums});
    const Pack<T> entries = Set(static_cast<T>(job.width));
    Store(batch.sums.OverLanes() / entries, batch.mean);
    // Not as a pack: loading one that was stored by entries waits for all stores before it.
    for (std::size_t r = 0; r < batch.count; ++r) batch.mean[r] = x[r * stride] + batch.mean[r];
    const T* mean = batch.mean;
    const auto about_mean = [=](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
      const Pack<T> deviation = Keep(Load(x + r * stride + i, part) - Set(mean[r]), part);
      sums[0] = sums[0] + deviation;
      sums[1] = MulAdd(deviation, deviation, sums[1]);
    };
    SumsOfBatch<T, kRowsTogether, 2>(job.width, batch.count, about_mean,
                                     {&batch.sums, &batch.squares});
    const Pack<T> rest = batch.sums.OverLanes() / entries;
    Store(rest, batch.rest);
    Store(InverseOf<kForm>(job, batch.squares.OverLanes(), rest), batch.inverse);
  } else {
    const auto power = [=](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
      sums[0] = AddPower<kForm>(Load(x + r * stride + i, part), sums[0]);
    };
    SumsOfBatch<T, 1, 1>(job.width, batch.count, power, {&batch.sums});
    Store(InverseOf<kForm>(job, batch.sums.OverLanes(), Zero<T>()), batch.inverse);
  }
}

// run(batch) for the batches of points [first, last), in order.
template <class B, class Run>
HWY_INLINE void ForBatches(std::size_t first, std::size_t last, std::size_t groups,
                           std::size_t size, const Run& run) {
  B batch;
  for (batch.point = first; batch.point < last; batch.point += size) {
    batch.count = std::min(size, last - batch.point);
    for (batch.group = 0; batch.group < groups; ++batch.group) run(batch);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
