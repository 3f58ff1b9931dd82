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

// What runs through the tiles of a block. Sums over points are kept by lane between tiles, and
// added over the lanes with the last one.
template <typename T>
struct Pass {
  const Job<T>& job;
  TileScratch<T> scratch;
  BlockSums<T> sums;
  Pack<T> d_alpha;  // by lane
  // Sums by lane of L entries, of the last tile. Zeros beyond a group's entries.
  alignas(64) T weight_lanes[kPackLanes<T> * kPackLanes<T>] = {};
  alignas(64) T bias_lanes[kPackLanes<T> * kPackLanes<T>] = {};
};

template <typename T>
struct Tile {
  Columns<const T> x, d_y;
  Columns<T> x_copy, d_y_copy;  // to be made; at == nullptr: none
  Columns<T> out;
  bool stream = false;
  bool fresh = false, last = false;  // of its block
};

template <typename T, std::size_t kPacks>
struct TileShared {
  Shared<T> of[kPacks];
};

template <Form kForm, std::size_t kPacks, typename T, class P>
HWY_INLINE TileShared<T, kPacks> SharedOf(const Job<T>& job, const T* weight, Tile<T>& tile,
                                          const TileScales<T, kPacks>& scales, P part) {
  constexpr std::size_t L = kPackLanes<T>, kSums = kForm == Form::kCentred ? 2 : 1;
  TileSums<T, kPacks, kSums> sums;
  const auto sum_up = [&](const auto& x, const auto& d_y) HWY_ATTR {
    const TileScales<T, kPacks> its = scales;
    const auto term = [=](std::size_t c, Pack<T>(*sum)[kSums]) HWY_ATTR {
      for (std::size_t p = 0; p < kPacks; ++p) {
        const Pack<T> value = x(c, p * L), g = d_y(c, p * L) * Set(weight[c]);
        sum[p][0] = AddAlong<kForm>(value, Normalised<kForm>(value, its.of[p]), g, sum[p][0]);
        if constexpr (kForm == Form::kCentred) sum[p][1] = sum[p][1] + g;
      }
    };
    sums = SumsOverEntries<T, kPacks, kSums>(job.width, term);
  };
  Reading<kPacks>(tile.d_y, tile.d_y_copy, part, [&](const auto& d_y) HWY_ATTR {
    Reading<kPacks>(tile.x, tile.x_copy, part, [&](const auto& x) HWY_ATTR { sum_up(x, d_y); });
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

// d_x of one entry; adds to its sums over points.
template <Form kForm, bool kSums, bool kStream, std::size_t kPacks, typename T, class P>
HWY_INLINE void WriteEntry(const Tile<T>& tile, std::size_t c, T weight,
                           const TileScales<T, kPacks>& scales, const TileShared<T, kPacks>& shared,
                           P part, Pack<T>& weight_sum, Pack<T>& bias_sum) {
  const Pack<T> factor = Set(weight);
  for (std::size_t p = 0; p < kPacks; ++p) {
    const std::size_t lane = p * kPackLanes<T>;
    const Pack<T> x = Load(tile.x.at + c * tile.x.stride + lane, part);
    const Pack<T> d_y = Load(tile.d_y.at + c * tile.d_y.stride + lane, part);
    const Pack<T> u = Normalised<kForm>(x, scales.of[p]);
    if constexpr (kSums) weight_sum = MulAdd(d_y, u, weight_sum), bias_sum = bias_sum + d_y;
    Write(Derivative<kForm>(x, u, d_y * factor, scales.of[p], shared.of[p]),
          tile.out.at + c * tile.out.stride + lane, part, kStream);
  }
}

// `by_lane`: (count, L), count <= L.
template <typename T>
HWY_INLINE void SumOverLanes(const T* by_lane, std::size_t count, T* sums) {
  const Pack<T> sum = SumRows(by_lane);
  count == kPackLanes<T> ? Store(sum, sums) : StoreFirst(sum, sums, count);
}

template <Form kForm, bool kSums, bool kStream, std::size_t kPacks, typename T, class P>
void WriteDerivatives(Pass<T>& pass, std::size_t group, Tile<T> tile, TileScales<T, kPacks> scales,
                      TileShared<T, kPacks> shared, P part) {
  constexpr std::size_t L = kPackLanes<T>;
  const std::size_t width = pass.job.width, offset = group * width;
  const T* weight = pass.job.weight + offset;
  T* d_weight = pass.scratch.d_weight + offset * L;
  T* d_bias = pass.scratch.d_bias + offset * L;
  for (std::size_t start = 0; start < width; start += L) {
    const std::size_t end = width - start < L ? width : start + L;
    // With the last tile sums go no further than here.
    T* to_weight = tile.last ? pass.weight_lanes : d_weight + start * L;
    T* to_bias = tile.last ? pass.bias_lanes : d_bias + start * L;
    for (std::size_t c = start; c < end; ++c) {
      Pack<T> weight_sum = Zero<T>(), bias_sum = Zero<T>();
      if (kSums && !tile.fresh)
        weight_sum = Load(d_weight + c * L), bias_sum = Load(d_bias + c * L);
      WriteEntry<kForm, kSums, kStream>(tile, c, weight[c], scales, shared, part, weight_sum,
                                        bias_sum);
      if constexpr (kSums) {
        Store(weight_sum, to_weight + (c - start) * L);
        Store(bias_sum, to_bias + (c - start) * L);
      }
    }
    if (kSums && tile.last) {
      SumOverLanes(pass.weight_lanes, end - start, pass.sums.d_weight + offset + start);
      SumOverLanes(pass.bias_lanes, end - start, pass.sums.d_bias + offset + start);
    }
  }
}

template <Form kForm, std::size_t kPacks, typename T, class P>
void BackwardColumns(Pass<T>& pass, std::size_t group, Tile<T> tile,
                     const TileScales<T, kPacks>& scales, P part) {
  const Job<T>& job = pass.job;
  const auto shared =
      SharedOf<kForm, kPacks>(job, job.weight + group * job.width, tile, scales, part);
  if constexpr (kForm == Form::kTanh) {
    for (const Shared<T>& pack : shared.of) pass.d_alpha = pass.d_alpha + pack.along;
  }
  if (pass.sums.d_weight != nullptr) {
    tile.stream ? WriteDerivatives<kForm, true, true>(pass, group, tile, scales, shared, part)
                : WriteDerivatives<kForm, true, false>(pass, group, tile, scales, shared, part);
  } else {
    tile.stream ? WriteDerivatives<kForm, false, true>(pass, group, tile, scales, shared, part)
                : WriteDerivatives<kForm, false, false>(pass, group, tile, scales, shared, part);
  }
}

template <typename T>
HWY_INLINE Pack<T> LoadStatistic(const Job<T>& job, const T* from, std::size_t point,
                                 std::size_t group, std::size_t count) {
  if (job.statistics_point_stride == 1 && count == kPackLanes<T>) {
    return Load(from + job.StatisticAt(point, group));
  }
  if (job.statistics_point_stride == 1)
    return LoadFirst(from + job.StatisticAt(point, group), count);
  alignas(64) T values[kPackLanes<T>] = {};
  for (std::size_t i = 0; i < count; ++i) values[i] = from[job.StatisticAt(point + i, group)];
  return Load(values);
}

// From the statistics, or from x, which is copied on the way as in ScalesOf.
template <Form kForm, std::size_t kPacks, typename T, class P>
HWY_INLINE TileScales<T, kPacks> KnownScales(const Job<T>& job, std::size_t point,
                                             std::size_t group, std::size_t count,
                                             Columns<const T>& x, const Columns<T>& copy, P part) {
  if (kForm == Form::kTanh || job.known_inverse == nullptr) {
    return ScalesOf<kForm, kPacks>(job, x, copy, part);
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
HWY_NOINLINE void BackwardUnusual(Pass<T>& pass, std::size_t point, std::size_t group,
                                  std::size_t count, bool fresh, bool last) {
  constexpr std::size_t L = kPackLanes<T>;
  const Job<T>& job = pass.job;
  const TileScratch<T>& scratch = pass.scratch;
  ColumnsOfFew(job, job.x, point, group, count, scratch.x);
  ColumnsOfFew(job, job.d_y, point, group, count, scratch.d_y);
  Columns<const T> x = {scratch.x, L};
  TileScales<T, 1> scales =
      KnownScales<kForm, 1>(job, point, group, count, x, Columns<T>(), Full());
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
  const Tile<T> tile = {.x = x,
                        .d_y = {scratch.d_y, L},
                        .x_copy = {},
                        .d_y_copy = {},
                        .out = {scratch.out, L},
                        .fresh = fresh};
  BackwardColumns<kForm, 1>(pass, group, tile, scales, Full());
  const bool sums = pass.sums.d_weight != nullptr;
  T* d_weight = sums ? scratch.d_weight + group * job.width * L : nullptr;
  T* d_bias = sums ? scratch.d_bias + group * job.width * L : nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (!usual[i]) {
      RescueBackward<T>(job, point + i, group, L, sums ? d_weight + i : nullptr,
                        sums ? d_bias + i : nullptr);
      continue;
    }
    for (std::size_t c = 0; c < job.width; ++c) {
      job.out[job.At(point + i, group, c)] = scratch.out[c * L + i];
    }
  }
  for (std::size_t c = 0; sums && last && c < job.width; c += L) {
    const std::size_t some = job.width - c < L ? job.width - c : L, to = group * job.width + c;
    std::copy_n(d_weight + c * L, some * L, pass.weight_lanes);  // L rows can be read there
    std::copy_n(d_bias + c * L, some * L, pass.bias_lanes);
    SumOverLanes(pass.weight_lanes, some, pass.sums.d_weight + to);
    SumOverLanes(pass.bias_lanes, some, pass.sums.d_bias + to);
  }
}

// Fewer points than a pack holds.
template <Form kForm, typename T>
void BackwardRemainder(Pass<T>& pass, std::size_t point, std::size_t group, std::size_t count,
                       bool fresh) {
  const Job<T>& job = pass.job;
  const std::size_t at = job.At(point, group, 0);
  if (job.point_stride != 1) {
    return BackwardUnusual<kForm>(pass, point, group, count, fresh, true);
  }
  Tile<T> tile = {.x = {job.x + at, job.entry_stride},
                  .d_y = {job.d_y + at, job.entry_stride},
                  .x_copy = {},
                  .d_y_copy = {},
                  .out = {job.out + at, job.entry_stride},
                  .fresh = fresh,
                  .last = true};
  TileScales<T, 1> scales =
      KnownScales<kForm, 1>(job, point, group, count, tile.x, Columns<T>(), Part{count});
  if constexpr (kForm != Form::kTanh) {
    // Lanes without a point are as good as usual ones.
    scales.of[0].inverse = scales.of[0].inverse + KeepLast(Set(T{1}), count);
    if (!scales.Usual()) return BackwardUnusual<kForm>(pass, point, group, count, fresh, true);
  }
  BackwardColumns<kForm, 1>(pass, group, tile, scales, Part{count});
}

template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE void BackwardTile(Pass<T>& pass, std::size_t point, std::size_t group, bool fresh,
                             bool last) {
  constexpr std::size_t L = kPackLanes<T>;
  const Job<T>& job = pass.job;
  const std::size_t at = job.At(point, group, 0);
  const Columns<T> x_copy = {pass.scratch.x, kPacks * L}, d_y_copy = {pass.scratch.d_y, kPacks * L};
  const bool turned = job.point_stride != 1;
  const bool copies = !turned && Copies(job);
  Tile<T> tile;
  tile.fresh = fresh;
  tile.last = last;
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
  const TileScales<T, kPacks> scales = KnownScales<kForm, kPacks>(
      job, point, group, L, tile.x, copies ? x_copy : Columns<T>(), Full());
  if (kForm != Form::kTanh && !scales.Usual()) {
    for (std::size_t p = 0; p < kPacks; ++p) {
      BackwardUnusual<kForm>(pass, point + p * L, group, L, fresh && p == 0,
                             last && p + 1 == kPacks);
    }
    return;
  }
  if (copies && tile.x.at != x_copy.at) tile.x_copy = x_copy;
  BackwardColumns<kForm, kPacks>(pass, group, tile, scales, Full());
  if (!turned) return;
  job.stream ? TurnOutStreaming<kPacks>(job, tile.out, pass.scratch.d_y, job.out + at)
             : TurnOut<kPacks>(job, tile.out, job.out + at);
}

template <Form kForm, typename T>
void BackwardRange(const Job<T>& job, std::size_t first, std::size_t last, const BlockSums<T>& sums,
                   T* memory) {
  constexpr std::size_t L = kPackLanes<T>;
  Pass<T> pass = {
      .job = job, .scratch = {job.width, job.groups, memory}, .sums = sums, .d_alpha = Zero<T>()};
  std::size_t p = first;
  if (pass.scratch.tile >= kWide * L) {
    for (; p + kWide * L <= last; p += kWide * L) {
      for (std::size_t k = 0; k < job.groups; ++k) {
        BackwardTile<kForm, kWide>(pass, p, k, p == first, p + kWide * L == last);
      }
    }
  }
  for (; p + L <= last; p += L) {
    for (std::size_t k = 0; k < job.groups; ++k) {
      BackwardTile<kForm, 1>(pass, p, k, p == first, p + L == last);
    }
  }
  for (std::size_t k = 0; k < job.groups && p < last; ++k) {
    BackwardRemainder<kForm>(pass, p, k, last - p, p == first);
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
