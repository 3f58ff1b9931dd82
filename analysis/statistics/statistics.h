// Estimates with their uncertainty, for tables over seeds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crease::statistics {

// An estimate with its 95 % confidence interval. NaN: there is none. Infinite: beyond the end of
// what was observed.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

// The share of successes, with Wilson's score interval. Requires: successes <= trials.
Estimate Share(std::int64_t successes, std::int64_t trials);

// Linear interpolation between order statistics (numpy's default); NaN of nothing.
// Requires: 0 <= share <= 1, no NaN among the values.
double Quantile(std::span<const double> values, double share);
double Median(std::span<const double> values);

// How long something was observed without an event.
struct Duration {
  double length = 0;      // same unit for all, >= 0
  bool happened = false;  // else censored: the observation ended first
};

// One step of the Kaplan-Meier curve: from `length` on, the share `survival` has had no event.
struct SurvivalStep {
  double length, survival;
  double low, high;  // 95 % interval, Greenwood's variance on the log(-log) scale
  double at_risk;    // observed until just before `length`
};

// Requires: no length is NaN.
std::vector<SurvivalStep> KaplanMeier(std::span<const Duration> durations);

// The median time to the event: the first time at which survival is at most 1/2 (the middle of
// the plateau where it is exactly 1/2, as R's survfit has it). The interval is Brookmeyer and
// Crowley's with the log(-log) transformation: where the bounds of the curve cross 1/2.
Estimate MedianDuration(std::span<const Duration> durations);

}  // namespace crease::statistics
