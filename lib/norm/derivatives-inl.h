// Derivatives of a tile, written column by column, and their sums over points.
#if defined(CREASE_NORM_DERIVATIVES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_DERIVATIVES_INL_H_
#undef CREASE_NORM_DERIVATIVES_INL_H_
#else
#define CREASE_NORM_DERIVATIVES_INL_H_
#endif

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
  constexpr std::size_t kSums = kForm == Form::kCentred ? 2 : 1;
  TileSums<T, kPacks, kSums> sums;
  const auto sum_up = [&](const auto& x, const auto& d_y) HWY_ATTR {
    const TileScales<T, kPacks> its = scales;
    const auto term = [=](std::size_t c, Pack<T>(*sum)[kSums]) HWY_ATTR {
      for (std::size_t p = 0; p < kPacks; ++p) {
        const Pack<T> value = x(c, p), g = d_y(c, p) * Set(weight[c]);
        sum[p][0] = AddAlong<kForm>(value, Normalised<kForm>(value, its.of[p]), g, sum[p][0]);
        if constexpr (kForm == Form::kCentred) sum[p][1] = sum[p][1] + g;
      }
    };
    sums = SumsOverEntries<T, kPacks, kSums>(job, x.from.at, term);
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
    const Pack<T> x = LoadPack<kPacks>(tile.x.at + c * tile.x.stride, p, part);
    const Pack<T> d_y = LoadPack<kPacks>(tile.d_y.at + c * tile.d_y.stride, p, part);
    const Pack<T> u = Normalised<kForm>(x, scales.of[p]);
    if constexpr (kSums) weight_sum = MulAdd(d_y, u, weight_sum), bias_sum = bias_sum + d_y;
    WritePack<kPacks>(Derivative<kForm>(x, u, d_y * factor, scales.of[p], shared.of[p]),
                      tile.out.at + c * tile.out.stride, p, part, kStream);
  }
}

// `by_lane`: (count, L), count <= L.
template <typename T>
HWY_INLINE void SumOverLanes(const T* by_lane, std::size_t count, T* sums) {
  const Pack<T> sum = SumRows(by_lane);
  count == kPackLanes<T> ? Store(sum, sums) : Store(sum, sums, PartOf<T>(count));
}

// Derivatives of the group's entries [start, end), at most L of them; `weight` is the group's. Sums
// go to (L, L) at to_weight and to_bias.
template <Form kForm, bool kSums, bool kStream, std::size_t kPacks, typename T, class P>
HWY_INLINE void WriteSome(const Pass<T>& pass, const T* weight, std::size_t offset,
                          const Tile<T>& tile, std::size_t start, std::size_t end,
                          const TileScales<T, kPacks>& scales, const TileShared<T, kPacks>& shared,
                          P part, T* to_weight, T* to_bias) {
  constexpr std::size_t L = kPackLanes<T>;
  const T* d_weight = pass.scratch.d_weight + (offset + start) * L;
  const T* d_bias = pass.scratch.d_bias + (offset + start) * L;
  for (std::size_t i = 0; i < end - start; ++i) {
    Pack<T> weight_sum = Zero<T>(), bias_sum = Zero<T>();
    if (kSums && !tile.fresh) weight_sum = Load(d_weight + i * L), bias_sum = Load(d_bias + i * L);
    WriteEntry<kForm, kSums, kStream>(tile, start + i, weight[start + i], scales, shared, part,
                                      weight_sum, bias_sum);
    if constexpr (kSums) {
      Store(weight_sum, to_weight + i * L);
      Store(bias_sum, to_bias + i * L);
    }
  }
}

