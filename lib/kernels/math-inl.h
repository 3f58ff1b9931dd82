// exp, log1p, expm1, tanh and the normal distribution on groups of 16 floats: own polynomials, the
// same bits on every target. NaN stays NaN. tests/kernels/math_accuracy_test.cpp holds the bounds.
#if defined(CREASE_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_KERNELS_MATH_INL_H_
#undef CREASE_KERNELS_MATH_INL_H_
#else
#define CREASE_KERNELS_MATH_INL_H_
#endif

#include "lib/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::kernels {
namespace HWY_NAMESPACE {

// sum_k coefficients[k] x^k by Horner's rule.
template <std::size_t kTerms>
HWY_INLINE Group Polynomial(const Group& x, const float (&coefficients)[kTerms]) {
  Group sum = Set(coefficients[kTerms - 1]);
  for (std::size_t k = kTerms - 1; k-- > 0;) sum = MulAdd(sum, x, Set(coefficients[k]));
  return sum;
}

struct ReducedExponent {
  Group power;      // 2^n
  Group remainder;  // e^r - 1 with r in [-ln 2 / 2, ln 2 / 2]
};

// e^x = power (1 + remainder), for x in [-87, 88].
HWY_INLINE ReducedExponent ReduceExponent(const Group& x) {
  // ln 2 in two parts; the first has 12 bits, so that its multiples are exact.
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  // (e^r - 1 - r) / r^2: 1/2!, 1/3!, ...; the next term is below 6e-9.
  constexpr float kSeries[] = {1.0f / 2, 1.0f / 6, 1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
  const Group n = Round(x * Set(1.44269504f));
  const Group r = NegMulAdd(n, Set(kLn2Low), NegMulAdd(n, Set(kLn2High), x));
  return {PowerOfTwo(n), MulAdd(r * r, Polynomial(r, kSeries), r)};
}

// Within 1.05 ulp for -87 <= x <= 88; 0 below, infinity above.
HWY_INLINE Group Exp(const Group& x) {
  const GroupMask low = Less(x, Set(-87.0f)), high = Less(Set(88.0f), x);
  const Group clamped = Select(low, Set(-87.0f), Select(high, Set(88.0f), x));
  const ReducedExponent e = ReduceExponent(clamped);
  const Group result = MulAdd(e.power, e.remainder, e.power);
  const Group infinity = Set(__builtin_huge_valf());
  return Select(low, Zero(), Select(high, infinity, result));
}

// e^x - 1 for x <= 88, within 1.7 ulp.
HWY_INLINE Group Expm1(const Group& x) {
  const Group clamped = Select(Less(x, Set(-30.0f)), Set(-30.0f), x);
  const ReducedExponent e = ReduceExponent(clamped);
  return MulAdd(e.power, e.remainder, e.power - Set(1.0f));
}

// ln(1 + x) for 0 <= x < 2^100, within 1.6 ulp.
HWY_INLINE Group Log1p(const Group& x) {
  const Group u = Set(1.0f) + x;
  Group mantissa, exponent;
  SplitExponent(u, mantissa, exponent);
  // What rounding 1 + x lost, as part of the mantissa: exact for x < 2^24, negligible above.
  const GroupMask small = Less(x, Set(1.0f));
  const Group lost = Select(small, x - (u - Set(1.0f)), Set(1.0f) - (u - x));
  const Group f = MulAdd(lost, PowerOfTwo(-exponent), mantissa - Set(1.0f));
  // 2 atanh(s) with s = f / (2 + f), |s| <= 0.172: the next term is below 4e-9.
  constexpr float kSeries[] = {2.0f / 3, 2.0f / 5, 2.0f / 7, 2.0f / 9};
  const Group s = f / (Set(2.0f) + f);
  const Group square = s * s;
  // 2 s = f - s f, so that the rounding error is relative to f.
  const Group log_mantissa = NegMulAdd(s, NegMulAdd(square, Polynomial(square, kSeries), f), f);
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  return MulAdd(exponent, Set(kLn2High), MulAdd(exponent, Set(kLn2Low), log_mantissa));
}

// Within 2.5 ulp.
HWY_INLINE Group Tanh(const Group& x) {
  const Group magnitude = Abs(x);
  const Group clamped = Select(Less(Set(10.0f), magnitude), Set(10.0f), magnitude);
  const Group e = Expm1(clamped + clamped);
  return CopySign(e / (e + Set(2.0f)), x);
}

// The cumulative distribution of N(0, 1): within 7e-8, and within 5e-6 of itself for x >= -13.
HWY_INLINE Group NormalCdf(const Group& x) {
  // |x| < 1.25: 1/2 + x sum_k (-x^2/2)^k / (k! (2k+1)) / sqrt(2 pi); the next term is below 8e-9.
  constexpr float kCentre[] = {3.98942280e-1f,  -6.64903801e-2f, 9.97355701e-3f,
                               -1.18732822e-3f, 1.15434688e-4f,  -9.44465626e-6f,
                               6.65969352e-7f,  -4.12266741e-8f, 2.27352982e-9f};
  // Beyond: exp(-x^2/2) q(t), t = 1 / (1 + |x|/4), q fitted to the scaled tail.
  constexpr float kTail[] = {6.28781208e-6f,  9.96199623e-2f, 1.00583859e-1f,
                             9.05447081e-2f,  8.43202546e-2f, 7.45576397e-2f,
                             -4.65223612e-3f, 9.93979275e-2f, -4.44108024e-2f};
  const Group magnitude = Abs(x);
  const GroupMask central = Less(magnitude, Set(1.25f));
  const Group square = x * x;
  const Group centre = MulAdd(x, Polynomial(square, kCentre), Set(0.5f));
  const Group t = Set(1.0f) / MulAdd(magnitude, Set(0.25f), Set(1.0f));
  const Group tail = Exp(square * Set(-0.5f)) * Polynomial(t, kTail);
  const Group outer = Select(Less(x, Zero()), tail, Set(1.0f) - tail);
  return Select(central, centre, outer);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
