#include <algorithm>

#include <hwy/cache_control.h>

#include "lib/norm/job.h"
#include "lib/norm/rescue.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/norm/rows_forward.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/norm/row_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

template <typename T>
void WriteStatistics(const Job<T>& job, const Batch<T>& batch) {
  if (batch.count == kPackLanes<T> && job.statistics_point_stride == 1) {
    const std::size_t at = job.StatisticAt(batch.point, batch.group);
    if (job.mean != nullptr) Store(Load(batch.mean), job.mean + at);
    if (job.mean_rest != nullptr) Store(Load(batch.rest), job.mean_rest + at);
    if (job.inverse != nullptr) Store(Load(batch.inverse), job.inverse + at);
    return;
  }
  for (std::size_t r = 0; r < batch.count; ++r) {
    const std::size_t at = job.StatisticAt(batch.point + r, batch.group);
    if (job.mean != nullptr) job.mean[at] = batch.mean[r];
    if (job.mean_rest != nullptr) job.mean_rest[at] = batch.rest[r];
    if (job.inverse != nullptr) job.inverse[at] = batch.inverse[r];
  }
}

template <Form kForm, typename T>
void Finish(const Job<T>& job, const Batch<T>& batch) {
  if constexpr (kForm == Form::kTanh) return;
  WriteStatistics(job, batch);
  const bool usual = AllWithin(Load(batch.inverse), kLowestInverse<T>, kHighestInverse<T>);
  if (usual) return;
  for (std::size_t r = 0; r < batch.count; ++r) {
    if (!IsUsual(batch.inverse[r])) RescueForward(job, batch.point + r, batch.group);
  }
}

// Normalises and writes kRows rows; kStream: calls for what lies `ahead` bytes behind them.
template <Form kForm, bool kAffine, bool kStream, std::size_t kRows, typename T>
HWY_INLINE void WriteRows(const Job<T>& job, std::size_t point, std::size_t group,
                          const Scale<T> (&scales)[kRows], std::size_t ahead) {
  const std::size_t at = job.At(point, group, 0), stride = job.point_stride;
  const T* x = job.x + at;
  const T* weight = job.weight + group * job.width;
  const T* bias = job.bias + group * job.width;
  T* y = job.out + at;
  ForPacksOfRow<T>(job.width, [&](std::size_t i, auto part) HWY_ATTR {
    Pack<T> w, b;
    if constexpr (kAffine) w = Load(weight + i, part), b = Load(bias + i, part);
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t from = r * stride + i;
      if constexpr (kStream) CallFor(x + from, ahead);
      Pack<T> u = Normalised<kForm>(Load(x + from, part), scales[r]);
      if constexpr (kAffine) u = MulAdd(w, u, b);
      Write(u, y + from, part, kStream);
    }
  });
}

// Narrow rows, a pack's lanes of them at a time: divisions and sums over lanes are for all of them.
template <Form kForm, bool kAffine, bool kStream, typename T>
void ForwardNarrow(const Job<T>& job, std::size_t first, std::size_t last) {
  const std::size_t ahead = AheadBytes(job, 3 * kPackLanes<T>, 8 << 10);
  const auto begin = [&](Batch<T>& batch) HWY_ATTR {
    if constexpr (kForm == Form::kCentred) FindAbout(job, batch);
  };
  const auto prepare = [&](Batch<T>& batch) HWY_ATTR { FindScales<kForm>(job, batch); };
  const auto write = [&](const Batch<T>& batch) HWY_ATTR {
    std::size_t r = 0;
    for (; r + 4 <= batch.count; r += 4) {
      const Scale<T> scales[] = {batch.Of(r), batch.Of(r + 1), batch.Of(r + 2), batch.Of(r + 3)};
      WriteRows<kForm, kAffine, kStream>(job, batch.point + r, batch.group, scales, ahead);
    }
    for (; r < batch.count; ++r) {
      const Scale<T> scales[] = {batch.Of(r)};
      WriteRows<kForm, kAffine, kStream>(job, batch.point + r, batch.group, scales, ahead);
    }
    Finish<kForm>(job, batch);
  };
  ForBatches<Batch<T>>(first, last, job.groups, kPackLanes<T>, begin, prepare, write);
}

