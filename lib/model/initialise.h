// Initial parameters: a function of (architecture, seed) alone.
#pragma once

#include <cstdint>
#include <span>

#include "lib/model/parameters.h"

namespace crease::model {

// Fills `parameters` (layout.size() floats, padding zeroed).
//   torch       weights and biases U(-1/sqrt(fan_in), 1/sqrt(fan_in)) (torch.nn.Linear)
//   xavier      weights U(+-sqrt(6 / (fan_in + fan_out))), biases 0 (Glorot, Bengio 2010)
//   he          weights N(0, 2 / fan_in), biases 0 (He et al. 2015)
//   orthogonal  rows or columns orthonormal, biases 0 (Saxe et al. 2014)
// Norm weights are 1, norm biases 0, dyt's alpha is options.alpha.
void InitialiseParameters(const Architecture& architecture, const ParameterLayout& layout,
                          std::uint64_t seed, std::span<float> parameters);

}  // namespace crease::model
