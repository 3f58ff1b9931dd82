#include "lib/kernels/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/lane_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

void SumRows(const float* lanes, std::size_t count, bool add, float* sums) {
  SumLanes(lanes, count, add, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(SumRows);

void SumOfLanes(const float* lanes, std::size_t count, bool add, float* sums) {
  HWY_DYNAMIC_DISPATCH(SumRows)(lanes, count, add, sums);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
