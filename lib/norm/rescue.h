// Points whose sums over- or underflow in the usual way, done one by one. Not for users.
//
// Entries are scaled by a power of two so that the largest magnitude (or sqrt(eps), or beta) is
// about 1, and worked on in double, in plain loops: slow, exact at the extremes, and the same bits
// on every machine.
#pragma once

#include <cstddef>

#include "lib/norm/job.h"

namespace crease::norm {

// False for NaN.
template <typename T>
constexpr bool IsUsual(T inverse) {
  return inverse >= kLowestInverse<T> && inverse <= kHighestInverse<T>;
}

// Overwrites y and the statistics of one group of one point.
template <typename T>
void RescueForward(const Job<T>& job, std::size_t point, std::size_t group);

// Overwrites d_x of one group of one point; statistics are computed anew. Adds d_y u of entry c to
// d_weight[c * stride], d_y to d_bias[c * stride], fused; either may be null.
template <typename T>
void RescueBackward(const Job<T>& job, std::size_t point, std::size_t group, std::size_t stride,
                    T* d_weight, T* d_bias);

}  // namespace crease::norm
