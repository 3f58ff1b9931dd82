// The bodies of portable_math.h, without special cases and branches, for loops that should be
// vectorised. Include it in sources only.
#pragma once

#include <bit>
#include <cstdint>

namespace crease::portable {

// Adding and subtracting it rounds |x| < 2^51 to the nearest integer, ties to even; in between,
// the low bits of the sum are that integer.
inline constexpr double kRounder = 0x1.8p52;

// ln 2 in two parts; the first has 33 bits, so that its multiples by exponents are exact.
inline constexpr double kLn2High = 0x1.62e42fee00000p-1;
inline constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

template <int kTerms>
[[gnu::always_inline]] inline double Polynomial(double x, const double (&coefficients)[kTerms]) {
  double sum = coefficients[kTerms - 1];
  for (int k = kTerms - 2; k >= 0; --k) sum = sum * x + coefficients[k];
  return sum;
}

// ln(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)], by the series of 2 atanh(f / (2 + f)).
[[gnu::always_inline]] inline double LogNearOne(double f) {
  constexpr double kSeries[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                                2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  const double s = f / (2.0 + f);
  const double square = s * s;
  // 2s = f - s f exactly in real arithmetic; this form keeps the rounding error relative to f.
  return f - s * (f - square * Polynomial(square, kSeries));
}

// ln x for positive normal x.
[[gnu::always_inline]] inline double LogOfNormal(double x) {
  constexpr std::uint64_t kOne = 0x3ff0000000000000, kSqrtHalf = 0x3fe6a09e667f3bcd;
  constexpr std::uint64_t kMantissa = 0x000fffffffffffff, kTwoTo52 = 0x4330000000000000;
  const std::uint64_t shifted = std::bit_cast<std::uint64_t>(x) + (kOne - kSqrtHalf);
  const double mantissa = std::bit_cast<double>((shifted & kMantissa) + kSqrtHalf);
  const double exponent = std::bit_cast<double>((shifted >> 52) | kTwoTo52) - (0x1p52 + 1023.0);
  return exponent * kLn2High + (exponent * kLn2Low + LogNearOne(mantissa - 1.0));
}

[[gnu::always_inline]] inline double SinOnQuarter(double r) {  // |r| <= pi/4
  constexpr double kSeries[] = {
      -1.0 / 6,        1.0 / 120,        -1.0 / 5040,          1.0 / 362880,
      -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000, 1.0 / 355687428096000};
  const double square = r * r;
  return r + (r * square) * Polynomial(square, kSeries);
}

[[gnu::always_inline]] inline double CosOnQuarter(double r) {  // |r| <= pi/4
  constexpr double kSeries[] = {
      -1.0 / 2,       1.0 / 24,        -1.0 / 720,         1.0 / 40320,
      -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};
  const double square = r * r;
  return 1.0 + square * Polynomial(square, kSeries);
}

struct SinCos {
  double sin, cos;
};

// sin and cos of (quadrant pi/2 + r), |r| <= pi/4.
[[gnu::always_inline]] inline SinCos SinCosOfQuadrant(std::uint64_t quadrant, double r) {
  const std::uint64_t sine = std::bit_cast<std::uint64_t>(SinOnQuarter(r));
  const std::uint64_t cosine = std::bit_cast<std::uint64_t>(CosOnQuarter(r));
  const std::uint64_t odd = 0 - (quadrant & 1);
  const std::uint64_t changed = (sine ^ cosine) & odd;
  return {std::bit_cast<double>((sine ^ changed) ^ ((quadrant & 2) << 62)),
          std::bit_cast<double>((cosine ^ changed) ^ (((quadrant + 1) & 2) << 62))};
}

// sin and cos of 2 pi turns, |turns| < 2^49.
[[gnu::always_inline]] inline SinCos SinCosOfTurns(double turns) {
  constexpr double kHalfPi = 0x1.921fb54442d18p+0;
  const double quarters = 4.0 * turns;
  const double rounded = quarters + kRounder;
  const double r = (quarters - (rounded - kRounder)) * kHalfPi;
  return SinCosOfQuadrant(std::bit_cast<std::uint64_t>(rounded), r);
}

}  // namespace crease::portable
