// Are p-values what they say? On curves without a transition, a share of at most alpha must have
// one of at most alpha.
#pragma once

#include <cstdint>
#include <string>

#include "benchmarks/transitions/generator.h"

namespace crease::benchmarks {

// Finds transitions of any significance on `curves` negative curves, takes the least p-value of
// each (1 if there is none), and prints as Markdown the share of curves at or below each of some
// levels, by class; schedule-tagged ones left out.
std::string Calibration(std::uint64_t seed, std::uint32_t curves, const CurveOptions& options);

}  // namespace crease::benchmarks
