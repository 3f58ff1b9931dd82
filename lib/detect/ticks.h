// In: a raw curve of any length. Out: at most some ten thousand ticks, spikes marked.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/detect/reflection.h"

namespace crease::detect {

// Means over consecutive samples: single samples at first, later groups of 1/5000 of the elapsed
// steps, so that the cost of everything after is bounded whatever the curve's length.
struct Ticks {
  std::vector<double> step, loss, count;  // means, and the number of samples in them
  std::vector<char> spike;                // 1: belongs to a spike and says nothing about the level
  double origin = 0;                      // the step that elapsed steps are counted from
  std::size_t samples = 0;                // finite and positive ones
  std::size_t size() const { return step.size(); }
};

// Skips values that are not finite or, after the reflection, not positive. Requires: steps
// increase.
Ticks MakeTicks(std::span<const double> steps, std::span<const float> values,
                const Reflection& reflection);

// Marks short upward excursions: above the upper quartile of their block and of the block before
// by four times the distance between the quartiles, in the logarithm (six standard deviations of
// normal noise). Blocks have 48 ticks or a twelfth of the elapsed steps, whichever is longer.
void MarkSpikes(Ticks& ticks);

}  // namespace crease::detect
