// The definition of a transition, applied to a curve that is known exactly.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/detect/offline.h"
#include "lib/detect/transition.h"

namespace crease::detect {

// A curve y(s) that is linear between its points; s increasing.
struct ExactCurve {
  std::vector<double> step;
  std::vector<double> log_loss;
};

// The curve's running minimum: what it rises to and comes back from (spikes, slingshots) is cut
// off, so that a recovery is no drop.
ExactCurve RunningMinimum(const ExactCurve& curve);

// The transitions of the curve by contrast, drop, plateau and persistence; noise, and with it
// significance (z_score, p_value), and the schedule flag are the caller's. By onset.
std::vector<Transition> ApplyDefinition(const ExactCurve& curve, const OfflineOptions& options);

}  // namespace crease::detect
