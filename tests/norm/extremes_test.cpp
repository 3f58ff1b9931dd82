// Where the usual formulas lose digits, overflow or divide by nothing.
#include "tests/norm/cases.h"

namespace crease::norm {
namespace {

template <typename T>
class NormExtremes : public testing::Test {
 protected:
  using Limits = std::numeric_limits<T>;
  // Near the largest number whose square overflows, and the smallest whose square vanishes.
  static constexpr T kHuge = sizeof(T) == 4 ? T(1e30) : T(1e300);
  static constexpr T kTiny = sizeof(T) == 4 ? T(1e-30) : T(1e-300);

  // Runs all kinds over a case whose entries `change` has changed, and compares with the twin.
  template <class Change>
  void CheckAll(double eps, double beta, const Change& change) {
    for (Options kind : AllKinds()) {
      kind.eps = eps;
      kind.beta = beta;
      for (const std::size_t width : {1, 3, 5, 8, 16, 33, 100, 257}) {
        for (const std::size_t points : {1, 20, 70}) {
          Case<T> its(WithWidth(kind, width), points);
          SCOPED_TRACE(Describe(its.options, points));
          if (kind.kind == Kind::kDyT) continue;
          change(its);
          its.Run();
          Check(its);
          its.given_statistics = false;
          its.Run();
          Check(its);
          if (this->HasFailure()) return;
        }
      }
    }
  }
  void Check(const Case<T>& its) {
    const Twin twin = its.MakeTwin();
    EXPECT_LE(WorstError(its.y, twin.y, twin.y_size), 8);
    EXPECT_LE(WorstError(its.d_weight, twin.d_weight, twin.d_weight_size), 8);
    Reals d_x = twin.d_x, size = twin.d_x_size;
    for (std::size_t i = 0; i < d_x.size(); ++i) {  // derivatives may be beyond all numbers
      if (std::fabs(d_x[i]) > static_cast<Real>(Limits::max())) {
        EXPECT_TRUE(std::isinf(its.d_x[i]));
        d_x[i] = size[i] = 0;
      }
    }
    Values<T> finite = its.d_x;
    for (std::size_t i = 0; i < finite.size(); ++i) {
      if (size[i] == 0 && d_x[i] == 0) finite[i] = 0;
      size[i] += static_cast<Real>(Limits::denorm_min() / Limits::epsilon());
    }
    EXPECT_LE(WorstError(finite, d_x, size), 8);
  }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(NormExtremes, Types);

TYPED_TEST(NormExtremes, HugeEntries) {
  using T = TypeParam;
  this->CheckAll(1e-5, 0.7, [this](Case<T>& its) {
    for (T& value : its.x) value *= TestFixture::kHuge;
  });
}

TYPED_TEST(NormExtremes, HugePointsAmongUsualOnes) {
  using T = TypeParam;
  this->CheckAll(1e-5, 0.7, [this](Case<T>& its) {
    for (std::size_t i = 0; i < its.x.size(); ++i) {
      const bool row_major = its.options.layout == Layout::kRowMajor;
      const std::size_t point = row_major ? i / its.options.width : i % its.points;
      if (point % 3 == 1) its.x[i] *= TestFixture::kHuge;
    }
  });
}

// With neither eps nor beta, the size of the entries makes no difference.
TYPED_TEST(NormExtremes, TinyEntries) {
  using T = TypeParam;
  this->CheckAll(0, 0, [this](Case<T>& its) {
    for (T& value : its.x) value = (value + (value < 0 ? T(-1) : T(1))) * TestFixture::kTiny;
    if (its.centred() && its.options.width / its.options.groups == 1) its.options.eps = 1e-5;
  });
}

// ... unless it is eps or beta that is tiny, too.
TYPED_TEST(NormExtremes, TinyEpsilon) {
  using T = TypeParam;
  const double tiny = static_cast<double>(TestFixture::kTiny);
  this->CheckAll(sizeof(T) == 4 ? 1e-42 : 1e-310, tiny, [this](Case<T>& its) {
    for (T& value : its.x) value *= TestFixture::kTiny * T(1e9);
  });
}

TYPED_TEST(NormExtremes, TheLargestNumbers) {
  using T = TypeParam;
  const T most = std::numeric_limits<T>::max();
  for (const Layout layout : {Layout::kRowMajor, Layout::kFeatureMajor}) {
    for (const std::size_t width : {2, 16, 64}) {
      Case<T> its({.kind = Kind::kLayerNorm, .width = width, .eps = 1e-5, .layout = layout}, 1);
      its.affine = false;
      for (std::size_t i = 0; i < width; ++i) its.x[i] = i % 2 == 0 ? most : -most;
      its.Run();
      for (std::size_t i = 0; i < width; ++i) {
        EXPECT_NEAR(static_cast<double>(its.y[i]), i % 2 == 0 ? 1.0 : -1.0, 1e-6);
      }
      EXPECT_EQ(its.mean[0], T(0));
      its.x.assign(width, most);
      its.Run();
      EXPECT_EQ(its.y, Values<T>(width, T(0)));
      EXPECT_EQ(its.mean[0], most);
    }
  }
}

// All deviations are exactly 0, whatever eps.
TYPED_TEST(NormExtremes, EqualEntriesGiveTheBias) {
  using T = TypeParam;
  for (const Layout layout : {Layout::kRowMajor, Layout::kFeatureMajor}) {
    for (const double eps : {0.0, 1e-5}) {
      for (const std::size_t width : {1, 2, 3, 7, 16, 33, 100, 768, 4097}) {
        for (const double value : {0.0, 1.0, 0.1, -3.7, 12345.678, 1e6, 1e-40, 1e30}) {
          Case<T> its({.kind = Kind::kLayerNorm, .width = width, .eps = eps, .layout = layout}, 3);
          its.x.assign(its.x.size(), static_cast<T>(value));
          its.Run();
          for (std::size_t p = 0; p < 3; ++p) {
            for (std::size_t c = 0; c < width; ++c) {
              const std::size_t at = layout == Layout::kRowMajor ? p * width + c : c * 3 + p;
              ASSERT_EQ(its.y[at], its.bias[c]) << value << ", width " << width;
              ASSERT_TRUE(eps != 0 || its.d_x[at] == T(0)) << value << ", width " << width;
            }
            EXPECT_EQ(its.mean[p], static_cast<T>(value));
          }
        }
      }
    }
  }
}

TYPED_TEST(NormExtremes, NothingAtAllGivesZeroWithoutEps) {
  using T = TypeParam;
  for (Options kind : AllKinds()) {
    kind.eps = kind.beta = 0;
    for (const std::size_t width : {3, 40}) {
      Case<T> its(WithWidth(kind, width), 20);
      SCOPED_TRACE(Describe(its.options, 20));
      if (kind.kind == Kind::kDyT) continue;
      its.affine = false;
      its.x.assign(its.x.size(), T(0));
      its.Run();
      EXPECT_EQ(its.y, Values<T>(its.x.size(), T(0)));
      EXPECT_EQ(its.d_x, Values<T>(its.x.size(), T(0)));
    }
  }
}

// NaN and infinity spoil their point, and the sums over points, but no other point.
TYPED_TEST(NormExtremes, NansStayWhereTheyAre) {
  using T = TypeParam;
  for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
    for (const Options& kind : AllKinds()) {
      for (const std::size_t width : {3, 8, 33}) {
        Case<T> clean(WithWidth(kind, width), 50);
        SCOPED_TRACE(Describe(clean.options, 50));
        Case<T> spoilt = clean;
        const bool row_major = kind.layout == Layout::kRowMajor;
        spoilt.x[row_major ? 21 * width : 21] = bad;
        clean.Run();
        spoilt.Run();
        for (std::size_t i = 0; i < clean.x.size(); ++i) {
          const std::size_t point = row_major ? i / width : i % 50;
          if (point == 21) continue;
          ASSERT_TRUE(SameBits(clean.y[i], spoilt.y[i])) << i;
          ASSERT_TRUE(SameBits(clean.d_x[i], spoilt.d_x[i])) << i;
        }
        const std::size_t first = row_major ? 21 * width : 21;
        const bool is_nan = std::isnan(bad);
        EXPECT_TRUE((kind.kind == Kind::kDyT && !is_nan) || std::isnan(spoilt.y[first]));
        EXPECT_TRUE(!is_nan || std::isnan(spoilt.d_weight[0]));
      }
    }
  }
}

// Means of up to a million standard deviations. Errors in units of the largest |u| of a point.
TEST(NormAccuracy, MeansFarOut) {
  Real worst = 0, worst_backward = 0;
  for (const Layout layout : {Layout::kRowMajor, Layout::kFeatureMajor}) {
    for (const std::size_t width : {2, 3, 4, 8, 16, 64, 100, 768, 4096}) {
      for (const double mean : {0.0, 1.0, 1e2, 1e3, 1e4, 1e5, 1e6}) {
        Case<float> its({.kind = Kind::kLayerNorm, .width = width, .layout = layout}, 20);
        its.affine = false;
        its.x = Normals<float>(its.x.size(), 99, mean);
        its.Run();
        const Twin twin = its.MakeTwin();
        for (std::size_t i = 0; i < its.x.size(); ++i) {
          const Real size = std::max(Real(1), twin.y_size[i]);
          worst = std::max(worst, std::fabs(static_cast<Real>(its.y[i]) - twin.y[i]) / size);
          worst_backward =
              std::max(worst_backward, std::fabs(static_cast<Real>(its.d_x[i]) - twin.d_x[i]) /
                                           std::max(Real(1e-30), twin.d_x_size[i]));
        }
      }
    }
  }
  EXPECT_LE(worst, 7e-7L);
  EXPECT_LE(worst_backward, 7e-7L);
  std::printf("worst error of layernorm %.2Lg, backward %.2Lg\n", worst, worst_backward);
}

// An entry far from all others, in the place that means are taken about.
TEST(NormAccuracy, AnOutlierComesFirst) {
  for (const Layout layout : {Layout::kRowMajor, Layout::kFeatureMajor}) {
    Case<float> its({.kind = Kind::kLayerNorm, .width = 4096, .layout = layout}, 1);
    its.affine = false;
    its.x[0] = 1e6f;
    its.Run();
    const Twin twin = its.MakeTwin();
    for (std::size_t i = 1; i < its.x.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(its.y[i]), static_cast<double>(twin.y[i]), 1e-8) << i;
    }
  }
}

// The mean of the first few entries tells nothing of that of all; in some points only.
TEST(NormAccuracy, FirstEntriesAreFarFromTheMean) {
  for (const Layout layout : {Layout::kRowMajor, Layout::kFeatureMajor}) {
    for (const std::size_t width : {20, 33, 64, 100, 300, 1000, 3000}) {
      for (const double far : {1e2, 1e4, 1e6}) {
        Case<float> its({.kind = Kind::kLayerNorm, .width = width, .layout = layout}, 21);
        its.affine = false;
        for (std::size_t p = 0; p < 21; ++p) {
          for (std::size_t c = 0; p % 3 == 1 && c < 16; ++c) {
            const std::size_t at = layout == Layout::kRowMajor ? p * width + c : c * 21 + p;
            its.x[at] += static_cast<float>(far);
          }
        }
        its.Run();
        const Twin twin = its.MakeTwin();
        for (std::size_t i = 0; i < its.x.size(); ++i) {
          const Real size = std::max(Real(1), twin.y_size[i]);
          ASSERT_LE(std::fabs(static_cast<Real>(its.y[i]) - twin.y[i]), 7e-7L * size)
              << Describe(its.options, 21) << " entry " << i << " by " << far;
        }
      }
    }
  }
}

TEST(NormAccuracy, KnownFailuresOfOthers) {
  Norm<float> norm({.kind = Kind::kLayerNorm, .width = 4});
  const Values<float> x = {40000.0f, 40001.0f, 40002.0f, 40003.0f};
  Values<float> y(4);
  norm.Forward(x, y);
  const float expected[] = {-1.3416354f, -0.44721183f, 0.44721183f, 1.3416354f};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(y[i], expected[i], 2e-7) << i;
  Norm<float> wide({.kind = Kind::kLayerNorm, .width = 16});
  Values<float> steps(16), u(16);
  for (std::size_t i = 0; i < 16; ++i) steps[i] = 100.0f + 1e-3f * static_cast<float>(i);
  wide.Forward(steps, u);
  EXPECT_NEAR(u[0], -1.341528f, 2e-5);
}

}  // namespace
}  // namespace crease::norm
