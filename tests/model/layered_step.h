// The step that the engine's faster ones must equal, bit for bit: layer by layer over all points.
#pragma once

#include <span>

#include "lib/model/objective.h"
#include "lib/model/parameters.h"

namespace crease::model {

// x (groups, inputs, 16). Writes all of `gradients` but the padding.
kernels::LossResult LayeredStep(const Architecture& architecture, std::span<const float> parameters,
                                const float* x, const Objective& objective,
                                std::span<float> gradients);

}  // namespace crease::model
