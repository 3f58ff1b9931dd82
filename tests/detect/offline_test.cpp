#include "lib/detect/offline.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detect/curves.h"

namespace crease::detect {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Noise levels at which every claim below must hold.
class AtNoise : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Levels, AtNoise, testing::Values(0.0, 0.02, 0.1, 0.3));

TEST_P(AtNoise, LogConvexCurvesHaveNone) {
  const auto power = [](double s) { return -0.7 * std::log(s + 3); };
  const auto floor = [](double s) { return std::log(0.01 + std::exp(-s / 800)); };
  const auto sum = [](double s) { return std::log(std::exp(-s / 30) + 0.1 * std::exp(-s / 3000)); };
  EXPECT_THAT(Find(Sample(20000, power, GetParam())).transitions, IsEmpty());
  EXPECT_THAT(Find(Sample(20000, floor, GetParam())).transitions, IsEmpty());
  EXPECT_THAT(Find(Sample(20000, sum, GetParam())).transitions, IsEmpty());
}

TEST_P(AtNoise, ConstantAndIncreasingCurvesHaveNone) {
  EXPECT_THAT(Find(Sample(
                       20000, [](double) { return 0.0; }, GetParam()))
                  .transitions,
              IsEmpty());
  const auto rise = [](double s) { return -Drop(s, 2, 8000, 400); };
  EXPECT_THAT(Find(Sample(20000, rise, GetParam())).transitions, IsEmpty());
}

TEST_P(AtNoise, LogisticDropIsDatedByItsTenthsAndNineTenths) {
  const double place = 8000, width = 1200;
  const auto detection = Find(Sample(
      20000, [&](double s) { return Drop(s, 1.5, place, width); }, GetParam()));
  ASSERT_THAT(detection.transitions, SizeIs(1));
  const Transition& t = detection.transitions[0];
  EXPECT_NEAR(t.onset_step, place - width / 2, 0.3 * width);
  EXPECT_NEAR(t.midpoint_step, place, 0.05 * width);
  EXPECT_NEAR(t.end_step, place + width / 2, 0.35 * width);
  EXPECT_NEAR(t.drop_nats, 1.2, 0.25);  // 10 % to 90 % of 1.5
  EXPECT_NEAR(t.peak_rate, 1.5 / 4 / (width / (2 * std::log(9.0))), 3e-4);
  EXPECT_NEAR(t.loss_before, std::exp(-0.15), 0.1);
  EXPECT_NEAR(t.loss_after, std::exp(-1.35), 0.1);
  EXPECT_NEAR(t.plateau_steps, t.onset_step, 20);
  EXPECT_NEAR(t.plateau_loss, 1, 0.05);
  EXPECT_LT(t.p_value, 1e-3);
  EXPECT_FALSE(t.open || t.overlap || t.schedule);
}

TEST_P(AtNoise, TwoSeparateDropsAreTwo) {
  const auto detection = Find(Sample(
      20000, [](double s) { return Drop(s, 1, 3000, 300) + Drop(s, 1, 12000, 600); }, GetParam()));
  ASSERT_THAT(detection.transitions, SizeIs(2));
  EXPECT_NEAR(detection.transitions[0].midpoint_step, 3000, 60);
  EXPECT_NEAR(detection.transitions[1].midpoint_step, 12000, 120);
}

TEST_P(AtNoise, SpikesAreNone) {
  const auto spikes = [](double s) {
    double y = -0.1 * std::log(s + 10);
    for (const double place : {700.0, 2500.0, 6000.0, 13000.0, 19700.0, 19990.0}) {
      if (s >= place) y += 2.0 * std::exp(-(s - place) / 40);
    }
    return y;
  };
  EXPECT_THAT(Find(Sample(20000, spikes, GetParam())).transitions, IsEmpty());
}

TEST_P(AtNoise, OscillationOfPeriodTwoIsNone) {
  const auto edge = [](double s) {
    const bool burst = s > 4000 && s < 9000;
    return -0.2 * std::log(s + 10) + (burst ? (std::fmod(s, 2) < 1 ? 0.5 : -0.5) : 0);
  };
  EXPECT_THAT(Find(Sample(20000, edge, GetParam())).transitions, IsEmpty());
}

