// The offline detector on curves that nobody would call well-behaved.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/detect/curves.h"

namespace crease::detect {
namespace {

class Hostile {
 public:
  explicit Hostile(std::uint64_t seed) : random_(seed) {}

  OfflineOptions Options() {
    OfflineOptions options;
    options.contrast = Pick({1.5, 2, 3, 10, 100});
    options.minimum_z = Pick({0, 1, 3, 10});
    options.maximum_p_value = Pick({0.001, 0.02, 0.5, 1});
    options.minimum_drop_nats = Pick({0.01, 0.1, 0.2, 2});
    options.plateau_share = Pick({0, 0.25, 1, 100});
    options.rising = Below(3) == 0;
    for (std::size_t i = Below(3); i > 0; --i) options.schedule_changes.push_back(Uniform() * 1e3);
    return options;
  }

  // Whole steps, values near one. With noise, because equal steps of a staircase or the two sides
  // of a symmetric drop are ties, which rounding breaks.
  TestCurve Tame() {
    TestCurve curve;
    const std::size_t count = 1 + Below(300), kind = Below(9), stride = 1 + 99 * Below(2);
    const double noise = Pick({0.02, 0.1, 0.5});
    double walk = 0;
    for (std::size_t i = 0, step = 0; i < count; ++i, step += stride * (1 + Below(3))) {
      const double u = static_cast<double>(i) / static_cast<double>(count);
      walk += Uniform() - 0.5;
      curve.steps.push_back(static_cast<double>(step));
      curve.losses.push_back(
          static_cast<float>(std::exp(noise * (Uniform() - 0.5)) * Shape(kind, u, walk)));
    }
    return curve;
  }

  TestCurve Curve() {
    TestCurve curve;
    const std::size_t count = 1 + Below(300);
    const double growth = Pick({0, 0, 0.01, 0.5, 3});
    const double scale = Pick({1e-30, 1e-3, 1, 1, 1e6, 1e30}), stride = scale * Pick({1, 1, 50});
    double step = scale * Pick({0, 0, 1, -1e3, 1e6});
    const std::size_t kind = Below(9);
    const double unit = Pick({1e-30, 1e-38, 1, 1, 1e5, 1e30});
    const double noise = Pick({0, 0, 0.1, 1}), hostile = Pick({0, 0, 0.05, 0.5});
    double walk = 0;
    for (std::size_t i = 0; i < count; ++i) {
      curve.steps.push_back(step);
      step += stride * (Below(20) == 0 ? 10 : 1) * (1 + growth * static_cast<double>(i));
      walk += Uniform() - 0.5;
      const double u = static_cast<double>(i) / static_cast<double>(count);
      const double value = unit * std::exp(noise * (Uniform() - 0.5)) * Shape(kind, u, walk);
      curve.losses.push_back(Uniform() < hostile ? AnyFloat() : static_cast<float>(value));
    }
    return curve;
  }

 private:
  double Shape(std::size_t kind, double u, double walk) {
    switch (kind) {
      case 0:
        return 1;
      case 1:
        return std::exp(-5 * u);
      case 2:
        return std::exp(8 * u);
      case 3:
        return Below(2) == 0 ? 1 : 0.25;
      case 4:
        return std::floor(10 - 9 * u);
      case 5:
        return std::exp(Drop(u, 2, 0.5, 0.05));
      case 6:
        return u < 0.5 ? 1 : 1e-3;
      case 7:
        return std::exp(walk);
      default:
        return walk;
    }
  }
  float AnyFloat() {
    using Limits = std::numeric_limits<float>;
    const float values[] = {0.0f,
                            -0.0f,
                            -1.0f,
                            1.0f,
                            Limits::min(),
                            Limits::denorm_min(),
                            Limits::max(),
                            Limits::lowest(),
                            Limits::infinity(),
                            -Limits::infinity(),
                            Limits::quiet_NaN(),
                            1e-20f,
                            1e20f};
    return values[Below(std::size(values))];
  }
  std::size_t Below(std::size_t count) { return random_() % count; }
  double Uniform() { return std::ldexp(static_cast<double>(random_() >> 11), -53); }
  double Pick(std::initializer_list<double> values) { return values.begin()[Below(values.size())]; }

