#include "analysis/summary/estimates.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace crease::summary {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kZ = 1.959963984540054;

}  // namespace

Estimate Share(std::int64_t successes, std::int64_t trials) {
  if (trials == 0) return {kNan, kNan, kNan};
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double centre = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {p, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Estimate MedianDuration(const std::vector<Duration>& durations) {
  if (durations.empty()) return {kNan, kNan, kNan};
  std::vector<double> events;
  for (const Duration& d : durations) {
    if (d.happened) events.push_back(d.steps);
  }
  std::sort(events.begin(), events.end());
  const std::size_t half = (durations.size() + 1) / 2;
  const double value = events.size() >= half ? events[half - 1] : kInfinity;
  return {value, kNan, kNan};
}

double Median(std::vector<double> values) {
  if (values.empty()) return kNan;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace crease::summary
