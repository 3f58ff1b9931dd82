// NarrowForwardBackward by norm: what narrow.cpp chooses from, each compiled on its own.
#pragma once

#include "lib/kernels/narrow.h"

namespace crease::kernels {

LossResult NarrowRootStep(const NarrowStep& step, float* scratch);     // unit, rmsnorm
LossResult NarrowCentredStep(const NarrowStep& step, float* scratch);  // layernorm, groupnorm
LossResult NarrowOtherStep(const NarrowStep& step, float* scratch);    // divisive, dyt, none

}  // namespace crease::kernels
