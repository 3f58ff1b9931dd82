// The parts of the detector that fit functions to noisy points.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lib/core/random.h"
#include "lib/detect/knot_trials.h"
#include "lib/detect/piecewise_linear.h"
#include "lib/detect/segmentation.h"
#include "lib/detect/significance.h"

namespace crease::detect {
namespace {

// Uneven steps, unequal variances, y = signal + noise.
template <typename Signal>
NoisyPoints MakePoints(std::size_t count, std::uint64_t seed, Signal signal) {
  const RandomStream random(seed, Purpose::kNoise);
  NoisyPoints points;
  double x = 0;
  for (std::size_t i = 0; i < count; ++i) {
    x += 0.2 + random.Uniform(3 * i);
    points.x.push_back(x);
    points.variance.push_back(0.2 + random.Uniform(3 * i + 1));
    points.y.push_back(signal(x) + std::sqrt(points.variance.back()) * random.Normal(3 * i + 2));
  }
  return points;
}

double CostOf(const NoisyPoints& points, const PiecewiseLinearFit& fit) {
  double cost = 0;
  for (std::size_t i = 0, k = 0; i < points.size(); ++i) {
    while (k + 2 < fit.knots.size() && fit.knots[k + 1] < i) ++k;
    const double x0 = points.x[fit.knots[k]], x1 = points.x[fit.knots[k + 1]];
    const double u = (points.x[i] - x0) / (x1 - x0);
    const double residual = points.y[i] - (1 - u) * fit.values[k] - u * fit.values[k + 1];
    cost += residual * residual / points.variance[i];
  }
  return cost;
}

RC_GTEST_PROP(PiecewiseLinearModel, FitIsTheBestForItsKnots, (std::uint64_t seed)) {
  const NoisyPoints points = MakePoints(30, seed, [](double x) { return std::sin(x); });
  PiecewiseLinearModel model(points);
  PiecewiseLinearFit fit = model.Fit({0, 4, 5, 17, 29});
  const double cost = CostOf(points, fit);
  RC_ASSERT(std::abs(cost - fit.squared_residuals) < 1e-9 * (1 + cost));
  for (double& value : fit.values) {
    for (const double change : {-1e-3, 2e-3, -1e-3}) {
      value += change;
      RC_ASSERT(CostOf(points, fit) >= cost - 1e-12);
    }
  }
}

// Weights over ten orders of magnitude: the margin must hold for curves whose noise comes and goes.
RC_GTEST_PROP(KnotTrials, AgreesWithTheModelWellWithinItsMargin, (std::uint64_t seed)) {
  NoisyPoints points = MakePoints(40, seed, [](double x) { return 5 * std::sin(x); });
  const RandomStream random(seed, Purpose::kData);
  for (std::size_t i = 0; i < points.size(); ++i) {
    points.variance[i] *= std::pow(10.0, -10.0 * random.Uniform(i / 8));
  }
  PiecewiseLinearModel model(points);
  KnotTrials trials(model);
  const double tolerance = 1e-3 * trials.margin();
  Knots knots = {0, 3, 4, 17, 24, 39};
  trials.Prepare(knots);
  for (std::size_t k = 1; k < knots.size(); ++k) {
    const std::vector<double> costs = trials.CostsOfAdding(knots, k);
    RC_ASSERT(costs.size() == knots[k] - knots[k - 1] - 1);
    for (std::size_t i = 0; i < costs.size(); ++i) {
      Knots more = knots;
      more.insert(more.begin() + static_cast<std::ptrdiff_t>(k), knots[k - 1] + 1 + i);
      RC_ASSERT(std::abs(costs[i] - model.Cost(more)) < tolerance);
    }
  }
  for (std::size_t k = 1; k + 1 < knots.size(); ++k) {
    for (std::size_t point = knots[k - 1] + 1; point < knots[k + 1]; ++point) {
      Knots moved = knots;
      moved[k] = point;
      RC_ASSERT(std::abs(trials.CostOfMove(knots, k, point) - model.Cost(moved)) < tolerance);
    }
    knots[k] = (knots[k - 1] + knots[k + 1]) / 2;
    trials.Settle(knots, k);
  }
}

RC_GTEST_PROP(PiecewiseLinearModel, CostOfRemovalIsExact, (std::uint64_t seed)) {
  const NoisyPoints points = MakePoints(30, seed, [](double x) { return std::sin(x); });
  PiecewiseLinearModel model(points);
  const Knots knots = {0, 4, 5, 17, 22, 29};
  const auto statistics = model.Statistics(knots);
  const double cost = model.Cost(knots);
  for (std::size_t k = 1; k + 1 < knots.size(); ++k) {
    Knots fewer = knots;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(k));
    RC_ASSERT(std::abs(model.Cost(fewer) - cost - statistics[k].cost_of_removal) < 1e-8 * cost);
  }
}

TEST(PiecewiseLinearModel, IsAccurateFarFromStepZero) {
  NoisyPoints points;
  for (int i = 0; i < 400; ++i) {
    points.x.push_back(1e12 + i);
    points.y.push_back(std::abs(i - 200.0));
    points.variance.push_back(1e-6);
  }
  PiecewiseLinearModel model(points);
  EXPECT_NEAR(model.Fit({0, 200, 399}).squared_residuals, 0, 1e-3);
  EXPECT_NEAR(model.Fit({0, 200, 399}).values[1], 0, 1e-6);
}

// The least cost over all sets of knots, by trying all of them.
double ExhaustiveCost(const NoisyPoints& points, double penalty) {
  PiecewiseLinearModel model(points);
  const std::size_t inner = points.size() - 2;
  double best = 1e300;
  for (std::size_t set = 0; set < std::size_t{1} << inner; ++set) {
    Knots knots = {0};
    for (std::size_t i = 0; i < inner; ++i) {
      if (set >> i & 1) knots.push_back(i + 1);
    }
    knots.push_back(points.size() - 1);
    const double penalties = penalty * static_cast<double>(knots.size() - 2);
    best = std::min(best, model.Cost(knots) + penalties);
  }
  return best;
}

TEST(Segment, ComesCloseToTheExactOptimum) {
  const double penalty = 6;
  double excess = 0, worst = 0;
  const int trials = 60;
  for (std::uint64_t seed = 0; seed < trials; ++seed) {
    const NoisyPoints points =
        MakePoints(13, seed, [](double x) { return 5 / (1 + std::exp(4 * (x - 5))); });
    PiecewiseLinearModel model(points);
    const auto fit = Segment(model, {.penalty = penalty});
    const double cost = fit.squared_residuals + penalty * static_cast<double>(fit.knots.size() - 2);
    const double gap = cost - ExhaustiveCost(points, penalty);
    EXPECT_GE(gap, -1e-9);
    excess += gap / trials;
    worst = std::max(worst, gap);
  }
  EXPECT_LT(excess, 0.1 * penalty);
  EXPECT_LT(worst, penalty);
}

TEST(Segment, FindsTheKnotsOfAPiecewiseLinearCurve) {
  NoisyPoints points;
  for (int i = 0; i < 300; ++i) {
    points.x.push_back(i);
    points.y.push_back(i < 100 ? 0.0 : i < 120 ? -0.1 * (i - 100) : -2.0);
    points.variance.push_back(1e-4);
  }
  PiecewiseLinearModel model(points);
  EXPECT_EQ(Segment(model, {}).knots, (Knots{0, 100, 120, 299}));
}

TEST(ConvexCost, OfConvexPointsIsZeroAndOfConcaveOnesThatOfALine) {
  NoisyPoints points = MakePoints(60, 3, [](double) { return 0.0; });
  for (std::size_t i = 0; i < points.size(); ++i) points.y[i] = std::exp(-points.x[i] / 5);
  EXPECT_NEAR(ConvexCost(points), 0, 0.05);
  PiecewiseLinearModel model(points);
  const double line = model.Cost({0, points.size() - 1});
  for (double& y : points.y) y = -y;
  EXPECT_NEAR(ConvexCost(points), line, 1e-6 * line);
}

// The same minimum by Dykstra's alternating projections on the half-spaces of convexity.
double ConvexCostByProjections(const NoisyPoints& points) {
  const std::size_t count = points.size();
  std::vector<double> y = points.y, push(count, 0);
  for (int sweep = 0; sweep < 40000; ++sweep) {
    for (std::size_t i = 1; i + 1 < count; ++i) {
      const double left = 1 / (points.x[i] - points.x[i - 1]);
      const double right = 1 / (points.x[i + 1] - points.x[i]);
      const double normal[] = {left, -left - right, right};
      double bend = 0, norm = 0;
      for (std::size_t j = 0; j < 3; ++j) {
        bend += normal[j] * y[i - 1 + j];
        norm += normal[j] * normal[j] * points.variance[i - 1 + j];
      }
      const double next = std::max(0.0, push[i] - bend / norm);
      for (std::size_t j = 0; j < 3; ++j) {
        y[i - 1 + j] += (next - push[i]) * points.variance[i - 1 + j] * normal[j];
      }
      push[i] = next;
    }
  }
  double cost = 0;
  for (std::size_t i = 0; i < count; ++i) {
    cost += (points.y[i] - y[i]) * (points.y[i] - y[i]) / points.variance[i];
  }
  return cost;
}

TEST(ConvexCost, AgreesWithAlternatingProjections) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const NoisyPoints points =
        MakePoints(25, seed, [](double x) { return 3 * std::exp(-x / 5) + std::cos(x); });
    EXPECT_NEAR(ConvexCost(points), ConvexCostByProjections(points), 0.02) << seed;
  }
}

