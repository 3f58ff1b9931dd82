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

// Over the entries of a point, in blocks of 64: add(sum, i) returns the sum with entry i.
template <typename Add>
float SumOverEntries(std::size_t count, const Add& add) {
  constexpr std::size_t kBlock = 64;
  float sum = 0;
  for (std::size_t first = 0; first < count; first += kBlock) {
    float partial[4] = {0, 0, 0, 0};
    for (std::size_t i = first; i < count && i < first + kBlock; ++i) {
      partial[i % 4] = add(partial[i % 4], i);
    }
    const float block = (partial[0] + partial[1]) + (partial[2] + partial[3]);
    sum = first == 0 ? block : sum + block;
  }
  return sum;
}

}  // namespace crease::kernels::twin
