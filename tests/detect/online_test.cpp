// The online detector: what it finds, what it must not, and that its state is all of it.
#include "lib/detect/online.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "benchmarks/transitions/generator.h"
#include "benchmarks/transitions/online_metrics.h"
#include "lib/core/portable_math.h"
#include "lib/core/random.h"
#include "lib/core/state.h"

namespace crease::detect {
namespace {

using benchmarks::CurveClass;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Alarm> Feed(const std::vector<double>& steps, const std::vector<float>& losses) {
  OnlineDetector detector;
  std::vector<Alarm> alarms;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (const auto alarm = detector.Add(steps[i], losses[i])) alarms.push_back(*alarm);
  }
  return alarms;
}

std::vector<Alarm> Feed(const std::vector<float>& losses) {
  OnlineDetector detector;
  std::vector<Alarm> alarms;
  detector.Add(0, losses, alarms);
  return alarms;
}

// exp of `log_loss(step)`, with normal noise of deviation `sd` whose mean is one.
template <typename Function>
std::vector<float> Curve(int steps, double sd, Function log_loss, std::uint64_t seed = 1) {
  const RandomStream noise(seed, Purpose::kData, 7);
  std::vector<float> losses;
  for (int s = 0; s < steps; ++s) {
    const double e = sd > 0 ? noise.Normal(static_cast<std::uint64_t>(s)) : 0;
    losses.push_back(static_cast<float>(std::exp(log_loss(s) + sd * e - 0.5 * sd * sd)));
  }
  return losses;
}

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }

bool Same(const Alarm& a, const Alarm& b) {
  return a.step == b.step && a.onset_step == b.onset_step && a.loss_before == b.loss_before &&
         a.drop_nats == b.drop_nats && a.score == b.score && a.schedule == b.schedule;
}

MATCHER_P(IsTheSameAs, expected, "") { return Same(arg, expected); }

void ExpectSame(const std::vector<Alarm>& a, const std::vector<Alarm>& b) {
  ASSERT_THAT(a, SizeIs(b.size()));
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_THAT(a[i], IsTheSameAs(b[i]));
}

// A curve of the benchmark's tuning seeds with at least one alarm.
std::vector<float> CurveWithTransitions(std::uint32_t index) {
  const auto curve_class = benchmarks::kPositives[index % 3];
  return benchmarks::MakeCurve(21, curve_class, index / 3).losses;
}

TEST(Online, FindsASharpDropWithinItsWidth) {
  // 10-90 width 4.4 * 50 = 220 steps around 5000: onset at 4890.
  const auto alarms =
      Feed(Curve(10000, 0.1, [](double s) { return -1.5 * Logistic((s - 5000) / 50); }));
  ASSERT_THAT(alarms, SizeIs(1));
  EXPECT_GT(alarms[0].step, 4800);
  EXPECT_LT(alarms[0].step, 4890 + 0.5 * 220);
  EXPECT_NEAR(alarms[0].onset_step, 4890, 150);
  EXPECT_NEAR(alarms[0].loss_before, 1.0, 0.1);
  EXPECT_GE(alarms[0].drop_nats, OnlineOptions{}.minimum_drop_nats);
  EXPECT_FALSE(alarms[0].schedule);
}

TEST(Online, FindsEachOfFourDrops) {
  const auto alarms = Feed(Curve(20000, 0.05, [](double s) {
    double y = 0;
    for (const double place : {1000.0, 3000.0, 8000.0, 16000.0}) {
      y -= Logistic((s - place) / (0.01 * place));
    }
    return y;
  }));
  ASSERT_THAT(alarms, SizeIs(4));
  EXPECT_NEAR(alarms[0].step, 1000, 40);
  EXPECT_NEAR(alarms[1].step, 3000, 120);
  EXPECT_NEAR(alarms[2].step, 8000, 320);
  EXPECT_NEAR(alarms[3].step, 16000, 640);
}

