#include "lib/core/portable_math.h"

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

namespace crease::portable {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kSamples = 200'000;

using Function = double (*)(double);
using Reference = std::function<long double(long double)>;

struct Worst {
  double error = 0.0, at = 0.0;
};

// Point i of kSamples in [low, high], equally spaced or equally spaced in the logarithm.
double Sample(double low, double high, bool logarithmic, int i) {
  const double t = i / static_cast<double>(kSamples);
  return logarithmic ? low * std::pow(high / low, t) : low + (high - low) * t;
}

Worst WorstUlps(Function function, const Reference& reference, double low, double high,
                bool logarithmic = false) {
  Worst worst;
  for (int i = 0; i <= kSamples; ++i) {
    const double x = Sample(low, high, logarithmic, i);
    const long double right = reference(x);
    const double size = std::fabs(static_cast<double>(right));
    const double ulp = std::nextafter(size, kInfinity) - size;
    const auto error = static_cast<double>(std::fabs(function(x) - right) / ulp);
    if (error > worst.error) worst = {error, x};
  }
  return worst;
}

Worst WorstAbsolute(Function function, const Reference& reference, double low, double high) {
  Worst worst;
  for (int i = 0; i <= kSamples; ++i) {
    const double x = Sample(low, high, false, i);
    const auto error = static_cast<double>(std::fabs(function(x) - reference(x)));
    if (error > worst.error) worst = {error, x};
  }
  return worst;
}

#define EXPECT_WORST(worst_of, bound)                            \
  do {                                                           \
    const Worst worst = worst_of;                                \
    EXPECT_LE(worst.error, bound) << "at x = " << worst.at;      \
    EXPECT_GT(worst.error, 0.0) << "the reference is too close"; \
  } while (false)

const Reference kExp = [](long double x) { return std::exp(x); };
const Reference kLog = [](long double x) { return std::log(x); };
const Reference kLog1p = [](long double x) { return std::log1p(x); };
const Reference kSin = [](long double x) { return std::sin(x); };
const Reference kCos = [](long double x) { return std::cos(x); };

TEST(PortableMath, ExpIsWithin1Point5Ulp) {
  EXPECT_WORST(WorstUlps(Exp, kExp, -708.0, 709.7), 1.5);
  EXPECT_WORST(WorstUlps(Exp, kExp, -1.0, 1.0), 1.5);
  EXPECT_WORST(WorstUlps(Exp, kExp, 1e-300, 1e-3, true), 1.5);
}

TEST(PortableMath, ExpAtTheEnds) {
  EXPECT_EQ(Exp(0.0), 1.0);
  EXPECT_EQ(Exp(-0.0), 1.0);
  EXPECT_EQ(Exp(kInfinity), kInfinity);
  EXPECT_EQ(Exp(-kInfinity), 0.0);
  EXPECT_EQ(Exp(709.8), kInfinity);
  EXPECT_EQ(Exp(-745.3), 0.0);
  EXPECT_GT(Exp(-745.1), 0.0);
  EXPECT_TRUE(std::isnan(Exp(std::nan(""))));
}

TEST(PortableMath, LogIsWithin1Point5Ulp) {
  EXPECT_WORST(WorstUlps(Log, kLog, 1e-307, 1e308, true), 1.5);
  EXPECT_WORST(WorstUlps(Log, kLog, 0.25, 4.0), 1.5);
  // Around 1, where the logarithm vanishes, and where the exponent changes.
  EXPECT_WORST(WorstUlps(Log, kLog, 1.0 - 1e-6, 1.0 + 1e-6), 1.5);
  EXPECT_WORST(WorstUlps(Log, kLog, 0.70, 0.715), 1.5);
  EXPECT_WORST(WorstUlps(Log, kLog, 1.41, 1.42), 1.5);
  EXPECT_WORST(WorstUlps(Log, kLog, 5e-324, 2e-308, true), 1.5);
}

TEST(PortableMath, LogAtTheEnds) {
  EXPECT_EQ(Log(1.0), 0.0);
  EXPECT_EQ(Log(0.0), -kInfinity);
  EXPECT_EQ(Log(-0.0), -kInfinity);
  EXPECT_EQ(Log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(Log(-1.0)));
  EXPECT_TRUE(std::isnan(Log(std::nan(""))));
}

TEST(PortableMath, Log1pIsWithin3Ulp) {
  EXPECT_WORST(WorstUlps(Log1p, kLog1p, -0.9999, 3.0), 3.0);
  EXPECT_WORST(WorstUlps(Log1p, kLog1p, 1e-200, 1e10, true), 3.0);
  EXPECT_EQ(Log1p(-1.0), -kInfinity);
  EXPECT_TRUE(std::isnan(Log1p(-2.0)));
}

TEST(PortableMath, SinAndCosAreWithin2e16) {
  for (const double range : {7.0, 1e3, 1e5}) {
    EXPECT_WORST(WorstAbsolute(Sin, kSin, -range, range), 2e-16);
    EXPECT_WORST(WorstAbsolute(Cos, kCos, -range, range), 2e-16);
  }
  EXPECT_EQ(Sin(0.0), 0.0);
  EXPECT_EQ(Cos(0.0), 1.0);
  EXPECT_TRUE(std::isnan(Sin(kInfinity)));
  EXPECT_TRUE(std::isnan(Cos(-kInfinity)));
  EXPECT_TRUE(std::isnan(Sin(std::nan(""))));
}

TEST(PortableMath, SmallSinesKeepTheirRelativeAccuracy) {
  EXPECT_WORST(WorstUlps(Sin, kSin, 1e-200, 0.7, true), 1.0);
}

TEST(PortableMath, PowOfALogGrid) {
  for (int i = -30; i <= 30; ++i) {
    const double right = std::pow(10.0, i / 3.0);
    EXPECT_NEAR(Pow(10.0, i / 3.0) / right, 1.0, 1e-14) << i;
  }
  EXPECT_EQ(Pow(3.0, 0.0), 1.0);
}

// The bits themselves: a change here changes data and initial weights on every machine.
TEST(PortableMath, KnownBits) {
  double sum = 0.0;
  for (int i = 1; i <= 1000; ++i) {
    const double x = i * 0.01;
    sum += Exp(-x) + Log(x) + Log1p(x) + Sin(x) + Cos(x) + Pow(x, 0.3);
  }
  EXPECT_EQ(sum, 0x1.2656408c5354dp+12) << std::hexfloat << sum;
}

}  // namespace
}  // namespace crease::portable