  std::mt19937_64 random_;
};

// Steps between the first and the last value that the detector takes.
std::pair<double, double> Range(const TestCurve& curve, bool rising) {
  double first = std::numeric_limits<double>::infinity(), last = -first;
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    if (!std::isfinite(curve.losses[i]) || (!rising && !(curve.losses[i] > 0))) continue;
    first = std::min(first, curve.steps[i]);
    last = curve.steps[i];
  }
  return {first, last};
}

void CheckSane(const Transition& t, const OfflineOptions& options) {
  for (const double value : {t.onset_step, t.midpoint_step, t.end_step, t.width_steps,
                             t.loss_before, t.loss_after, t.drop_nats, t.sharpness, t.peak_rate,
                             t.plateau_steps, t.plateau_loss, t.z_score, t.p_value}) {
    RC_ASSERT(std::isfinite(value));
  }
  RC_ASSERT(t.onset_step <= t.midpoint_step);
  RC_ASSERT(t.midpoint_step <= t.end_step);
  RC_ASSERT(t.onset_step < t.end_step);
  RC_ASSERT(std::abs(t.end_step - t.onset_step - t.width_steps) <= 1e-9 * t.width_steps);
  RC_ASSERT(t.drop_nats >= options.minimum_drop_nats * (1 - 1e-9));
  RC_ASSERT(t.peak_rate > 0);
  RC_ASSERT(t.plateau_steps >= 0);
  RC_ASSERT(t.z_score >= options.minimum_z);
  RC_ASSERT(t.p_value >= 0);
  RC_ASSERT(t.p_value <= options.maximum_p_value);
  if (options.rising) {
    RC_ASSERT(t.loss_before < t.loss_after);
  } else {
    RC_ASSERT(std::abs(std::log(t.loss_before / t.loss_after) - t.drop_nats) < 1e-6);
    RC_ASSERT(t.loss_after > 0);
  }
}

struct Units {
  double value = 1, step = 1, first_step = 0;
};

// Whether `other` is the detection of the same curve in other units.
bool IsSame(const Detection& detection, const Detection& other, const Units& units) {
  if (other.no_verdict != detection.no_verdict) return false;
  if (other.transitions.size() != detection.transitions.size()) return false;
  for (std::size_t i = 0; i < other.transitions.size(); ++i) {
    const Transition &a = detection.transitions[i], &b = other.transitions[i];
    const auto same = [](double x, double y) {
      return std::abs(x - y) <= 1e-6 * std::max(std::abs(x), std::abs(y));
    };
    const double onset = (b.onset_step - units.first_step) / units.step;
    if (std::abs(onset - a.onset_step) > 1e-6 * a.width_steps || b.open != a.open ||
        !same(b.width_steps / units.step, a.width_steps) ||
        !same(b.loss_before / units.value, a.loss_before) ||
        !same(b.loss_after / units.value, a.loss_after) ||
        !same(b.peak_rate * units.step, a.peak_rate) || !same(b.drop_nats, a.drop_nats) ||
        !same(b.z_score, a.z_score)) {
      return false;
    }
  }
  return true;
}

RC_GTEST_PROP(AnyCurve, GivesSoundTransitionsOrNoVerdict, (std::uint64_t seed)) {
  Hostile hostile(seed);
  const TestCurve curve = hostile.Curve();
  const OfflineOptions options = hostile.Options();
  const Detection detection = Find(curve, options);
  RC_CLASSIFY(!detection.no_verdict.empty(), "no verdict");
  RC_CLASSIFY(!detection.transitions.empty(), "transitions");
  if (!detection.no_verdict.empty()) RC_ASSERT(detection.transitions.empty());
  const auto [first, last] = Range(curve, options.rising);
  // Steps are sums and differences of the curve's.
  const double rounding = 1e-12 * (std::abs(first) + std::abs(last));
  double end = -std::numeric_limits<double>::infinity();
  for (const Transition& t : detection.transitions) {
    CheckSane(t, options);
    RC_ASSERT(t.onset_step >= first - rounding);
    RC_ASSERT(t.end_step <= last + rounding);
    RC_ASSERT(t.onset_step >= end);
    end = t.end_step;
  }
  RC_ASSERT(IsSame(detection, Find(curve, options), {}));
}

// Units changed by powers of two, which changes no digit, and steps counted from elsewhere.
TEST(AnyCurve, UnitsDoNotMatter) {
  int with_transitions = 0, different = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Hostile hostile(seed);
    const TestCurve curve = hostile.Tame();
    OfflineOptions options = hostile.Options();
    options.schedule_changes.clear();
    const Detection detection = Find(curve, options);
    with_transitions += detection.transitions.empty() ? 0 : 1;
    for (const Units units :
         {Units{.value = 0x1p-90}, Units{.value = 0x1p90}, Units{.step = 0x1p-80},
          Units{.step = 0x1p80}, Units{.first_step = 0x1p20}, Units{.first_step = -0x1p30}}) {
      TestCurve changed = curve;
      for (double& step : changed.steps) step = step * units.step + units.first_step;
      for (float& loss : changed.losses) loss *= static_cast<float>(units.value);
      different += IsSame(detection, Find(changed, options), units) ? 0 : 1;
    }
  }
  EXPECT_GT(with_transitions, 100);
  // Now and then, rounding decides what lies on the edge.
  EXPECT_LE(different, 2);
}

