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
struct RowShared {
  alignas(64) T mean[kPackLanes<T>], along[kPackLanes<T>];

  HWY_INLINE Shared<T> Of(std::size_t row) const {
    return {HWY_NAMESPACE::Set(mean[row]), HWY_NAMESPACE::Set(along[row])};
  }
};

template <Form kForm, typename T>
void SharedOf(const Job<T>& job, std::size_t point, std::size_t group, std::size_t count,
              const RowScales<T>& scales, RowShared<T>& shared) {
  const T* weight = job.weight + group * job.width;
  RowSums<T> along, gradient;
  along.ClearFrom(count);
  if constexpr (kForm == Form::kCentred) gradient.ClearFrom(count);
  for (std::size_t r = 0; r < count; ++r) {
    const T* x = job.x + job.At(point + r, group, 0);
    const T* d_y = job.d_y + job.At(point + r, group, 0);
    const Scale<T> scale = scales.Of(r);
    const auto term = [=](std::size_t i, auto part, Pack<T>* sums) HWY_ATTR {
      const Pack<T> value = Load(x + i, part), g = Load(d_y + i, part) * Load(weight + i, part);
      sums[0] = AddAlong<kForm>(value, Normalised<kForm>(value, scale), g, sums[0]);
      if constexpr (kForm == Form::kCentred) sums[1] = sums[1] + g;
    };
    const auto sums = SumsOverRow < T, kForm == Form::kCentred ? 2 : 1 > (job.width, term);
    along.Set(r, sums.of[0]);
    if constexpr (kForm == Form::kCentred) gradient.Set(r, sums.of[1]);
  }
  Store(AlongOf<kForm>(job, along.OverLanes()), shared.along);
  if constexpr (kForm == Form::kCentred) {
    Store(gradient.OverLanes() / Set(static_cast<T>(job.width)), shared.mean);
  }
}

// d_x of kRows rows, column by column, so that the sums over points are loaded once for all.
template <Form kForm, std::size_t kRows, typename T>
HWY_INLINE void WriteDerivatives(const Job<T>& job, std::size_t at, std::size_t group,
                                 std::size_t row, const RowScales<T>& scales,
                                 const RowShared<T>& shared, const BlockSums<T>& sums) {
  const std::size_t offset = group * job.width;
  ForPacksOfRow<T>(job.width, [&](std::size_t i, auto part) HWY_ATTR {
    const Pack<T> weight = Load(job.weight + offset + i, part);
    Pack<T> weight_sum = Zero<T>(), bias_sum = Zero<T>();
    if (sums.d_weight != nullptr) {
      weight_sum = Load(sums.d_weight + offset + i, part);
      bias_sum = Load(sums.d_bias + offset + i, part);
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t from = at + r * job.point_stride + i;
      const Scale<T> scale = scales.Of(row + r);
      const Pack<T> x = Load(job.x + from, part), g = Load(job.d_y + from, part);
      const Pack<T> u = Normalised<kForm>(x, scale);
      weight_sum = MulAdd(g, u, weight_sum);
      bias_sum = bias_sum + g;
      Write(Derivative<kForm>(x, u, g * weight, scale, shared.Of(row + r)), job.out + from, part,
            job.stream);
    }
    if (sums.d_weight != nullptr) {
      Write(weight_sum, sums.d_weight + offset + i, part, false);
      Write(bias_sum, sums.d_bias + offset + i, part, false);
    }
  });
}

// `count` usual rows.
template <Form kForm, typename T>
void BackwardBatch(const Job<T>& job, std::size_t point, std::size_t group, std::size_t count,
                   const RowScales<T>& scales, const BlockSums<T>& sums) {
  RowShared<T> shared;
  SharedOf<kForm>(job, point, group, count, scales, shared);
  if constexpr (kForm == Form::kTanh) {
    if (sums.d_alpha != nullptr) {
      for (std::size_t r = 0; r < count; ++r) *sums.d_alpha += shared.along[r];
    }
  }
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    WriteDerivatives<kForm, 4>(job, job.At(point + r, group, 0), group, r, scales, shared, sums);
  }
  for (; r < count; ++r) {
    WriteDerivatives<kForm, 1>(job, job.At(point + r, group, 0), group, r, scales, shared, sums);
  }
}

template <Form kForm, typename T>
void KnownScales(const Job<T>& job, std::size_t point, std::size_t group, std::size_t count,
                 RowScales<T>& scales) {
  if (kForm == Form::kTanh || job.known_inverse == nullptr) {
    return ScalesOf<kForm>(job, job.x + job.At(point, group, 0), count, scales);
  }
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t at = job.StatisticAt(point + r, group);
    if constexpr (kForm == Form::kCentred) {
      scales.mean[r] = job.known_mean[at];
      scales.rest[r] = job.known_mean_rest != nullptr ? job.known_mean_rest[at] : T{0};
    }
    scales.inverse[r] = job.known_inverse[at];
  }
}

template <Form kForm, typename T>
void BackwardBatches(const Job<T>& job, std::size_t first, std::size_t last,
                     const BlockSums<T>& sums) {
  const std::size_t batch = RowsAtOnce<T>(job.width, 2);
  RowScales<T> scales;
  for (std::size_t p = first; p < last; p += batch) {
    const std::size_t count = std::min(batch, last - p);
    for (std::size_t k = 0; k < job.groups; ++k) {
      KnownScales<kForm>(job, p, k, count, scales);
      const auto usual = [](T inverse) { return kForm == Form::kTanh || IsUsual(inverse); };
      if (std::all_of(scales.inverse, scales.inverse + count, usual)) {
        BackwardBatch<kForm>(job, p, k, count, scales, sums);
        continue;
      }
      // One by one, so that sums over points keep their order.
      for (std::size_t r = p; r < p + count; ++r) {
        KnownScales<kForm>(job, r, k, 1, scales);
        if (usual(scales.inverse[0])) {
          BackwardBatch<kForm>(job, r, k, 1, scales, sums);
        } else if (sums.d_weight != nullptr) {
          RescueBackward(job, r, k, 1, sums.d_weight + k * job.width, sums.d_bias + k * job.width);
        } else {
          RescueBackward<T>(job, r, k, 1, nullptr, nullptr);
        }
      }
    }
  }
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
