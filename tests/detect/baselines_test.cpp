// The detectors that the benchmark compares with do what they say.
#include "benchmarks/transitions/baselines.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/transitions/oracle.h"
#include "tests/detect/curves.h"

namespace crease::benchmarks {
namespace {

LabelledCurve DropAt8000(double deviation) {
  const detect::TestCurve curve = detect::Sample(
      20000, [](double s) { return -0.1 * std::log(s + 10) + detect::Drop(s, 1.5, 8000, 100); },
      deviation);
  LabelledCurve labelled;
  labelled.steps = curve.steps;
  labelled.losses = curve.losses;
  return labelled;
}

TEST(Baselines, FindAnObviousDrop) {
  const LabelledCurve curve = DropAt8000(0.01);
  for (const auto find : {FindBySlope, FindByMovingAverage, FindByMeanShift}) {
    const auto found = find(curve);
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const detect::Transition& t) {
      return std::abs(t.midpoint_step - 8000) < 1000;
    }));
  }
  EXPECT_THAT(FindByMovingAverage(curve), testing::SizeIs(1));
}

TEST(Oracle, FindsMoreThanAnybodyAndAlarmsOnOneInAHundred) {
  int events = 0, found = 0, alarms = 0;
  constexpr int kCurves = 300;
  for (std::uint32_t i = 0; i < kCurves; ++i) {
    const LabelledCurve curve = MakeCurve(12, CurveClass::kSigmoids, i);
    alarms +=
        static_cast<int>(FalseAlarmsOfOracle(MakeCurve(12, CurveClass::kFlat, i), curve).size());
    if (i % 5 != 0) continue;
    events += static_cast<int>(curve.labels.size());
    found += static_cast<int>(FindByOracle(curve).size());
  }
  EXPECT_GE(found, 0.93 * events);
  EXPECT_LE(alarms, 10);  // 3 expected; 11 and more: probability 4e-4
}

}  // namespace
}  // namespace crease::benchmarks
