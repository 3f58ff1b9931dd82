#include <algorithm>

#include <hwy/cache_control.h>

#include "lib/norm/job.h"
#include "lib/norm/rescue.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/norm/tiles_backward.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/norm/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// What runs through the tiles of a block.
template <typename T>
struct Pass {
  const Job<T>& job;
  TileScratch<T> scratch;
  bool sums;        // d_weight and d_bias, in the scratch memory
  Pack<T> d_alpha;  // by lane
};

template <typename T>
struct Tile {
  Columns<const T> x, d_y;
  Columns<T> x_copy, d_y_copy;  // to be made; at == nullptr: none
  Columns<T> out;
  bool stream = false;
};

template <typename T, std::size_t kPacks>
struct TileShared {
  Shared<T> of[kPacks];
};

template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE TileShared<T, kPacks> SharedOf(const Job<T>& job, const T* weight, const Tile<T>& tile,
                                          const TileScales<T, kPacks>& scales) {
  constexpr std::size_t L = kPackLanes<T>, kSums = kForm == Form::kCentred ? 2 : 1;
  const auto sums = SumsOverEntries<T, kPacks, kSums>(
      job.width, [&](std::size_t c, Pack<T>(*sum)[kSums]) HWY_ATTR {
        for (std::size_t p = 0; p < kPacks; ++p) {
          const Pack<T> x = Load(tile.x.at + c * tile.x.stride + p * L);
          const Pack<T> d_y = Load(tile.d_y.at + c * tile.d_y.stride + p * L);
          if (tile.x_copy.at != nullptr) {
            Store(x, tile.x_copy.at + c * tile.x_copy.stride + p * L);
            __builtin_prefetch(tile.x.at + c * tile.x.stride + (kPacks + p) * L, 0, 2);
          }
          if (tile.d_y_copy.at != nullptr) {
            Store(d_y, tile.d_y_copy.at + c * tile.d_y_copy.stride + p * L);
            __builtin_prefetch(tile.d_y.at + c * tile.d_y.stride + (kPacks + p) * L, 0, 2);
          }
          const Pack<T> g = d_y * Set(weight[c]);
          sum[p][0] = AddAlong<kForm>(x, Normalised<kForm>(x, scales.of[p]), g, sum[p][0]);
          if constexpr (kForm == Form::kCentred) sum[p][1] = sum[p][1] + g;
        }
      });
  TileShared<T, kPacks> shared;
  for (std::size_t p = 0; p < kPacks; ++p) {
    shared.of[p].along = AlongOf<kForm>(job, sums.of[p][0]);
    shared.of[p].mean = Zero<T>();
    if constexpr (kForm == Form::kCentred) {
      shared.of[p].mean = sums.of[p][1] * Set(job.share);
    }
  }
  return shared;
}

template <Form kForm, bool kSums, bool kStream, std::size_t kPacks, typename T>
HWY_INLINE void WriteDerivatives(const Job<T>& job, const T* weight, const Tile<T>& tile,
                                 const TileScales<T, kPacks>& scales,
                                 const TileShared<T, kPacks>& shared, T* d_weight, T* d_bias) {
  constexpr std::size_t L = kPackLanes<T>;
  for (std::size_t c = 0; c < job.width; ++c) {
    const Pack<T> factor = Set(weight[c]);
    Pack<T> weight_sum = Zero<T>(), bias_sum = Zero<T>();
    if constexpr (kSums) weight_sum = Load(d_weight + c * L), bias_sum = Load(d_bias + c * L);
    for (std::size_t p = 0; p < kPacks; ++p) {
      const Pack<T> x = Load(tile.x.at + c * tile.x.stride + p * L);
      const Pack<T> d_y = Load(tile.d_y.at + c * tile.d_y.stride + p * L);
      const Pack<T> u = Normalised<kForm>(x, scales.of[p]);
      if constexpr (kSums) {
        weight_sum = MulAdd(d_y, u, weight_sum);
        bias_sum = bias_sum + d_y;
      }
      const Pack<T> d_x = Derivative<kForm>(x, u, d_y * factor, scales.of[p], shared.of[p]);
      T* to = tile.out.at + c * tile.out.stride + p * L;
      kStream ? Stream(d_x, to) : Store(d_x, to);
    }
    if constexpr (kSums) Store(weight_sum, d_weight + c * L), Store(bias_sum, d_bias + c * L);
  }
}

