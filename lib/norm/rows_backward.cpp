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

// Sums over points. Before the first row they hold nothing: it is not worth a pass to clear them.
template <typename T>
struct PointSums {
  BlockSums<T> to;
  bool fresh = true;

  // From the group on that comes next.
  void Clear(const Job<T>& job, std::size_t group) {
    if (fresh && to.d_weight != nullptr) {
      std::fill(to.d_weight + group * job.width, to.d_weight + job.groups * job.width, T{0});
      std::fill(to.d_bias + group * job.width, to.d_bias + job.groups * job.width, T{0});
    }
    fresh = false;
  }
};

// What the derivative of a row is made with.
template <typename T>
struct RowGradient {
  Scale<T> scale;
  Shared<T> shared;
};

// The sums over a row that Shared comes from, by lane.
template <Form kForm, typename T>
HWY_INLINE void SumGradients(std::size_t width, const T* x, const T* d_y, const T* weight,
                             const Scale<T>& scale, Pack<T>* sums) {
  const auto gradient = [=](std::size_t i, auto part)
                            HWY_ATTR { return Load(d_y + i, part) * Load(weight + i, part); };
  const auto along = [=](std::size_t i, auto part, const Pack<T>& g, const Pack<T>& sum) HWY_ATTR {
    const Pack<T> value = Load(x + i, part);
    return AddAlong<kForm>(value, Normalised<kForm>(value, scale), g, sum);
  };
  if constexpr (kForm == Form::kCentred && kSumsTogether<T>) {
    const auto both = [=](std::size_t i, auto part, Pack<T>* to) HWY_ATTR {
      const Pack<T> g = gradient(i, part);
      to[0] = along(i, part, g, to[0]);
      to[1] = to[1] + g;
    };
    return SumsOfRow<T, 2>(width, both, sums);
  }
  SumsOfRow<T, 1>(
      width,
      [=](std::size_t i, auto part, Pack<T>* to)
          HWY_ATTR { to[0] = along(i, part, gradient(i, part), to[0]); },
      sums);
  if constexpr (kForm == Form::kCentred) {
    SumsOfRow<T, 1>(
        width,
        [=](std::size_t i, auto part, Pack<T>* to) HWY_ATTR { to[0] = to[0] + gradient(i, part); },
        sums + 1);
  }
}

template <Form kForm, typename T>
HWY_INLINE Scale<T> KnownScale(const Job<T>& job, std::size_t point, std::size_t group) {
  if (kForm == Form::kTanh || job.known_inverse == nullptr) {
    return ScaleOfRow<kForm>(job, job.x + job.At(point, group, 0)).scale;
  }
  const std::size_t at = job.StatisticAt(point, group);
  Scale<T> scale = {Zero<T>(), Zero<T>(), Set(job.known_inverse[at])};
  if constexpr (kForm == Form::kCentred) {
    scale.mean = Set(job.known_mean[at]);
    if (job.known_mean_rest != nullptr) {
      scale.offset = -(Set(job.known_mean_rest[at]) * scale.inverse);
    }
  }
  return scale;
}

template <Form kForm, typename T>
HWY_INLINE RowGradient<T> GradientOfRow(const Job<T>& job, std::size_t point, std::size_t group) {
  const std::size_t at = job.At(point, group, 0);
  RowGradient<T> row;
  row.scale = KnownScale<kForm>(job, point, group);
  Pack<T> sums[2];
  SumGradients<kForm>(job.width, job.x + at, job.d_y + at, job.weight + group * job.width,
                      row.scale, sums);
  row.shared.along = AlongOf<kForm>(job, SumLanes(sums[0]));
  row.shared.mean = Zero<T>();
  if constexpr (kForm == Form::kCentred) row.shared.mean = SumLanes(sums[1]) * Set(job.share);
  return row;
}

