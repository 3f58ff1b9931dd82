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

// The curve without what it rises to and comes back from (spikes, slingshots), so that a recovery
// is no drop. A short bump, up to a third of the steps elapsed since the curve's start, is bridged
// by a line that ends up to as long again after the recovery: what the curve would have lost
// meanwhile is no drop either. A long one is cut at its level, as a running minimum would. Low
// ones (0.06 nats, long ones 0.2) stay.
ExactCurve WithoutBumps(const ExactCurve& curve);

// What to do with a peak of the rate whose own drop is below the minimum. On an exact curve it
// counts like any other. On a fitted one it is noise, which must neither hide the transition that
// it sits on nor cut the plateau: it is lowered to the rate beside it.
enum class SmallPeaks { kCount, kLevel };

// The transitions of the curve by contrast, drop (below everything before, so that coming back
// from a rise is none), plateau and persistence; noise, and with it
// significance (z_score, p_value), and the schedule flag are the caller's. By onset.
std::vector<Transition> ApplyDefinition(const ExactCurve& curve, const OfflineOptions& options,
                                        SmallPeaks small_peaks = SmallPeaks::kCount);

}  // namespace crease::detect
