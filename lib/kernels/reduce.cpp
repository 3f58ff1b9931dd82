#include "lib/kernels/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/lane_sums-inl.h"
#include "lib/kernels/reduce-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

double Squares(const float* values, std::size_t count) {
  DoubleLanes sum;
  for (std::size_t i = 0; i < count; i += kLanes) sum.AddSquares(Load(values + i));
  return sum.Sum();
}

double SquaredDifferences(const float* a, const float* b, std::size_t count) {
  DoubleLanes sum;
  for (std::size_t i = 0; i < count; i += kLanes) sum.AddSquares(Load(a + i) - Load(b + i));
  return sum.Sum();
}

void SumRows(const float* lanes, std::size_t count, bool add, float* sums) {
  SumLanes(lanes, count, add, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Squares);
HWY_EXPORT(SquaredDifferences);
HWY_EXPORT(SumRows);

double SumOfSquares(const float* values, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(Squares)(values, count);
}

double SumOfSquaredDifferences(const float* a, const float* b, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(SquaredDifferences)(a, b, count);
}

void SumOfLanes(const float* lanes, std::size_t count, bool add, float* sums) {
  HWY_DYNAMIC_DISPATCH(SumRows)(lanes, count, add, sums);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
