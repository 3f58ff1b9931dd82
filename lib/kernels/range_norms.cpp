#include "lib/kernels/range_norms.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/range_norms.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/core/aligned.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DoubleTag = hn::CappedTag<double, 8>;
using DoubleVector = hn::Vec<DoubleTag>;
using HalfTag = hn::Rebind<float, DoubleTag>;
inline constexpr std::size_t kDoubles = hn::MaxLanes(DoubleTag());
inline constexpr std::size_t kDoubleVectors = kLanes / kDoubles;  // at least two

// 16 lanes of sums of squares; a square is exact in double, so that fusing it or not is the same.
struct SquareSums {
  DoubleVector v[kDoubleVectors];

  template <typename Values>
  HWY_INLINE void AddGroup(const Values& values) {
    const DoubleTag d;
    for (std::size_t i = 0; i < kDoubleVectors; ++i) {
      const auto x = hn::PromoteTo(d, values(i * kDoubles));
      v[i] = hn::Add(v[i], hn::Mul(x, x));
    }
  }

  // The tree of DoubleLanes::Sum.
  HWY_INLINE double Sum() const {
    const DoubleTag d;
    constexpr std::size_t kHalf = kDoubleVectors / 2;
    alignas(64) double eight[8];
    for (std::size_t i = 0; i < kHalf; ++i) {
      hn::Store(hn::Add(v[i], v[i + kHalf]), d, eight + i * kDoubles);
    }
    double four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
};

// load(i): the values from i on, as many as a double vector has lanes.
template <typename Load>
HWY_INLINE void Norms(std::span<const Range> ranges, float* norms, const Load& load) {
  for (std::size_t r = 0; r < ranges.size(); ++r) {
    SquareSums sums;
    for (auto& v : sums.v) v = hn::Zero(DoubleTag());
    const std::size_t end = ranges[r].offset + ranges[r].size;
    for (std::size_t i = ranges[r].offset; i < end; i += kLanes) {
      sums.AddGroup([&](std::size_t lane) { return load(i + lane); });
    }
    norms[r] = static_cast<float>(std::sqrt(sums.Sum()));
  }
}

void NormsOf(const float* values, std::span<const Range> ranges, float* norms) {
  Norms(ranges, norms, [&](std::size_t i) { return hn::Load(HalfTag(), values + i); });
}

void NormsOfDifference(const float* a, const float* b, std::span<const Range> ranges,
                       float* norms) {
  Norms(ranges, norms, [&](std::size_t i) {
    return hn::Sub(hn::Load(HalfTag(), a + i), hn::Load(HalfTag(), b + i));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(NormsOf);
HWY_EXPORT(NormsOfDifference);

void RangeNorms(const float* values, std::span<const Range> ranges, float* norms) {
  HWY_DYNAMIC_DISPATCH(NormsOf)(values, ranges, norms);
}

void RangeNormsOfDifference(const float* a, const float* b, std::span<const Range> ranges,
                            float* norms) {
  HWY_DYNAMIC_DISPATCH(NormsOfDifference)(a, b, ranges, norms);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
