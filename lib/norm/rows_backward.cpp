#include <algorithm>

#include <hwy/cache_control.h>

#include "lib/norm/job.h"
#include "lib/norm/rescue.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/norm/rows_backward.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/norm/row_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

template <typename T>
struct BackwardBatch : Batch<T> {
  alignas(64) T mean_gradient[kPackLanes<T>] = {}, along[kPackLanes<T>] = {};

  HWY_INLINE Shared<T> SharedOf(std::size_t row) const {
    return {Set(mean_gradient[row]), Set(along[row])};
  }
};

template <Form kForm, typename T>
HWY_INLINE void FindShared(const Job<T>& job, BackwardBatch<T>& batch) {
  const std::size_t at = job.At(batch.point, batch.group, 0), stride = job.point_stride;
  const T* x = job.x + at;
  const T* d_y = job.d_y + at;
  const T* weight = job.weight + batch.group * job.width;
  const auto term = [&](std::size_t r, std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
    const Pack<T> value = Load(x + r * stride + i, part);
    const Pack<T> g = Load(d_y + r * stride + i, part) * Load(weight + i, part);
    sums[0] = AddAlong<kForm>(value, Normalised<kForm>(value, batch.Of(r)), g, sums[0]);
    if constexpr (kForm == Form::kCentred) sums[1] = sums[1] + g;
  };
  if constexpr (kForm == Form::kCentred) {
    SumsOfBatch<T, 1, 2>(job.width, batch.count, term, {&batch.sums, &batch.squares});
    Store(batch.squares.OverLanes() / Set(static_cast<T>(job.width)), batch.mean_gradient);
  } else {
    SumsOfBatch<T, 1, 1>(job.width, batch.count, term, {&batch.sums});
  }
  Store(AlongOf<kForm>(job, batch.sums.OverLanes()), batch.along);
}

// d_x of kRows rows, column by column, so that the sums over points are loaded once for all.
template <Form kForm, std::size_t kRows, typename T>
HWY_INLINE void WriteDerivatives(const Job<T>& job, const BackwardBatch<T>& batch, std::size_t row,
                                 const BlockSums<T>& sums) {
  const std::size_t offset = batch.group * job.width;
  const std::size_t at = job.At(batch.point + row, batch.group, 0);
  ForPacksOfRow<T>(job.width, [&](std::size_t i, auto part) HWY_ATTR {
    const Pack<T> weight = Load(job.weight + offset + i, part);
    Pack<T> weight_sum = Zero<T>(), bias_sum = Zero<T>();
    if (sums.d_weight != nullptr) {
      weight_sum = Load(sums.d_weight + offset + i, part);
      bias_sum = Load(sums.d_bias + offset + i, part);
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t from = at + r * job.point_stride + i;
      const Scale<T> scale = batch.Of(row + r);
      const Pack<T> x = Load(job.x + from, part), g = Load(job.d_y + from, part);
      const Pack<T> u = Normalised<kForm>(x, scale);
      weight_sum = MulAdd(g, u, weight_sum);
      bias_sum = bias_sum + g;
      Write(Derivative<kForm>(x, u, g * weight, scale, batch.SharedOf(row + r)), job.out + from,
            part, job.stream);
    }
    if (sums.d_weight != nullptr) {
      Write(weight_sum, sums.d_weight + offset + i, part, false);
      Write(bias_sum, sums.d_bias + offset + i, part, false);
    }
  });
}

template <Form kForm, typename T>
void WriteBatch(const Job<T>& job, const BackwardBatch<T>& batch, const BlockSums<T>& sums) {
  if constexpr (kForm == Form::kTanh) {
    if (sums.d_alpha != nullptr) {
      for (std::size_t r = 0; r < batch.count; ++r) *sums.d_alpha += batch.along[r];
    }
  }
  std::size_t r = 0;
  for (; r + 4 <= batch.count; r += 4) {
    WriteDerivatives<kForm, 4>(job, batch, r, sums);
  }
  for (; r < batch.count; ++r) WriteDerivatives<kForm, 1>(job, batch, r, sums);
}

