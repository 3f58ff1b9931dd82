#include "tests/kernels/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace crease::kernels::twin {
namespace {

constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

float Polynomial(float x, std::span<const float> coefficients) {
  float sum = coefficients.back();
  for (std::size_t k = coefficients.size() - 1; k-- > 0;) sum = std::fma(sum, x, coefficients[k]);
  return sum;
}

float PowerOfTwo(float n) {
  return std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

struct ReducedExponent {
  float power, remainder;
};

ReducedExponent ReduceExponent(float x) {
  constexpr float kSeries[] = {1.0f / 2, 1.0f / 6, 1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
  const float n = std::nearbyint(x * 1.44269504f);
  const float r = std::fma(-n, kLn2Low, std::fma(-n, kLn2High, x));
  return {PowerOfTwo(n), std::fma(r * r, Polynomial(r, kSeries), r)};
}

}  // namespace

float Exp(float x) {
  if (std::isnan(x)) return x;
  if (x < -87.0f) return 0.0f;
  if (x > 88.0f) return std::numeric_limits<float>::infinity();
  const ReducedExponent e = ReduceExponent(x);
  return std::fma(e.power, e.remainder, e.power);
}

float Expm1(float x) {
  if (std::isnan(x)) return x;
  const ReducedExponent e = ReduceExponent(x < -30.0f ? -30.0f : x);
  return std::fma(e.power, e.remainder, e.power - 1.0f);
}

float Log1p(float x) {
  if (std::isnan(x)) return x;
  constexpr float kSeries[] = {2.0f / 3, 2.0f / 5, 2.0f / 7, 2.0f / 9};
  const float u = 1.0f + x;
  const auto bits = std::bit_cast<std::int32_t>(u);
  const std::int32_t power = (bits - 0x3f3504f3) >> 23;
  const float mantissa = std::bit_cast<float>(bits - (power << 23));
  const auto exponent = static_cast<float>(power);
  const float lost = x < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x);
  const float f = std::fma(lost, PowerOfTwo(-exponent), mantissa - 1.0f);
  const float s = f / (2.0f + f);
  const float square = s * s;
  const float log_mantissa = std::fma(-s, std::fma(-square, Polynomial(square, kSeries), f), f);
  return std::fma(exponent, kLn2High, std::fma(exponent, kLn2Low, log_mantissa));
}

float Tanh(float x) {
  if (std::isnan(x)) return x;
  const float magnitude = std::fabs(x);
  const float clamped = 10.0f < magnitude ? 10.0f : magnitude;
  const float e = Expm1(clamped + clamped);
  return std::copysign(e / (e + 2.0f), x);
}

float NormalCdf(float x) {
  constexpr float kCentre[] = {3.98942280e-1f,  -6.64903801e-2f, 9.97355701e-3f,
                               -1.18732822e-3f, 1.15434688e-4f,  -9.44465626e-6f,
                               6.65969352e-7f,  -4.12266741e-8f, 2.27352982e-9f};
  constexpr float kTail[] = {6.28781208e-6f,  9.96199623e-2f, 1.00583859e-1f,
                             9.05447081e-2f,  8.43202546e-2f, 7.45576397e-2f,
                             -4.65223612e-3f, 9.93979275e-2f, -4.44108024e-2f};
  if (std::isnan(x)) return x;
  const float magnitude = std::fabs(x), square = x * x;
  if (magnitude < 1.25f) return std::fma(x, Polynomial(square, kCentre), 0.5f);
  const float t = 1.0f / std::fma(magnitude, 0.25f, 1.0f);
  const float tail = Exp(square * -0.5f) * Polynomial(t, kTail);
  return x < 0.0f ? tail : 1.0f - tail;
}

}  // namespace crease::kernels::twin