template <Form kForm, std::size_t kPacks, typename T>
void BackwardColumns(Pass<T>& pass, std::size_t group, Tile<T> tile,
                     const TileScales<T, kPacks>& scales) {
  const Job<T>& job = pass.job;
  const T* weight = job.weight + group * job.width;
  const TileShared<T, kPacks> shared = SharedOf<kForm, kPacks>(job, weight, tile, scales);
  if (tile.x_copy.at != nullptr) tile.x = {tile.x_copy.at, tile.x_copy.stride};
  if (tile.d_y_copy.at != nullptr) tile.d_y = {tile.d_y_copy.at, tile.d_y_copy.stride};
  if constexpr (kForm == Form::kTanh) {
    for (const Shared<T>& pack : shared.of) pass.d_alpha = pass.d_alpha + pack.along;
  }
  T* d_weight = pass.scratch.d_weight + group * job.width * kPackLanes<T>;
  T* d_bias = pass.scratch.d_bias + group * job.width * kPackLanes<T>;
  if (pass.sums) {
    tile.stream
        ? WriteDerivatives<kForm, true, true>(job, weight, tile, scales, shared, d_weight, d_bias)
        : WriteDerivatives<kForm, true, false>(job, weight, tile, scales, shared, d_weight, d_bias);
  } else {
    tile.stream
        ? WriteDerivatives<kForm, false, true>(job, weight, tile, scales, shared, d_weight, d_bias)
        : WriteDerivatives<kForm, false, false>(job, weight, tile, scales, shared, d_weight,
                                                d_bias);
  }
}

template <typename T>
HWY_INLINE Pack<T> LoadStatistic(const Job<T>& job, const T* from, std::size_t point,
                                 std::size_t group, std::size_t count) {
  if (job.statistics_point_stride == 1 && count == kPackLanes<T>) {
    return Load(from + job.StatisticAt(point, group));
  }
  alignas(64) T values[kPackLanes<T>] = {};
  for (std::size_t i = 0; i < count; ++i) values[i] = from[job.StatisticAt(point + i, group)];
  return Load(values);
}

// From the statistics, or from x, which is copied on the way as in ScalesOf.
template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE TileScales<T, kPacks> KnownScales(const Job<T>& job, std::size_t point,
                                             std::size_t group, std::size_t count,
                                             Columns<const T>& x, const Columns<T>& copy) {
  if (kForm == Form::kTanh || job.known_inverse == nullptr) {
    return ScalesOf<kForm, kPacks>(job, x, copy);
  }
  TileScales<T, kPacks> scales;
  for (std::size_t p = 0; p < kPacks; ++p) {
    const std::size_t first = point + p * kPackLanes<T>;
    Scale<T>& scale = scales.of[p];
    scale = {Zero<T>(), Zero<T>(), LoadStatistic(job, job.known_inverse, first, group, count)};
    if constexpr (kForm == Form::kCentred) {
      scale.mean = LoadStatistic(job, job.known_mean, first, group, count);
      if (job.known_mean_rest != nullptr) {
        const Pack<T> rest = LoadStatistic(job, job.known_mean_rest, first, group, count);
        scale.offset = -(rest * scale.inverse);
      }
    }
  }
  return scales;
}

// `count` points, of which some are missing or unusual, by way of a tile in which those are 0.
template <Form kForm, typename T>
void BackwardRemainder(Pass<T>& pass, std::size_t point, std::size_t group, std::size_t count) {
  constexpr std::size_t L = kPackLanes<T>;
  const Job<T>& job = pass.job;
  const TileScratch<T>& scratch = pass.scratch;
  for (std::size_t c = 0; c < job.width; ++c) {
    for (std::size_t i = 0; i < L; ++i) {
      scratch.x[c * L + i] = i < count ? job.x[job.At(point + i, group, c)] : T{0};
      scratch.d_y[c * L + i] = i < count ? job.d_y[job.At(point + i, group, c)] : T{0};
    }
  }
  Columns<const T> x = {scratch.x, L};
  TileScales<T, 1> scales = KnownScales<kForm, 1>(job, point, group, count, x, Columns<T>());
  alignas(64) T mean[L], offset[L], inverse[L];
  Store(scales.of[0].mean, mean);
  Store(scales.of[0].offset, offset);
  Store(scales.of[0].inverse, inverse);
  bool usual[L];
  for (std::size_t i = 0; i < L; ++i) {
    usual[i] = i < count && (kForm == Form::kTanh || IsUsual(inverse[i]));
    if (usual[i]) continue;
    mean[i] = offset[i] = T{0};
    inverse[i] = T{1};
    for (std::size_t c = 0; c < job.width; ++c) scratch.x[c * L + i] = scratch.d_y[c * L + i] = 0;
  }
  scales.of[0] = {Load(mean), Load(offset), Load(inverse)};
  Tile<T> tile;
  tile.x = x;
  tile.d_y = {scratch.d_y, L};
  tile.out = {scratch.out, L};
  BackwardColumns<kForm, 1>(pass, group, tile, scales);
  T* d_weight = pass.sums ? scratch.d_weight + group * job.width * L : nullptr;
  T* d_bias = pass.sums ? scratch.d_bias + group * job.width * L : nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (!usual[i]) {
      RescueBackward<T>(job, point + i, group, L, pass.sums ? d_weight + i : nullptr,
                        pass.sums ? d_bias + i : nullptr);
      continue;
    }
    for (std::size_t c = 0; c < job.width; ++c) {
      job.out[job.At(point + i, group, c)] = scratch.out[c * L + i];
    }
  }
}