// Linear(4,H) -> LayerNorm -> Linear(H,4) on fresh points: a plateau, then loss ~ 1/t, and noise
// that grows before the onset.
TEST(Online, FindsTheGentleKinkOfToyLayerNorm) {
  for (const double onset : {1600.0, 5400.0, 28000.0}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const RandomStream noise(seed, Purpose::kData, 9);
      const int steps = static_cast<int>(3.5 * onset);
      std::vector<float> losses;
      for (int s = 0; s < steps; ++s) {
        const double sd = s < 0.6 * onset ? 0.15 : s < onset ? 0.36 : 0.5;
        const double fall = s < onset ? 0 : std::log(s / onset);
        const double e = sd * noise.Normal(static_cast<std::uint64_t>(s)) - 0.5 * sd * sd;
        losses.push_back(static_cast<float>(46.57 * std::exp(e - fall)));
      }
      const auto alarms = Feed(losses);
      ASSERT_THAT(alarms, SizeIs(1)) << onset << " " << seed;
      EXPECT_GT(alarms[0].step, 0.95 * onset);
      EXPECT_LT(alarms[0].step, 2 * onset);
    }
  }
}

TEST(Online, RaisesNothingOnConstantAndRisingCurves) {
  EXPECT_THAT(Feed(std::vector<float>(100000, 0.7f)), IsEmpty());
  EXPECT_THAT(Feed(Curve(20000, 0, [](double s) { return 1e-4 * s; })), IsEmpty());
  EXPECT_THAT(Feed(Curve(20000, 0.1, [](double s) { return 1e-4 * s; })), IsEmpty());
}

TEST(Online, RaisesNothingOnLogConvexCurvesWithoutNoise) {
  EXPECT_THAT(Feed(Curve(50000, 0, [](double s) { return -1.5 * std::log1p(s / 30); })), IsEmpty());
  EXPECT_THAT(Feed(Curve(50000, 0, [](double s) { return std::log(0.01 + std::exp(-s / 900)); })),
              IsEmpty());
  EXPECT_THAT(Feed(Curve(50000, 0, [](double s) { return -s / 4000; })), IsEmpty());
}

TEST(Online, ComingBackFromASpikeIsNoDrop) {
  for (const double recovery : {3.0, 30.0, 200.0}) {
    for (const int start : {300, 1000, 4000}) {
      EXPECT_THAT(Feed(Curve(10000, 0.03,
                             [&](double s) {
                               const double since = s - start;
                               const double spike =
                                   since < 0 ? 0 : 2 * std::exp(-3 * since / recovery);
                               return spike - 0.5 * std::log1p(s / 100);
                             })),
                  IsEmpty())
          << recovery << " " << start;
    }
  }
}

TEST(Online, TheEndOfAnOscillationIsNoDrop) {
  for (const int period : {2, 5, 20}) {
    EXPECT_THAT(Feed(Curve(20000, 0.02,
                           [&](double s) {
                             const bool inside = s >= 6000 && s < 14000;
                             return inside ? 0.55 * std::cos(2 * portable::kPi * s / period) : 0.0;
                           })),
                IsEmpty())
        << period;
  }
}

TEST(Online, TagsDropsAtAnnouncedChanges) {
  const auto losses = Curve(10000, 0.05, [](double s) {
    return (s > 5000 ? -1 + std::exp(-(s - 5000) / 30) : 0.0) - Logistic((s - 8000) / 40);
  });
  OnlineDetector detector;
  std::vector<Alarm> alarms;
  detector.Add(0, std::span(losses).first(5001), alarms);
  detector.AnnounceScheduleChange();
  detector.Add(5001, std::span(losses).subspan(5001), alarms);
  ASSERT_THAT(alarms, SizeIs(2));
  EXPECT_TRUE(alarms[0].schedule);
  EXPECT_NEAR(alarms[0].step, 5040, 40);
  EXPECT_FALSE(alarms[1].schedule);
  EXPECT_NEAR(alarms[1].step, 8000, 160);
}

