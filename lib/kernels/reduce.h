// Sums over lanes, by one fixed tree.
#pragma once

#include <cstddef>

namespace crease::kernels {

// sums[i] = the sum of row i of lanes (count, 16): lanes 8 apart, then 4, 2 and 1; added to what
// sums hold if `add`.
void SumOfLanes(const float* lanes, std::size_t count, bool add, float* sums);

}  // namespace crease::kernels