double KinkAt5000(double s) {
  return std::log1p(3 * std::exp(-s / 100)) - 1.5 * std::log1p(std::max(0.0, s - 5000) / 3000);
}

TEST_P(AtNoise, GentleKinkIntoAPowerLawIsFound) {
  const auto detection = Find(Sample(40000, KinkAt5000, GetParam()));
  ASSERT_THAT(detection.transitions, SizeIs(1));
  EXPECT_NEAR(std::log(detection.transitions[0].onset_step / 5000), 0, 0.12);
}

TEST_P(AtNoise, ASpikeShortlyBeforeADropDoesNotHideIt) {
  const auto spiked = [](double s) {
    const double spike = s < 7000 ? 0 : 1.5 * std::exp(-(s - 7000) / 60);
    return -0.1 * std::log(s + 10) + spike + Drop(s, 2, 7700, 150);
  };
  const auto detection = Find(Sample(20000, spiked, GetParam()));
  ASSERT_THAT(detection.transitions, SizeIs(1));
  EXPECT_NEAR(detection.transitions[0].midpoint_step, 7700, 75);
}

TEST_P(AtNoise, ADipIsNone) {
  const auto dip = [](double s) {
    return -0.1 * std::log(s + 10) + Drop(s, 1, 9000, 40) - Drop(s, 1, 9120, 40);
  };
  EXPECT_THAT(Find(Sample(20000, dip, GetParam())).transitions, IsEmpty());
}

TEST(FindTransitions, DropCutOffByTheEndIsOpen) {
  const auto detection = Find(Sample(
      8000, [](double s) { return Drop(s, 3, 8000, 2000); }, 0.05));
  ASSERT_THAT(detection.transitions, SizeIs(1));
  EXPECT_TRUE(detection.transitions[0].open);
  EXPECT_NEAR(detection.transitions[0].end_step, 7999, 1);
}

TEST(FindTransitions, GrowingNoiseIsNoDrop) {
  // The mean of the loss stays; the mean of its logarithm falls by 0.3 nats.
  TestCurve curve = Sample(
      20000, [](double) { return 0.0; }, 0.05);
  const TestCurve loud = Sample(
      20000, [](double) { return 0.0; }, 0.8, 2);
  std::copy(loud.losses.begin() + 10000, loud.losses.end(), curve.losses.begin() + 10000);
  EXPECT_THAT(Find(curve).transitions, IsEmpty());
}

TEST(FindTransitions, ScheduleChangesTagTheirDrops) {
  const auto drop = [](double s) {
    return s < 6000 ? 0.0 : -1 + std::exp(-(s - 6000) / 100) - Drop(s, 0, 0, 1);
  };
  const TestCurve curve = Sample(20000, drop, 0.05);
  OfflineOptions options;
  ASSERT_THAT(Find(curve, options).transitions, SizeIs(1));
  EXPECT_FALSE(Find(curve, options).transitions[0].schedule);
  options.schedule_changes = {3000, 6000};
  EXPECT_TRUE(Find(curve, options).transitions[0].schedule);
  options.schedule_changes = {3000, 15000};
  EXPECT_FALSE(Find(curve, options).transitions[0].schedule);
}

TEST(FindTransitions, ScaleDoesNotMatter) {
  const TestCurve curve = Sample(
      20000, [](double s) { return Drop(s, 1, 5000, 300); }, 0.1);
  const auto expected = Find(curve).transitions;
  ASSERT_THAT(expected, SizeIs(1));
  for (const float scale : {1e-30f, 1e30f}) {
    TestCurve scaled = curve;
    for (float& loss : scaled.losses) loss *= scale;
    const auto found = Find(scaled).transitions;
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].onset_step, expected[0].onset_step);
    EXPECT_NEAR(found[0].drop_nats, expected[0].drop_nats, 1e-4);
    EXPECT_NEAR(found[0].loss_before / scale, expected[0].loss_before, 1e-4);
  }
}