TEST(Online, SkipsWhatIsNoLoss) {
  const auto losses = Curve(6000, 0.05, [](double s) { return -Logistic((s - 3000) / 40); });
  const std::vector<float> junk = {std::numeric_limits<float>::quiet_NaN(),
                                   std::numeric_limits<float>::infinity(),
                                   -std::numeric_limits<float>::infinity(), 0.0f, -1.0f};
  std::vector<double> steps;
  std::vector<float> with_junk;
  OnlineDetector plain;
  std::vector<Alarm> expected;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double step = 2.0 * static_cast<double>(i);
    steps.insert(steps.end(), {step, step + 1});
    with_junk.insert(with_junk.end(), {losses[i], junk[i % junk.size()]});
    if (const auto alarm = plain.Add(step, losses[i])) expected.push_back(*alarm);
  }
  EXPECT_THAT(expected, SizeIs(1));
  ExpectSame(Feed(steps, with_junk), expected);
}

TEST(Online, TakesUnevenSteps) {
  const auto log_loss = [](double s) { return -1.2 * Logistic((s - 40000) / 1500); };
  for (const bool logarithmic : {false, true}) {
    const RandomStream noise(3, Purpose::kData, 8);
    std::vector<double> steps;
    std::vector<float> losses;
    for (double s = 0; s < 100000; s += logarithmic ? std::max(1.0, std::floor(s / 200)) : 50.0) {
      steps.push_back(s);
      losses.push_back(static_cast<float>(
          std::exp(log_loss(s) + 0.05 * noise.Normal(static_cast<std::uint64_t>(steps.size())))));
    }
    const auto alarms = Feed(steps, losses);
    ASSERT_THAT(alarms, SizeIs(1)) << logarithmic;
    EXPECT_NEAR(alarms[0].step, 38000, 3500) << logarithmic;
  }
}

// A relaxation to a floor looks like a cliff against ln(step); steps, not samples, count.
TEST(Online, LogSpacedSamplesOfAConvexCurveRaiseNothing) {
  std::vector<double> steps;
  std::vector<float> losses;
  for (double s = 0; s < 1e6; s += std::max(1.0, std::floor(s / 200))) {
    steps.push_back(s);
    losses.push_back(static_cast<float>(0.01 + std::exp(-s / 50000)));
  }
  EXPECT_THAT(Feed(steps, losses), IsEmpty());
}

TEST(Online, TenMillionSteps) {
  OnlineDetector detector;
  const RandomStream noise(5, Purpose::kData, 8);
  std::vector<Alarm> alarms;
  constexpr std::uint64_t kSteps = 10'000'000, kPool = 1 << 16;
  std::vector<double> pool;
  for (std::uint64_t i = 0; i < kPool; ++i) pool.push_back(std::exp(0.1 * noise.Normal(i)));
  for (std::uint64_t s = 0; s < kSteps; ++s) {
    const double fall = s < 8'000'000 ? 1.0 : 0.5;
    const double loss = fall * pool[(s * 40503) % kPool];
    if (const auto a = detector.Add(static_cast<double>(s), static_cast<float>(loss))) {
      alarms.push_back(*a);
    }
  }
  ASSERT_THAT(alarms, SizeIs(1));
  EXPECT_NEAR(alarms[0].step, 8e6, 8e4);
}

RC_GTEST_PROP(Online, TheSameInBlocksAsOneByOne, ()) {
  const auto losses = CurveWithTransitions(*rc::gen::inRange<std::uint32_t>(0, 60));
  OnlineDetector detector;
  std::vector<Alarm> alarms;
  for (std::size_t i = 0; i < losses.size();) {
    const std::size_t count = *rc::gen::inRange<std::size_t>(1, 5000);
    const auto block = std::span(losses).subspan(i, std::min(count, losses.size() - i));
    detector.Add(static_cast<double>(i), block, alarms);
    i += block.size();
  }
  const auto expected = Feed(losses);
  RC_ASSERT(alarms.size() == expected.size());
  for (std::size_t i = 0; i < alarms.size(); ++i) RC_ASSERT(Same(alarms[i], expected[i]));
}

