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

struct ReducedExponent {
  float power, remainder;
};

ReducedExponent ReduceExponent(float x) {
  constexpr float kRounder = 0x1.8p23f + 127.0f;
  constexpr float kPolynomial[] = {0.49999994f, 0.166665211f, 0.041668389f, 0.00836872496f,
                                   0.00138145802f};
  const float clamped = x < -88.0f ? -88.0f : x;
  const float biased = std::fma(clamped, 1.44269504f, kRounder);
  const float n = biased - kRounder;
  const float r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, clamped));
  const float power = std::bit_cast<float>(std::bit_cast<std::uint32_t>(biased) << 23);
  return {power, std::fma(r * r, Polynomial(r, kPolynomial), r)};
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

float NormalCdf(float x) {
  constexpr float kCentre[] = {0.398942292f,    -0.0664903596f,  0.00997341517f, -0.00118693034f,
                               0.000114846669f, -8.96567599e-6f, 4.58148463e-7f};
  constexpr float kTail[] = {-1.35077187e-6f, 0.159630492f, 0.158740968f, 0.140945852f,
                             0.0495739542f,   0.115794167f, -0.19608666f, 0.0717919841f};
  const float magnitude = std::fabs(x) > 16.0f ? 16.0f : std::fabs(x);
  const float square = magnitude * magnitude;
  if (magnitude < 1.25f) return std::fma(x, Polynomial(square, kCentre), 0.5f);
  const float t = 1.0f / std::fma(magnitude, 0.4f, 1.0f);
  const float rounded = Exp(square * -0.5f) * Polynomial(t, kTail);
  const float lost = std::fma(magnitude, magnitude, -square);
  const float tail = std::fma(rounded * lost, -0.5f, rounded);
  return x < 0.0f ? tail : 1.0f - tail;
}

}  // namespace crease::kernels::twin
