// What the formulas imply: invariances, gradients, closed forms, and faults of the caller.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "lib/core/error.h"
#include "tests/norm/cases.h"

namespace crease::norm {
namespace {

// sum d_y y, whose gradient Backward gives.
double Objective(const Case<double>& its) {
  Norm<double> norm(its.options);
  Values<double> y(its.x.size());
  norm.Forward(its.x, y, its.parameters());
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += its.d_y[i] * y[i];
  return sum;
}

// Central differences at one number of a case.
double Slope(Case<double>& its, double& at) {
  constexpr double kStep = 1e-5;
  const double centre = at;
  at = centre + kStep;
  const double above = Objective(its);
  at = centre - kStep;
  const double below = Objective(its);
  at = centre;
  return (above - below) / (2 * kStep);
}

TEST(NormGradients, AreThoseOfDifferences) {
  for (const Options& kind : AllKinds()) {
    for (const std::size_t width : {2, 3, 8, 12, 20}) {
      Case<double> its(WithWidth(kind, width), 3);
      SCOPED_TRACE(Describe(its.options, 3));
      its.Run();
      for (std::size_t i = 0; i < its.x.size(); ++i) {
        if (std::fabs(its.x[i]) < 1e-3) continue;  // the kink of |x|
        EXPECT_NEAR(its.d_x[i], Slope(its, its.x[i]), 1e-7) << "d_x " << i;
      }
      for (std::size_t c = 0; c < width; ++c) {
        EXPECT_NEAR(its.d_weight[c], Slope(its, its.weight[c]), 1e-7) << "d_weight " << c;
        EXPECT_NEAR(its.d_bias[c], Slope(its, its.bias[c]), 1e-7) << "d_bias " << c;
      }
      if (kind.kind == Kind::kDyT) {
        EXPECT_NEAR(its.d_alpha, Slope(its, its.alpha), 1e-7);
      }
    }
  }
}

RC_GTEST_PROP(LayerNorm, DoesNotSeeShiftAndScale, ()) {
  const auto width = *rc::gen::inRange<std::size_t>(2, 200);
  const auto layout = *rc::gen::element(Layout::kRowMajor, Layout::kFeatureMajor);
  Case<double> its({.kind = Kind::kLayerNorm, .width = width, .eps = 0, .layout = layout}, 20,
                   *rc::gen::inRange<std::uint32_t>(0, 1000));
  its.Run();
  Case<double> moved = its;
  const double scale = *rc::gen::element(1e-3, 0.5, 3.0, 1e6, 1e200, 1e-200);
  const double shift = *rc::gen::element(-1.0, 0.0, 5.0) * scale;
  for (double& value : moved.x) value = value * scale + shift;
  moved.Run();
  for (std::size_t i = 0; i < its.y.size(); ++i) {
    RC_ASSERT(std::fabs(its.y[i] - moved.y[i]) < 1e-12);
  }
}

// Both layouts of the same points.
RC_GTEST_PROP(Layouts, AgreeWithinRounding, ()) {
  const std::vector<Options> kinds = AllKinds();
  Options options = kinds[*rc::gen::inRange<std::size_t>(0, kinds.size() / 2)];
  options = WithWidth(options, *rc::gen::inRange<std::size_t>(1, 120));
  const auto points = *rc::gen::inRange<std::size_t>(1, 60);
  Case<float> rows(options, points, *rc::gen::inRange<std::uint32_t>(0, 1000));
  Case<float> columns = rows;
  columns.options.layout = Layout::kFeatureMajor;
  const auto at = [&](std::size_t i) { return i % options.width * points + i / options.width; };
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    columns.x[at(i)] = rows.x[i];
    columns.d_y[at(i)] = rows.d_y[i];
  }
  rows.Run();
  columns.Run();
  const Twin twin = rows.MakeTwin();
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    const auto close = [](float a, float b, Real size) {
      return std::fabs(static_cast<Real>(a) - static_cast<Real>(b)) <= 1e-6L * size;
    };
    RC_ASSERT(close(rows.y[i], columns.y[at(i)], twin.y_size[i]));
    RC_ASSERT(close(rows.d_x[i], columns.d_x[at(i)], twin.d_x_size[i]));
  }
}

// In as many groups as there are runs, groupnorm is layernorm of the runs.
TEST(GroupNorm, IsLayerNormOfItsGroups) {
  Case<float> groups({.kind = Kind::kGroupNorm, .width = 96, .groups = 4}, 30);
  groups.affine = false;
  groups.Run();
  Case<float> single({.kind = Kind::kLayerNorm, .width = 24}, 120);
  single.affine = false;
  single.x = groups.x;
  single.d_y = groups.d_y;
  single.Run();
  EXPECT_TRUE(SameBits(groups.y, single.y));
  EXPECT_TRUE(SameBits(groups.d_x, single.d_x));
  EXPECT_TRUE(SameBits(groups.mean, single.mean));
}

TEST(Unit, HasLengthOne) {
  Case<double> its({.kind = Kind::kUnit, .width = 2, .eps = 0}, 1);
  its.affine = false;
  its.x = {3, 4};
  its.Run();
  EXPECT_THAT(its.y, testing::ElementsAre(testing::DoubleEq(0.6), testing::DoubleEq(0.8)));
  EXPECT_DOUBLE_EQ(its.inverse[0], 0.2);
}