RC_GTEST_PROP(Online, GoesOnFromItsBytes, ()) {
  const auto losses = CurveWithTransitions(*rc::gen::inRange<std::uint32_t>(0, 60));
  const auto cut = *rc::gen::inRange<std::size_t>(0, losses.size());
  OnlineDetector before, after;
  std::vector<Alarm> alarms;
  before.Add(0, std::span(losses).first(cut), alarms);
  StateWriter writer;
  writer.Put(before);
  const auto bytes = writer.Take();
  StateReader reader(bytes);
  reader.Get(after);
  RC_ASSERT(reader.AtEnd());
  after.Add(static_cast<double>(cut), std::span(losses).subspan(cut), alarms);
  const auto expected = Feed(losses);
  RC_ASSERT(alarms.size() == expected.size());
  for (std::size_t i = 0; i < alarms.size(); ++i) RC_ASSERT(Same(alarms[i], expected[i]));
}

// By powers of two the scale cancels exactly.
RC_GTEST_PROP(Online, DoesNotDependOnTheLossesScale, ()) {
  auto losses = CurveWithTransitions(*rc::gen::inRange<std::uint32_t>(0, 60));
  const auto expected = Feed(losses);
  const int exponent = *rc::gen::inRange(-100, 101);
  for (float& loss : losses) loss = std::ldexp(loss, exponent);
  const auto alarms = Feed(losses);
  RC_ASSERT(alarms.size() == expected.size());
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    RC_ASSERT(alarms[i].step == expected[i].step);
    RC_ASSERT(alarms[i].score == expected[i].score);
    RC_ASSERT(alarms[i].loss_before == std::ldexp(expected[i].loss_before, exponent));
  }
}

TEST(Online, HoldsItsBoundsOnTheBenchmark) {
  constexpr std::uint64_t kSeed = 11;
  benchmarks::OnlineScore score;
  const auto add = [&](CurveClass curve_class, std::uint32_t index) {
    const auto curve = benchmarks::MakeCurve(kSeed, curve_class, index);
    OnlineDetector detector;
    std::vector<Alarm> alarms;
    std::size_t change = 0;
    for (std::size_t i = 0; i < curve.steps.size(); ++i) {
      while (change < curve.schedule_changes.size() &&
             curve.schedule_changes[change] <= curve.steps[i]) {
        detector.AnnounceScheduleChange();
        ++change;
      }
      if (const auto alarm = detector.Add(curve.steps[i], curve.losses[i])) {
        alarms.push_back(*alarm);
      }
    }
    score.Add(curve_class, curve.labels, alarms);
  };
  for (std::uint32_t i = 0; i < 60; ++i) {
    for (const CurveClass curve_class : benchmarks::kPositives) add(curve_class, i);
  }
  for (std::uint32_t i = 0; i < 50; ++i) {
    for (const CurveClass curve_class : benchmarks::kNegatives) add(curve_class, i);
  }
  EXPECT_GE(score.recall(), 0.74) << score.Markdown();
  EXPECT_GE(score.precision(), 0.80) << score.Markdown();
  EXPECT_LE(score.false_alarms_per_1000(), 20) << score.Markdown();
  EXPECT_LE(score.DelayInWidths(0.5), 0.45) << score.Markdown();
}

Transition Label(double onset, double end) {
  Transition label;
  label.onset_step = onset;
  label.end_step = end;
  label.midpoint_step = 0.5 * (onset + end);
  label.width_steps = end - onset;
  return label;
}

Alarm At(double step) {
  Alarm alarm;
  alarm.step = step;
  return alarm;
}

TEST(MatchAlarms, OneToOneInTime) {
  const std::vector<Transition> labels = {Label(1000, 1100), Label(5000, 7000)};
  // Margins: 52.5 before and 105 after the first; 1000 before and 2000 after the second.
  const std::vector<Alarm> alarms = {At(900), At(950), At(1150), At(3999), At(4001), At(8999)};
  const auto matches = benchmarks::MatchAlarms(labels, alarms);
  ASSERT_THAT(matches, SizeIs(2));
  EXPECT_EQ(matches[0].label, 0u);
  EXPECT_EQ(matches[0].alarm, 1u);
  EXPECT_EQ(matches[1].label, 1u);
  EXPECT_EQ(matches[1].alarm, 4u);
  EXPECT_THAT(benchmarks::MatchAlarms(labels, std::vector<Alarm>{At(9001)}), IsEmpty());
}

}  // namespace
}  // namespace crease::detect
