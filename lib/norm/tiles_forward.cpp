#include <hwy/cache_control.h>

#include "lib/norm/job.h"
#include "lib/norm/rescue.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/norm/tiles_forward.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/norm/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

template <Form kForm, bool kAffine, bool kStream, std::size_t kPacks, typename T, class P>
HWY_INLINE void WriteEntries(const Job<T>& job, std::size_t group, Columns<const T> x,
                             const TileScales<T, kPacks>& scales, Columns<T> y, P part) {
  const T* weight = job.weight + group * job.width;
  const T* bias = job.bias + group * job.width;
  const std::size_t last = job.last_entry();
  for (std::size_t c = job.first_entry(); c < last; ++c) {
    for (std::size_t p = 0; p < kPacks; ++p) {
      Pack<T> u = Normalised<kForm>(LoadPack<kPacks>(x.at + c * x.stride, p, part), scales.of[p]);
      if constexpr (kAffine) u = MulAdd(Set(weight[c]), u, Set(bias[c]));
      WritePack<kPacks>(u, y.at + c * y.stride, p, part, kStream);
    }
  }
}

// Normalises columns into columns.
template <Form kForm, std::size_t kPacks, typename T, class P>
TileScales<T, kPacks> ForwardColumns(const Job<T>& job, std::size_t group, Columns<const T> x,
                                     const Columns<T>& copy, const Columns<T>& y, P part,
                                     bool stream) {
  const TileScales<T, kPacks> scales = ScalesOf<kForm, kPacks>(job, x, copy, part);
  if (job.only_sums()) return scales;
  if constexpr (std::is_same_v<P, Full>) {  // parts of packs are never streamed
    if (stream) {
      job.affine ? WriteEntries<kForm, true, true>(job, group, x, scales, y, part)
                 : WriteEntries<kForm, false, true>(job, group, x, scales, y, part);
      return scales;
    }
  }
  job.affine ? WriteEntries<kForm, true, false>(job, group, x, scales, y, part)
             : WriteEntries<kForm, false, false>(job, group, x, scales, y, part);
  return scales;
}

// Statistics one by one; points whose entries need scaling.
template <typename T>
HWY_NOINLINE void FinishOneByOne(const Job<T>& job, std::size_t point, std::size_t group,
                                 std::size_t count, const Scale<T>& scale,
                                 const Pack<T>& mean_rest) {
  alignas(64) T mean[kPackLanes<T>], rest[kPackLanes<T>], inverse[kPackLanes<T>];
  Store(scale.mean, mean);
  Store(mean_rest, rest);
  Store(scale.inverse, inverse);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = job.StatisticAt(point + i, group);
    if (job.mean != nullptr) job.mean[at] = mean[i];
    if (job.mean_rest != nullptr) job.mean_rest[at] = rest[i];
    if (job.inverse != nullptr) job.inverse[at] = inverse[i];
    if (!IsUsual(inverse[i])) RescueForward(job, point + i, group);
  }
}

template <Form kForm, typename T>
HWY_INLINE void Finish(const Job<T>& job, std::size_t point, std::size_t group, std::size_t count,
                       const Scale<T>& scale, const Pack<T>& mean_rest) {
  if (kForm == Form::kTanh || job.only_sums()) return;
  const bool usual = AllWithin(scale.inverse, kLowestInverse<T>, kHighestInverse<T>);
  if (job.section != nullptr) {
    if (!usual) job.section->unusual = true;
    if (!usual || !job.section->leads) return;
  }
  if (HWY_LIKELY(usual && job.statistics_point_stride == 1 && count == kPackLanes<T>)) {
    const std::size_t at = job.StatisticAt(point, group);
    if (job.mean != nullptr) Store(scale.mean, job.mean + at);
    if (job.mean_rest != nullptr) Store(mean_rest, job.mean_rest + at);
    if (job.inverse != nullptr) Store(scale.inverse, job.inverse + at);
    return;
  }
  FinishOneByOne(job, point, group, count, scale, mean_rest);
}

template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE void FinishTile(const Job<T>& job, std::size_t point, std::size_t group,
                           std::size_t count, const TileScales<T, kPacks>& scales) {
  for (std::size_t p = 0; p < kPacks; ++p) {
    Finish<kForm>(job, point + p * kPackLanes<T>, group, p + 1 < kPacks ? kPackLanes<T> : count,
                  scales.of[p], scales.rest[p]);
  }
}