// Those of L entries with the last tile, if it is small enough that registers hold all that two
// entries at a time need, whose sums share a pack.
template <Form kForm, bool kStream, std::size_t kPacks, typename T, class P>
HWY_INLINE void WriteLast(Pass<T>& pass, const T* weight, std::size_t offset, const Tile<T>& tile,
                          std::size_t start, const TileScales<T, kPacks>& scales,
                          const TileShared<T, kPacks>& shared, P part) {
  constexpr std::size_t L = kPackLanes<T>;
  const T* d_weight = pass.scratch.d_weight + (offset + start) * L;
  const T* d_bias = pass.scratch.d_bias + (offset + start) * L;
  for (std::size_t i = 0; i < L / 2; ++i) {
    Pack<T> weight_sums[2] = {Zero<T>(), Zero<T>()}, bias_sums[2] = {Zero<T>(), Zero<T>()};
    for (std::size_t k = 0; k < 2; ++k) {
      const std::size_t row = i + k * (L / 2), c = start + row;
      if (!tile.fresh) {
        weight_sums[k] = Load(d_weight + row * L);
        bias_sums[k] = Load(d_bias + row * L);
      }
      WriteEntry<kForm, true, kStream>(tile, c, weight[c], scales, shared, part, weight_sums[k],
                                       bias_sums[k]);
    }
    Store(FoldHalves(weight_sums[0], weight_sums[1]), pass.weight_lanes + i * L);
    Store(FoldHalves(bias_sums[0], bias_sums[1]), pass.bias_lanes + i * L);
  }
  Store(SumFolded(pass.weight_lanes), pass.sums.d_weight + offset + start);
  Store(SumFolded(pass.bias_lanes), pass.sums.d_bias + offset + start);
}

// Over the lanes of `count` entries, fewer than L, from entry `at` of all groups on.
template <typename T>
HWY_INLINE void SumRest(Pass<T>& pass, std::size_t at, std::size_t count) {
  SumOverLanes(pass.weight_lanes, count, pass.sums.d_weight + at);
  SumOverLanes(pass.bias_lanes, count, pass.sums.d_bias + at);
}

template <Form kForm, bool kSums, bool kStream, std::size_t kPacks, typename T, class P>
void WriteDerivatives(Pass<T>& pass, std::size_t group, Tile<T> tile, TileScales<T, kPacks> scales,
                      TileShared<T, kPacks> shared, P part) {
  constexpr std::size_t L = kPackLanes<T>;
  const std::size_t width = pass.job.last_entry(), offset = group * pass.job.width;
  const T* weight = pass.job.weight + offset;
  std::size_t start = pass.job.first_entry();
  if constexpr (kSums && kPacks * kVectors<T> <= 2) {
    for (; tile.last && start + L <= width; start += L) {
      WriteLast<kForm, kStream>(pass, weight, offset, tile, start, scales, shared, part);
    }
  }
  for (; start < width; start += L) {
    const std::size_t end = width - start < L ? width : start + L;
    // With the last tile sums go no further than here.
    T* to_weight = tile.last ? pass.weight_lanes : pass.scratch.d_weight + (offset + start) * L;
    T* to_bias = tile.last ? pass.bias_lanes : pass.scratch.d_bias + (offset + start) * L;
    WriteSome<kForm, kSums, kStream>(pass, weight, offset, tile, start, end, scales, shared, part,
                                     to_weight, to_bias);
    if (kSums && tile.last) {
      SumRest(pass, offset + start, end - start);
    }
  }
}

template <Form kForm, std::size_t kPacks, typename T, class P>
void BackwardColumns(Pass<T>& pass, std::size_t group, Tile<T> tile,
                     const TileScales<T, kPacks>& scales, P part) {
  const Job<T>& job = pass.job;
  const auto shared =
      SharedOf<kForm, kPacks>(job, job.weight + group * job.width, tile, scales, part);
  if (job.only_sums()) return;
  if constexpr (kForm == Form::kTanh) {
    for (const Shared<T>& pack : shared.of) pass.d_alpha = pass.d_alpha + pack.along;
  }
  const bool sums = pass.sums.d_weight != nullptr;
  if constexpr (std::is_same_v<P, Full>) {  // parts of packs are never streamed
    if (tile.stream) {
      return sums ? WriteDerivatives<kForm, true, true>(pass, group, tile, scales, shared, part)
                  : WriteDerivatives<kForm, false, true>(pass, group, tile, scales, shared, part);
    }
  }
  sums ? WriteDerivatives<kForm, true, false>(pass, group, tile, scales, shared, part)
       : WriteDerivatives<kForm, false, false>(pass, group, tile, scales, shared, part);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