// tanh by way of dyt: no other function of this folder is its own.
TEST(DyT, TanhIsWithinTwoUlp) {
  Values<double> x;
  for (int i = -250000; i <= 250000; ++i) x.push_back(i * 1e-4 + 1e-9 * (i % 7));
  for (int i = 1; i < 300; ++i) x.push_back(std::pow(10.0, -i));
  Values<double> y(x.size());
  Norm<double> norm({.kind = Kind::kDyT, .width = 1});
  norm.Forward(x, y);
  Real worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real exact = std::tanh(static_cast<Real>(x[i]));
    const double ulp = std::nextafter(std::fabs(y[i]), 2.0) - std::fabs(y[i]);
    worst = std::max(worst, std::fabs(static_cast<Real>(y[i]) - exact) / static_cast<Real>(ulp));
  }
  EXPECT_LE(worst, 2);
  std::printf("worst error of tanh: %.2Lf ulp\n", worst);
}

// The name of what is at fault.
template <class Call>
std::string FaultOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::kInput);
    EXPECT_FALSE(error.remedy().empty());
    return error.place();
  }
  return "none";
}

TEST(NormFaults, OfOptions) {
  const auto fault = [](const Options& options) {
    return FaultOf([&] { Norm<float> norm(options); });
  };
  EXPECT_EQ(fault({.width = 4}), "none");
  EXPECT_EQ(fault({}), "width");
  EXPECT_EQ(fault({.width = 4, .groups = 2}), "groups");
  EXPECT_EQ(fault({.kind = Kind::kGroupNorm, .width = 4, .groups = 3}), "groups");
  EXPECT_EQ(fault({.kind = Kind::kGroupNorm, .width = 4, .groups = 0}), "groups");
  EXPECT_EQ(fault({.width = 4, .eps = -1e-9}), "eps");
  EXPECT_EQ(fault({.width = 4, .eps = NAN}), "eps");
  EXPECT_EQ(fault({.kind = Kind::kDivisive, .width = 4, .beta = -1}), "beta");
  EXPECT_EQ(fault({.kind = Kind::kDivisive, .width = 4, .exponent = 4}), "exponent");
  EXPECT_EQ(fault({.width = 4, .threads = 0}), "threads");
}

TEST(NormFaults, OfSpansForward) {
  Norm<float> norm({.width = 4});
  Values<float> x(12), y(12), four(4), three(3);
  const auto fault = [&](std::span<const float> in, std::span<float> out,
                         const Parameters<float>& parameters = {},
                         const Statistics<float>& statistics = {}) {
    return FaultOf([&] { norm.Forward(in, out, parameters, statistics); });
  };
  EXPECT_EQ(fault(x, y, {four, four}, {three, three, three}), "statistics.mean_rest");
  EXPECT_EQ(fault(x, y, {four, four}), "none");
  EXPECT_EQ(fault(std::span(x).first(11), y), "x");
  EXPECT_EQ(fault(x, std::span(y).first(8)), "y");
  EXPECT_EQ(fault(x, y, {three, four}), "weight");
  EXPECT_EQ(fault(x, y, {four, three}), "bias");
  EXPECT_EQ(fault(x, y, {}, {four, {}, {}}), "statistics.mean");
  EXPECT_EQ(fault(x, y, {}, {{}, {}, four}), "statistics.inverse");
  EXPECT_EQ(fault(x, x), "y");
  EXPECT_EQ(fault(x, y, {}, {std::span(y).first(3), {}, {}}), "statistics.mean");
  Norm<float> unit({.kind = Kind::kUnit, .width = 4});
  EXPECT_EQ(FaultOf([&] { unit.Forward(x, y, {}, {three, {}, {}}); }), "statistics.mean");
  Norm<float> dyt({.kind = Kind::kDyT, .width = 4});
  EXPECT_EQ(FaultOf([&] { dyt.Forward(x, y, {}, {{}, {}, three}); }), "statistics.inverse");
}

TEST(NormFaults, OfSpansBackward) {
  Norm<float> norm({.width = 4});
  Values<float> x(12), d_y(12), d_x(12), four(4), other(4), three(3);
  float d_alpha = 0;
  const auto fault = [&](std::span<const float> in, std::span<const float> gradient,
                         std::span<float> out, const Statistics<const float>& statistics = {},
                         const ParameterGradients<float>& gradients = {}) {
    return FaultOf([&] { norm.Backward(in, gradient, out, {}, statistics, gradients); });
  };
  EXPECT_EQ(fault(x, d_y, d_x, {}, {four, other}), "none");
  EXPECT_EQ(fault(std::span(x).first(3), d_y, d_x), "x");
  EXPECT_EQ(fault(x, std::span(d_y).first(8), d_x), "d_y");
  EXPECT_EQ(fault(x, d_y, std::span(d_x).first(8)), "d_x");
  EXPECT_EQ(fault(x, d_y, d_x, {{}, {}, three}), "statistics.mean");
  EXPECT_EQ(fault(x, d_y, d_x, {three, {}, three}), "none");
  EXPECT_EQ(fault(x, d_y, d_x, {three, four, three}), "statistics.mean_rest");
  EXPECT_EQ(fault(x, d_y, d_x, {}, {three, {}}), "d_weight");
  EXPECT_EQ(fault(x, d_y, d_x, {}, {{}, three}), "d_bias");
  EXPECT_EQ(fault(x, d_y, d_x, {}, {{}, {}, &d_alpha}), "d_alpha");
  EXPECT_EQ(fault(x, d_y, d_y), "d_x");
  EXPECT_EQ(fault(x, d_y, d_x, {}, {four, four}), "d_bias");
}

}  // namespace
}  // namespace crease::norm
