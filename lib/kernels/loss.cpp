#include "lib/kernels/loss.h"

#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/loss.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/layout.h"
#include "lib/kernels/loss-inl.h"
#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// work(first, number of groups as a constant) for groups 0 ... groups-1, several at once: one alone
// waits for its own exponentials.
template <typename Work>
HWY_INLINE void ForBlocks(std::size_t groups, const Work& work) {
  constexpr std::size_t kBlock = kVectors == 1 ? 4 : 2;
  std::size_t g = 0;
  for (; g + kBlock <= groups; g += kBlock) {
    work(g, std::integral_constant<std::size_t, kBlock>());
  }
  for (; g < groups; ++g) work(g, std::integral_constant<std::size_t, 1>());
}

void CrossEntropyPart(const LossShape& shape, std::size_t count, const float* logits,
                      const std::int32_t* labels, float* d_logits, LossSums& sums) {
  Totals totals(sums);
  const std::size_t stride = shape.outputs * kLanes;
  const auto scale = static_cast<float>(1.0 / static_cast<double>(shape.points));
  ForBlocks(count, [&](std::size_t g, auto block) HWY_ATTR {
    CrossEntropyGroups<block>(shape.outputs, logits + g * stride,
                              LoadLabels<block>(labels + g * kLanes), scale,
                              d_logits == nullptr ? nullptr : d_logits + g * stride, totals);
  });
  totals.StoreTo(sums);
}

void SquaredErrorPart(const LossShape& shape, std::size_t first, std::size_t count,
                      const float* outputs, const float* targets, const std::int32_t* labels,
                      float* d_outputs, LossSums& sums) {
  Totals totals(sums);
  const std::size_t stride = shape.outputs * kLanes;
  const auto scale = static_cast<float>(2.0 / shape.supervised_values());
  for (std::size_t g = 0; g < count; ++g) {
    const float* z = outputs + g * stride;
    SquaredErrorGroups<1>(shape, z, targets + g * stride,
                          FirstLanes(shape.points - (first + g) * kLanes), scale,
                          d_outputs == nullptr ? nullptr : d_outputs + g * stride, totals);
    if (labels != nullptr) {
      totals.CountCorrect(FindLargest<1>(shape.outputs, z).index, LoadLabels(labels + g * kLanes));
    }
  }
  totals.StoreTo(sums);
}

LossResult ResultOf(const LossSums& sums, double count) { return Totals(sums).Result(count); }

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(CrossEntropyPart);
HWY_EXPORT(SquaredErrorPart);
HWY_EXPORT(ResultOf);

void AddCrossEntropy(const LossShape& shape, std::size_t count, const float* logits,
                     const std::int32_t* labels, float* d_logits, LossSums& sums) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyPart)(shape, count, logits, labels, d_logits, sums);
}

void AddSquaredError(const LossShape& shape, std::size_t first, std::size_t count,
                     const float* outputs, const float* targets, const std::int32_t* labels,
                     float* d_outputs, LossSums& sums) {
  HWY_DYNAMIC_DISPATCH(SquaredErrorPart)
  (shape, first, count, outputs, targets, labels, d_outputs, sums);
}

LossResult CrossEntropyOf(const LossShape& shape, const LossSums& sums) {
  return HWY_DYNAMIC_DISPATCH(ResultOf)(sums, static_cast<double>(shape.points));
}

LossResult MeanSquaredErrorOf(const LossShape& shape, const LossSums& sums) {
  return HWY_DYNAMIC_DISPATCH(ResultOf)(sums, shape.supervised_values());
}

LossResult CrossEntropy(const LossShape& shape, const float* logits, const std::int32_t* labels,
                        float* d_logits) {
  LossSums sums;
  AddCrossEntropy(shape, GroupsOf(shape.points), logits, labels, d_logits, sums);
  return CrossEntropyOf(shape, sums);
}

LossResult MeanSquaredError(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs) {
  LossSums sums;
  AddSquaredError(shape, 0, GroupsOf(shape.points), outputs, targets, labels, d_outputs, sums);
  return MeanSquaredErrorOf(shape, sums);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
