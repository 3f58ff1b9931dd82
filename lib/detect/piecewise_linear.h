// Weighted least squares by a continuous piecewise-linear function with knots at data points.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace crease::detect {

// Noisy values y of a curve at increasing x, each with its own variance (> 0).
struct NoisyPoints {
  std::vector<double> x, y, variance;
  std::size_t size() const { return x.size(); }
};

// Indices into the points, increasing; the first and the last point are always among them.
using Knots = std::vector<std::size_t>;

struct PiecewiseLinearFit {
  Knots knots;
  std::vector<double> values;    // at the knots, in the units of y
  double squared_residuals = 0;  // weighted by 1 / variance
};

// Answers for any set of knots in time proportional to their number, from running sums over the
// points. Not thread-safe: it reuses its buffers.
class PiecewiseLinearModel {
 public:
  // Requires: at least two points, x increasing.
  explicit PiecewiseLinearModel(const NoisyPoints& points);

  std::size_t size() const { return x_.size(); }
  double x(std::size_t point) const { return x_[point] + origin_; }

  PiecewiseLinearFit Fit(const Knots& knots);
  // The squared residuals alone.
  double Cost(const Knots& knots);

  // For every knot, by how much the squared residuals rise without it (0 at both ends), and the
  // change of slope at it: positive where the function is convex.
  struct KnotStatistic {
    double cost_of_removal = 0;
    double slope_change = 0;
  };
  // Valid until the next call.
  const std::vector<KnotStatistic>& Statistics(const Knots& knots);

  // What one segment adds to the normal equations of the knots at its ends.
  struct Segment {
    double inverse_length = 0;
    double first = 0, off = 0, last = 0;     // of the matrix
    double right_first = 0, right_last = 0;  // of the right side
  };
  // Between two points; a point belongs to the segment that ends at or after it, the first point
  // to the first segment.
  Segment SegmentBetween(std::size_t first_point, std::size_t last_point) const {
    const std::size_t a = first_point == 0 ? 0 : first_point + 1, b = last_point + 1;
    const double x0 = x_[first_point];
    Segment segment;
    const double inverse = segment.inverse_length = 1 / (x_[last_point] - x0);
    // Sums of w, w u, w u^2, w y, w y u with u = (x - x0) / length of the segment.
    const double w = w_[b] - w_[a], wx = wx_[b] - wx_[a], wy = wy_[b] - wy_[a];
    const double wu = (wx - w * x0) * inverse;
    const double wuu = (wxx_[b] - wxx_[a] - 2 * x0 * wx + x0 * x0 * w) * inverse * inverse;
    const double wyu = (wxy_[b] - wxy_[a] - x0 * wy) * inverse;
    segment.first = w - 2 * wu + wuu;
    segment.off = wu - wuu;
    segment.last = wuu;
    segment.right_first = wy - wyu;
    segment.right_last = wyu;
    return segment;
  }
  // The weighted squares of y about its mean: what the squared residuals are the small rest of.
  double total() const { return total_; }

 private:
  // One row of the normal equations after the elimination of those before it.
  struct Row {
    double diagonal = 0, off = 0, right = 0;  // as assembled; off: towards the next knot
    double inverse_length = 0;                // of the segment towards the next knot
    double factor = 0;                        // off / pivot
    double pivot = 0, reduced = 0, value = 0;
  };
  void Eliminate(const Knots& knots);
  void Substitute(std::size_t count);

  std::vector<double> x_;
  // Running sums: [i] over points 0 ... i-1.
  std::vector<double> w_, wx_, wxx_, wy_, wxy_;
  double origin_ = 0, mean_ = 0, total_ = 0;
  std::vector<Row> rows_;  // of the last call's knots
  std::vector<KnotStatistic> statistics_;
};

}  // namespace crease::detect
