// Sums in double over 16 lanes, with the same fixed tree as SumOverLanes.
#if defined(CREASE_KERNELS_REDUCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_REDUCE_INL_H_
#undef CREASE_KERNELS_REDUCE_INL_H_
#else
#define CREASE_KERNELS_REDUCE_INL_H_
#endif

#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

struct DoubleLanes {
  alignas(64) double lane[kLanes] = {};

  HWY_INLINE void Add(const Group& values) {
    alignas(64) float single[kLanes];
    Store(values, single);
    for (std::size_t i = 0; i < kLanes; ++i) lane[i] += static_cast<double>(single[i]);
  }
  HWY_INLINE double Sum() const {
    double four[4];
    for (std::size_t i = 0; i < 4; ++i) {
      four[i] = (lane[i] + lane[i + 8]) + (lane[i + 4] + lane[i + 12]);
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
