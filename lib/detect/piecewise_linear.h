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
  std::vector<KnotStatistic> Statistics(const Knots& knots);

 private:
  struct Sums {
    double w = 0, wx = 0, wxx = 0, wy = 0, wxy = 0;
  };
  void Assemble(const Knots& knots);
  void Solve();

  std::vector<double> x_;
  std::vector<Sums> sums_;  // sums_[i] over points 0 ... i-1
  double origin_ = 0, mean_ = 0, total_ = 0;
  // The tridiagonal normal equations of the last call and their solution.
  std::vector<double> diagonal_, off_, right_, pivot_, value_;
};

}  // namespace crease::detect
