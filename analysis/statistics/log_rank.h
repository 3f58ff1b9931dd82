// In: times to an event in several groups. Out: whether the groups differ.
#pragma once

#include <span>
#include <vector>

#include "analysis/statistics/statistics.h"

namespace crease::statistics {

// Under the hypothesis that all groups have the same survival curve, chi_square has the
// chi-square distribution with `degrees` degrees of freedom.
struct LogRankTest {
  double chi_square = 0;
  int degrees = 0;     // 0: the times say nothing (no event, or nobody to compare it with)
  double p_value = 1;  // NaN if degrees is 0
  std::vector<double> observed, expected;  // events, by group
};

// Mantel's log-rank test of k groups, with the exact (hypergeometric) variance of tied events;
// scipy's logrank, R's survdiff. chi_square = (O - E)' V^- (O - E), and the rank of V is k - 1
// unless a group was never at risk together with the others.
LogRankTest LogRank(std::span<const std::vector<Duration>> groups);

// The upper tail of the chi-square distribution. Requires: chi_square >= 0, degrees >= 1.
double ChiSquareTail(double chi_square, int degrees);

// Holm's step-down adjustment: rejecting where the result is <= a keeps the chance of any false
// rejection <= a. NaN stands for a test that was not made and does not count. In the order given.
std::vector<double> AdjustHolm(std::span<const double> p_values);

}  // namespace crease::statistics
