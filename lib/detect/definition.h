// The definition of a transition, applied to a curve that is known exactly.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/detect/exact_curve.h"
#include "lib/detect/offline.h"
#include "lib/detect/transition.h"

namespace crease::detect {

// What to do with a peak of the rate whose own drop is below the minimum. On an exact curve it
// counts like any other. On a fitted one it is noise, which must neither hide the transition that
// it sits on nor cut the plateau: it is lowered to the rate beside it. Nor does a valley between
// two peaks that is too short to be the second one's plateau part them.
enum class SmallPeaks { kCount, kLevel };

// The transitions of the curve by contrast, drop (below everything before, so that coming back
// from a rise is none), plateau and persistence; noise, and with it
// significance (z_score, p_value), and the schedule flag are the caller's. By onset.
std::vector<Transition> ApplyDefinition(const ExactCurve& curve, const OfflineOptions& options,
                                        SmallPeaks small_peaks = SmallPeaks::kCount);

}  // namespace crease::detect