// What the definition gives for ln loss = -2 / (1 + exp(-(s - place) / scale)): the rate passes a
// third of its peak at place -+ scale * kOnset, where the fraction done is f (1 - f) = 1/12.
const double kDone = 0.5 - std::sqrt(0.25 - 1.0 / 12);
const double kOnset = std::log((1 - kDone) / kDone);

TestCurve Logistic(double last_step, double stride, double place, double scale) {
  TestCurve curve;
  for (double s = 0; s <= last_step; s += stride) {
    curve.steps.push_back(s);
    curve.losses.push_back(static_cast<float>(std::exp(-2 / (1 + std::exp(-(s - place) / scale)))));
  }
  return curve;
}

void ExpectLogistic(const TestCurve& curve, double place, double scale) {
  const Detection detection = Find(curve);
  ASSERT_EQ(detection.transitions.size(), 1u) << detection.no_verdict;
  const Transition& t = detection.transitions[0];
  const double stride = curve.steps[1] - curve.steps[0];
  // A line a bin of 1/50 of the elapsed steps, and segments that are longer than that.
  const double resolution = stride + place / 50 + 0.6 * scale;
  EXPECT_NEAR(t.onset_step, place - kOnset * scale, resolution);
  EXPECT_NEAR(t.midpoint_step, place, 0.5 * resolution);
  EXPECT_NEAR(t.end_step, place + kOnset * scale, resolution);
  EXPECT_NEAR(t.drop_nats, 2 * (1 - 2 * kDone), 0.25);
  EXPECT_NEAR(t.plateau_steps, t.onset_step, 0.05 * place);
  // The mean of 1 - 2 f before the onset.
  const double sagging = -2 * std::log(1 - kDone) * scale / (place - kOnset * scale);
  EXPECT_NEAR(t.plateau_loss, 1 - sagging, 0.03);
  EXPECT_FALSE(t.open);
}

class AtLength : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Lengths, AtLength, testing::Values(100, 1000, 10000, 1000000));

TEST_P(AtLength, ALogisticDropWithoutNoiseIsDated) {
  const double count = GetParam();
  for (const double place : {0.3 * count, 0.6 * count}) {
    for (const double scale : {0.01 * count, 0.04 * count}) {
      SCOPED_TRACE(testing::Message() << "at " << place << ", scale " << scale);
      ExpectLogistic(Logistic(count - 1, 1, place, scale), place, scale);
    }
  }
}

TEST(AnyCurve, ALogisticDropIsDatedAtAnyStride) {
  for (const double stride : {0.001, 7.0, 50.0, 1e6}) {
    SCOPED_TRACE(testing::Message() << "stride " << stride);
    ExpectLogistic(Logistic(2000 * stride, stride, 900 * stride, 25 * stride), 900 * stride,
                   25 * stride);
  }
}

// L = 1 up to the kink at T, then T / s: the rate jumps to 1 / T and falls to a third at 3 T.
TEST(AnyCurve, AKinkIntoOneOverTimeIsDated) {
  for (const double kink : {100.0, 1000.0, 20000.0, 300000.0}) {
    SCOPED_TRACE(testing::Message() << "kink " << kink);
    TestCurve curve;
    for (double s = 0; s < 10 * kink; ++s) {
      curve.steps.push_back(s);
      curve.losses.push_back(static_cast<float>(s <= kink ? 1 : kink / s));
    }
    const Detection detection = Find(curve);
    ASSERT_EQ(detection.transitions.size(), 1u);
    const Transition& t = detection.transitions[0];
    EXPECT_NEAR(t.onset_step / kink, 1, 0.08);
    EXPECT_NEAR(t.end_step / kink, 3, 1);
    EXPECT_NEAR(t.drop_nats, std::log(t.end_step / kink), 0.15);
    EXPECT_NEAR(t.sharpness, 1, 0.35);
  }
}

TEST(AnyCurve, AnExponentialWithoutNoiseHasNone) {
  for (const int count : {10, 100, 1000, 100000}) {
    for (const double folds : {0.1, 3.0, 60.0}) {
      const auto decay = [&](double s) { return -folds * s / count; };
      EXPECT_TRUE(Find(Sample(count, decay)).transitions.empty()) << count << ' ' << folds;
    }
  }
}

}  // namespace
}  // namespace crease::detect
