#include "analysis/transitions/aligned.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>

#include "analysis/statistics/statistics.h"

namespace crease::transitions {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool IsUsable(float value) { return std::isfinite(value) && value > 0; }

// Indices of the usable values next to a step: the last before it and the first from it on;
// values.size() if there is none.
struct Neighbours {
  std::size_t before, after;
};

Neighbours FindNeighbours(std::span<const double> steps, std::span<const float> values,
                          double step) {
  const auto at = std::lower_bound(steps.begin(), steps.end(), step) - steps.begin();
  Neighbours found{values.size(), static_cast<std::size_t>(at)};
  while (found.after < values.size() && !IsUsable(values[found.after])) ++found.after;
  for (auto i = static_cast<std::size_t>(at); i > 0 && found.before == values.size(); --i) {
    if (IsUsable(values[i - 1])) found.before = i - 1;
  }
  return found;
}

// The value at `step` on the line between the values around it.
double Interpolate(std::span<const double> steps, std::span<const float> values, double step) {
  const auto [before, after] = FindNeighbours(steps, values, step);
  if (after == values.size()) return kNan;
  const auto above = static_cast<double>(values[after]);
  if (steps[after] == step) return above;
  if (before == values.size()) return kNan;
  const double share = (step - steps[before]) / (steps[after] - steps[before]);
  const auto below = static_cast<double>(values[before]);
  return below + share * (above - below);
}

// The mean of the values in [from, to); NaN if there is none.
double MeanWithin(std::span<const double> steps, std::span<const float> values, double from,
                  double to) {
  const auto first = std::lower_bound(steps.begin(), steps.end(), from) - steps.begin();
  double sum = 0, count = 0;
  for (auto i = static_cast<std::size_t>(first); i < steps.size() && steps[i] < to; ++i) {
    if (!IsUsable(values[i])) continue;
    sum += static_cast<double>(values[i]);
    ++count;
  }
  return count > 0 ? sum / count : kNan;
}

AlignedPoint SummarizePoint(std::span<const AlignedCurve* const> curves, std::size_t point) {
  std::vector<double> changes;
  double sum = 0;
  for (const AlignedCurve* curve : curves) {
    if (curve->log_value.empty() || std::isnan(curve->log_value[point])) continue;
    const auto log_value = static_cast<double>(curve->log_value[point]);
    sum += log_value;
    changes.push_back(log_value - curve->log_before);
  }
  AlignedPoint summary;
  summary.tau = TransitionTime(point);
  summary.curves = std::ssize(changes);
  summary.mean_log_value = changes.empty() ? kNan : sum / static_cast<double>(changes.size());
  for (std::size_t q = 0; q < kAlignedQuantiles.size(); ++q) {
    summary.change[q] = statistics::Quantile(changes, kAlignedQuantiles[q]);
  }
  return summary;
}

}  // namespace

double TransitionTime(std::size_t point) {
  constexpr int kMiddle = kWidths * kPointsPerWidth;
  return static_cast<double>(static_cast<int>(point) - kMiddle) / kPointsPerWidth;
}

AlignedCurve Align(std::span<const double> steps, std::span<const float> values,
                   const detect::Transition& transition) {
  assert(steps.size() == values.size());
  AlignedCurve curve;
  const double width = transition.width_steps;
  if (!(width > 0)) return curve;
  curve.log_before = std::log(transition.loss_before);
  curve.log_value.resize(kAlignedPoints);
  for (std::size_t point = 0; point < kAlignedPoints; ++point) {
    const double step = transition.midpoint_step + TransitionTime(point) * width;
    const double half = 0.5 * width / kPointsPerWidth;
    // A window that sticks out of the curve would be off to one side.
    const double middle = Interpolate(steps, values, step);
    const double mean = MeanWithin(steps, values, step - half, step + half);
    const double value = std::isnan(middle) || std::isnan(mean) ? middle : mean;
    curve.log_value[point] = static_cast<float>(std::log(value));
  }
  return curve;
}

std::vector<AlignedPoint> Summarize(std::span<const AlignedCurve* const> curves) {
  std::vector<AlignedPoint> points;
  for (std::size_t i = 0; i < kAlignedPoints; ++i) points.push_back(SummarizePoint(curves, i));
  return points;
}

}  // namespace crease::transitions
