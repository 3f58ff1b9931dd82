// The loops whose speed is the machine's limit; vectorised as lib/kernels is, and on the same
// target.
#pragma once

#include <cstddef>

namespace crease::benchmarks {

// Floats of one round of the loops below: counts must be multiples of it.
inline constexpr std::size_t kLoopFloats = 128;

// `rounds` times twelve independent multiply-adds on whole vectors; returns the flops done.
// `result` keeps the compiler from leaving them out.
double MultiplyAdds(std::size_t rounds, float* result);

// Aligned to 64 bytes, `count` floats.
float SumOf(const float* from, std::size_t count);
void Copy(const float* from, std::size_t count, float* to);
void NonTemporalCopy(const float* from, std::size_t count, float* to);

}  // namespace crease::benchmarks
