// The detector against a small sample of the benchmark (benchmarks/transitions), with margin.
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/transitions/comparison.h"
#include "benchmarks/transitions/generator.h"
#include "benchmarks/transitions/metrics.h"
#include "lib/detect/definition.h"
#include "lib/detect/offline.h"

namespace crease::benchmarks {
namespace {

constexpr std::uint64_t kSeed = 11;

std::vector<detect::Transition> Detect(const LabelledCurve& curve) {
  detect::OfflineOptions options;
  options.schedule_changes = curve.schedule_changes;
  return detect::FindTransitions(curve.steps, curve.losses, options).transitions;
}

TEST(Benchmark, OfflineDetectorHoldsItsBounds) {
  Score score;
  for (std::uint32_t i = 0; i < 30; ++i) {
    for (const CurveClass curve_class : kPositives) {
      const LabelledCurve curve = MakeCurve(kSeed, curve_class, i);
      score.AddPositive(curve_class, curve.labels, Detect(curve));
    }
  }
  for (std::uint32_t i = 0; i < 25; ++i) {
    for (const CurveClass curve_class : kNegatives) {
      score.AddNegative(curve_class, Detect(MakeCurve(kSeed, curve_class, i)));
    }
  }
  const std::string table = ComparisonMarkdown({{"offline", &score}});
  EXPECT_GE(score.f1(), 0.86) << table;
  EXPECT_GE(score.precision(), 0.92) << table;
  EXPECT_LE(score.false_alarms_per_1000(), 30) << table;
  EXPECT_LE(score.OnsetError(0.5), 0.03) << table;
  EXPECT_LE(score.OnsetError(0.9), 0.2) << table;
}

TEST(Generator, NegativesHaveNoTransitionButForTheLearningRate) {
  for (const CurveClass curve_class : kNegatives) {
    for (std::uint32_t i = 0; i < 5; ++i) {
      const LabelledCurve curve = MakeCurve(kSeed, curve_class, i);
      EXPECT_THAT(curve.labels, testing::IsEmpty());
      if (curve_class == CurveClass::kRateSteps) continue;
      EXPECT_THAT(detect::ApplyDefinition({curve.steps, curve.log_truth}, {}), testing::IsEmpty())
          << ShortName(curve_class) << " " << i;
    }
  }
}

TEST(Generator, IsAFunctionOfSeedClassAndIndex) {
  const auto once = MakeCurve(kSeed, CurveClass::kSigmoids, 3);
  MakeCurve(kSeed, CurveClass::kKinks, 1);
  EXPECT_EQ(once.losses, MakeCurve(kSeed, CurveClass::kSigmoids, 3).losses);
  EXPECT_NE(once.losses, MakeCurve(kSeed + 1, CurveClass::kSigmoids, 3).losses);
  EXPECT_NE(once.losses, MakeCurve(kSeed, CurveClass::kSigmoids, 4).losses);
}

TEST(Generator, NoiseHasMeanOne) {
  double sum = 0, count = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const LabelledCurve curve = MakeCurve(kSeed, CurveClass::kFlat, i);
    for (std::size_t s = 0; s < curve.steps.size(); ++s) {
      sum += static_cast<double>(curve.losses[s]) / std::exp(curve.log_truth[s]);
      ++count;
    }
  }
  EXPECT_NEAR(sum / count, 1, 0.03);  // spikes and oscillation lift it a little
}

TEST(Generator, SamplesAsAsked) {
  CurveOptions options;
  options.steps = 100000;
  options.sampling = Sampling::kEvery50;
  options.divergence = true;
  const LabelledCurve curve = MakeCurve(kSeed, CurveClass::kKinks, 0, options);
  ASSERT_EQ(curve.steps.size(), 2000u);
  EXPECT_EQ(curve.steps[1], 50);
  EXPECT_TRUE(std::isnan(curve.losses.back()));
}

detect::Transition At(double midpoint, double width) {
  detect::Transition t;
  t.midpoint_step = midpoint;
  t.width_steps = width;
  return t;
}

TEST(MatchTransitions, PairsOneToOneClosestFirst) {
  const std::vector<detect::Transition> labels = {At(1000, 10), At(1040, 10), At(5000, 2000)};
  const std::vector<detect::Transition> found = {At(1035, 1), At(1045, 1), At(5900, 1), At(9, 1)};
  const auto matches = MatchTransitions(labels, found);
  ASSERT_EQ(matches.size(), 3u);
  EXPECT_EQ(matches[0].label, 1u);
  EXPECT_EQ(matches[0].detection, 0u);
  EXPECT_EQ(matches[1].label, 0u);
  EXPECT_EQ(matches[1].detection, 1u);
  EXPECT_EQ(matches[2].detection, 2u);
}

}  // namespace
}  // namespace crease::benchmarks
