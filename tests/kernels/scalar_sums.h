// The two orders of summation of the kernels.
#pragma once

#include <cstddef>

#include "lib/core/aligned.h"

namespace crease::kernels::twin {

// Over 16 lanes: halves are added until one number is left.
template <typename T>
T SumOverLanes(const T* lanes) {
  T sum[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) sum[i] = lanes[i];
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sum[i] = sum[i] + sum[i + half];
  }
  return sum[0];
}

// Over the entries of a point, four partial sums: add(sum, i) returns the sum with entry i.
template <typename Add>
float SumOverEntries(std::size_t count, const Add& add) {
  float partial[4] = {0, 0, 0, 0};
  for (std::size_t i = 0; i < count; ++i) partial[i % 4] = add(partial[i % 4], i);
  return (partial[0] + partial[1]) + (partial[2] + partial[3]);
}

}  // namespace crease::kernels::twin
