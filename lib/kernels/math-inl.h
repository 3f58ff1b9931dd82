// exp, log1p, expm1, tanh and the normal distribution on vectors of floats (P, vector-inl.h): own
// polynomials, the same bits on every target. NaN stays NaN. Polynomials are minimax fits of what
// their comments name, with coefficients rounded to float. The errors stated are the largest over
// all floats of the range (tests/kernels/math_accuracy_test.cpp measures them), in ulps of the
// exact result.
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
template <typename P, std::size_t kTerms>
HWY_INLINE P Polynomial(const P& x, const float (&coefficients)[kTerms]) {
  P sum = Set<P>(coefficients[kTerms - 1]);
  for (std::size_t k = kTerms - 1; k-- > 0;) sum = MulAdd(sum, x, Set<P>(coefficients[k]));
  return sum;
}

// ln 2 in two parts; the first has 12 bits, so that its multiples by exponents are exact.
inline constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

// The larger of `low` and x, the smaller of `high` and x; NaN where x is.
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
// maxps and minps give their second operand where one is NaN, in one instruction instead of two.
template <typename P>
HWY_INLINE P AtLeast(float low, const P& x) {
  P r;
  for (std::size_t i = 0; i < P::kCount; ++i) r.v[i] = hn::Max(hn::Set(Tag(), low), x.v[i]);
  return r;
}
template <typename P>
HWY_INLINE P AtMost(float high, const P& x) {
  P r;
  for (std::size_t i = 0; i < P::kCount; ++i) r.v[i] = hn::Min(hn::Set(Tag(), high), x.v[i]);
  return r;
}
#else
template <typename P>
HWY_INLINE P AtLeast(float low, const P& x) {
  return Select(Less(x, Set<P>(low)), Set<P>(low), x);
}
template <typename P>
HWY_INLINE P AtMost(float high, const P& x) {
  return Select(Less(Set<P>(high), x), Set<P>(high), x);
}
#endif

template <typename P>
struct ReducedExponent {
  P power;      // 2^n; 0 instead of 2^-127
  P remainder;  // e^r - 1 with r in [-ln 2 / 2, ln 2 / 2]
};

// e^x = power (1 + remainder), for x <= 88; power is 0 where e^x < 2^-126.5.
template <typename P>
HWY_INLINE ReducedExponent<P> ReduceExponent(const P& x) {
  // Adding it leaves the nearest integer to x / ln 2, and 127, in the low bits: shifted into the
  // place of the exponent they are 2^n, and 0 for n = -127.
  constexpr float kRounder = 0x1.8p23f + 127.0f;
  // (e^r - 1 - r) / r^2, so that e^r is within 4e-9.
  constexpr float kPolynomial[] = {0.49999994f, 0.166665211f, 0.041668389f, 0.00836872496f,
                                   0.00138145802f};
  const P clamped = AtLeast(-88.0f, x);
  const P biased = MulAdd(clamped, Set<P>(1.44269504f), Set<P>(kRounder));
  const P n = biased - Set<P>(kRounder);
  const P r = MulAdd(n, Set<P>(-kLn2Low), MulAdd(n, Set<P>(-kLn2High), clamped));
  P power;
  for (std::size_t i = 0; i < P::kCount; ++i) {
    const IntegerVector bits = hn::BitCast(IntegerTag(), biased.v[i]);
    power.v[i] = hn::BitCast(Tag(), hn::ShiftLeft<23>(bits));
  }
  return {power, MulAdd(r * r, Polynomial(r, kPolynomial), r)};
}

// e^x for x <= 88, within 1.01 ulp; 0 below -87.68, where e^x < 2^-126.5.
template <typename P>
HWY_INLINE P Exp(const P& x) {
  const ReducedExponent<P> e = ReduceExponent(x);
  return MulAdd(e.power, e.remainder, e.power);
}

// e^x - 1 for x <= 88, within 1.46 ulp.
template <typename P>
HWY_INLINE P Expm1(const P& x) {
  const ReducedExponent<P> e = ReduceExponent(x);
  return MulAdd(e.power, e.remainder, e.power - Set<P>(1.0f));
}

template <typename P>
struct ReducedLog1p {
  P exponent;  // n
  P f;         // 1 + x = 2^n (1 + f), 1 + f in [sqrt(1/2), sqrt(2)], but for rounding
};

