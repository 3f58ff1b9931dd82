#include "lib/detect/definition.h"

#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detect/curves.h"

namespace crease::detect {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

ExactCurve Exact(int count, const std::function<double(double)>& log_loss) {
  ExactCurve curve;
  for (int s = 0; s < count; ++s) {
    curve.step.push_back(s);
    curve.log_loss.push_back(log_loss(s));
  }
  return curve;
}

TEST(ApplyDefinition, LogisticDropLiesWhereItsSlopeIsAThirdOfThePeak) {
  const double scale = 100, place = 5000, nats = 2;
  const auto found = ApplyDefinition(
      Exact(20000, [&](double s) { return -nats / (1 + std::exp(-(s - place) / scale)); }), {});
  ASSERT_THAT(found, SizeIs(1));
  // sech^2(x / 2) = 1/3.
  const double reach = 2 * std::acosh(std::sqrt(3.0)) * scale;
  EXPECT_NEAR(found[0].onset_step, place - reach, 1.5);
  EXPECT_NEAR(found[0].end_step, place + reach, 1.5);
  EXPECT_NEAR(found[0].midpoint_step, place, 1);
  EXPECT_NEAR(found[0].drop_nats, nats * std::tanh(reach / scale / 2), 0.01);
  EXPECT_NEAR(found[0].peak_rate, nats / (4 * scale), 1e-6);
  EXPECT_NEAR(found[0].sharpness, nats / (4 * scale) * place, 1);
}

TEST(ApplyDefinition, KinkIntoAPowerLawEndsWhereItsSlopeHasFallenToAThird) {
  const double place = 1000, unit = 500;
  const auto found = ApplyDefinition(
      Exact(20000, [&](double s) { return -std::log1p(std::max(0.0, s - place) / unit); }), {});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].onset_step, place, 1.5);
  EXPECT_NEAR(found[0].end_step, place + 2 * unit, 2.5);
  EXPECT_NEAR(found[0].drop_nats, std::log(3.0), 0.01);
}

TEST(ApplyDefinition, DemandsDropPlateauAndContrast) {
  const auto logistic = [](double nats, double place, double width) {
    return [=](double s) { return Drop(s, nats, place, width); };
  };
  EXPECT_THAT(ApplyDefinition(Exact(20000, logistic(0.2, 5000, 500)), {}), IsEmpty());
  EXPECT_THAT(ApplyDefinition(Exact(20000, logistic(0.3, 5000, 500)), {}), SizeIs(1));
  // Half of the drop lies before the curve begins, then a short plateau, then a long enough one.
  EXPECT_THAT(ApplyDefinition(Exact(20000, logistic(2, 0, 500)), {}), IsEmpty());
  EXPECT_THAT(ApplyDefinition(Exact(20000, logistic(2, 300, 500)), {}), IsEmpty());
  EXPECT_THAT(ApplyDefinition(Exact(20000, logistic(2, 450, 500)), {}), SizeIs(1));
  // Before and after the drop the curve falls at 0.45 of the peak rate.
  const double peak = 2 / 4.0 / (500 / (2 * std::log(9.0)));
  EXPECT_THAT(
      ApplyDefinition(
          Exact(20000, [&](double s) { return Drop(s, 2, 5000, 500) - 0.45 / 0.55 * peak * s; }),
          {}),
      IsEmpty());
}

TEST(ApplyDefinition, PeaksAreOneTransitionUnlessTheValleyIsDeep) {
  const auto pair = [](double distance) {
    return Exact(
        20000, [=](double s) { return Drop(s, 1, 5000, 500) + Drop(s, 1, 5000 + distance, 500); });
  };
  EXPECT_THAT(ApplyDefinition(pair(500), {}), SizeIs(1));
  const auto two = ApplyDefinition(pair(900), {});
  ASSERT_THAT(two, SizeIs(2));
  EXPECT_TRUE(two[0].overlap && two[1].overlap);
  EXPECT_FALSE(ApplyDefinition(pair(3000), {})[0].overlap);
}

TEST(ApplyDefinition, NoiseDoesNotPartAFittedDrop) {
  // Two halves of a drop with a rest of 20 steps between, the second half 400 steps long.
  const ExactCurve curve = {{0, 1000, 1200, 1220, 1620, 3000}, {0, 0, -0.6, -0.6, -1.8, -1.8}};
  const auto fitted = ApplyDefinition(curve, {}, SmallPeaks::kLevel);
  ASSERT_THAT(fitted, SizeIs(1));
  EXPECT_EQ(fitted[0].onset_step, 1000);
  EXPECT_EQ(fitted[0].end_step, 1620);
  // A rest that is a plateau by the definition parts them.
  const ExactCurve two = {{0, 1000, 1200, 1400, 1800, 3000}, {0, 0, -0.6, -0.6, -1.8, -1.8}};
  EXPECT_THAT(ApplyDefinition(two, {}, SmallPeaks::kLevel), SizeIs(2));
}

TEST(ApplyDefinition, WhatStandsInForABumpIsNoPlateau) {
  ExactCurve curve = {{0, 1000, 1300, 2000, 4000}, {0, -1, -1, -1.7, -1.8}};
  EXPECT_THAT(ApplyDefinition(curve, {}, SmallPeaks::kLevel), SizeIs(1));
  curve.bridged = {0, 0, 1, 0, 0};
  EXPECT_THAT(ApplyDefinition(curve, {}, SmallPeaks::kLevel), IsEmpty());
}

TEST(ApplyDefinition, DemandsThatTheDropPersists) {
  const auto slingshot = [](double s) { return Drop(s, 1, 5000, 100) - Drop(s, 1, 5090, 20); };
  EXPECT_THAT(ApplyDefinition(Exact(20000, slingshot), {}), IsEmpty());
}

}  // namespace
}  // namespace crease::detect
