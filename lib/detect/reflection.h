// Rising curves (accuracy) as falling ones.
#pragma once

#include <span>
#include <vector>

#include "lib/detect/transition.h"

namespace crease::detect {

// A rising value v becomes the distance to a line a tenth of the curve's range above its top:
// top + range / 10 - v. It behaves like an error rate: the whole rise is ln 11 = 2.4 nats, and a
// given rise counts for more near the top. It does not depend on the values' unit or zero, and a
// perfect accuracy is no infinity. Top and bottom are quantiles (.999 and .001), so that single
// spikes do not matter. The default does nothing.
struct Reflection {
  double line = 0;
  double sign = 1;
  double Apply(double value) const { return line + sign * value; }
};

Reflection ReflectionOf(std::span<const float> values);

// Losses of the transitions become values of the rising curve again; drop_nats and the rates stay
// those of the distance to the line.
void ReflectBack(std::vector<Transition>& transitions, const Reflection& reflection);

}  // namespace crease::detect
