#include "analysis/transitions/aligned.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crease::transitions {
namespace {

constexpr std::size_t kMiddle = kAlignedPoints / 2;

struct Sampled {
  std::vector<double> steps;
  std::vector<float> values;
};

template <typename Function>
Sampled Sample(double from, double to, double stride, const Function& function) {
  Sampled curve;
  for (double step = from; step <= to; step += stride) {
    curve.steps.push_back(step);
    curve.values.push_back(static_cast<float>(function(step)));
  }
  return curve;
}

detect::Transition At(double midpoint, double width, double before = 1) {
  detect::Transition transition;
  transition.midpoint_step = midpoint;
  transition.width_steps = width;
  transition.loss_before = before;
  return transition;
}

double Logistic(double tau) { return std::exp(-1 / (1 + std::exp(-4 * tau))); }

TEST(Align, GridRunsFromMinusThreeToThreeWidths) {
  EXPECT_EQ(TransitionTime(0), -3);
  EXPECT_EQ(TransitionTime(kMiddle), 0);
  EXPECT_EQ(TransitionTime(kAlignedPoints - 1), 3);
  EXPECT_DOUBLE_EQ(TransitionTime(kMiddle + 1), 0.05);
}

RC_GTEST_PROP(AlignProperty, BringsTransitionsOfAnyPlaceAndWidthTogether, ()) {
  const double midpoint = *rc::gen::inRange(2000, 5000);
  const double width = *rc::gen::inRange(40, 600);
  const double stride = *rc::gen::inRange(1, 8);
  const Sampled curve = Sample(
      0, 10000, stride, [&](double step) { return 0.7 * Logistic((step - midpoint) / width); });
  const AlignedCurve aligned = Align(curve.steps, curve.values, At(midpoint, width, 0.7));
  RC_ASSERT(aligned.log_value.size() == kAlignedPoints);
  RC_ASSERT(std::abs(aligned.log_before - std::log(0.7)) < 1e-12);
  // Values lie up to half a stride off their window's middle, where the slope is at most 1 a width.
  const double tolerance = 1e-4 + 0.75 * stride / width;
  for (std::size_t i = 0; i < kAlignedPoints; ++i) {
    const double exact = std::log(0.7 * Logistic(TransitionTime(i)));
    RC_ASSERT(std::abs(static_cast<double>(aligned.log_value[i]) - exact) < tolerance);
  }
}

TEST(Align, EndsWhereTheCurveEnds) {
  const Sampled curve = Sample(500, 1200, 1, [](double) { return 2.0; });
  const AlignedCurve aligned = Align(curve.steps, curve.values, At(1000, 200));
  for (std::size_t i = 0; i < kAlignedPoints; ++i) {
    const double tau = TransitionTime(i);
    if (tau > -2.5 && tau < 1) {
      EXPECT_NEAR(static_cast<double>(aligned.log_value[i]), std::log(2.0), 1e-6) << tau;
    }
    if (tau < -2.5 || tau > 1) {
      EXPECT_TRUE(std::isnan(aligned.log_value[i])) << tau;
    }
  }
}

TEST(Align, TakesTheMeanOfTheLossNotOfItsLogarithm) {
  // Every other value 0.5 and 1.5: the mean is 1, its logarithm 0.
  const Sampled curve =
      Sample(0, 10000, 1, [](double step) { return std::fmod(step, 2) < 1 ? 0.5 : 1.5; });
  const AlignedCurve aligned = Align(curve.steps, curve.values, At(5000, 1000));
  for (const float value : aligned.log_value) EXPECT_NEAR(static_cast<double>(value), 0, 0.02);
}

TEST(Align, PassesOverValuesThatAreNone) {
  Sampled curve = Sample(0, 1000, 1, [](double) { return 1.0; });
  for (std::size_t i = 0; i < curve.values.size(); i += 3) {
    curve.values[i] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -1.0f;
  }
  curve.values[500] = std::numeric_limits<float>::infinity();
  for (const float value : Align(curve.steps, curve.values, At(500, 100)).log_value) {
    EXPECT_NEAR(value, 0, 1e-6f);
  }
  std::vector<float> none(curve.steps.size(), std::numeric_limits<float>::quiet_NaN());
  for (const float value : Align(curve.steps, none, At(500, 100)).log_value) {
    EXPECT_TRUE(std::isnan(value));
  }
  for (const float value : Align({}, {}, At(500, 100)).log_value) EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(Align(curve.steps, curve.values, At(500, 0)).log_value.empty());
}

TEST(Summarize, CountsTheCurvesThatReach) {
  const Sampled brief = Sample(0, 550, 1, [](double) { return 1.0; });
  const Sampled full = Sample(0, 1000, 1, [](double) { return std::exp(1.0); });
  const AlignedCurve curves[] = {Align(brief.steps, brief.values, At(500, 100, 1)),
                                 Align(full.steps, full.values, At(500, 100, 1)),
                                 {}};
  const AlignedCurve* pointers[] = {&curves[0], &curves[1], &curves[2]};
  const auto points = Summarize(pointers);
  ASSERT_EQ(points.size(), kAlignedPoints);
  EXPECT_EQ(points[kMiddle].curves, 2);
  EXPECT_NEAR(points[kMiddle].mean_log_value, 0.5, 1e-6);
  EXPECT_NEAR(points[kMiddle].change[2], 0.5, 1e-6);
  EXPECT_NEAR(points[kMiddle].change[0], 0.1, 1e-6);  // between 0 and 1
  EXPECT_EQ(points[kAlignedPoints - 1].curves, 1);
  EXPECT_NEAR(points[kAlignedPoints - 1].change[4], 1, 1e-6);
  for (const AlignedPoint& point : Summarize({})) {
    EXPECT_EQ(point.curves, 0);
    EXPECT_TRUE(std::isnan(point.mean_log_value) && std::isnan(point.change[2]));
  }
}

}  // namespace
}  // namespace crease::transitions
