#include "lib/detect/piecewise_linear.h"

#include <cassert>

namespace crease::detect {

PiecewiseLinearModel::PiecewiseLinearModel(const NoisyPoints& points)
    : x_(points.x), sums_(points.size() + 1), origin_(points.x.at(0)) {
  assert(points.size() >= 2);
  for (double& x : x_) x -= origin_;  // sums of squares stay small far from step 0
  double weight = 0, weighted = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    weight += 1 / points.variance[i];
    weighted += points.y[i] / points.variance[i];
  }
  mean_ = weighted / weight;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double w = 1 / points.variance[i], x = x_[i], y = points.y[i] - mean_;
    const Sums& s = sums_[i];
    sums_[i + 1] = {s.w + w, s.wx + w * x, s.wxx + w * x * x, s.wy + w * y, s.wxy + w * x * y};
    total_ += w * y * y;
  }
}

// A point belongs to the segment that ends at or after it; the first point to the first segment.
void PiecewiseLinearModel::Assemble(const Knots& knots) {
  const std::size_t count = knots.size();
  diagonal_.assign(count, 0);
  off_.assign(count, 0);
  right_.assign(count, 0);
  for (std::size_t k = 0; k + 1 < count; ++k) {
    const std::size_t first = k == 0 ? knots[0] : knots[k] + 1, last = knots[k + 1] + 1;
    const Sums &a = sums_[first], &b = sums_[last];
    const double x0 = x_[knots[k]], inverse = 1 / (x_[knots[k + 1]] - x0);
    // Sums of w, w u, w u^2, w y, w y u with u = (x - x0) / length of the segment.
    const double w = b.w - a.w, wx = b.wx - a.wx, wy = b.wy - a.wy;
    const double wu = (wx - w * x0) * inverse;
    const double wuu = (b.wxx - a.wxx - 2 * x0 * wx + x0 * x0 * w) * inverse * inverse;
    const double wyu = (b.wxy - a.wxy - x0 * wy) * inverse;
    diagonal_[k] += w - 2 * wu + wuu;
    off_[k] = wu - wuu;
    diagonal_[k + 1] += wuu;
    right_[k] += wy - wyu;
    right_[k + 1] += wyu;
  }
}

void PiecewiseLinearModel::Solve() {
  const std::size_t count = diagonal_.size();
  pivot_.resize(count);
  value_.resize(count);
  pivot_[0] = diagonal_[0];
  value_[0] = right_[0];
  for (std::size_t k = 1; k < count; ++k) {
    const double factor = off_[k - 1] / pivot_[k - 1];
    pivot_[k] = diagonal_[k] - factor * off_[k - 1];
    value_[k] = right_[k] - factor * value_[k - 1];
  }
  for (std::size_t k = count; k-- > 0;) {
    if (k + 1 < count) value_[k] -= off_[k] * value_[k + 1];
    value_[k] /= pivot_[k];
  }
}

double PiecewiseLinearModel::Cost(const Knots& knots) {
  Assemble(knots);
  Solve();
  double cost = total_;
  for (std::size_t k = 0; k < knots.size(); ++k) cost -= value_[k] * right_[k];
  return cost > 0 ? cost : 0;
}

PiecewiseLinearFit PiecewiseLinearModel::Fit(const Knots& knots) {
  PiecewiseLinearFit fit{knots, {}, Cost(knots)};
  fit.values = value_;
  for (double& value : fit.values) value += mean_;
  return fit;
}

std::vector<PiecewiseLinearModel::KnotStatistic> PiecewiseLinearModel::Statistics(
    const Knots& knots) {
  Assemble(knots);
  Solve();
  const std::size_t count = knots.size();
  // Pivots of the elimination from the other end give the bands of the inverse.
  std::vector<double> backward(count);
  backward[count - 1] = diagonal_[count - 1];
  for (std::size_t k = count - 1; k-- > 0;) {
    backward[k] = diagonal_[k] - off_[k] * off_[k] / backward[k + 1];
  }
  const auto variance = [&](std::size_t k) { return 1 / (pivot_[k] + backward[k] - diagonal_[k]); };
  std::vector<KnotStatistic> statistics(count);
  for (std::size_t k = 1; k + 1 < count; ++k) {
    const double left = 1 / (x_[knots[k]] - x_[knots[k - 1]]);
    const double right = 1 / (x_[knots[k + 1]] - x_[knots[k]]);
    const double middle = -(left + right);
    const double cov_middle_right = -off_[k] / pivot_[k] * variance(k + 1);
    const double cov_left_middle = -off_[k - 1] / pivot_[k - 1] * variance(k);
    const double cov_left_right = -off_[k - 1] / pivot_[k - 1] * cov_middle_right;
    const double change = left * value_[k - 1] + middle * value_[k] + right * value_[k + 1];
    const double change_variance =
        left * left * variance(k - 1) + middle * middle * variance(k) +
        right * right * variance(k + 1) +
        2 * (left * middle * cov_left_middle + middle * right * cov_middle_right +
             left * right * cov_left_right);
    statistics[k] = {change_variance > 0 ? change * change / change_variance : 0, change};
  }
  return statistics;
}

}  // namespace crease::detect
