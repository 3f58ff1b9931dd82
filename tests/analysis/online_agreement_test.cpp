#include "analysis/transitions/online_agreement.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crease::transitions {
namespace {

detect::Transition Between(double onset, double end) {
  detect::Transition t;
  t.onset_step = onset;
  t.midpoint_step = 0.5 * (onset + end);
  t.end_step = end;
  t.width_steps = end - onset;
  return t;
}

detect::Alarm At(double step) {
  detect::Alarm alarm;
  alarm.step = step;
  return alarm;
}

TEST(OnlineAgreement, GivesEachAlarmToOneTransitionItIsInTimeFor) {
  const std::vector<detect::Transition> found = {Between(1000, 1200), Between(5000, 5010),
                                                 Between(8000, 9000)};
  const std::vector<detect::Alarm> raised = {At(1050), At(1100), At(4700), At(8500), At(12000)};
  OnlineAgreement agreement;
  agreement.Add(found, raised);
  EXPECT_EQ(agreement.transitions, 3);
  EXPECT_EQ(agreement.alarms, 5);
  EXPECT_EQ(agreement.matches, 2);
  EXPECT_THAT(agreement.delays_in_widths, testing::ElementsAre(0.25, 0.5));
  OnlineAgreement sum;
  sum.Add(agreement);
  sum.Add(agreement);
  EXPECT_EQ(sum.matches, 4);
  EXPECT_EQ(sum.delays_in_widths.size(), 4u);
}

TEST(IntrinsicAlarms, LeaveOutWhatTheScheduleDoes) {
  std::vector<double> steps;
  std::vector<float> losses;
  for (int s = 0; s < 20000; ++s) {
    const double wiggle = 0.02 * std::sin(7.0 * s);
    steps.push_back(s);
    losses.push_back(
        static_cast<float>(std::exp(wiggle - 1.5 / (1 + std::exp(-(s - 8000) / 100.0)))));
  }
  ASSERT_THAT(IntrinsicAlarms(steps, losses, {}), testing::Not(testing::IsEmpty()));
  EXPECT_NEAR(IntrinsicAlarms(steps, losses, {})[0].step, 8000, 400);
  EXPECT_LT(IntrinsicAlarms(steps, losses, {7700}).size(),
            IntrinsicAlarms(steps, losses, {}).size());
  EXPECT_EQ(IntrinsicAlarms(steps, losses, {15000}).size(),
            IntrinsicAlarms(steps, losses, {}).size());
}

}  // namespace
}  // namespace crease::transitions
