#include <cmath>
#include <vector>

#include "lib/kernels/layout.h"
#include "tests/kernels/scalar_math.h"
#include "tests/kernels/scalar_sums.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels::twin {
namespace {

using Vector = std::vector<float>;  // one point's entries, or one group of them

float Dot(const Vector& a, const Vector& b) {
  return SumOverEntries(a.size(),
                        [&](float sum, std::size_t i) { return std::fma(a[i], b[i], sum); });
}

float Mean(const Vector& a) {
  const float sum = SumOverEntries(a.size(), [&](float s, std::size_t i) { return s + a[i]; });
  return sum * (1.0f / static_cast<float>(a.size()));
}

// u over z; returns 1 / s.
float Standardise(bool centre, bool mean_square, float eps, Vector& z) {
  for (int pass = 0; centre && pass < 2; ++pass) {
    const float mean = Mean(z);
    for (float& value : z) value = value - mean;
  }
  float square = Dot(z, z);
  if (mean_square) square = square * (1.0f / static_cast<float>(z.size()));
  const float inverse = 1.0f / std::sqrt(square + eps);
  for (float& value : z) value = value * inverse;
  return inverse;
}

void StandardiseBackward(bool centred, float divisor, const Vector& u, float inverse, Vector& g) {
  const float along = Dot(u, g) * (1.0f / divisor);
  const float mean = centred ? Mean(g) : 0.0f;
  for (std::size_t i = 0; i < g.size(); ++i) {
    g[i] = std::fma(-u[i], along, g[i] - mean) * inverse;
  }
}

float LowerPower(int exponent, float z) {  // |z|^(exponent - 1)
  if (exponent == 1) return 1.0f;
  return exponent == 2 ? std::fabs(z) : z * z;
}

float Divide(const NormSpec& spec, Vector& z) {
  float offset = spec.beta;
  for (int k = 1; k < spec.exponent; ++k) offset = offset * spec.beta;
  const float sum = SumOverEntries(z.size(), [&](float partial, std::size_t i) {
    return std::fma(std::fabs(z[i]), LowerPower(spec.exponent, z[i]), partial);
  });
  const float inverse = 1.0f / (offset + sum);
  for (float& value : z) value = value * LowerPower(spec.exponent, value) * inverse;
  return inverse;
}

float Sign(float z) { return z > 0.0f ? 1.0f : z < 0.0f ? -1.0f : 0.0f; }

void DivideBackward(const NormSpec& spec, const Vector& z, const Vector& u, float inverse,
                    Vector& g) {
  const float along = Dot(u, g);
  const float factor = static_cast<float>(spec.exponent) * inverse;
  for (std::size_t i = 0; i < g.size(); ++i) {
    g[i] = factor * LowerPower(spec.exponent, z[i]) * std::fma(-Sign(z[i]), along, g[i]);
  }
}

Vector Gather(const float* from, std::size_t point, std::size_t first, std::size_t count,
              std::size_t width) {
  Vector values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = from[OffsetOf(point, first + i, width)];
  return values;
}

void Scatter(const Vector& values, std::size_t point, std::size_t first, std::size_t width,
             float* to) {
  for (std::size_t i = 0; i < values.size(); ++i) to[OffsetOf(point, first + i, width)] = values[i];
}

bool Centred(NormKind kind) { return kind == NormKind::kLayerNorm || kind == NormKind::kGroupNorm; }

}  // namespace

void NormForward(const NormSpec& spec, std::size_t groups, const float* z, float alpha, float* u,
                 float* statistics) {
  const std::size_t parts = spec.kind == NormKind::kGroupNorm ? spec.norm_groups : 1;
  const std::size_t size = spec.width / parts;
  for (std::size_t p = 0; p < groups * kLanes; ++p) {
    for (std::size_t k = 0; k < parts; ++k) {
      Vector values = Gather(z, p, k * size, size, spec.width);
      float statistic = 0.0f;
      if (spec.kind == NormKind::kDyT) {
        for (float& value : values) value = Tanh(alpha * value);
      } else if (spec.kind == NormKind::kDivisive) {
        statistic = Divide(spec, values);
      } else if (spec.kind != NormKind::kNone) {
        statistic = Standardise(Centred(spec.kind), spec.kind != NormKind::kUnit, spec.eps, values);
      }
      if (NormStatistics(spec) > 0) statistics[OffsetOf(p, k, parts)] = statistic;
      Scatter(values, p, k * size, spec.width, u);
    }
  }
}

void NormBackward(const NormSpec& spec, std::size_t groups, const float* z, const float* u,
                  const float* statistics, float alpha, const float* d_u, float* d_z,
                  float* alpha_lanes) {
  const std::size_t parts = spec.kind == NormKind::kGroupNorm ? spec.norm_groups : 1;
  const std::size_t size = spec.width / parts;
  for (std::size_t p = 0; p < groups * kLanes; ++p) {
    for (std::size_t k = 0; k < parts; ++k) {
      const Vector before = Gather(z, p, k * size, size, spec.width);
      const Vector after = Gather(u, p, k * size, size, spec.width);
      Vector g = Gather(d_u, p, k * size, size, spec.width);
      if (spec.kind == NormKind::kDyT) {
        for (std::size_t i = 0; i < size; ++i) {
          const float inner = g[i] * std::fma(-after[i], after[i], 1.0f);
          alpha_lanes[p % kLanes] = std::fma(inner, before[i], alpha_lanes[p % kLanes]);
          g[i] = inner * alpha;
        }
      } else if (spec.kind == NormKind::kDivisive) {
        DivideBackward(spec, before, after, statistics[OffsetOf(p, k, parts)], g);
      } else if (spec.kind != NormKind::kNone) {
        StandardiseBackward(Centred(spec.kind),
                            spec.kind == NormKind::kUnit ? 1.0f : static_cast<float>(size), after,
                            statistics[OffsetOf(p, k, parts)], g);
      }
      Scatter(g, p, k * size, spec.width, d_z);
    }
  }
}

}  // namespace crease::kernels::twin
