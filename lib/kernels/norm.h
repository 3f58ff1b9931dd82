// Normalisations of a point's vector z of `width` entries, and their exact gradients.
//
//   unit       u = z / s,               s = sqrt(sum z^2 + eps)
//              dz = (g - u (u.g)) / s
//   layernorm  u = (z - mean) / s,      s = sqrt(variance + eps), variance without Bessel
//              dz = (g - mean g - u mean(g u)) / s            (Ba, Kiros, Hinton 2016)
//   rmsnorm    u = z / s,               s = sqrt(mean z^2 + eps)
//              dz = (g - u mean(g u)) / s                     (Zhang, Sennrich 2019)
//   groupnorm  layernorm in each group of width / groups consecutive entries (Wu, He 2018)
//   divisive   u = z |z|^(a-1) / D,     D = beta^a + sum |z|^a, a = exponent in {1, 2, 3}
//              dz = (a / D) |z|^(a-1) (g - sign(z) (u.g))     (Carandini, Heeger 2012)
//   dyt        u = tanh(alpha z)
//              dz = g alpha (1 - u^2), d_alpha = sum g z (1 - u^2)   (Zhu et al. 2025)
//   none       u = z
//
// Means use the corrected two-pass formula: m1 = sum z/n; d = z - m1; d -= mean d. Division by n is
// multiplication by the rounded 1/n.
// A sum over the entries of a point is taken in blocks of 64, which are added in order; in each
// block in four partial sums (entry mod 4, each in order), added as (0+1) + (2+3). On every target.
#pragma once

#include <cstddef>

namespace crease::kernels {

enum class NormKind { kUnit, kLayerNorm, kRmsNorm, kGroupNorm, kDivisive, kDyT, kNone };

struct NormSpec {
  NormKind kind = NormKind::kUnit;
  std::size_t width = 0;
  std::size_t norm_groups = 1;  // groupnorm; divides width
  float eps = 0.0f;
  float beta = 1.0f;  // divisive
  int exponent = 2;   // divisive: 1, 2 or 3
};

// Values a point that NormBackward needs besides z and u.
std::size_t NormStatistics(const NormSpec& spec);

// z, u (groups, width, 16); statistics (groups, NormStatistics, 16); alpha: dyt only.
// u may be z for the kind kNone only.
void NormForward(const NormSpec& spec, std::size_t groups, const float* z, float alpha, float* u,
                 float* statistics);

// d_u -> d_z, both (groups, width, 16), may be the same buffer. alpha_lanes (16): the sums over
// points of each lane for d_alpha are added to it (dyt only; otherwise nullptr will do).
void NormBackward(const NormSpec& spec, std::size_t groups, const float* z, const float* u,
                  const float* statistics, float alpha, const float* d_u, float* d_z,
                  float* alpha_lanes);

// y = weight u + bias, elementwise per entry; weight, bias (width).
void AffineForward(std::size_t width, std::size_t groups, const float* u, const float* weight,
                   const float* bias, float* y);

}  // namespace crease::kernels
