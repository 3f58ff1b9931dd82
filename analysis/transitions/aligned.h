// In: curves and a transition of each. Out: their mean and quantiles in transition time, in which
// the transitions of all curves happen at once.
//
// Transition time is tau = (step - midpoint) / width: 0 where half of the drop is done, about
// -1/2 at the onset and 1/2 at the end.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/detect/transition.h"

namespace crease::transitions {

inline constexpr int kWidths = 3;           // from -3 to 3
inline constexpr int kPointsPerWidth = 20;  // grid points are 0.05 apart
inline constexpr std::size_t kAlignedPoints = 2 * kWidths * kPointsPerWidth + 1;

double TransitionTime(std::size_t point);  // -3 ... 3

// One curve on the grid.
struct AlignedCurve {
  std::vector<float> log_value;  // kAlignedPoints; NaN where the curve has no value
  double log_before = 0;         // of the value at the onset
};

// At each grid point the logarithm of the mean of the values that are nearest to it, or, where
// they are further apart than grid points, of what lies on the line between its neighbours. NaN
// before the first and after the last finite, positive value. `steps` increasing, as many as
// values. Empty log_value if the transition has no width.
AlignedCurve Align(std::span<const double> steps, std::span<const float> values,
                   const detect::Transition& transition);

inline constexpr std::array<double, 5> kAlignedQuantiles = {0.1, 0.25, 0.5, 0.75, 0.9};

struct AlignedPoint {
  double tau = 0;
  std::int64_t curves = 0;            // that have a value here; figures are NaN if there is none
  double mean_log_value = 0;          // mean of ln value
  std::array<double, 5> change = {};  // kAlignedQuantiles of ln(value / value at the onset)
};

std::vector<AlignedPoint> Summarize(std::span<const AlignedCurve* const> curves);

}  // namespace crease::transitions
