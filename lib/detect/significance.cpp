#include "lib/detect/significance.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/core/portable_math.h"

namespace crease::detect {
namespace {

constexpr int kIterations = 100;

// How often curves without a transition reach a score, by their samples: fits from above to what
// benchmarks/transitions measures on its tuning curves (--calibration), 12,800 to 64,000 of each
// length. Short curves are dangerous if their noise is correlated. Below 1e-4 it is an
// extrapolation.
constexpr double kShareAt1000 = 0.1, kDecline = 0.8, kLeastShare = 0.009;
constexpr double kStrongCorrelation = 12;  // samples
constexpr double kSpreadAt1000 = 4, kSpreadPerFold = 0.668, kLargestSpread = 6;

// Slope changes at the inner knots (0 at both ends).
std::vector<double> SlopeChanges(const PiecewiseLinearModel& model, const PiecewiseLinearFit& fit) {
  std::vector<double> changes(fit.knots.size(), 0);
  const auto slope = [&](std::size_t k) {
    return (fit.values[k + 1] - fit.values[k]) /
           (model.x(fit.knots[k + 1]) - model.x(fit.knots[k]));
  };
  for (std::size_t k = 1; k + 1 < fit.knots.size(); ++k) changes[k] = slope(k) - slope(k - 1);
  return changes;
}

// Moves from the convex solution `changes` (at `knots`) towards the unconstrained one until it is
// convex, taking away the knots that become straight on the way.
PiecewiseLinearFit SolveConvex(PiecewiseLinearModel& model, Knots knots,
                               std::vector<double>& changes) {
  while (true) {
    PiecewiseLinearFit fit = model.Fit(knots);
    const std::vector<double> target = SlopeChanges(model, fit);
    double share = 1;
    std::size_t blocking = 0;
    for (std::size_t k = 1; k + 1 < knots.size(); ++k) {
      if (target[k] >= 0) continue;
      const double reach = changes[k] / (changes[k] - target[k]);
      if (blocking == 0 || reach < share) {
        share = reach;
        blocking = k;
      }
    }
    if (blocking == 0) {
      changes = target;
      return fit;
    }
    for (std::size_t k = 0; k < knots.size(); ++k) changes[k] += share * (target[k] - changes[k]);
    changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(blocking));
    knots.erase(knots.begin() + static_cast<std::ptrdiff_t>(blocking));
  }
}

// The inner point where a new convex knot would lower the cost fastest; 0 if nowhere.
std::size_t BestNewKnot(const NoisyPoints& points, const PiecewiseLinearFit& fit) {
  const std::size_t count = points.size();
  std::vector<double> weighted(count);
  for (std::size_t i = 0, k = 0; i < count; ++i) {
    while (k + 2 < fit.knots.size() && fit.knots[k + 1] < i) ++k;
    const double x0 = points.x[fit.knots[k]], x1 = points.x[fit.knots[k + 1]];
    const double u = (points.x[i] - x0) / (x1 - x0);
    const double value = fit.values[k] + u * (fit.values[k + 1] - fit.values[k]);
    weighted[i] = (points.y[i] - value) / points.variance[i];
  }
  // Sums over the points to the right, of w r, w r (x - x_k), w and w (x - x_k)^2.
  double sum = 0, moment = 0, w = 0, wx = 0, wxx = 0, best = 1e-9;
  std::size_t best_point = 0;
  for (std::size_t i = count - 1; i-- > 1;) {
    const double gap = points.x[i + 1] - points.x[i];
    const double next = 1 / points.variance[i + 1];
    sum += weighted[i + 1];
    moment += gap * sum;
    wxx += gap * gap * w + 2 * gap * wx;
    wx += gap * w;
    w += next;
    wx += gap * next;
    wxx += gap * gap * next;
    const double gain = moment > 0 ? moment * moment / wxx : 0;
    if (gain > best && !std::binary_search(fit.knots.begin(), fit.knots.end(), i)) {
      best = gain;
      best_point = i;
    }
  }
  return best_point;
}

}  // namespace

PiecewiseLinearFit ConvexFit(const NoisyPoints& points) {
  PiecewiseLinearModel model(points);
  Knots knots = {0, points.size() - 1};
  std::vector<double> changes(2, 0);
  PiecewiseLinearFit fit = model.Fit(knots);
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    const std::size_t point = BestNewKnot(points, fit);
    if (point == 0) break;
    knots = fit.knots;
    const auto place = std::lower_bound(knots.begin(), knots.end(), point) - knots.begin();
    knots.insert(knots.begin() + place, point);
    changes.insert(changes.begin() + place, 0.0);
    const double before = fit.squared_residuals;
    fit = SolveConvex(model, knots, changes);
    if (fit.squared_residuals > before - 1e-9) break;
  }
  return fit;
}

double ConvexCost(const NoisyPoints& points) {
  return points.size() < 3 ? 0 : ConvexFit(points).squared_residuals;
}

double PValue(double z_score, std::size_t samples, double correlation_samples) {
  const double folds =
      portable::Log(static_cast<double>(std::max<std::size_t>(samples, 10)) / 1000);
  const double correlated = std::clamp(correlation_samples / kStrongCorrelation, 0.1, 1.0);
  const double share =
      std::clamp(kShareAt1000 * portable::Exp(-kDecline * folds) * correlated, kLeastShare, 1.0);
  const double spread = std::clamp(kSpreadAt1000 + kSpreadPerFold * folds, 2.0, kLargestSpread);
  const double z = std::max(z_score, 0.0), ratio = z / spread;
  // The second term makes nothing of scores around zero, as any fit has them.
  return std::min(1.0, share / (1 + ratio * ratio) + 0.5 * portable::Exp(-2 * z * z));
}

}  // namespace crease::detect
