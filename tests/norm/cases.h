// What the tests of normalisation share: cases over kinds, layouts and sizes, with data drawn for
// them, run forward and backward by the library.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/core/random.h"
#include "lib/kernels/target.h"
#include "lib/norm/norm.h"
#include "tests/norm/twin.h"

namespace crease::norm {

inline const char* NameOf(Kind kind) {
  constexpr const char* kNames[] = {"layernorm", "groupnorm", "rmsnorm", "unit", "divisive", "dyt"};
  return kNames[static_cast<int>(kind)];
}

// Every normalisation that has code of its own, without width.
inline std::vector<Options> AllKinds() {
  std::vector<Options> all;
  for (const Layout layout : {Layout::kRowMajor, Layout::kFeatureMajor}) {
    for (const Kind kind :
         {Kind::kLayerNorm, Kind::kGroupNorm, Kind::kRmsNorm, Kind::kUnit, Kind::kDyT}) {
      all.push_back({.kind = kind, .layout = layout});
    }
    for (const int exponent : {1, 2, 3}) {
      all.push_back({.kind = Kind::kDivisive, .beta = 0.7, .exponent = exponent, .layout = layout});
    }
  }
  return all;
}

// The same with a width; groupnorm in as many groups as divide it, up to 4.
inline Options WithWidth(Options options, std::size_t width) {
  options.width = width;
  if (options.kind == Kind::kGroupNorm) {
    options.groups = width % 4 == 0 ? 4 : width % 3 == 0 ? 3 : width % 5 == 0 ? 5 : 1;
  }
  return options;
}

inline std::string Describe(const Options& options, std::size_t points) {
  return std::string(NameOf(options.kind)) + " exponent " + std::to_string(options.exponent) +
         (options.layout == Layout::kRowMajor ? " row-major" : " feature-major") + " width " +
         std::to_string(options.width) + " groups " + std::to_string(options.groups) + " points " +
         std::to_string(points);
}

template <typename T>
using Values = std::vector<T>;

template <typename T>
Values<T> Normals(std::size_t size, std::uint32_t salt, double mean = 0.0, double scale = 1.0) {
  const RandomStream random(11, Purpose::kData, salt);
  Values<T> values(size);
  for (std::size_t i = 0; i < size; ++i) {
    values[i] = static_cast<T>(mean + scale * random.Normal(i));
  }
  return values;
}

// Points, parameters and what the library makes of them.
template <typename T>
struct Case {
  Options options;
  std::size_t points = 0;
  Values<T> x, d_y, weight, bias;
  T alpha = T(0.8);
  bool affine = true, given_statistics = true;

  Values<T> y, d_x, mean, mean_rest, inverse, d_weight, d_bias;
  T d_alpha = 0;

  Case(const Options& its_options, std::size_t its_points, std::uint32_t salt = 0)
      : options(its_options),
        points(its_points),
        x(Normals<T>(points * options.width, salt + 1, 0.3)),
        d_y(Normals<T>(points * options.width, salt + 2)),
        weight(Normals<T>(options.width, salt + 3, 1.0, 0.3)),
        bias(Normals<T>(options.width, salt + 4)) {}

  bool centred() const {
    return options.kind == Kind::kLayerNorm || options.kind == Kind::kGroupNorm;
  }
  Parameters<T> parameters() const {
    if (!affine) return {{}, {}, alpha};
    return {weight, bias, alpha};
  }

  void Run() {
    Norm<T> norm(options);
    RunForward(norm);
    RunBackward(norm);
  }
  void RunForward(Norm<T>& norm) {
    y.assign(x.size(), T(-99));
    const std::size_t size = points * options.groups;
    mean.assign(centred() ? size : 0, T(-99));
    mean_rest = mean;
    inverse.assign(options.kind == Kind::kDyT ? 0 : size, T(-99));
    norm.Forward(x, y, parameters(), {mean, mean_rest, inverse});
  }
  void RunBackward(Norm<T>& norm) {
    d_x.assign(x.size(), T(-99));
    d_weight.assign(options.width, T(-99));
    d_bias = d_weight;
    Statistics<const T> statistics;
    if (given_statistics) statistics = {mean, mean_rest, inverse};
    norm.Backward(x, d_y, d_x, parameters(), statistics,
                  {d_weight, d_bias, options.kind == Kind::kDyT ? &d_alpha : nullptr});
  }

  Twin MakeTwin() const {
    Twin twin;
    twin.options = options;
    volatile T eps = static_cast<T>(options.eps);  // else GCC 12 skips rounding denormals
    twin.options.eps = static_cast<double>(eps);
    twin.options.beta = static_cast<double>(static_cast<T>(options.beta));
    twin.points = points;
    twin.x.assign(x.begin(), x.end());
    twin.d_y.assign(d_y.begin(), d_y.end());
    twin.weight.assign(options.width, 1);
    twin.bias.assign(options.width, 0);
    if (affine) twin.weight.assign(weight.begin(), weight.end());
    if (affine) twin.bias.assign(bias.begin(), bias.end());
    twin.alpha = static_cast<Real>(alpha);
    twin.Run();
    return twin;
  }
};

// Same bits, or both NaN.
template <typename T>
bool SameBits(T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b) || (std::isnan(a) && std::isnan(b));
}

template <typename T>
testing::AssertionResult SameBits(const Values<T>& a, const Values<T>& b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << "sizes differ";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (SameBits(a[i], b[i])) continue;
    char text[96];
    std::snprintf(text, sizeof text, "at %zu of %zu: %a and %a", i, a.size(),
                  static_cast<double>(a[i]), static_cast<double>(b[i]));
    return testing::AssertionFailure() << text;
  }
  return testing::AssertionSuccess();
}

// All results of a run.
template <typename T>
void ExpectSameBits(const Case<T>& a, const Case<T>& b) {
  EXPECT_TRUE(SameBits(a.y, b.y)) << "y";
  EXPECT_TRUE(SameBits(a.d_x, b.d_x)) << "d_x";
  EXPECT_TRUE(SameBits(a.mean, b.mean)) << "mean";
  EXPECT_TRUE(SameBits(a.mean_rest, b.mean_rest)) << "mean_rest";
  EXPECT_TRUE(SameBits(a.inverse, b.inverse)) << "inverse";
  EXPECT_TRUE(SameBits(a.d_weight, b.d_weight)) << "d_weight";
  EXPECT_TRUE(SameBits(a.d_bias, b.d_bias)) << "d_bias";
  EXPECT_TRUE(SameBits(a.d_alpha, b.d_alpha)) << "d_alpha";
}

// The largest |value - exact|, in units of eps * size.
template <typename T>
Real WorstError(const Values<T>& values, const Reals& exact, const Reals& size) {
  Real worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Real unit = static_cast<Real>(std::numeric_limits<T>::epsilon()) * size[i];
    const Real error = std::fabs(static_cast<Real>(values[i]) - exact[i]);
    if (!std::isfinite(values[i])) return std::numeric_limits<Real>::infinity();
    if (error > 0) worst = std::max(worst, error / unit);
  }
  return worst;
}

}  // namespace crease::norm
