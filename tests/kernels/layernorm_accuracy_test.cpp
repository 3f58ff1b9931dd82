// LayerNorm in float against long double, where other implementations are known to fail: means
// far larger than the deviations.
#include <cmath>
#include <vector>

#include "lib/kernels/layout.h"
#include "lib/kernels/norm.h"
#include "tests/kernels/kernel_fixture.h"

namespace crease::kernels {
namespace {

std::vector<long double> Exact(const std::vector<float>& z, long double eps) {
  const auto n = static_cast<long double>(z.size());
  long double mean = 0.0L, variance = 0.0L;
  for (const float value : z) mean += static_cast<long double>(value) / n;
  for (const float value : z) {
    const long double d = static_cast<long double>(value) - mean;
    variance += d * d / n;
  }
  std::vector<long double> u;
  for (const float value : z) {
    u.push_back((static_cast<long double>(value) - mean) / std::sqrt(variance + eps));
  }
  return u;
}

std::vector<float> LayerNorm(const std::vector<float>& z, float eps) {
  const NormSpec spec = {.kind = NormKind::kLayerNorm, .width = z.size(), .eps = eps};
  Buffer in(z.size() * kLanes), out(z.size() * kLanes), statistics(kLanes);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = z[i / kLanes];
  NormForward(spec, 1, in.data(), 0.0f, out.data(), statistics.data());
  std::vector<float> u;
  for (std::size_t i = 0; i < z.size(); ++i) u.push_back(out[i * kLanes]);
  return u;
}

// The largest error, in units of the largest output: the error of a float is relative to that.
double WorstError(const std::vector<float>& z, float eps = 1e-5f) {
  const std::vector<float> u = LayerNorm(z, eps);
  const std::vector<long double> exact = Exact(z, static_cast<long double>(eps));
  long double worst = 0.0L, largest = 1.0L;
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (!std::isfinite(u[i])) return INFINITY;
    worst = std::max(worst, std::fabs(static_cast<long double>(u[i]) - exact[i]));
    largest = std::max(largest, std::fabs(exact[i]));
  }
  return static_cast<double>(worst / largest);
}

constexpr double kBound = 7e-7;

TEST(LayerNormAccuracy, ShiftedNormals) {
  const RandomStream random(1, Purpose::kData);
  for (std::size_t row = 0; row < 5; ++row) {
    std::vector<float> z(4);
    for (std::size_t i = 0; i < 4; ++i) {
      z[i] = static_cast<float>(random.Normal(4 * row + i) + 2000.0);
    }
    EXPECT_LE(WorstError(z), kBound) << "row " << row;
  }
}

TEST(LayerNormAccuracy, FourConsecutiveNumbersFarOut) {
  const std::vector<float> u = LayerNorm({40000.0f, 40001.0f, 40002.0f, 40003.0f}, 1e-5f);
  const float expected[] = {-1.3416354f, -0.44721183f, 0.44721183f, 1.3416354f};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(u[i], expected[i], 2e-7) << i;
}

TEST(LayerNormAccuracy, SmallStepsOnALargeMean) {
  std::vector<float> z(16);
  for (std::size_t i = 0; i < 16; ++i) z[i] = 100.0f + 1e-3f * static_cast<float>(i);
  EXPECT_NEAR(LayerNorm(z, 1e-5f)[0], -1.341528f, 2e-5);
  EXPECT_LE(WorstError(z), kBound);
}

TEST(LayerNormAccuracy, ConstantRowsAndZerosGiveZeros) {
  for (const float value : {0.0f, 1.0f, 0.1f, -3.7f, 12345.678f, 1e6f}) {
    for (const std::size_t width : kWidths) {
      for (const float u : LayerNorm(std::vector<float>(width, value), 1e-5f)) {
        EXPECT_EQ(u, 0.0f) << value << ", width " << width;
      }
    }
  }
}

TEST(LayerNormAccuracy, MeansUpToAMillion) {
  double worst = 0.0;
  for (const std::size_t width : {2, 3, 4, 8, 16, 64, 100, 768}) {
    for (const double mean : {0.0, 1.0, 1e2, 1e3, 1e4, 1e5, 1e6}) {
      for (std::uint32_t row = 0; row < 32; ++row) {
        const RandomStream random(row, Purpose::kData);
        std::vector<float> z(width);
        for (std::size_t i = 0; i < width; ++i) {
          z[i] = static_cast<float>(mean + random.Normal(i));
        }
        const double error = WorstError(z);
        EXPECT_LE(error, kBound) << "width " << width << ", mean " << mean << ", row " << row;
        worst = std::max(worst, error);
      }
    }
  }
  std::printf("worst error of layernorm: %.3g\n", worst);
}

}  // namespace
}  // namespace crease::kernels
