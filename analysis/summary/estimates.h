// The estimates of a summary, from analysis/statistics.
#pragma once

#include <cstdint>
#include <vector>

namespace crease::summary {

// An estimate with its 95 % confidence interval; NaN where there is none, infinite where it lies
// beyond the end of the runs.
struct Estimate {
  double value, low, high;
};

// How long a run went without something happening.
struct Duration {
  double steps;
  bool happened;  // else censored: the run ended first
};

Estimate Share(std::int64_t successes, std::int64_t trials);      // Wilson
Estimate MedianDuration(const std::vector<Duration>& durations);  // Kaplan-Meier
double Median(std::vector<double> values);                        // NaN of nothing

}  // namespace crease::summary
