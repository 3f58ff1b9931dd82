// exp, log1p, expm1, tanh, gelu and its derivative on vectors of floats (P, vector-inl.h): own
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

// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2, so that e^r is within 4e-9.
inline constexpr float kExpRemainder[] = {0.49999994f, 0.166665211f, 0.041668389f, 0.00836872496f,
                                          0.00138145802f};

// 2^n where n + 127 stands in the low bits of `biased`: shifted into the place of the exponent.
template <typename P>
HWY_INLINE P PowerOfBiased(const P& biased) {
  P power;
  for (std::size_t i = 0; i < P::kCount; ++i) {
    const IntegerVector bits = hn::BitCast(IntegerTag(), biased.v[i]);
    power.v[i] = hn::BitCast(Tag(), hn::ShiftLeft<23>(bits));
  }
  return power;
}

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
  const P clamped = AtLeast(-88.0f, x);
  const P biased = MulAdd(clamped, Set<P>(1.44269504f), Set<P>(kRounder));
  const P n = biased - Set<P>(kRounder);
  const P r = MulAdd(n, Set<P>(-kLn2Low), MulAdd(n, Set<P>(-kLn2High), clamped));
  return {PowerOfBiased(biased), MulAdd(r * r, Polynomial(r, kExpRemainder), r)};
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

// A normal distribution's tail, Phi(-m) = 2^-32 power e^(high + low) (ratio + ratio_low), in parts
// that are rounded only where little is lost: high is exact, |high| < 0.35; |low| < 0.04.
template <typename P>
struct NormalTail {
  P magnitude;         // m = |x|, at most 14.8: from there on m Phi(-m) is 0 in float
  P power;             // 2^(n + 32), so that no tail is denormal before its last rounding
  P high, low;         // -m^2 / 2 - n ln 2
  P ratio, ratio_low;  // e^(m^2 / 2) Phi(-m)
};

template <typename P>
HWY_INLINE NormalTail<P> ReduceNormalTail(const P& x) {
  // e^(m^2 / 2) Phi(-m) / t in t = 1 / (1 + 0.39 m), within 8e-9 of itself.
  constexpr float kScale = 0.39f, kFirst = 0.155582026f, kSecond = 0.155751809f;
  constexpr float kRest[] = {0.129802004f,  0.10001339f,  -0.0453223065f, 0.175878748f,
                             -0.421986401f, 0.390257418f, -0.169335976f,  0.0293592922f};
  constexpr float kRounder = 0x1.8p23f + 127.0f + 32.0f;  // as in ReduceExponent
  NormalTail<P> tail;
  const P m = tail.magnitude = AtMost(14.8f, Abs(x));
  const P one = Set<P>(1.0f), scale = Set<P>(kScale), square = m * m;
  const P denominator = MulAdd(m, scale, one), t = one / denominator;
  const P rest = Polynomial(t, kRest);
  const P inner = MulAdd(rest, t, Set<P>(kSecond)), sum = MulAdd(inner, t, Set<P>(kFirst));
  // What the rounding of the sums, of the product with t, and of t lost; d ln ratio / d ln t is
  // nearly 1 + t.
  const P inner_low = MulAdd(rest, t, Set<P>(kSecond) - inner);
  const P sum_low = MulAdd(inner_low, t, MulAdd(inner, t, Set<P>(kFirst) - sum));
  const P denominator_low = MulAdd(m, scale, one - denominator);
  const P t_low = NegMulAdd(t, denominator_low, NegMulAdd(t, denominator, one));
  tail.ratio = t * sum;
  const P product_low = MulAdd(t, sum_low, MulAdd(t, sum, -tail.ratio));
  tail.ratio_low = MulAdd(tail.ratio, MulAdd(t_low, t, t_low), product_low);

  const P half = square * Set<P>(-0.5f), square_low = MulAdd(m, m, -square);
  const P biased = MulAdd(half, Set<P>(1.44269504f), Set<P>(kRounder));
  const P n = biased - Set<P>(kRounder);
  tail.power = PowerOfBiased(biased);
  tail.high = MulAdd(n, Set<P>(-kLn2High), half);
  tail.low = MulAdd(n, Set<P>(-kLn2Low), square_low * Set<P>(-0.5f));
  return tail;
}

// 2^32 Phi(-m) factor / (ratio + ratio_low), for factor + factor_low.
template <typename P>
HWY_INLINE P ScaledTail(const NormalTail<P>& tail, const P& factor, const P& factor_low) {
  const P r = tail.high + tail.low;
  const P low = MulAdd(r * r, Polynomial(r, kExpRemainder), tail.low);
  const P small = MulAdd(low, factor, MulAdd(tail.high, factor_low, factor_low));
  return (factor + MulAdd(tail.high, factor, small)) * tail.power;
}

// x Phi(x), within 2.2 ulp, 1.6 for x < -1; denormals, too. -0 at minus infinity.
template <typename P>
HWY_INLINE P Gelu(const P& x) {
  const NormalTail<P> tail = ReduceNormalTail(x);
  const P& m = tail.magnitude;
  const P product = m * tail.ratio;
  const P product_low = MulAdd(m, tail.ratio_low, MulAdd(m, tail.ratio, -product));
  // max(x, 0) - m Phi(-m)
  return MulAdd(ScaledTail(tail, product, product_low), Set<P>(-0x1p-32f),
                Select(Less(x, Zero<P>()), Zero<P>(), x));
}

// Phi(x) + x phi(x), its derivative: within 1.2e-7, and within 2.7 ulp for x < -1.
template <typename P>
HWY_INLINE P GeluDerivative(const P& x) {
  const NormalTail<P> tail = ReduceNormalTail(x);
  // Phi(-m) - m phi(m); it is the derivative at -m, and 1 less it at m.
  const P factor = NegMulAdd(tail.magnitude, Set<P>(0.398942280f), tail.ratio);
  const P scaled = ScaledTail(tail, factor, tail.ratio_low);
  const Comparisons<P::kCount> negative = Less(x, Zero<P>());
  return MulAdd(Select(negative, scaled, -scaled), Set<P>(0x1p-32f),
                Select(negative, Zero<P>(), Set<P>(1.0f)));
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::kernels
HWY_AFTER_NAMESPACE();

#endif  // target toggle
