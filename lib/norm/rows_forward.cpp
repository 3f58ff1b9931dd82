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

template <Form kForm, bool kAffine, bool kStream, typename T>
HWY_INLINE void WriteRow(const Job<T>& job, std::size_t group, const T* x, const Scale<T>& scale,
                         T* y) {
  const T* weight = job.weight + group * job.width;
  const T* bias = job.bias + group * job.width;
  ForPacksOfRow<T>(job.width, [=](std::size_t i, auto part) HWY_ATTR {
    Pack<T> u = Normalised<kForm>(Load(x + i, part), scale);
    if constexpr (kAffine) u = MulAdd(Load(weight + i, part), u, Load(bias + i, part));
    Write(u, y + i, part, kStream);
  });
}

template <typename T>
void WriteStatistics(const Job<T>& job, const Batch<T>& batch) {
  for (std::size_t r = 0; r < batch.count; ++r) {
    const std::size_t at = job.StatisticAt(batch.point + r, batch.group);
    if (job.mean != nullptr) job.mean[at] = batch.mean[r];
    if (job.mean_rest != nullptr) job.mean_rest[at] = batch.rest[r];
    if (job.inverse != nullptr) job.inverse[at] = batch.inverse[r];
  }
}

template <Form kForm, typename T>
void WriteRows(const Job<T>& job, const Batch<T>& batch) {
  for (std::size_t r = 0; r < batch.count; ++r) {
    const std::size_t at = job.At(batch.point + r, batch.group, 0);
    const T* x = job.x + at;
    T* y = job.out + at;
    if (job.prefetch) Prefetch(job, job.x, batch, r, 1, {2, 2, 3});
    if (job.affine) {
      job.stream ? WriteRow<kForm, true, true>(job, batch.group, x, batch.Of(r), y)
                 : WriteRow<kForm, true, false>(job, batch.group, x, batch.Of(r), y);
    } else {
      job.stream ? WriteRow<kForm, false, true>(job, batch.group, x, batch.Of(r), y)
                 : WriteRow<kForm, false, false>(job, batch.group, x, batch.Of(r), y);
    }
  }
}

template <Form kForm, typename T>
void Finish(const Job<T>& job, const Batch<T>& batch) {
  WriteStatistics(job, batch);
  WriteRows<kForm>(job, batch);
  if constexpr (kForm == Form::kTanh) return;
  for (std::size_t r = 0; r < batch.count; ++r) {
    if (!IsUsual(batch.inverse[r])) RescueForward(job, batch.point + r, batch.group);
  }
}

template <Form kForm, typename T>
void ForwardBatches(const Job<T>& job, std::size_t first, std::size_t last) {
  ForBatches<Batch<T>>(
      first, last, job.groups, RowsAtOnce<T>(job.width, 1),
      [&](Batch<T>& next) HWY_ATTR { FirstPass<kForm>(job, next); },
      [&](const Batch<T>& now) HWY_ATTR { Finish<kForm>(job, now); },
      [&](Batch<T>& next) HWY_ATTR { SecondPass<kForm>(job, next); });
}

template <typename T>
void Forward(const Job<T>& job, std::size_t first, std::size_t last) {
  WithForm(job, [&](auto form) { ForwardBatches<form()>(job, first, last); });
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
