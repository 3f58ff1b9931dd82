// tanh on packs: in float that of the training kernels, in double a polynomial of its own. NaN
// stays NaN. Errors: 2.5 ulp (float), 2 ulp (double); tests/norm/properties_test.cpp holds the
// second.
#if defined(CREASE_NORM_TANH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CREASE_NORM_TANH_INL_H_
#undef CREASE_NORM_TANH_INL_H_
#else
#define CREASE_NORM_TANH_INL_H_
#endif

#include "lib/kernels/math-inl.h"
#include "lib/norm/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace crease::norm {
namespace HWY_NAMESPACE {

HWY_INLINE Pack<float> Tanh(const Pack<float>& x) {
  kernels::HWY_NAMESPACE::Group group;
  CREASE_FOR_EACH_VECTOR_OF(float, group.v[i] = x.v[i]);
  group = kernels::HWY_NAMESPACE::Tanh(group);
  Pack<float> r;
  CREASE_FOR_EACH_VECTOR_OF(float, r.v[i] = group.v[i]);
  return r;
}

// 2^n for whole n in [-1022, 1023].
HWY_INLINE Pack<double> PowerOfTwo(const Pack<double>& n) {
  // In this number the last bits of the fraction are n + 1023, which a shift makes the exponent.
  const Pack<double> sum = n + Set(0x1.8p52 + 1023.0);
  const hn::RebindToUnsigned<Tag<double>> bits;
  Pack<double> r;
  CREASE_FOR_EACH_VECTOR_OF(
      double, r.v[i] = hn::BitCast(Tag<double>(), hn::ShiftLeft<52>(hn::BitCast(bits, sum.v[i]))));
  return r;
}

// value + rest, to more than a double's digits.
struct Extended {
  Pack<double> value, rest;
};

// e^x - 1 for 0 <= x <= 50.
HWY_INLINE Extended Expm1(const Pack<double>& x) {
  // ln 2 in two parts; the first has 32 bits, so that its multiples are exact.
  constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
  // (e^r - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2]: 1/2!, 1/3!, ...; the next term is below 3e-18.
  constexpr double kSeries[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
  const Pack<double> n = Round(x * Set(0x1.71547652b82fep+0));
  const Pack<double> r = NegMulAdd(n, Set(kLn2Low), NegMulAdd(n, Set(kLn2High), x));
  Pack<double> sum = Set(kSeries[11]);
  for (std::size_t k = 11; k-- > 0;) sum = MulAdd(sum, r, Set(kSeries[k]));
  const Pack<double> power = PowerOfTwo(n), first = power - Set(1.0);
  const Pack<double> second =
      power * MulAdd(r * r, sum, r);  // exact, and smaller unless first is 0
  const Pack<double> value = first + second;
  return {value, second - (value - first)};
}

// e / (e + 2), corrected once by what the quotient leaves over.
HWY_INLINE Pack<double> Tanh(const Pack<double>& x) {
  const Pack<double> magnitude = Abs(x);
  const Pack<double> clamped = Select(Less(Set(20.0), magnitude), Set(20.0), magnitude);
  const Extended e = Expm1(clamped + clamped);
  const Pack<double> below = e.value + Set(2.0), added = below - e.value;
  const Pack<double> lost = (e.value - (below - added)) + (Set(2.0) - added);
  const Pack<double> inverse = Set(1.0) / below, quotient = e.value * inverse;
  const Pack<double> left =
      NegMulAdd(quotient, below, e.value) + NegMulAdd(quotient, lost + e.rest, e.rest);
  return CopySign(MulAdd(left, inverse, quotient), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace crease::norm
HWY_AFTER_NAMESPACE();

#endif  // target toggle
