#include "lib/kernels/narrow.h"

#include <cassert>

#include "lib/kernels/narrow_norms.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/kernels/narrow.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "lib/kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

bool Pays() { return kNarrowPays; }

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace crease::kernels {

HWY_EXPORT(Pays);

bool NarrowSupports(const NormSpec& norm, std::size_t inputs, std::size_t outputs,
                    std::size_t depth) {
  const bool parts = norm.kind != NormKind::kGroupNorm || norm.norm_groups < norm.width;
  return norm.width >= 2 && norm.width <= 8 && parts && inputs <= 8 && outputs >= 1 &&
         outputs <= kNarrowOutputs && depth >= 1 && depth <= kNarrowDepth;
}

bool NarrowPays() { return HWY_DYNAMIC_DISPATCH(Pays)(); }

std::size_t NarrowScratch(std::span<const NarrowLayer> layers) {
  std::size_t sums = 0;
  for (const NarrowLayer& layer : layers) sums += layer.outputs * (layer.inputs + 1) + 1;
  return sums * kLanes;
}

LossResult NarrowForwardBackward(const NarrowStep& step, float* scratch) {
  assert(NarrowPays());
  switch (step.norm.kind) {
    case NormKind::kUnit:
    case NormKind::kRmsNorm:
      return NarrowRootStep(step, scratch);
    case NormKind::kLayerNorm:
    case NormKind::kGroupNorm:
      return NarrowCentredStep(step, scratch);
    default:
      return NarrowOtherStep(step, scratch);
  }
}

}  // namespace crease::kernels
#endif  // HWY_ONCE