template <Form kForm, typename T>
void KnownScales(const Job<T>& job, BackwardBatch<T>& batch) {
  if (kForm == Form::kTanh || job.known_inverse == nullptr) return FindScales<kForm>(job, batch);
  for (std::size_t r = 0; r < batch.count; ++r) {
    const std::size_t at = job.StatisticAt(batch.point + r, batch.group);
    if constexpr (kForm == Form::kCentred) {
      batch.mean[r] = job.known_mean[at];
      batch.rest[r] = job.known_mean_rest != nullptr ? job.known_mean_rest[at] : T{0};
    }
    batch.inverse[r] = job.known_inverse[at];
  }
}

// Row by row, so that sums over points keep their order.
template <Form kForm, typename T>
void WriteUnusual(const Job<T>& job, const BackwardBatch<T>& batch, const BlockSums<T>& sums) {
  const std::size_t offset = batch.group * job.width;
  for (std::size_t r = 0; r < batch.count; ++r) {
    if (IsUsual(batch.inverse[r])) {
      WriteDerivatives<kForm, 1>(job, batch, r, sums);
    } else if (sums.d_weight != nullptr) {
      RescueBackward(job, batch.point + r, batch.group, 1, sums.d_weight + offset,
                     sums.d_bias + offset);
    } else {
      RescueBackward<T>(job, batch.point + r, batch.group, 1, nullptr, nullptr);
    }
  }
}

template <Form kForm, typename T>
void BackwardBatches(const Job<T>& job, std::size_t first, std::size_t last,
                     const BlockSums<T>& sums) {
  const auto run = [&](BackwardBatch<T>& batch) HWY_ATTR {
    KnownScales<kForm>(job, batch);
    FindShared<kForm>(job, batch);
    const auto usual = [](T inverse) { return kForm == Form::kTanh || IsUsual(inverse); };
    if (std::all_of(batch.inverse, batch.inverse + batch.count, usual)) {
      WriteBatch<kForm>(job, batch, sums);
    } else {
      WriteUnusual<kForm>(job, batch, sums);
    }
  };
  ForBatches<BackwardBatch<T>>(first, last, job.groups, RowsAtOnce(job, 2), run);
}

template <typename T>
void Backward(const Job<T>& job, std::size_t first, std::size_t last, const BlockSums<T>& sums) {
  if (sums.d_weight != nullptr) {
    std::fill_n(sums.d_weight, job.groups * job.width, T{0});
    std::fill_n(sums.d_bias, job.groups * job.width, T{0});
  }
  if (sums.d_alpha != nullptr) *sums.d_alpha = 0;
  WithForm(job, [&](auto form) { BackwardBatches<form()>(job, first, last, sums); });
  if (job.stream) hwy::FlushStream();
}

void BackwardFloat(const Job<float>& job, std::size_t first, std::size_t last,
                   const BlockSums<float>& sums) {
  Backward(job, first, last, sums);
}
void BackwardDouble(const Job<double>& job, std::size_t first, std::size_t last,
                    const BlockSums<double>& sums) {
  Backward(job, first, last, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::norm {

HWY_EXPORT(BackwardFloat);
HWY_EXPORT(BackwardDouble);

void BackwardRows(const Job<float>& job, std::size_t first, std::size_t last,
                  const BlockSums<float>& sums) {
  HWY_DYNAMIC_DISPATCH(BackwardFloat)(job, first, last, sums);
}
void BackwardRows(const Job<double>& job, std::size_t first, std::size_t last,
                  const BlockSums<double>& sums) {
  HWY_DYNAMIC_DISPATCH(BackwardDouble)(job, first, last, sums);
}

}  // namespace crease::norm
#endif  // HWY_ONCE
