#include "analysis/statistics/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>

namespace crease::statistics {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kZ = 1.959963984540054;  // 97.5 % point of the normal distribution

// survival ^ exp(+-z sqrt(greenwood) / ln survival): the bounds of log(-log(survival)).
void SetBounds(double greenwood, SurvivalStep& step) {
  if (step.survival <= 0) {  // the variance is not defined here
    step.low = 0;
    step.high = kNan;
    return;
  }
  const double logarithm = std::log(step.survival);
  const double half = kZ * std::sqrt(greenwood) / -logarithm;
  step.low = std::exp(logarithm * std::exp(half));
  step.high = std::exp(logarithm * std::exp(-half));
}

// Where a falling step function, read by `bound`, crosses 1/2.
template <typename Bound>
double Crossing(const std::vector<SurvivalStep>& steps, Bound bound) {
  constexpr double kRounding = 1e-12;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double value = bound(steps[i]);
    if (std::abs(value - 0.5) < kRounding && i + 1 < steps.size()) {
      return 0.5 * (steps[i].length + steps[i + 1].length);
    }
    if (value <= 0.5 + kRounding) return steps[i].length;
  }
  return kInfinity;
}

}  // namespace

Estimate Share(std::int64_t successes, std::int64_t trials) {
  assert(0 <= successes && successes <= trials);
  if (trials == 0) return {kNan, kNan, kNan};
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n, square = kZ * kZ;
  const double middle = (share + square / (2 * n)) / (1 + square / n);
  const double half =
      kZ * std::sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n);
  // At the ends the bound is the end itself; rounding must not move it.
  return {share, successes == 0 ? 0 : middle - half, successes == trials ? 1 : middle + half};
}

double Quantile(std::span<const double> values, double share) {
  assert(0 <= share && share <= 1);
  if (values.empty()) return kNan;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = place - static_cast<double>(below);
  if (sorted[below] == sorted[above]) return sorted[below];  // infinities, too
  return sorted[below] + weight * (sorted[above] - sorted[below]);
}

double Median(std::span<const double> values) { return Quantile(values, 0.5); }

std::vector<SurvivalStep> KaplanMeier(std::span<const Duration> durations) {
  std::vector<Duration> sorted(durations.begin(), durations.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const Duration& a, const Duration& b) { return a.length < b.length; });
  std::vector<SurvivalStep> steps;
  double survival = 1, greenwood = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    const auto at_risk = static_cast<double>(sorted.size() - i);
    const double length = sorted[i].length;
    double events = 0;
    for (; i < sorted.size() && sorted[i].length == length; ++i) events += sorted[i].happened;
    if (events == 0) continue;
    survival *= (at_risk - events) / at_risk;
    if (at_risk > events) greenwood += events / (at_risk * (at_risk - events));
    SurvivalStep step{length, survival, 0, 0, at_risk};
    SetBounds(greenwood, step);
    steps.push_back(step);
  }
  return steps;
}

Estimate MedianDuration(std::span<const Duration> durations) {
  if (durations.empty()) return {kNan, kNan, kNan};
  const std::vector<SurvivalStep> steps = KaplanMeier(durations);
  return {Crossing(steps, [](const SurvivalStep& s) { return s.survival; }),
          Crossing(steps, [](const SurvivalStep& s) { return s.low; }),
          Crossing(steps, [](const SurvivalStep& s) { return s.high; })};
}

}  // namespace crease::statistics
