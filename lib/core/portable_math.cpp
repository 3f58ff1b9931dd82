#include "lib/core/portable_math.h"

#include <cmath>
#include <cstddef>
#include <limits>

namespace crease::portable {
namespace {

// ln 2 and pi/2 as sums of parts, the first short enough that small multiples of it are exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kHalfPiHigh = 0x1.921fb54400000p+0;
constexpr double kHalfPiMiddle = 0x1.0b4611a600000p-34;
constexpr double kHalfPiLow = 0x1.3198a2e037073p-69;

// sum_{k>=0} x^k / (k + first)! , summed from the smallest term.
template <int kTerms>
double ReciprocalFactorialSeries(double x, int first, int stride) {
  double inverse[kTerms];
  double factorial = 1.0;
  for (int k = 2; k <= first; ++k) factorial *= k;
  inverse[0] = 1.0 / factorial;
  for (int k = 1; k < kTerms; ++k) {
    for (int j = 1; j <= stride; ++j) factorial *= first + (k - 1) * stride + j;
    inverse[k] = 1.0 / factorial;
  }
  double sum = inverse[kTerms - 1];
  for (int k = kTerms - 2; k >= 0; --k) sum = std::fma(sum, x, inverse[k]);
  return sum;
}

double SinOnQuarter(double r) {  // |r| <= pi/4
  const double square = r * r;
  return std::fma(r * -square, ReciprocalFactorialSeries<9>(-square, 3, 2), r);
}

double CosOnQuarter(double r) {  // |r| <= pi/4
  const double square = r * r;
  return std::fma(-square, ReciprocalFactorialSeries<9>(-square, 2, 2), 1.0);
}

struct Reduced {
  double remainder;  // in [-pi/4, pi/4]
  int quadrant;      // 0..3
};

Reduced ReduceToQuarter(double x) {
  const double multiple = std::rint(x * (2.0 / kPi));
  double r = std::fma(-multiple, kHalfPiHigh, x);
  r = std::fma(-multiple, kHalfPiMiddle, r);
  r = std::fma(-multiple, kHalfPiLow, r);
  return {r, static_cast<int>(static_cast<long long>(multiple) & 3)};
}

// ln(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)], by the series of 2 atanh(f / (2 + f)).
double LogNearOne(double f) {
  const double s = f / (2.0 + f);
  const double square = s * s;
  double sum = 0.0;
  for (int k = 25; k >= 3; k -= 2) sum = std::fma(sum, square, 2.0 / k);
  // 2s = f - s f exactly in real arithmetic; this form keeps the rounding error relative to f.
  return f - s * (f - sum * square);
}

}  // namespace

double Exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.79) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0.0;
  const double multiple = std::rint(x * 1.4426950408889634);
  const double high = std::fma(-multiple, kLn2High, x);
  const double r = std::fma(-multiple, kLn2Low, high);
  const double power = std::fma(r * r, ReciprocalFactorialSeries<13>(r, 2, 1), r);
  const int exponent = static_cast<int>(multiple);
  // In two steps: 2^exponent alone may overflow or be denormal where the product is not.
  return std::ldexp(std::ldexp(1.0 + power, exponent / 2), exponent - exponent / 2);
}

double Log(double x) {
  if (std::isnan(x) || x < 0.0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0.0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // [1/2, 1)
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2.0;
    --exponent;
  }
  const double log_mantissa = LogNearOne(mantissa - 1.0);
  return std::fma(exponent, kLn2High, std::fma(exponent, kLn2Low, log_mantissa));
}

double Log1p(double x) {
  if (x > -0.29 && x < 0.41) return LogNearOne(x);
  return Log(1.0 + x);
}

double Sin(double x) {
  const Reduced reduced = ReduceToQuarter(x);
  switch (reduced.quadrant) {
    case 0: return SinOnQuarter(reduced.remainder);
    case 1: return CosOnQuarter(reduced.remainder);
    case 2: return -SinOnQuarter(reduced.remainder);
    default: return -CosOnQuarter(reduced.remainder);
  }
}

double Cos(double x) {
  const Reduced reduced = ReduceToQuarter(x);
  switch (reduced.quadrant) {
    case 0: return CosOnQuarter(reduced.remainder);
    case 1: return -SinOnQuarter(reduced.remainder);
    case 2: return -CosOnQuarter(reduced.remainder);
    default: return SinOnQuarter(reduced.remainder);
  }
}

double Pow(double base, double exponent) { return Exp(exponent * Log(base)); }

}  // namespace crease::portable
