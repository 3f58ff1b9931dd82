// The largest errors of the elementary functions, in ulps of the exact result: over every float of
// the binades where they are used most, and over evenly spaced bit patterns everywhere else. The
// twins are measured: the kernels have their bits, which the last test holds on dense samples.
//
// CREASE_EVERY_FLOAT=1 in the environment measures all floats, in a quarter of an hour; the bounds
// below are of such a run.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "lib/kernels/elementwise.h"
#include "tests/kernels/exact_math.h"
#include "tests/kernels/kernel_fixture.h"
#include "tests/kernels/scalar_math.h"
#include "tests/kernels/scalar_twin.h"

namespace crease::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

// A prime, so that no pattern of the low bits is left out.
constexpr std::uint32_t kStride = 997;

struct Worst {
  double ulps = 0.0, absolute = 0.0;
  float at = 0.0f;  // of the ulps
};

double UlpOf(long double value) {
  const int exponent = value == 0.0L ? -126 : std::max(std::ilogb(value), -126);
  return std::ldexp(1.0, exponent - 23);
}

using Function = float (*)(float);
using Exact = long double (*)(long double);

// Over every `stride`-th float from `first` to `last`, which must have one sign.
Worst Measure(float first, float last, std::uint32_t stride, Function function, Exact exact) {
  static const bool every = std::getenv("CREASE_EVERY_FLOAT") != nullptr;
  const auto a = std::bit_cast<std::uint32_t>(first), b = std::bit_cast<std::uint32_t>(last);
  Worst worst;
  for (std::uint64_t bits = std::min(a, b); bits <= std::max(a, b); bits += every ? 1 : stride) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const long double truth = exact(static_cast<long double>(x));
    auto error = static_cast<double>(std::fabs(static_cast<long double>(function(x)) - truth));
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
    const double ulps = error / UlpOf(truth);
    worst.absolute = std::max(worst.absolute, error);
    if (ulps > worst.ulps) {
      worst.ulps = ulps;
      worst.at = x;
    }
  }
  std::printf("from %-10g to %-10g %.4f ulp at %a, absolute %.3g\n", static_cast<double>(first),
              static_cast<double>(last), worst.ulps, static_cast<double>(worst.at), worst.absolute);
  return worst;
}

TEST(MathAccuracy, ExpIsWithin101Ulp) {
  EXPECT_LE(Measure(-0.0f, -87.33f, kStride, twin::Exp, exact::Exp).ulps, 1.01);
  EXPECT_LE(Measure(-0.5f, -1.0f, 1, twin::Exp, exact::Exp).ulps, 1.01);
  EXPECT_LE(Measure(-4.0f, -8.0f, 1, twin::Exp, exact::Exp).ulps, 1.01);
  EXPECT_LE(Measure(0.0f, 88.0f, kStride, twin::Exp, exact::Exp).ulps, 1.01);
}

TEST(MathAccuracy, ExpEndsInOneDenormalBinade) {
  EXPECT_LE(Measure(-87.33f, -87.68f, 1, twin::Exp, exact::Exp).ulps, 0.66);
  EXPECT_LE(Measure(-87.68f, -kInfinity, kStride, twin::Exp, exact::Exp).absolute, 0x1p-126);
  EXPECT_EQ(twin::Exp(-87.69f), 0.0f);
  EXPECT_EQ(twin::Exp(-kInfinity), 0.0f);
  EXPECT_TRUE(std::isnan(twin::Exp(kNan)));
  for (const float one : {0.0f, -0.0f, kDenormal, -kDenormal}) EXPECT_EQ(twin::Exp(one), 1.0f);
}

TEST(MathAccuracy, Expm1IsWithin147Ulp) {
  EXPECT_LE(Measure(-0.0f, -kInfinity, kStride, twin::Expm1, exact::Expm1).ulps, 1.47);
  EXPECT_LE(Measure(-0.25f, -0.5f, 1, twin::Expm1, exact::Expm1).ulps, 1.47);
  EXPECT_LE(Measure(0.0f, 88.0f, kStride, twin::Expm1, exact::Expm1).ulps, 1.47);
  EXPECT_EQ(twin::Expm1(-kInfinity), -1.0f);
  EXPECT_TRUE(std::isnan(twin::Expm1(kNan)));
  for (const float x : {0.0f, kDenormal, -kDenormal}) EXPECT_EQ(twin::Expm1(x), x);
}