RC_GTEST_PROP(ConvexCost, IsNotAboveAnyConvexFunctions, (std::uint64_t seed)) {
  const NoisyPoints points = MakePoints(40, seed, [](double x) { return std::cos(x / 3); });
  const double cost = ConvexCost(points);
  const RandomStream random(seed, Purpose::kLabels);
  PiecewiseLinearModel model(points);
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const std::size_t knot = 1 + random.Below(trial, points.size() - 2);
    const PiecewiseLinearFit fit = model.Fit({0, knot, points.size() - 1});
    const double left = (fit.values[1] - fit.values[0]) / (points.x[knot] - points.x[0]);
    const double right = (fit.values[2] - fit.values[1]) / (points.x.back() - points.x[knot]);
    if (left <= right) RC_ASSERT(cost <= fit.squared_residuals + 2e-3);
  }
}

TEST(PValue, FallsWithTheScoreAndWithTheSamples) {
  for (const std::size_t samples : {0ul, 10ul, 300ul, 1000ul, 20000ul, 10000000ul}) {
    double before = 1;
    for (const double z : {-3.0, 0.0, 1.0, 3.0, 10.0, 100.0, 1e6}) {
      const double p = PValue(z, samples, 16);
      EXPECT_GT(p, 0);
      EXPECT_LE(p, before);
      EXPECT_LE(PValue(z, 10 * samples, 16), p);
      before = p;
    }
  }
}

TEST(PValue, StaysAboveWhatWasMeasured) {
  // Shares of the benchmark's tuning curves without a transition, by length and score.
  const struct {
    std::size_t samples;
    double z, share, correlation;
  } measured[] = {{1000, 3, .0505, 16},  {1000, 6, .0219, 16},   {1000, 10, .0082, 16},
                  {1000, 30, .0010, 16}, {1000, 3, .0362, 8},    {1000, 3, .0129, 4},
                  {1000, 3, .0027, 1},   {5000, 3, .0188, 32},   {5000, 6, .0108, 32},
                  {5000, 10, .0042, 32}, {5000, 20, .0012, 32},  {20000, 3, .0053, 32},
                  {20000, 6, .0028, 32}, {20000, 10, .0013, 32}, {20000, 30, .0003, 32}};
  for (const auto& m : measured) {
    EXPECT_GT(PValue(m.z, m.samples, m.correlation), m.share) << m.samples << " " << m.z;
    EXPECT_LT(PValue(m.z, m.samples, m.correlation), 5 * m.share) << m.samples << " " << m.z;
  }
}

}  // namespace
}  // namespace crease::detect
