#include "lib/kernels/narrow_norms.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/narrow_other.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

LossResult OtherStep(const NarrowStep& step, float* scratch) {
  switch (step.norm.kind) {
    case NormKind::kDivisive:
      return RunNarrow<NarrowDivisive>(step, scratch);
    case NormKind::kDyT:
      return RunNarrow<NarrowDyT>(step, scratch);
    default:
      return RunNarrow<NoNarrowNorm>(step, scratch);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(OtherStep);

LossResult NarrowOtherStep(const NarrowStep& step, float* scratch) {
  return HWY_DYNAMIC_DISPATCH(OtherStep)(step, scratch);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