template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE void BackwardTile(Pass<T>& pass, std::size_t point, std::size_t group) {
  constexpr std::size_t L = kPackLanes<T>;
  const Job<T>& job = pass.job;
  const std::size_t at = job.At(point, group, 0);
  const Columns<T> x_copy = {pass.scratch.x, kPacks * L}, d_y_copy = {pass.scratch.d_y, kPacks * L};
  const bool turned = job.point_stride != 1;
  const bool copies = !turned && job.width > 16 && job.width <= kWidestCopied;
  Tile<T> tile;
  if (turned) {
    TurnIn<kPacks>(job, job.x + at, x_copy);
    TurnIn<kPacks>(job, job.d_y + at, d_y_copy);
    tile.x = {x_copy.at, x_copy.stride};
    tile.d_y = {d_y_copy.at, d_y_copy.stride};
    tile.out = {pass.scratch.out, kPacks * L};
  } else {
    tile.x = {job.x + at, job.entry_stride};
    tile.d_y = {job.d_y + at, job.entry_stride};
    tile.out = {job.out + at, job.entry_stride};
    tile.stream = job.stream;
    if (copies) tile.d_y_copy = d_y_copy;
  }
  const TileScales<T, kPacks> scales =
      KnownScales<kForm, kPacks>(job, point, group, L, tile.x, copies ? x_copy : Columns<T>());
  if (kForm != Form::kTanh && !scales.Usual()) {
    for (std::size_t p = 0; p < kPacks; ++p) {
      BackwardRemainder<kForm>(pass, point + p * L, group, L);
    }
    return;
  }
  if (copies && tile.x.at != x_copy.at) tile.x_copy = x_copy;
  BackwardColumns<kForm, kPacks>(pass, group, tile, scales);
  if (turned) TurnOut<kPacks>(job, tile.out, job.out + at);
}

template <typename T>
void SumOverLanes(const Job<T>& job, const T* by_lane, T* sums) {
  constexpr std::size_t L = kPackLanes<T>;
  const std::size_t width = job.width * job.groups;
  for (std::size_t c = 0; c < width; c += L) {
    const Pack<T> sum = SumRows(by_lane + c * L);
    c + L <= width ? Store(sum, sums + c) : StoreFirst(sum, sums + c, width - c);
  }
}

template <Form kForm, typename T>
void BackwardRange(const Job<T>& job, std::size_t first, std::size_t last, const BlockSums<T>& sums,
                   T* memory) {
  constexpr std::size_t L = kPackLanes<T>;
  Pass<T> pass = {job, {job.width, job.groups, memory}, sums.d_weight != nullptr, Zero<T>()};
  if (pass.sums) {
    const std::size_t size = TileScratch<T>::SumsSize(job.width, job.groups);
    std::fill_n(pass.scratch.d_weight, 2 * size, T{0});
  }
  std::size_t p = first;
  if (pass.scratch.tile >= kWide * L) {
    for (; p + kWide * L <= last; p += kWide * L) {
      for (std::size_t k = 0; k < job.groups; ++k) BackwardTile<kForm, kWide>(pass, p, k);
    }
  }
  for (; p + L <= last; p += L) {
    for (std::size_t k = 0; k < job.groups; ++k) BackwardTile<kForm, 1>(pass, p, k);
  }
  for (std::size_t k = 0; k < job.groups && p < last; ++k) {
    BackwardRemainder<kForm>(pass, p, k, last - p);
  }
  if (pass.sums) {
    SumOverLanes(job, pass.scratch.d_weight, sums.d_weight);
    SumOverLanes(job, pass.scratch.d_bias, sums.d_bias);
  }
  if (sums.d_alpha != nullptr) {
    alignas(64) T lanes[L * L] = {};
    Store(pass.d_alpha, lanes);
    Store(SumRows(lanes), lanes);
    *sums.d_alpha = lanes[0];
  }
}

template <typename T>
void Backward(const Job<T>& job, std::size_t first, std::size_t last, const BlockSums<T>& sums,
              T* scratch) {
  WithForm(job, [&](auto form) { BackwardRange<form()>(job, first, last, sums, scratch); });
  if (job.stream) hwy::FlushStream();
}

void BackwardFloat(const Job<float>& job, std::size_t first, std::size_t last,
                   const BlockSums<float>& sums, float* scratch) {
  Backward(job, first, last, sums, scratch);
}
void BackwardDouble(const Job<double>& job, std::size_t first, std::size_t last,
                    const BlockSums<double>& sums, double* scratch) {
  Backward(job, first, last, sums, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::norm {

HWY_EXPORT(BackwardFloat);
HWY_EXPORT(BackwardDouble);

void BackwardTiles(const Job<float>& job, std::size_t first, std::size_t last,
                   const BlockSums<float>& sums, float* scratch) {
  HWY_DYNAMIC_DISPATCH(BackwardFloat)(job, first, last, sums, scratch);
}
void BackwardTiles(const Job<double>& job, std::size_t first, std::size_t last,
                   const BlockSums<double>& sums, double* scratch) {
  HWY_DYNAMIC_DISPATCH(BackwardDouble)(job, first, last, sums, scratch);
}

}  // namespace crease::norm
#endif  // HWY_ONCE
