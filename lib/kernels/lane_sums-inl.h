// Many sums over 16 lanes at once, by the tree of SumOverLanes.
#if defined(CREASE_KERNELS_LANE_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_LANE_SUMS_INL_H_
#undef CREASE_KERNELS_LANE_SUMS_INL_H_
#else
#define CREASE_KERNELS_LANE_SUMS_INL_H_
#endif

#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
using Quad = hn::FixedTag<float, 4>;

// Lanes 8 and 4 apart.
HWY_INLINE hn::Vec<Quad> FoldToFour(const float* lanes) {
  const Quad d;
  return hn::Add(hn::Add(hn::Load(d, lanes), hn::Load(d, lanes + 8)),
                 hn::Add(hn::Load(d, lanes + 4), hn::Load(d, lanes + 12)));
}

// Lanes 2 apart of two sums: (a0 + a2, a1 + a3, b0 + b2, b1 + b3).
HWY_INLINE hn::Vec<Quad> FoldToTwo(hn::Vec<Quad> a, hn::Vec<Quad> b) {
  const Quad d;
  return hn::Add(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a));
}

HWY_INLINE hn::Vec<Quad> SumFour(const float* lanes) {
  const Quad d;
  const auto ab = FoldToTwo(FoldToFour(lanes), FoldToFour(lanes + kLanes));
  const auto cd = FoldToTwo(FoldToFour(lanes + 2 * kLanes), FoldToFour(lanes + 3 * kLanes));
  return hn::Add(hn::ConcatEven(d, cd, ab), hn::ConcatOdd(d, cd, ab));
}
#endif

// to[i] = the sum of lanes[i][0 ... 15], added to what is there if `add`. lanes (count, 16).
HWY_INLINE void SumLanes(const float* HWY_RESTRICT lanes, std::size_t count, bool add,
                         float* HWY_RESTRICT to) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const Quad d;
  for (; i + 4 <= count; i += 4) {
    const auto sums = SumFour(lanes + i * kLanes);
    hn::StoreU(add ? hn::Add(hn::LoadU(d, to + i), sums) : sums, d, to + i);
  }
#endif
  for (; i < count; ++i) {
    const float sum = SumOverLanes(Load(lanes + i * kLanes));
    to[i] = add ? to[i] + sum : sum;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