TEST(MathAccuracy, Log1pIsWithin147Ulp) {
  EXPECT_LE(Measure(0.0f, 0x1p126f, kStride, twin::Log1p, exact::Log1p).ulps, 1.47);
  EXPECT_LE(Measure(0.25f, 0.5f, 1, twin::Log1p, exact::Log1p).ulps, 1.47);
  EXPECT_LE(Measure(0.5f, 1.0f, 1, twin::Log1p, exact::Log1p).ulps, 1.47);
  EXPECT_TRUE(std::isnan(twin::Log1p(kNan)));
  for (const float x : {0.0f, kDenormal}) EXPECT_EQ(twin::Log1p(x), x);
}

TEST(MathAccuracy, TanhIsWithin147Ulp) {
  EXPECT_LE(Measure(0.0f, kInfinity, kStride, twin::Tanh, exact::Tanh).ulps, 1.47);
  EXPECT_LE(Measure(0.5f, 1.0f, 1, twin::Tanh, exact::Tanh).ulps, 1.47);
  EXPECT_LE(Measure(-0.0f, -kInfinity, kStride, twin::Tanh, exact::Tanh).ulps, 1.47);
  EXPECT_TRUE(std::isnan(twin::Tanh(kNan)));
  for (const float x : {0.0f, -0.0f, kDenormal, -kDenormal}) {
    EXPECT_TRUE(SameBits(twin::Tanh(x), x));
  }
}

// From normal numbers through denormals to zero.
TEST(MathAccuracy, GeluIsWithin22Ulp) {
  const auto measure = [](float first, float last, std::uint32_t stride) {
    return Measure(first, last, stride, twin::Gelu, exact::Gelu).ulps;
  };
  constexpr float kMax = std::numeric_limits<float>::max();
  EXPECT_LE(measure(0.0f, kMax, kStride), 2.2);
  EXPECT_LE(measure(0x1p-10f, 0x1p-8f, 3), 2.2);
  EXPECT_LE(measure(-0.0f, -1.0f, kStride), 2.2);
  EXPECT_LE(measure(-1.0f, -kMax, kStride), 1.6);
  EXPECT_LE(measure(-1.0f, -2.0f, 3), 1.6);
  EXPECT_LE(measure(-12.8f, -15.0f, 3), 0.9);
  EXPECT_EQ(twin::Gelu(-kInfinity), 0.0f);
  EXPECT_EQ(twin::Gelu(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(twin::Gelu(kNan)));
}

TEST(MathAccuracy, GeluDerivativeKeepsItsTail) {
  const auto measure = [](float first, float last, std::uint32_t stride) {
    return Measure(first, last, stride, twin::GeluDerivative, exact::GeluDerivative);
  };
  constexpr float kMax = std::numeric_limits<float>::max();
  EXPECT_LE(measure(0.0f, kMax, kStride).ulps, 2.0);
  EXPECT_LE(measure(0.0f, 1e-30f, kStride).ulps, 1.0);
  EXPECT_LE(measure(-0.0f, -1.0f, kStride).absolute, 1.2e-7);
  EXPECT_LE(measure(-0.5f, -1.0f, 3).absolute, 5e-8);  // it is zero at -0.7518
  EXPECT_LE(measure(-1.0f, -kMax, kStride).ulps, 2.7);
  EXPECT_LE(measure(-1.0f, -2.0f, 3).ulps, 2.7);
  EXPECT_EQ(twin::GeluDerivative(-kInfinity), 0.0f);
  EXPECT_EQ(twin::GeluDerivative(kInfinity), 1.0f);
  EXPECT_EQ(twin::GeluDerivative(0.0f), 0.5f);
  EXPECT_TRUE(std::isnan(twin::GeluDerivative(kNan)));
}

// long double libm states no bound; MPFR rounds correctly.
TEST(MathAccuracy, TheReferenceIsFarBetterThanAFloat) {
  const auto worst = exact::WorstErrorOfLibm(20000);
  if (!worst) GTEST_SKIP() << "built without MPFR (libmpfr-dev)";
  std::printf("long double libm against MPFR: %.3g relative\n", *worst);
  EXPECT_LE(*worst, 0x1p-55);
  EXPECT_GT(*worst, 0.0);
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
