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

LossResult CrossEntropyLoss(const LossShape& shape, const float* logits, const std::int32_t* labels,
                            float* d_logits) {
  Totals totals = {{}, Zero()};
  const std::size_t stride = shape.outputs * kLanes;
  const auto scale = static_cast<float>(1.0 / static_cast<double>(shape.points));
  ForBlocks(GroupsOf(shape.points), [&](std::size_t g, auto count) HWY_ATTR {
    CrossEntropyGroups<count>(shape.outputs, logits + g * stride,
                              LoadLabels<count>(labels + g * kLanes), scale,
                              d_logits == nullptr ? nullptr : d_logits + g * stride, totals);
  });
  return totals.Result(static_cast<double>(shape.points));
}

LossResult SquaredErrorLoss(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs) {
  Totals totals = {{}, Zero()};
  const std::size_t stride = shape.outputs * kLanes;
  const double count = static_cast<double>(shape.points) * static_cast<double>(shape.supervised);
  for (std::size_t g = 0; g < GroupsOf(shape.points); ++g) {
    const float* z = outputs + g * stride;
    SquaredErrorGroups<1>(shape, z, targets + g * stride, FirstLanes(shape.points - g * kLanes),
                          static_cast<float>(2.0 / count),
                          d_outputs == nullptr ? nullptr : d_outputs + g * stride, totals);
    if (labels != nullptr) {
      totals.CountCorrect(FindLargest<1>(shape.outputs, z).index, LoadLabels(labels + g * kLanes));
    }
  }
  return totals.Result(count);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(CrossEntropyLoss);
HWY_EXPORT(SquaredErrorLoss);

LossResult CrossEntropy(const LossShape& shape, const float* logits, const std::int32_t* labels,
                        float* d_logits) {
  return HWY_DYNAMIC_DISPATCH(CrossEntropyLoss)(shape, logits, labels, d_logits);
}

LossResult MeanSquaredError(const LossShape& shape, const float* outputs, const float* targets,
                            const std::int32_t* labels, float* d_outputs) {
  return HWY_DYNAMIC_DISPATCH(SquaredErrorLoss)(shape, outputs, targets, labels, d_outputs);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
