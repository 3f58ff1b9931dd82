#include "lib/core/portable_math.h"

#include <cmath>
#include <limits>

#include "lib/core/portable_math-inl.h"

namespace crease::portable {
namespace {

// pi/2 in three parts; the first two have 33 bits, so that multiples below 2^20 are exact.
constexpr double kHalfPiHigh = 0x1.921fb54400000p+0;
constexpr double kHalfPiMiddle = 0x1.0b4611a600000p-34;
constexpr double kHalfPiLow = 0x1.3198a2e037073p-69;

SinCos SinCosOf(double x) {
  const double rounded = x * (2.0 / kPi) + kRounder;
  const double multiple = rounded - kRounder;
  const double r =
      ((x - multiple * kHalfPiHigh) - multiple * kHalfPiMiddle) - multiple * kHalfPiLow;
  return SinCosOfQuadrant(std::bit_cast<std::uint64_t>(rounded), r);
}

}  // namespace

double Exp(double x) {
  // (e^r - 1 - r) / r^2
  constexpr double kSeries[] = {1.0 / 2,          1.0 / 6,        1.0 / 24,        1.0 / 120,
                                1.0 / 720,        1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                1.0 / 3628800,    1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
                                1.0 / 87178291200};
  if (std::isnan(x)) return x;
  if (x > 709.79) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0.0;
  const double multiple = (x * 1.4426950408889634 + kRounder) - kRounder;
  const double r = (x - multiple * kLn2High) - multiple * kLn2Low;
  const double power = r + (r * r) * Polynomial(r, kSeries);
  const int exponent = static_cast<int>(multiple);
  // In two steps: 2^exponent alone may overflow or be denormal where the product is not.
  return std::ldexp(std::ldexp(1.0 + power, exponent / 2), exponent - exponent / 2);
}

double Log(double x) {
  if (std::isnan(x) || x < 0.0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0.0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  if (x < std::numeric_limits<double>::min()) {
    constexpr double kShift = 54.0;
    const double scaled = LogOfNormal(x * 0x1p54);
    return (scaled - kShift * kLn2High) - kShift * kLn2Low;
  }
  return LogOfNormal(x);
}

double Log1p(double x) {
  if (x > -0.29 && x < 0.41) return LogNearOne(x);
  return Log(1.0 + x);
}

double Sin(double x) { return SinCosOf(x).sin; }

double Cos(double x) { return SinCosOf(x).cos; }

double Pow(double base, double exponent) { return Exp(exponent * Log(base)); }

}  // namespace crease::portable
