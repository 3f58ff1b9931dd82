#include "analysis/statistics/log_rank.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include <boost/math/special_functions/gamma.hpp>

namespace crease::statistics {
namespace {

struct Member {
  Duration duration;
  std::size_t group;
};

std::vector<Member> SortedByLength(std::span<const std::vector<Duration>> groups) {
  std::vector<Member> members;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const Duration& duration : groups[g]) members.push_back({duration, g});
  }
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.duration.length < b.duration.length; });
  return members;
}

// Observed less expected events and their covariance, summed over the times of events.
class Tally {
 public:
  explicit Tally(std::span<const std::vector<Duration>> groups)
      : groups_(groups.size()),
        at_risk_(groups_),
        observed_(groups_, 0),
        expected_(groups_, 0),
        covariance_(groups_ * groups_, 0) {
    for (std::size_t g = 0; g < groups_; ++g) at_risk_[g] = static_cast<double>(groups[g].size());
    const std::vector<Member> members = SortedByLength(groups);
    for (std::size_t i = 0; i < members.size();) {
      std::size_t end = i;
      while (end < members.size() && members[end].duration.length == members[i].duration.length) {
        ++end;
      }
      AddTime(std::span(members).subspan(i, end - i), static_cast<double>(members.size() - i));
      i = end;
    }
  }

  const std::vector<double>& observed() const { return observed_; }
  const std::vector<double>& expected() const { return expected_; }
  const std::vector<double>& covariance() const { return covariance_; }  // (group, group)

 private:
  // All who leave at one time, of `total` who were there until then.
  void AddTime(std::span<const Member> leaving, double total) {
    double events = 0;
    for (const Member& member : leaving) {
      if (!member.duration.happened) continue;
      ++events;
      ++observed_[member.group];
    }
    if (events > 0) AddEvents(events, total);
    for (const Member& member : leaving) --at_risk_[member.group];
  }

  void AddEvents(double events, double total) {
    const double scale = total > 1 ? events * (total - events) / (total - 1) : 0;
    for (std::size_t g = 0; g < groups_; ++g) {
      if (at_risk_[g] == 0) continue;
      const double share = at_risk_[g] / total;
      expected_[g] += events * share;
      for (std::size_t h = 0; h < groups_; ++h) {
        covariance_[g * groups_ + h] += scale * share * ((g == h ? 1 : 0) - at_risk_[h] / total);
      }
    }
  }

  std::size_t groups_;
  std::vector<double> at_risk_, observed_, expected_, covariance_;
};

struct Quadratic {
  double value = 0;
  int rank = 0;
};

// z' V^- z for z in the range of a positive semidefinite V, by elimination with the largest
// pivot first.
Quadratic Solve(std::vector<double> matrix, std::vector<double> z) {
  // What rounding leaves where the rows of V sum to zero, relative to the diagonal.
  constexpr double kRounding = 1e-9;
  const std::size_t n = z.size();
  std::vector<double> diagonal(n);
  for (std::size_t i = 0; i < n; ++i) diagonal[i] = matrix[i * n + i];
  std::vector<char> done(n, 0);
  Quadratic result;
  while (true) {
    std::size_t pivot = n;
    for (std::size_t i = 0; i < n; ++i) {
      if (done[i] || !(matrix[i * n + i] > kRounding * diagonal[i])) continue;
      if (pivot == n || matrix[i * n + i] > matrix[pivot * n + pivot]) pivot = i;
    }
    if (pivot == n) return result;
    done[pivot] = 1;
    ++result.rank;
    const double top = matrix[pivot * n + pivot];
    result.value += z[pivot] * z[pivot] / top;
    for (std::size_t i = 0; i < n; ++i) {
      if (done[i]) continue;
      const double factor = matrix[i * n + pivot] / top;
      z[i] -= factor * z[pivot];
      for (std::size_t j = 0; j < n; ++j) {
        if (!done[j]) matrix[i * n + j] -= factor * matrix[pivot * n + j];
      }
    }
  }
}

}  // namespace

LogRankTest LogRank(std::span<const std::vector<Duration>> groups) {
  const Tally tally(groups);
  LogRankTest test;
  test.observed = tally.observed();
  test.expected = tally.expected();
  std::vector<double> difference(groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    difference[g] = test.observed[g] - test.expected[g];
  }
  const Quadratic solved = Solve(tally.covariance(), std::move(difference));
  test.chi_square = solved.value;
  test.degrees = solved.rank;
  test.p_value = solved.rank > 0 ? ChiSquareTail(solved.value, solved.rank)
                                 : std::numeric_limits<double>::quiet_NaN();
  return test;
}

double ChiSquareTail(double chi_square, int degrees) {
  assert(chi_square >= 0 && degrees >= 1);
  if (std::isinf(chi_square)) return 0;
  return boost::math::gamma_q(0.5 * degrees, 0.5 * chi_square);
}

std::vector<double> AdjustHolm(std::span<const double> p_values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  double least = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto left = static_cast<double>(order.size() - rank);
    least = std::max(least, std::min(1.0, left * p_values[order[rank]]));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

}  // namespace crease::statistics
