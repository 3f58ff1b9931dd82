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

// Normalises and writes a row.
template <Form kForm, bool kAffine, bool kStream, typename T>
struct Writer {
  const T *x, *weight, *bias;
  T* y;
  Scale<T> scale;

  HWY_INLINE Writer(const Job<T>& job, const Batch<T>& batch, std::size_t r)
      : weight(job.weight + batch.group * job.width),
        bias(job.bias + batch.group * job.width),
        scale(batch.Of(r)) {
    const std::size_t at = job.At(batch.point + r, batch.group, 0);
    x = job.x + at;
    y = job.out + at;
  }
  template <class P>
  HWY_INLINE void Put(std::size_t i, P part) const {
    Pack<T> u = Normalised<kForm>(Load(x + i, part), scale);
    if constexpr (kAffine) u = MulAdd(Load(weight + i, part), u, Load(bias + i, part));
    Write(u, y + i, part, kStream);
  }
};

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
void Finish(const Job<T>& job, const Batch<T>& batch) {
  if constexpr (kForm == Form::kTanh) return;
  WriteStatistics(job, batch);
  const bool usual = AllWithin(Load(batch.inverse), kLowestInverse<T>, kHighestInverse<T>);
  if (usual) return;
  for (std::size_t r = 0; r < batch.count; ++r) {
    if (!IsUsual(batch.inverse[r])) RescueForward(job, batch.point + r, batch.group);
  }
}

template <Form kForm, bool kAffine, bool kStream, typename T>
void WriteBatch(const Job<T>& job, const Batch<T>& batch) {
  for (std::size_t r = 0; r < batch.count; ++r) {
    const Writer<kForm, kAffine, kStream, T> writer(job, batch, r);
    ForPacksOfRow<T>(job.width, [&](std::size_t i, auto part) HWY_ATTR { writer.Put(i, part); });
  }
}

template <Form kForm, typename T>
void ForwardBatches(const Job<T>& job, std::size_t first, std::size_t last) {
  ForBatches<Batch<T>>(first, last, job.groups, RowsAtOnce(job, 1), [&](Batch<T>& batch) HWY_ATTR {
    FindScales<kForm>(job, batch);
    if (job.affine) {
      job.stream ? WriteBatch<kForm, true, true>(job, batch)
                 : WriteBatch<kForm, true, false>(job, batch);
    } else {
      job.stream ? WriteBatch<kForm, false, true>(job, batch)
                 : WriteBatch<kForm, false, false>(job, batch);
    }
    Finish<kForm>(job, batch);
  });
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
