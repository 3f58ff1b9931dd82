// Spikes, slingshots and other excursions that a loss curve comes back from.
#pragma once

#include "lib/detect/exact_curve.h"

namespace crease::detect {

// The curve without what it rises to and comes back from (spikes, slingshots), so that a recovery
// is no drop. A short bump, up to a third of the steps elapsed since the curve's start, is bridged
// by a line that ends up to as long again after the recovery: what the curve would have lost
// meanwhile is no drop either. One whose recovery runs into a drop, and a long one, are cut at
// their level, as a running minimum would. Long low ones (0.2 nats) stay, and so does a warm-up:
// what begins in the first fifth of the time in which the curve comes back.
ExactCurve WithoutBumps(const ExactCurve& curve);

}  // namespace crease::detect
