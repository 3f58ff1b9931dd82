// Sums of squares of flat buffers, in double, with one fixed order.
#pragma once

#include <cstddef>

namespace crease::kernels {

// `count` must be a multiple of 16; buffers are padded with zeros. Sums in 16 lanes of double
// (index mod 16), then over the lanes by the fixed tree.
double SumOfSquares(const float* values, std::size_t count);

// Of a - b, the difference rounded to float.
double SumOfSquaredDifferences(const float* a, const float* b, std::size_t count);

// sums[i] = the sum of row i of lanes (count, 16): lanes 8 apart, then 4, 2 and 1; added to what
// sums hold if `add`.
void SumOfLanes(const float* lanes, std::size_t count, bool add, float* sums);

}  // namespace crease::kernels