// For 0 <= x < 2^126.
template <typename P>
HWY_INLINE ReducedLog1p<P> ReduceLog1p(const P& x) {
  constexpr std::int32_t kSqrtHalfBits = 0x3f3504f3;
  const IntegerTag d;
  const P sum = Set<P>(1.0f) + x;
  P exponent, inverse_power;
  for (std::size_t i = 0; i < P::kCount; ++i) {
    const IntegerVector bits = hn::BitCast(d, sum.v[i]);
    const IntegerVector n = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(d, kSqrtHalfBits)));
    exponent.v[i] = hn::ConvertTo(Tag(), n);
    inverse_power.v[i] = hn::BitCast(Tag(), hn::ShiftLeft<23>(hn::Sub(hn::Set(d, 127), n)));
  };
  // From x, not from the rounded sum: exact for n = 0.
  return {exponent, MulAdd(x, inverse_power, inverse_power - Set<P>(1.0f))};
}

// ln(1 + x) for 0 <= x < 2^126, within 1.47 ulp.
template <typename P>
HWY_INLINE P Log1p(const P& x) {
  // (ln(1 + f) - f + f^2 / 2) / f^3, so that ln(1 + x) is within 6e-9 of itself.
  constexpr float kPolynomial[] = {0.333334029f, -0.250010908f, 0.199982464f, -0.166135445f,
                                   0.142378703f, -0.132707059f, 0.126332685f, -0.0725826025f};
  const ReducedLog1p<P> e = ReduceLog1p(x);
  const P quotient = MulAdd(e.f, Polynomial(e.f, kPolynomial), Set<P>(-0.5f));
  const P log = MulAdd(e.f * e.f, quotient, e.f);
  return MulAdd(e.exponent, Set<P>(kLn2High), MulAdd(e.exponent, Set<P>(kLn2Low), log));
}

// Within 1.47 ulp.
template <typename P>
HWY_INLINE P Tanh(const P& x) {
  // (tanh x - x) / x^3 in x^2, so that tanh x is within 5e-9 of itself for |x| < 0.55.
  constexpr float kPolynomial[] = {-0.333333164f, 0.13332586f, -0.0538523085f, 0.0210716724f,
                                   -0.00627422938f};
  const P magnitude = Abs(x), square = x * x;
  const P near = MulAdd(magnitude * square, Polynomial(square, kPolynomial), magnitude);
  const P clamped = AtMost(10.0f, magnitude);
  const P far = Set<P>(1.0f) - Set<P>(2.0f) / (Exp(clamped + clamped) + Set<P>(1.0f));
  return CopySign(Select(Less(magnitude, Set<P>(0.55f)), near, far), x);
}

// The cumulative distribution of N(0, 1): within 1.1 ulp for x > 0, 2.4 for x > -1, 5.8 for
// x >= -12.8, and 2.5e-40 absolute below.
template <typename P>
HWY_INLINE P NormalCdf(const P& x) {
  // |x| < 1.25: (cdf(x) - 1/2) / x in x^2, so that cdf(x) is within 1e-9 but for rounding.
  constexpr float kCentre[] = {0.398942292f,    -0.0664903596f,  0.00997341517f, -0.00118693034f,
                               0.000114846669f, -8.96567599e-6f, 4.58148463e-7f};
  // Beyond: e^(x^2 / 2) cdf(-|x|) in 1 / (1 + 0.4 |x|), within 6e-8 of itself.
  constexpr float kTail[] = {-1.35077187e-6f, 0.159630492f, 0.158740968f, 0.140945852f,
                             0.0495739542f,   0.115794167f, -0.19608666f, 0.0717919841f};
  const P magnitude = AtMost(16.0f, Abs(x)), square = magnitude * magnitude;
  const P centre = MulAdd(x, Polynomial(square, kCentre), Set<P>(0.5f));
  const P t = Set<P>(1.0f) / MulAdd(magnitude, Set<P>(0.4f), Set<P>(1.0f));
  const P rounded = Exp(square * Set<P>(-0.5f)) * Polynomial(t, kTail);
  // What rounding x^2 lost, up to 4e-6 in the exponent.
  const P lost = MulAdd(magnitude, magnitude, -square);
  const P tail = MulAdd(rounded * lost, Set<P>(-0.5f), rounded);
  const P outer = Select(Less(x, Zero<P>()), tail, Set<P>(1.0f) - tail);
  return Select(Less(magnitude, Set<P>(1.25f)), centre, outer);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
