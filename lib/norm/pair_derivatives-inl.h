// Derivatives of points that fill no more than half of a pack; with pairs-inl.h.
#if defined(CREASE_NORM_PAIR_DERIVATIVES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_PAIR_DERIVATIVES_INL_H_
#undef CREASE_NORM_PAIR_DERIVATIVES_INL_H_
#else
#define CREASE_NORM_PAIR_DERIVATIVES_INL_H_
#endif

#include "lib/norm/derivatives-inl.h"
#include "lib/norm/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

// x, d_y and d_x of a tile of which nothing is copied, entries `stride` apart.
template <typename T>
struct PairTile {
  const T* x;
  const T* d_y;
  T* out;
  std::size_t stride;
  HalfPart<T> part;
};

template <Form kForm, typename T>
HWY_INLINE Shared<T> SharedOfPairs(const Job<T>& job, const T* weight, const PairTile<T>& tile,
                                   const Scale<T>& its) {
  constexpr std::size_t kSums = kForm == Form::kCentred ? 2 : 1;
  const auto term = [=, scale = its](std::size_t c, std::size_t other, Pack<T>* sums) HWY_ATTR {
    const std::size_t at = c * tile.stride, also = other * tile.stride;
    const Pack<T> value = LoadPair(tile.x + at, tile.x + also, tile.part);
    const Pack<T> g =
        LoadPair(tile.d_y + at, tile.d_y + also, tile.part) * SetPair(weight[c], weight[other]);
    sums[0] = AddAlong<kForm>(value, Normalised<kForm>(value, scale), g, sums[0]);
    if constexpr (kForm == Form::kCentred) sums[1] = sums[1] + g;
  };
  const auto sums = SumsOverPairs<T, kSums>(job, tile.x, term);
  Shared<T> shared = {Zero<T>(), AlongOf<kForm>(job, sums.of[0])};
  if constexpr (kForm == Form::kCentred) shared.mean = sums.of[1] * Set(job.share);
  return shared;
}

// Of L entries from `start` on.
template <Form kForm, bool kSums, typename T>
HWY_INLINE void WritePairs(Pass<T>& pass, const T* weight, std::size_t offset,
                           const PairTile<T>& tile, std::size_t start, const Scale<T>& scale,
                           const Shared<T>& shared) {
  constexpr std::size_t L = kPackLanes<T>;
  for (std::size_t i = 0; i < L / 2; ++i) {
    const std::size_t c = start + i, lower = c * tile.stride;
    const std::size_t upper = lower + L / 2 * tile.stride;
    const Pack<T> x = LoadPair(tile.x + lower, tile.x + upper, tile.part);
    const Pack<T> d_y = LoadPair(tile.d_y + lower, tile.d_y + upper, tile.part);
    const Pack<T> u = Normalised<kForm>(x, scale), g = d_y * SetPair(weight[c], weight[c + L / 2]);
    StorePair(Derivative<kForm>(x, u, g, scale, shared), tile.out + lower, tile.out + upper,
              tile.part);
    if constexpr (kSums) {
      Store(MulAdd(d_y, u, Zero<T>()), pass.weight_lanes + i * L);
      Store(d_y + Zero<T>(), pass.bias_lanes + i * L);
    }
  }
  if constexpr (kSums) {
    Store(SumFolded(pass.weight_lanes), pass.sums.d_weight + offset + start);
    Store(SumFolded(pass.bias_lanes), pass.sums.d_bias + offset + start);
  }
}

// A whole block: `count` points.
template <Form kForm, bool kSums, typename T>
void BackwardPairs(Pass<T>& pass, std::size_t group, const Tile<T>& tile,
                   const TileScales<T, 1>& known, std::size_t count) {
  constexpr std::size_t L = kPackLanes<T>;
  const Job<T>& job = pass.job;
  const std::size_t offset = group * job.width;
  const T* weight = job.weight + offset;
  const Scale<T>& once = known.of[0];
  const Scale<T> scale = {Doubled(once.mean), Doubled(once.offset), Doubled(once.inverse)};
  const PairTile<T> its = {tile.x.at, tile.d_y.at, tile.out.at, tile.x.stride,
                           HalfPartOf<T>(count)};
  const Shared<T> shared = SharedOfPairs<kForm>(job, weight, its, scale);
  if (job.only_sums()) return;
  if constexpr (kForm == Form::kTanh) {
    pass.d_alpha = pass.d_alpha + Keep(shared.along, PartOf<T>(count));
  }
  const std::size_t last = job.last_entry();
  std::size_t start = job.first_entry();
  for (; start + L <= last; start += L) {
    WritePairs<kForm, kSums>(pass, weight, offset, its, start, scale, shared);
  }
  if (start == last) return;
  const TileShared<T, 1> rest = {{shared}};
  WriteSome<kForm, kSums, false>(pass, weight, offset, tile, start, last, known, rest,
                                 PartOf<T>(count), pass.weight_lanes, pass.bias_lanes);
  if constexpr (kSums) SumRest(pass, offset + start, last - start);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
