#include "lib/detect/piecewise_linear.h"

#include <cassert>

namespace crease::detect {

PiecewiseLinearModel::PiecewiseLinearModel(const NoisyPoints& points)
    : x_(points.x),
      w_(points.size() + 1),
      wx_(points.size() + 1),
      wxx_(points.size() + 1),
      wy_(points.size() + 1),
      wxy_(points.size() + 1),
      origin_(points.x.at(0)) {
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
    w_[i + 1] = w_[i] + w;
    wx_[i + 1] = wx_[i] + w * x;
    wxx_[i + 1] = wxx_[i] + w * x * x;
    wy_[i + 1] = wy_[i] + w * y;
    wxy_[i + 1] = wxy_[i] + w * x * y;
    total_ += w * y * y;
  }
}

// Assembles the tridiagonal normal equations and eliminates downwards on the way: the elimination
// waits for its divisions, and the assembly fills the wait.
void PiecewiseLinearModel::Eliminate(const Knots& knots) {
  const std::size_t count = knots.size();
  if (rows_.size() < count) rows_.resize(count);
  Row* rows = rows_.data();
  double last = 0, right_last = 0;  // of the segment before
  double factor = 0, off = 0, reduced = 0;
  for (std::size_t k = 0; k < count; ++k) {
    Segment segment;
    if (k + 1 < count) segment = SegmentBetween(knots[k], knots[k + 1]);
    Row& row = rows[k];
    row.diagonal = last + segment.first;
    row.right = right_last + segment.right_first;
    row.off = segment.off;
    row.inverse_length = segment.inverse_length;
    row.pivot = row.diagonal - factor * off;
    row.reduced = reduced = row.right - factor * reduced;
    row.factor = factor = segment.off / row.pivot;
    off = segment.off;
    last = segment.last;
    right_last = segment.right_last;
  }
}

void PiecewiseLinearModel::Substitute(std::size_t count) {
  double above = 0;
  for (std::size_t k = count; k-- > 0;) {
    Row& row = rows_[k];
    row.value = above = (row.reduced - row.off * above) / row.pivot;
  }
}

double PiecewiseLinearModel::Cost(const Knots& knots) {
  Eliminate(knots);
  Substitute(knots.size());
  double cost = total_;
  for (std::size_t k = 0; k < knots.size(); ++k) cost -= rows_[k].value * rows_[k].right;
  return cost > 0 ? cost : 0;
}

PiecewiseLinearFit PiecewiseLinearModel::Fit(const Knots& knots) {
  PiecewiseLinearFit fit{knots, std::vector<double>(knots.size()), Cost(knots)};
  for (std::size_t k = 0; k < knots.size(); ++k) fit.values[k] = rows_[k].value + mean_;
  return fit;
}

const std::vector<PiecewiseLinearModel::KnotStatistic>& PiecewiseLinearModel::Statistics(
    const Knots& knots) {
  Eliminate(knots);
  const std::size_t count = knots.size();
  statistics_.assign(count, {});
  // Upwards from the last knot: the solution; the pivots of an elimination in this direction, which
  // with those of the other one give the bands of the inverse; and with both of them the statistic
  // of the knot above. In one loop, because each of the two recurrences waits for its divisions.
  double value[3] = {}, variance[3] = {};  // of knots k, k + 1, k + 2
  double backward = 0;
  for (std::size_t k = count; k-- > 0;) {
    const Row& row = rows_[k];
    backward = k + 1 == count ? row.diagonal : row.diagonal - row.off * row.off / backward;
    value[2] = value[1], value[1] = value[0];
    variance[2] = variance[1], variance[1] = variance[0];
    value[0] = (row.reduced - row.off * value[1]) / row.pivot;
    variance[0] = 1 / (row.pivot + backward - row.diagonal);
    if (k + 2 >= count) continue;
    const Row& middle_row = rows_[k + 1];
    const double left = row.inverse_length, right = middle_row.inverse_length;
    const double middle = -(left + right);
    const double cov_middle_right = -middle_row.factor * variance[2];
    const double cov_left_middle = -row.factor * variance[1];
    const double cov_left_right = -row.factor * cov_middle_right;
    const double change = left * value[0] + middle * value[1] + right * value[2];
    const double change_variance =
        left * left * variance[0] + middle * middle * variance[1] + right * right * variance[2] +
        2 * (left * middle * cov_left_middle + middle * right * cov_middle_right +
             left * right * cov_left_right);
    statistics_[k + 1] = {change_variance > 0 ? change * change / change_variance : 0, change};
  }
  return statistics_;
}

}  // namespace crease::detect
