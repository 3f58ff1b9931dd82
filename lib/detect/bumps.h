// Spikes, slingshots and other excursions that a loss curve comes back from.
#pragma once

#include "lib/detect/definition.h"

namespace crease::detect {

// The curve without what it rises to and comes back from (spikes, slingshots), so that a recovery
// is no drop. A short bump, up to a third of the steps elapsed since the curve's start, is bridged
// by a line that ends up to as long again after the recovery: what the curve would have lost
// meanwhile is no drop either. A long one is cut at its level, as a running minimum would. Low
// ones (0.06 nats, long ones 0.2) stay, and so does a warm-up: what begins in the first fifth of
// the time in which the curve comes back.
ExactCurve WithoutBumps(const ExactCurve& curve);

}  // namespace crease::detect
