#include "lib/kernels/narrow_norms.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/narrow_root.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

template <std::size_t kWidth>
using Uncentred = NarrowParts<kWidth, kWidth, false>;

LossResult RootStep(const NarrowStep& step, float* scratch) {
  return RunNarrow<Uncentred>(step, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(RootStep);

LossResult NarrowRootStep(const NarrowStep& step, float* scratch) {
  return HWY_DYNAMIC_DISPATCH(RootStep)(step, scratch);
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
