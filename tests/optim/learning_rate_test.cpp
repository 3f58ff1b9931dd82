#include "lib/optim/learning_rate.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crease::optim {
namespace {

Options With(Schedule schedule) {
  Options options;
  options.lr = 0.3;
  options.schedule = schedule;
  return options;
}

TEST(LearningRate, ConstantIsConstant) {
  for (const std::int64_t step : {0, 1, 99}) {
    EXPECT_EQ(LearningRate(With(Schedule::kConstant), step, 100), 0.3);
  }
}

TEST(LearningRate, CosineFollowsItsClosedForm) {
  Options options = With(Schedule::kCosine);
  options.lr_min = 0.05;
  for (std::int64_t step = 0; step < 1000; ++step) {
    const double expected =
        0.05 + 0.25 * 0.5 * (1.0 + std::cos(std::numbers::pi * static_cast<double>(step) / 1000.0));
    EXPECT_NEAR(LearningRate(options, step, 1000), expected, 1e-15) << step;
  }
  EXPECT_EQ(LearningRate(options, 0, 1000), 0.3);
  EXPECT_NEAR(LearningRate(options, 500, 1000), 0.175, 1e-15);
}

TEST(LearningRate, StepMultipliesByGammaEveryStepSize) {
  Options options = With(Schedule::kStep);
  options.step_size = 30;
  options.gamma = 0.5;
  for (std::int64_t step = 0; step < 200; ++step) {
    EXPECT_DOUBLE_EQ(LearningRate(options, step, 200),
                     0.3 * std::pow(0.5, static_cast<double>(step / 30)))
        << step;
  }
  EXPECT_EQ(ScheduleChanges(options, 100), (std::vector<double>{30, 60, 90}));
  EXPECT_EQ(ScheduleChanges(options, 90), (std::vector<double>{30, 60}));  // 90 is never taken
}

TEST(LearningRate, OnlyStepSchedulesJump) {
  for (const Schedule schedule :
       {Schedule::kConstant, Schedule::kCosine, Schedule::kWarmupCosine}) {
    EXPECT_TRUE(ScheduleChanges(With(schedule), 100000).empty());
  }
}

TEST(LearningRate, WarmupRisesInALineAndThenFollowsTheCosine) {
  Options options = With(Schedule::kWarmupCosine);
  options.warmup_steps = 10;
  options.lr_min = 0.01;
  for (std::int64_t step = 0; step < 10; ++step) {
    EXPECT_DOUBLE_EQ(LearningRate(options, step, 110), 0.03 * static_cast<double>(step + 1));
  }
  Options cosine = With(Schedule::kCosine);
  cosine.lr_min = 0.01;
  for (std::int64_t step = 0; step < 100; ++step) {
    EXPECT_EQ(LearningRate(options, step + 10, 110), LearningRate(cosine, step, 100)) << step;
  }
}

TEST(LearningRate, WarmupMayTakeAllSteps) {
  Options options = With(Schedule::kWarmupCosine);
  options.warmup_steps = 10;
  EXPECT_DOUBLE_EQ(LearningRate(options, 9, 10), 0.3);
}

RC_GTEST_PROP(LearningRate, StaysBetweenItsEnds, ()) {
  Options options = With(*rc::gen::element(Schedule::kConstant, Schedule::kCosine, Schedule::kStep,
                                           Schedule::kWarmupCosine));
  const auto steps = *rc::gen::inRange<std::int64_t>(1, 100000);
  const auto step = *rc::gen::inRange<std::int64_t>(0, steps);
  options.step_size = *rc::gen::inRange<std::int64_t>(1, 1000);
  options.warmup_steps = *rc::gen::inRange<std::int64_t>(0, steps + 1);
  options.lr_min = *rc::gen::element(0.0, 0.1, 0.3);
  const double lr = LearningRate(options, step, steps);
  RC_ASSERT(lr <= 0.3 * (1.0 + 1e-15));
  RC_ASSERT(lr >= 0.0);
  if (options.schedule == Schedule::kCosine) RC_ASSERT(lr >= options.lr_min);
}

}  // namespace
}  // namespace crease::optim
