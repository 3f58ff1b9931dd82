// The largest errors of the elementary functions against long double libm (64 bits of mantissa, so
// that its own error is far below a float's ulp), over evenly spaced bit patterns. The twins are
// measured: the kernels have their bits, which the last test holds on dense samples.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "lib/kernels/elementwise.h"
#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_math.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

struct Worst {
  double ulps = 0.0, relative = 0.0, absolute = 0.0;
  float at = 0.0f;  // of the ulps
};

double UlpOf(long double value) {
  const int exponent = std::max(std::ilogb(value), -126);
  return std::ldexp(1.0, exponent - 23);
}

// Over every `stride`-th float in [low, high], which must have one sign.
template <typename Approximation, typename Exact>
void Measure(float low, float high, std::uint32_t stride, const Approximation& approximation,
             const Exact& exact, Worst& worst) {
  std::uint32_t first = std::bit_cast<std::uint32_t>(low);
  std::uint32_t last = std::bit_cast<std::uint32_t>(high);
  if (first > last) std::swap(first, last);
  for (std::uint64_t bits = first; bits <= last; bits += stride) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const long double truth = exact(static_cast<long double>(x));
    const auto error =
        static_cast<double>(std::fabs(static_cast<long double>(approximation(x)) - truth));
    if (error / UlpOf(truth) > worst.ulps) {
      worst.ulps = error / UlpOf(truth);
      worst.at = x;
    }
    worst.absolute = std::max(worst.absolute, error);
    if (truth != 0.0L) {
      worst.relative = std::max(worst.relative, error / static_cast<double>(std::fabs(truth)));
    }
  }
}

constexpr std::uint32_t kStride = 997;

void Print(const char* name, const Worst& worst) {
  std::printf("%-10s %.3f ulp at %a, relative %.3g, absolute %.3g\n", name, worst.ulps,
              static_cast<double>(worst.at), worst.relative, worst.absolute);
}

TEST(MathAccuracy, Exp) {
  Worst worst;
  const auto exact = [](long double x) { return std::exp(x); };
  Measure(0.0f, 88.0f, kStride, twin::Exp, exact, worst);
  Measure(-0.0f, -87.0f, kStride, twin::Exp, exact, worst);
  Print("exp", worst);
  EXPECT_LE(worst.ulps, 1.05);
}

TEST(MathAccuracy, Expm1) {
  Worst worst;
  const auto exact = [](long double x) { return std::expm1(x); };
  Measure(0.0f, 88.0f, kStride, twin::Expm1, exact, worst);
  Measure(-0.0f, -80.0f, kStride, twin::Expm1, exact, worst);
  Print("expm1", worst);
  EXPECT_LE(worst.ulps, 1.7);
}

TEST(MathAccuracy, Log1p) {
  Worst worst;
  Measure(
      0.0f, 1e30f, kStride, twin::Log1p, [](long double x) { return std::log1p(x); }, worst);
  Print("log1p", worst);
  EXPECT_LE(worst.ulps, 1.6);
}

TEST(MathAccuracy, Tanh) {
  Worst worst;
  const auto exact = [](long double x) { return std::tanh(x); };
  Measure(0.0f, 100.0f, kStride, twin::Tanh, exact, worst);
  Measure(-0.0f, -100.0f, kStride, twin::Tanh, exact, worst);
  Print("tanh", worst);
  EXPECT_LE(worst.ulps, 2.5);
}

TEST(MathAccuracy, NormalCdf) {
  Worst right, left;
  const auto exact = [](long double x) { return 0.5L * std::erfc(-x / std::sqrt(2.0L)); };
  Measure(0.0f, 20.0f, kStride, twin::NormalCdf, exact, right);
  Measure(-0.0f, -13.0f, kStride, twin::NormalCdf, exact, left);
  Print("cdf, x > 0", right);
  Print("cdf, x < 0", left);
  EXPECT_LE(right.absolute, 7e-8);
  EXPECT_LE(left.absolute, 7e-8);
  EXPECT_LE(right.relative, 5e-6);
  EXPECT_LE(left.relative, 5e-6);
}

class DenseBitsTest : public KernelTest {};
CREASE_TEST_ON_EVERY_TARGET(DenseBitsTest);

// Every 4001st of all floats.
TEST_P(DenseBitsTest, KernelsHaveTheTwinsBits) {
  constexpr std::uint64_t kDenseStride = 4001;
  Buffer z(PadToLanes((std::uint64_t{1} << 32) / kDenseStride));
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = std::bit_cast<float>(static_cast<std::uint32_t>(i * kDenseStride));
  }
  Buffer kernel(z.size()), expected(z.size());
  for (const ActivationKind kind :
       {ActivationKind::kGelu, ActivationKind::kElu, ActivationKind::kTanh}) {
    ActivationForward(kind, z.size(), z.data(), kernel.data());
    twin::ActivationForward(kind, z.size(), z.data(), expected.data());
    EXPECT_TRUE(SameBits(kernel, expected)) << "kind " << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace crease::kernels