template <Form kForm, std::size_t kPacks, typename T>
HWY_INLINE void ForwardTile(const Job<T>& job, std::size_t point, std::size_t group,
                            const TileScratch<T>& scratch) {
  constexpr std::size_t L = kPackLanes<T>;
  const std::size_t at = job.At(point, group, 0);
  const Columns<T> x_copy = {scratch.x, kPacks * L};
  if (job.point_stride == 1) {
    const auto scales = ForwardColumns<kForm, kPacks>(
        job, group, Columns<const T>{job.x + at, job.entry_stride},
        Copies(job) ? x_copy : Columns<T>(), Columns<T>{job.out + at, job.entry_stride}, Full(),
        job.stream);
    return FinishTile<kForm>(job, point, group, L, scales);
  }
  const Columns<T> y = {scratch.out, kPacks * L};
  TurnIn<kPacks>(job, job.x + at, x_copy);
  const auto scales = ForwardColumns<kForm, kPacks>(
      job, group, Columns<const T>{x_copy.at, x_copy.stride}, Columns<T>(), y, Full(), false);
  job.stream ? TurnOutStreaming<kPacks>(job, y, scratch.d_y, job.out + at)
             : TurnOut<kPacks>(job, y, job.out + at);
  FinishTile<kForm>(job, point, group, L, scales);
}

// Feature-major: the last points, `count` of them in the last of kPacks packs.
template <Form kForm, std::size_t kPacks, typename T>
void ForwardLast(const Job<T>& job, std::size_t point, std::size_t group, std::size_t count) {
  const std::size_t at = job.At(point, group, 0);
  const auto scales = ForwardColumns<kForm, kPacks>(
      job, group, Columns<const T>{job.x + at, job.entry_stride}, Columns<T>(),
      Columns<T>{job.out + at, job.entry_stride}, PartOf<T>(count), false);
  FinishTile<kForm>(job, point, group, count, scales);
}

// Row-major: fewer points than a pack holds, in a tile whose other lanes are 0.
template <Form kForm, typename T>
void ForwardFewRows(const Job<T>& job, std::size_t point, std::size_t group, std::size_t count,
                    const TileScratch<T>& scratch) {
  constexpr std::size_t L = kPackLanes<T>;
  ColumnsOfFew(job, job.x, point, group, count, scratch.x);
  const auto scales =
      ForwardColumns<kForm, 1>(job, group, Columns<const T>{scratch.x, L}, Columns<T>(),
                               Columns<T>{scratch.out, L}, Full(), false);
  for (std::size_t c = 0; c < job.width; ++c) {
    for (std::size_t i = 0; i < count; ++i) {
      job.out[job.At(point + i, group, c)] = scratch.out[c * L + i];
    }
  }
  Finish<kForm>(job, point, group, count, scales.of[0], scales.rest[0]);
}

template <Form kForm, typename T>
void ForwardRange(const Job<T>& job, std::size_t first, std::size_t last, T* memory) {
  constexpr std::size_t L = kPackLanes<T>;
  const TileScratch<T> scratch(job.width, job.groups, memory);
  std::size_t p = first;
  for (; p + kWide * L <= last; p += kWide * L) {
    for (std::size_t k = 0; k < job.groups; ++k) ForwardTile<kForm, kWide>(job, p, k, scratch);
  }
  if (job.point_stride == 1) {
    for (std::size_t k = 0; k < job.groups && p < last; ++k) {
      WithPacks<T>(last - p, [&](auto packs, std::size_t count) {
        ForwardLast<kForm, packs()>(job, p, k, count);
      });
    }
    return;
  }
  for (; p + L <= last; p += L) {
    for (std::size_t k = 0; k < job.groups; ++k) ForwardTile<kForm, 1>(job, p, k, scratch);
  }
  for (std::size_t k = 0; k < job.groups && p < last; ++k) {
    ForwardFewRows<kForm>(job, p, k, last - p, scratch);
  }
}

template <typename T>
void Forward(const Job<T>& job, std::size_t first, std::size_t last, T* scratch) {
  WithForm(job, [&](auto form) { ForwardRange<form()>(job, first, last, scratch); });
  if (job.stream) hwy::FlushStream();
}

void ForwardFloat(const Job<float>& job, std::size_t first, std::size_t last, float* scratch) {
  Forward(job, first, last, scratch);
}
void ForwardDouble(const Job<double>& job, std::size_t first, std::size_t last, double* scratch) {
  Forward(job, first, last, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::norm {

HWY_EXPORT(ForwardFloat);
HWY_EXPORT(ForwardDouble);

void ForwardTiles(const Job<float>& job, std::size_t first, std::size_t last, float* scratch) {
  HWY_DYNAMIC_DISPATCH(ForwardFloat)(job, first, last, scratch);
}
void ForwardTiles(const Job<double>& job, std::size_t first, std::size_t last, double* scratch) {
  HWY_DYNAMIC_DISPATCH(ForwardDouble)(job, first, last, scratch);
}

}  // namespace crease::norm
#endif  // HWY_ONCE