TEST(FindTransitions, SamplingDoesNotMatter) {
  const TestCurve curve = Sample(
      20000, [](double s) { return Drop(s, 1, 5000, 500); }, 0.05);
  for (const double growth : {0.0, 0.01}) {
    TestCurve thinned;
    for (std::size_t i = 0; i < curve.steps.size();
         i += std::max<std::size_t>(growth > 0 ? 1 : 50,
                                    static_cast<std::size_t>(growth * static_cast<double>(i)))) {
      thinned.steps.push_back(curve.steps[i]);
      thinned.losses.push_back(curve.losses[i]);
    }
    const auto found = Find(thinned).transitions;
    ASSERT_THAT(found, SizeIs(1)) << growth;
    EXPECT_NEAR(found[0].midpoint_step, 5000, 100);
    EXPECT_NEAR(found[0].drop_nats, 0.8, 0.2);
  }
}

TEST(FindTransitions, WhatIsNoLossIsSkipped) {
  TestCurve curve = Sample(
      20000, [](double s) { return Drop(s, 1, 5000, 300); }, 0.05);
  for (std::size_t i = 0; i < curve.losses.size(); i += 7) {
    const float bad[] = {kNan, 0.0f, -1.0f, std::numeric_limits<float>::infinity()};
    curve.losses[i] = bad[i / 7 % 4];
  }
  std::fill(curve.losses.begin() + 15000, curve.losses.end(), kNan);  // diverged
  const auto found = Find(curve).transitions;
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].midpoint_step, 5000, 60);
}

TEST(FindTransitions, GapsInTheStepsDoNotMatter) {
  TestCurve curve = Sample(
      20000, [](double s) { return Drop(s, 1, 9000, 500); }, 0.05);
  const auto cut = [](auto& values) {
    values.erase(values.begin() + 4000, values.begin() + 7000);
    values.erase(values.begin() + 9000, values.begin() + 9500);
  };
  cut(curve.steps);
  cut(curve.losses);
  const auto found = Find(curve).transitions;
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].midpoint_step, 9000, 100);
}

TEST(FindTransitions, FewValuesGiveNoVerdict) {
  for (const int count : {0, 1, 5, 9}) {
    const auto detection = Find(Sample(count, [](double s) { return s < 3 ? 0.0 : -3.0; }));
    EXPECT_THAT(detection.transitions, IsEmpty());
    EXPECT_THAT(detection.no_verdict, HasSubstr("fewer than 10")) << count;
  }
  EXPECT_EQ(Find(Sample(10, [](double) { return 0.0; })).no_verdict, "");
  EXPECT_THAT(
      FindTransitions(std::vector<double>(50, 0.0), std::vector<float>(50, kNan)).no_verdict,
      HasSubstr("(0)"));
}

TEST(FindTransitions, RisingFindsSuddenGainsOfAccuracy) {
  TestCurve curve;
  for (int s = 0; s < 20000; ++s) {
    curve.steps.push_back(s);
    curve.losses.push_back(static_cast<float>(0.5 + 0.5 / (1 + std::exp(-(s - 6000) / 80.0))));
  }
  OfflineOptions options;
  EXPECT_THAT(Find(curve, options).transitions, IsEmpty());
  options.rising = true;
  const auto found = Find(curve, options).transitions;
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].midpoint_step, 6000, 150);
  EXPECT_NEAR(found[0].loss_before, 0.55, 0.1);
  EXPECT_NEAR(found[0].loss_after, 0.97, 0.06);
  std::fill(curve.losses.begin(), curve.losses.end(), 1.0f);
  EXPECT_THAT(Find(curve, options).transitions, IsEmpty());
}

TEST(FindTransitions, IsDeterministic) {
  const TestCurve curve = Sample(
      20000, [](double s) { return Drop(s, 1, 5000, 300); }, 0.3);
  const auto first = Find(curve).transitions, second = Find(curve).transitions;
  ASSERT_THAT(first, SizeIs(1));
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(first[0].onset_step, second[0].onset_step);
  EXPECT_EQ(first[0].z_score, second[0].z_score);
}

}  // namespace
}  // namespace crease::detect
