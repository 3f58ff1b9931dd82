// Euclidean norms of many parts of a flat buffer. Squares are summed in 16 lanes of double (index
// mod 16), then over the lanes by the tree of lib/kernels/reduce.h.
#pragma once

#include <cstddef>
#include <span>

namespace crease::kernels {

// Multiples of 16; buffers are padded with zeros.
struct Range {
  std::size_t offset = 0, size = 0;
};

// norms[r] = the norm of `size` values from values + offset on, rounded to float. norms (ranges).
void RangeNorms(const float* values, std::span<const Range> ranges, float* norms);

// Of a - b, the difference rounded to float.
void RangeNormsOfDifference(const float* a, const float* b, std::span<const Range> ranges,
                            float* norms);

}  // namespace crease::kernels