// d_x of kRows rows, column by column, so that the sums over points are loaded once for all.
// kStream: calls for what lies `ahead` bytes behind them.
template <Form kForm, bool kSums, bool kStream, std::size_t kRows, typename T>
HWY_INLINE void WriteDerivatives(const Job<T>& job, std::size_t point, std::size_t group,
                                 const RowGradient<T>* rows, const PointSums<T>& sums,
                                 std::size_t ahead) {
  const std::size_t at = job.At(point, group, 0), stride = job.point_stride;
  const T* x = job.x + at;
  const T* d_y = job.d_y + at;
  const T* weight = job.weight + group * job.width;
  T* d_x = job.out + at;
  T* d_weight = kSums ? sums.to.d_weight + group * job.width : nullptr;
  T* d_bias = kSums ? sums.to.d_bias + group * job.width : nullptr;
  const bool fresh = sums.fresh;
  ForPacksOfRow<T>(job.width, [&](std::size_t i, auto part) HWY_ATTR {
    const Pack<T> factor = Load(weight + i, part);
    Pack<T> weight_sum = Zero<T>(), bias_sum = Zero<T>();
    if (kSums && !fresh) weight_sum = Load(d_weight + i, part), bias_sum = Load(d_bias + i, part);
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t from = r * stride + i;
      if constexpr (kStream) CallFor(x + from, ahead), CallFor(d_y + from, ahead);
      const Pack<T> value = Load(x + from, part), g = Load(d_y + from, part);
      const Pack<T> u = Normalised<kForm>(value, rows[r].scale);
      if constexpr (kSums) weight_sum = MulAdd(g, u, weight_sum), bias_sum = bias_sum + g;
      Write(Derivative<kForm>(value, u, g * factor, rows[r].scale, rows[r].shared), d_x + from,
            part, kStream);
    }
    if constexpr (kSums) {
      Write(weight_sum, d_weight + i, part, false);
      Write(bias_sum, d_bias + i, part, false);
    }
  });
}

// Row by row, so that sums over points keep their order.
template <Form kForm, bool kSums, bool kStream, typename T>
HWY_NOINLINE void WriteUnusual(const Job<T>& job, std::size_t point, std::size_t group,
                               std::size_t count, const RowGradient<T>* rows, PointSums<T>& sums) {
  sums.Clear(job, group);
  T* d_weight = kSums ? sums.to.d_weight + group * job.width : nullptr;
  T* d_bias = kSums ? sums.to.d_bias + group * job.width : nullptr;
  for (std::size_t r = 0; r < count; ++r) {
    if (IsUsual(FirstLane(rows[r].scale.inverse))) {
      WriteDerivatives<kForm, kSums, kStream, 1>(job, point + r, group, rows + r, sums, 0);
    } else {
      RescueBackward<T>(job, point + r, group, 1, d_weight, d_bias);
    }
  }
}

// kRows rows of a group at a time; the next ones are summed before the last are written, so that
// what they wait for passes meanwhile.
template <Form kForm, bool kSums, bool kStream, std::size_t kRows, typename T>
void BackwardRange(const Job<T>& job, std::size_t first, std::size_t last, PointSums<T>& sums) {
  const std::size_t end = last - (last - first) % kRows,
                    ahead = AheadBytes(job, 2 * kRows, 4 << 10);
  RowGradient<T> rows[kRows], next[kRows];
  const auto find = [&](std::size_t point, std::size_t group, RowGradient<T>* to) HWY_ATTR {
    for (std::size_t r = 0; r < kRows; ++r) to[r] = GradientOfRow<kForm>(job, point + r, group);
  };
  if (first < end) find(first, 0, rows);
  for (RowCursor<T> written = {first}; written.point < end;) {
    RowCursor<T> following = written;
    following.Advance(job, kRows);
    if (following.point < end) find(following.point, following.group, next);
    bool usual = true;
    for (const RowGradient<T>& row : rows) {
      if (kForm != Form::kTanh) usual = usual && IsUsual(FirstLane(row.scale.inverse));
      if (kForm == Form::kTanh && sums.to.d_alpha != nullptr) {
        *sums.to.d_alpha += FirstLane(row.shared.along);
      }
    }
    if (HWY_LIKELY(usual)) {
      WriteDerivatives<kForm, kSums, kStream, kRows>(job, written.point, written.group, rows, sums,
                                                     ahead);
    } else {
      WriteUnusual<kForm, kSums, kStream>(job, written.point, written.group, kRows, rows, sums);
    }
    written = following;
    sums.fresh = sums.fresh && written.group != 0;  // each group has its own entries
    for (std::size_t r = 0; r < kRows; ++r) rows[r] = next[r];
  }
  if constexpr (kRows > 1) {
    if (end < last) BackwardRange<kForm, kSums, kStream, 1>(job, end, last, sums);
  }
}

template <Form kForm, bool kSums, typename T>
void BackwardBy(const Job<T>& job, std::size_t first, std::size_t last, PointSums<T>& sums) {
  // Two share the sums over points. From memory, more than one row of each array is too much.
  job.stream ? BackwardRange<kForm, kSums, true, 1>(job, first, last, sums)
             : BackwardRange<kForm, kSums, false, 2>(job, first, last, sums);
}

template <typename T>
void Backward(const Job<T>& job, std::size_t first, std::size_t last, const BlockSums<T>& sums) {
  if (sums.d_alpha != nullptr) *sums.d_alpha = 0;
  PointSums<T> to = {sums};
  WithForm(job, [&](auto form) {
    sums.d_weight != nullptr ? BackwardBy<form(), true>(job, first, last, to)
                             : BackwardBy<form(), false>(job, first, last, to);
  });
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
