#include "tests/kernels/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace crease::kernels::twin {
namespace {

constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

float Polynomial(float x, std::span<const float> coefficients) {
  float sum = coefficients.back();
  for (std::size_t k = coefficients.size() - 1; k-- > 0;) sum = std::fma(sum, x, coefficients[k]);
  return sum;
}

constexpr float kExpRemainder[] = {0.49999994f, 0.166665211f, 0.041668389f, 0.00836872496f,
                                   0.00138145802f};

struct ReducedExponent {
  float power, remainder;
};

float PowerOfBiased(float biased) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(biased) << 23);
}

ReducedExponent ReduceExponent(float x) {
  constexpr float kRounder = 0x1.8p23f + 127.0f;
  const float clamped = x < -88.0f ? -88.0f : x;
  const float biased = std::fma(clamped, 1.44269504f, kRounder);
  const float n = biased - kRounder;
  const float r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, clamped));
  return {PowerOfBiased(biased), std::fma(r * r, Polynomial(r, kExpRemainder), r)};
}

struct NormalTail {
  float magnitude, power, high, low, ratio, ratio_low;
};

NormalTail ReduceNormalTail(float x) {
  constexpr float kScale = 0.39f, kFirst = 0.155582026f, kSecond = 0.155751809f;
  constexpr float kRest[] = {0.129802004f,  0.10001339f,  -0.0453223065f, 0.175878748f,
                             -0.421986401f, 0.390257418f, -0.169335976f,  0.0293592922f};
  constexpr float kRounder = 0x1.8p23f + 127.0f + 32.0f;
  const float m = std::fabs(x) > 14.8f ? 14.8f : std::fabs(x), square = m * m;
  const float denominator = std::fma(m, kScale, 1.0f), t = 1.0f / denominator;
  const float rest = Polynomial(t, kRest);
  const float inner = std::fma(rest, t, kSecond), sum = std::fma(inner, t, kFirst);
  const float inner_low = std::fma(rest, t, kSecond - inner);
  const float sum_low = std::fma(inner_low, t, std::fma(inner, t, kFirst - sum));
  const float denominator_low = std::fma(m, kScale, 1.0f - denominator);
  const float t_low = std::fma(-t, denominator_low, std::fma(-t, denominator, 1.0f));
  const float ratio = t * sum;
  const float product_low = std::fma(t, sum_low, std::fma(t, sum, -ratio));
  const float half = square * -0.5f, square_low = std::fma(m, m, -square);
  const float biased = std::fma(half, 1.44269504f, kRounder), n = biased - kRounder;
  return {m,
          PowerOfBiased(biased),
          std::fma(n, -kLn2High, half),
          std::fma(n, -kLn2Low, square_low * -0.5f),
          ratio,
          std::fma(ratio, std::fma(t_low, t, t_low), product_low)};
}

float ScaledTail(const NormalTail& tail, float factor, float factor_low) {
  const float r = tail.high + tail.low;
  const float low = std::fma(r * r, Polynomial(r, kExpRemainder), tail.low);
  const float small = std::fma(low, factor, std::fma(tail.high, factor_low, factor_low));
  return (factor + std::fma(tail.high, factor, small)) * tail.power;
}

}  // namespace

float Exp(float x) {
  const ReducedExponent e = ReduceExponent(x);
  return std::fma(e.power, e.remainder, e.power);
}

float Expm1(float x) {
  const ReducedExponent e = ReduceExponent(x);
  return std::fma(e.power, e.remainder, e.power - 1.0f);
}

float Log1p(float x) {
  constexpr float kPolynomial[] = {0.333334029f, -0.250010908f, 0.199982464f, -0.166135445f,
                                   0.142378703f, -0.132707059f, 0.126332685f, -0.0725826025f};
  const auto bits = std::bit_cast<std::int32_t>(1.0f + x);
  const std::int32_t power = (bits - 0x3f3504f3) >> 23;
  const auto exponent = static_cast<float>(power);
  const float inverse_power = std::bit_cast<float>((127 - power) << 23);
  const float f = std::fma(x, inverse_power, inverse_power - 1.0f);
  const float quotient = std::fma(f, Polynomial(f, kPolynomial), -0.5f);
  const float log = std::fma(f * f, quotient, f);
  return std::fma(exponent, kLn2High, std::fma(exponent, kLn2Low, log));
}

float Tanh(float x) {
  constexpr float kPolynomial[] = {-0.333333164f, 0.13332586f, -0.0538523085f, 0.0210716724f,
                                   -0.00627422938f};
  const float magnitude = std::fabs(x), square = x * x;
  const float clamped = magnitude > 10.0f ? 10.0f : magnitude;
  const float result =
      magnitude < 0.55f ? std::fma(magnitude * square, Polynomial(square, kPolynomial), magnitude)
                        : 1.0f - 2.0f / (Exp(clamped + clamped) + 1.0f);
  return std::copysign(result, x);
}

float Gelu(float x) {
  const NormalTail tail = ReduceNormalTail(x);
  const float m = tail.magnitude, product = m * tail.ratio;
  const float product_low = std::fma(m, tail.ratio_low, std::fma(m, tail.ratio, -product));
  return std::fma(ScaledTail(tail, product, product_low), -0x1p-32f, x < 0.0f ? 0.0f : x);
}

float GeluDerivative(float x) {
  const NormalTail tail = ReduceNormalTail(x);
  const float factor = std::fma(-tail.magnitude, 0.398942280f, tail.ratio);
  const float scaled = ScaledTail(tail, factor, tail.ratio_low);
  return x < 0.0f ? scaled * 0x1p-32f : std::fma(-scaled, 0x1p-32f, 1.0f);
}

}  // namespace crease::kernels::twin
