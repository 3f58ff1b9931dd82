#include <algorithm>

#include <hwy/cache_control.h>

#include "lib/norm/job.h"
#include "lib/norm/rescue.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/norm/tiles_backward.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/norm/pair_derivatives-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

template <typename T>
HWY_INLINE Pack<T> LoadStatistic(const Job<T>& job, const T* from, std::size_t point,
                                 std::size_t group, std::size_t count) {
  if (job.statistics_point_stride == 1 && count == kPackLanes<T>) {
    return Load(from + job.StatisticAt(point, group));
  }
  if (job.statistics_point_stride == 1) {
    return Load(from + job.StatisticAt(point, group), PartOf<T>(count));
  }
  alignas(64) T values[kPackLanes<T>] = {};
  for (std::size_t i = 0; i < count; ++i) values[i] = from[job.StatisticAt(point + i, group)];
  return Load(values);
}

// From the statistics, or from x, which is copied on the way as in ScalesOf. `count` points lie in
// the last pack.
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
    const std::size_t some = p + 1 < kPacks ? kPackLanes<T> : count;
    Scale<T>& scale = scales.of[p];
    scale = {Zero<T>(), Zero<T>(), LoadStatistic(job, job.known_inverse, first, group, some)};
    if constexpr (kForm == Form::kCentred) {
      scale.mean = LoadStatistic(job, job.known_mean, first, group, some);
      if (job.known_mean_rest != nullptr) {
        const Pack<T> rest = LoadStatistic(job, job.known_mean_rest, first, group, some);
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

// Feature-major: the last points, `count` of them in the last of kPacks packs.
template <Form kForm, std::size_t kPacks, typename T>
void BackwardLast(Pass<T>& pass, std::size_t point, std::size_t group, std::size_t count,
                  bool fresh) {
  constexpr std::size_t L = kPackLanes<T>;
  const Job<T>& job = pass.job;
  const std::size_t at = job.At(point, group, 0);
  Tile<T> tile = {.x = {job.x + at, job.entry_stride},
                  .d_y = {job.d_y + at, job.entry_stride},
                  .x_copy = {},
                  .d_y_copy = {},
                  .out = {job.out + at, job.entry_stride},
                  .fresh = fresh,
                  .last = true};
  const Part<T> part = PartOf<T>(count);
  TileScales<T, kPacks> scales =
      KnownScales<kForm, kPacks>(job, point, group, count, tile.x, Columns<T>(), part);
  if constexpr (kForm != Form::kTanh) {
    // Lanes without a point are as good as usual ones.
    Scale<T>& scale = scales.of[kPacks - 1];
    scale.inverse = Select(part.mask, scale.inverse, Set(T{1}));
    if (!scales.Usual()) {
      if (job.section != nullptr) {
        job.section->unusual = true;
        return;
      }
      for (std::size_t p = 0; p < kPacks; ++p) {
        const bool ends = p + 1 == kPacks;
        BackwardUnusual<kForm>(pass, point + p * L, group, ends ? count : L, fresh && p == 0, ends);
      }
      return;
    }
  }
  if constexpr (kPacks == 1) {
    if (fresh && count <= L / 2 && job.width >= 2 * kRun) {
      return pass.sums.d_weight != nullptr
                 ? BackwardPairs<kForm, true>(pass, group, tile, scales, count)
                 : BackwardPairs<kForm, false>(pass, group, tile, scales, count);
    }
  }
  BackwardColumns<kForm, kPacks>(pass, group, tile, scales, part);
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
    if (job.section != nullptr) {
      job.section->unusual = true;
      return;
    }
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
  for (; p + kWide * L <= last; p += kWide * L) {
    for (std::size_t k = 0; k < job.groups; ++k) {
      BackwardTile<kForm, kWide>(pass, p, k, p == first, p + kWide * L == last);
    }
  }
  for (; job.point_stride != 1 && p + L <= last; p += L) {
    for (std::size_t k = 0; k < job.groups; ++k) {
      BackwardTile<kForm, 1>(pass, p, k, p == first, p + L == last);
    }
  }
  for (std::size_t k = 0; k < job.groups && p < last; ++k) {
    if (job.point_stride != 1) {
      BackwardUnusual<kForm>(pass, p, k, last - p, p == first, true);
      continue;
    }
    WithPacks<T>(last - p, [&](auto packs, std::size_t count) {
      BackwardLast<kForm, packs()>(pass, p, k, count, p == first);
    });
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
