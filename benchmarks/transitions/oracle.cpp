#include "benchmarks/transitions/oracle.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

#include "lib/detect/exact_curve.h"
#include "lib/detect/significance.h"

namespace crease::benchmarks {
namespace {

constexpr double kOnePercent = 2.3263;  // of the standard normal's upper tail
constexpr std::size_t kPoints = 1500;   // of the curve that the log-convex one is fitted to

struct Range {
  std::size_t first, last;  // steps; last is excluded
};

Range RangeOf(const LabelledCurve& curve, std::size_t label) {
  const auto& labels = curve.labels;
  const double from = label == 0 ? 0 : labels[label - 1].end_step;
  const double to = label + 1 == labels.size() ? static_cast<double>(curve.steps.size())
                                               : labels[label + 1].onset_step;
  return {static_cast<std::size_t>(from), static_cast<std::size_t>(to)};
}

detect::ExactCurve ClosestConvex(const LabelledCurve& curve, Range range) {
  const std::size_t stride = std::max<std::size_t>(1, (range.last - range.first) / kPoints);
  detect::NoisyPoints points;
  for (std::size_t s = range.first; s < range.last; s += stride) {
    points.x.push_back(static_cast<double>(s));
    points.y.push_back(curve.log_truth[s]);
    points.variance.push_back(curve.noise_deviation[s] * curve.noise_deviation[s]);
  }
  const detect::PiecewiseLinearFit fit = detect::ConvexFit(points);
  detect::ExactCurve convex;
  for (const std::size_t knot : fit.knots) convex.step.push_back(points.x[knot]);
  convex.log_loss = fit.values;
  return convex;
}

// The difference of both curves in units of the noise's innovations, in the range.
std::vector<double> Difference(const LabelledCurve& curve, Range range) {
  const detect::ExactCurve convex = ClosestConvex(curve, range);
  const double rho = curve.noise_correlation, scale = 1 / std::sqrt(1 - rho * rho);
  std::vector<double> difference;
  double before = 0;
  for (std::size_t s = range.first; s < range.last; ++s) {
    const double truth = curve.log_truth[s] - detect::ValueAt(convex, static_cast<double>(s));
    const double now = truth / curve.noise_deviation[s];
    difference.push_back((now - rho * before) * scale);
    before = now;
  }
  return difference;
}

// Standard normal where there is nothing; `present` adds what the transition would.
double Statistic(const std::vector<double>& difference, const LabelledCurve& noise,
                 std::size_t first, bool present) {
  const double rho = noise.noise_correlation, scale = 1 / std::sqrt(1 - rho * rho);
  double product = 0, squares = 0;
  for (std::size_t i = 0; i < difference.size(); ++i) {
    const double before = first + i == 0 ? 0 : noise.noise[first + i - 1];
    product += difference[i] * (noise.noise[first + i] - rho * before) * scale;
    squares += difference[i] * difference[i];
  }
  const double size = std::sqrt(squares);
  return size > 0 ? product / size + (present ? size : 0) : 0;
}

}  // namespace

std::vector<detect::Transition> FindByOracle(const LabelledCurve& curve) {
  assert(curve.noise.size() == curve.steps.size());
  std::vector<detect::Transition> found;
  for (std::size_t label = 0; label < curve.labels.size(); ++label) {
    const Range range = RangeOf(curve, label);
    const std::vector<double> difference = Difference(curve, range);
    if (Statistic(difference, curve, range.first, true) >= kOnePercent) {
      found.push_back(curve.labels[label]);
    }
  }
  return found;
}

std::vector<detect::Transition> FalseAlarmsOfOracle(const LabelledCurve& curve,
                                                    const LabelledCurve& other) {
  if (other.labels.empty()) return {};
  const Range range = RangeOf(other, 0);
  if (Statistic(Difference(other, range), curve, range.first, false) < kOnePercent) return {};
  return {other.labels.front()};
}

}  // namespace crease::benchmarks
