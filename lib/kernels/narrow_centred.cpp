#include "lib/kernels/narrow_norms.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/narrow_centred.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

template <std::size_t kWidth>
using Centred = NarrowParts<kWidth, kWidth, true>;

template <std::size_t kWidth, std::size_t kPart>
LossResult RunParts(const NarrowStep& step, float* scratch) {
  if constexpr (kNarrowPays) {
    return NarrowKernel<kWidth, NarrowParts<kWidth, kPart, true>>(step, scratch).Run();
  }
  return {};
}

LossResult CentredStep(const NarrowStep& step, float* scratch) {
  const std::size_t width = step.norm.width, parts = step.norm.norm_groups;
  if (parts == 1) return RunNarrow<Centred>(step, scratch);
  if (width == 4) return RunParts<4, 2>(step, scratch);
  if (width == 6) return parts == 2 ? RunParts<6, 3>(step, scratch) : RunParts<6, 2>(step, scratch);
  return parts == 2 ? RunParts<8, 4>(step, scratch) : RunParts<8, 2>(step, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(CentredStep);

LossResult NarrowCentredStep(const NarrowStep& step, float* scratch) {
  return HWY_DYNAMIC_DISPATCH(CentredStep)(step, scratch);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