template <Form kForm, typename T>
HWY_INLINE void FinishRow(const Job<T>& job, std::size_t point, std::size_t group,
                          const RowScale<T>& row) {
  if constexpr (kForm == Form::kTanh) return;
  const std::size_t at = job.StatisticAt(point, group);
  if (job.mean != nullptr) job.mean[at] = FirstLane(row.scale.mean);
  if (job.mean_rest != nullptr) job.mean_rest[at] = FirstLane(row.rest);
  if (job.inverse != nullptr) job.inverse[at] = FirstLane(row.scale.inverse);
  if (!IsUsual(FirstLane(row.scale.inverse))) RescueForward(job, point, group);
}

// Row by row, three of them under way: while one is written, what the next ones wait for (sums over
// lanes, divisions) passes.
template <Form kForm, bool kAffine, bool kStream, typename T>
void ForwardMedium(const Job<T>& job, std::size_t first, std::size_t last) {
  if (first == last) return;
  const std::size_t ahead = AheadBytes(job, 3, 8 << 10);
  RowCursor<T> written = {first}, begun = {first};
  RowSummer<kForm, T> summer;
  const auto begin = [&]() HWY_ATTR {
    begun.Advance(job);
    if (begun.point < last) summer.Begin(begun.X(job));
  };
  RowScale<T> row = ScaleOfRow<kForm>(job, begun.X(job));
  begin();
  if (begun.point < last) summer.Sum(job);
  while (written.point < last) {
    const bool more = begun.point < last;
    const RowScale<T> next = more ? summer.Finish(job) : row;
    begin();
    const Scale<T> scales[] = {row.scale};
    WriteRows<kForm, kAffine, kStream>(job, written.point, written.group, scales, ahead);
    FinishRow<kForm>(job, written.point, written.group, row);
    if (begun.point < last) summer.Sum(job);
    written.Advance(job);
    row = next;
  }
}

// Rows so wide that weight and bias do not stay in the first-level cache: kRows together.
template <Form kForm, bool kAffine, bool kStream, std::size_t kRows, typename T>
void ForwardWide(const Job<T>& job, std::size_t first, std::size_t last) {
  const std::size_t ahead = AheadBytes(job, kRows, 0);
  std::size_t point = first;
  for (; point + kRows <= last; point += kRows) {
    for (std::size_t k = 0; k < job.groups; ++k) {
      RowScale<T> rows[kRows];
      Scale<T> scales[kRows];
      for (std::size_t r = 0; r < kRows; ++r) {
        rows[r] = ScaleOfRow<kForm>(job, job.x + job.At(point + r, k, 0));
        scales[r] = rows[r].scale;
      }
      WriteRows<kForm, kAffine, kStream>(job, point, k, scales, ahead);
      for (std::size_t r = 0; r < kRows; ++r) FinishRow<kForm>(job, point + r, k, rows[r]);
    }
  }
  if (point < last) ForwardMedium<kForm, kAffine, kStream>(job, point, last);
}

template <Form kForm, bool kAffine, bool kStream, typename T>
void ForwardBy(const Job<T>& job, std::size_t first, std::size_t last) {
  const std::size_t bytes = job.width * sizeof(T);
  if (bytes <= (kStream ? kNarrowBytes / 2 : kNarrowBytes))
    return ForwardNarrow<kForm, kAffine, kStream>(job, first, last);
  if (bytes <= kMediumBytes) return ForwardMedium<kForm, kAffine, kStream>(job, first, last);
  ForwardWide<kForm, kAffine, kStream, 4>(job, first, last);
}

template <Form kForm, typename T>
void ForwardForm(const Job<T>& job, std::size_t first, std::size_t last) {
  if (job.affine) {
    job.stream ? ForwardBy<kForm, true, true>(job, first, last)
               : ForwardBy<kForm, true, false>(job, first, last);
  } else {
    job.stream ? ForwardBy<kForm, false, true>(job, first, last)
               : ForwardBy<kForm, false, false>(job, first, last);
  }
}

template <typename T>
void Forward(const Job<T>& job, std::size_t first, std::size_t last) {
  WithForm(job, [&](auto form) { ForwardForm<form()>(job, first, last); });
  if (job.stream) hwy::FlushStream();
}

void ForwardFloat(const Job<float>& job, std::size_t first, std::size_t last) {
  Forward(job, first, last);
}
void ForwardDouble(const Job<double>& job, std::size_t first, std::size_t last) {
  Forward(job, first, last);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::norm {

HWY_EXPORT(ForwardFloat);
HWY_EXPORT(ForwardDouble);

void ForwardRows(const Job<float>& job, std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(ForwardFloat)(job, first, last);
}
void ForwardRows(const Job<double>& job, std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(ForwardDouble)(job, first, last);
}

}  // namespace crease::norm
#endif  // HWY_ONCE
