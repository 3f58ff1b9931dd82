// The machine's own limits, measured by plain loops in the process that asks: what a benchmark's
// figure stands beside.
#pragma once

#include <cstddef>
#include <string>

namespace crease::benchmarks {

enum class Traffic { kRead, kCopy, kNonTemporalCopy };

// Single-precision fused multiply-adds on the vectors of the target that kernels::TargetName()
// names, GFLOP/s (two a multiply-add) of `threads` cores together.
double FmaPeak(int threads);

// Bytes read and written by the program, GB/s of `threads` together, walking over and over through
// a working set of `bytes` (source and destination together, of all threads together). Lines that
// the processor reads to own them before a write do not count.
double Bandwidth(Traffic traffic, std::size_t bytes, int threads);

// Both give the median of 15 samples of processor time for one thread, and the best of 15 of wall
// time for several. They measure at the first call with these arguments under this target and
// remember the answer until the process ends; not thread-safe.

std::string TrafficName(Traffic traffic);

}  // namespace crease::benchmarks
